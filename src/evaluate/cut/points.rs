//! The cut points that a run works with.

use super::CutPlan;
use super::population::{Fences, Population};
use crate::model::cut::{CutPoint, Figure};
use crate::policy::Compiled;

/// The cut points a run works with, by their index in the [`CutPlan`].
#[derive(Clone, Debug, Default)]
pub struct CutPoints {
    points: Vec<Option<Known>>,
}

/// A cut point that is there.
#[derive(Clone, Debug)]
struct Known {
    point: CutPoint,
    /// Whether it was made since the stored ones were taken: in this run.
    made: bool,
    /// Of a population; none of other figures.
    fences: Fences,
}

impl Known {
    fn new(point: CutPoint, made: bool) -> Self {
        let fences = match &point.figure {
            Figure::Population(values) => Fences::of(values),
            Figure::Threshold(_) | Figure::Best(_) => Fences::default(),
        };
        Self { point, made, fences }
    }
}

impl CutPoints {
    /// Takes those of the stored cut points that belong to the plan.
    #[must_use]
    pub fn new(plan: &CutPlan, policy: &Compiled, stored: Vec<CutPoint>) -> Self {
        let mut cuts = Self { points: vec![None; plan.cuts.len()] };
        for point in stored {
            let index = plan.cuts.iter().position(|cut| {
                let value = policy.values.get(cut.value).map(|value| &*value.name);
                value == Some(&*point.value) && cut.name == point.part
            });
            if let Some(place) = index.and_then(|index| cuts.points.get_mut(index)) {
                *place = Some(Known::new(point, false));
            }
        }
        cuts
    }

    /// Puts one in place that this run has made.
    pub fn set(&mut self, index: usize, point: CutPoint) {
        if let Some(place) = self.points.get_mut(index) {
            *place = Some(Known::new(point, true));
        }
    }

    /// Those that are there.
    pub fn iter(&self) -> impl Iterator<Item = &CutPoint> {
        self.points.iter().flatten().map(|known| &known.point)
    }

    /// One by its index in the [`CutPlan`], where it is there.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&CutPoint> {
        self.known(index).map(|known| &known.point)
    }

    /// The cut point if this very run made it.
    pub(in crate::evaluate) fn made_now(&self, index: usize) -> Option<&CutPoint> {
        self.known(index).filter(|known| known.made).map(|known| &known.point)
    }

    pub(in crate::evaluate) fn threshold(&self, index: usize) -> Option<f64> {
        match self.get(index)?.figure {
            Figure::Threshold(threshold) => threshold,
            Figure::Population(_) | Figure::Best(_) => None,
        }
    }

    pub(in crate::evaluate) fn population(&self, index: usize) -> Population<'_> {
        match self.known(index) {
            Some(Known { point: CutPoint { figure: Figure::Population(values), .. }, fences, .. }) => {
                Population::new(values, fences)
            }
            _ => Population::default(),
        }
    }

    fn known(&self, index: usize) -> Option<&Known> {
        self.points.get(index)?.as_ref()
    }
}
