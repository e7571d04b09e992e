//! Cut points: figures of the population that decide where each customer stands.

use std::sync::Arc;

use super::time::Timestamp;

/// One stored cut point.
#[derive(Clone, Debug, PartialEq)]
pub struct CutPoint {
    /// The value it belongs to.
    pub value: Arc<str>,
    /// Which of its cut points: `rank`, `best`, `x`, `y`, or a level's name.
    pub part: Arc<str>,
    /// Hash of the value's definition and all it uses, when this was made.
    pub version: Arc<str>,
    /// The `now` of the run that made it.
    pub as_of: Timestamp,
    /// How many customers it was taken over.
    pub population: u64,
    /// The figure.
    pub figure: Figure,
}

/// The figure of a cut point.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// At or above it is in (`top`, `holds`), or the split of an axis; `None` over an empty population.
    Threshold(Option<f64>),
    /// The sorted values of the population, for `rank`.
    Population(Arc<[f64]>),
    /// The last customer who was given a place by `best`, by value and id; `None` where nobody was.
    Best(Option<(f64, Arc<str>)>),
}
