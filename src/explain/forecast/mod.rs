//! What changes next if no data comes: the coming runs of the schedules decided ahead for one customer, by the evaluator
//! and the decisions of runs themselves, with the cut points as they are. Each run begins where the one before ended:
//! places, clocks, what triggers remember, enrolments. Nothing is sent meanwhile, since a delivery is data too.

mod cause;
mod program;
mod rules;
mod state;
mod told;
mod walk;

use std::sync::Arc;

use serde::Serialize;

pub use cause::{Cause, Passed};
pub(super) use walk::forecast;

use crate::model::{Timestamp, Value};

/// What comes within some days if no data does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Forecast {
    /// How many days are looked ahead.
    pub days: u32,
    /// Up to when.
    pub until: Timestamp,
    /// How many runs the schedules ask for until then.
    pub runs: usize,
    /// Where not each of them was decided: how far apart those are that were. A change is still told with its very run;
    /// what comes and goes in between is not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_every: Option<String>,
    /// In order of run.
    pub changes: Vec<Change>,
    /// What can't be told, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
}

/// One thing that a coming run changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The run.
    pub run: Timestamp,
    /// The schedules that ask for it.
    pub schedules: String,
    /// `segment`, `tier`, `quadrant`, `trigger` or `cadence`.
    pub kind: &'static str,
    /// As declared.
    pub name: Arc<str>,
    /// What it was before: a place, or whether a condition holds.
    pub from: Option<Value>,
    /// What it is from then on.
    pub to: Option<Value>,
    /// What comes of it: that a trigger fires, a cadence enrols, a step is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The instant at which the condition turns, or a step is due, to the millisecond; nothing where it has turned
    /// already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<Timestamp>,
    /// From when a clock that runs lets it count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_from: Option<Timestamp>,
    /// What time does to make it so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Cause>,
}
