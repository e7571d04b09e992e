//! A customer's enrolment in a cadence.

use std::sync::Arc;

use super::time::Timestamp;

/// One enrolment, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The how-manieth of this customer in this cadence.
    pub number: u32,
    /// The id its touches' identities go by, where it is not the customer's: one merged into it since.
    pub identity: Option<Arc<str>>,
    /// The event it is for, of a cadence that enrols for each event.
    pub event: Option<Arc<str>>,
    /// The instant decided for when it began.
    pub started: Timestamp,
    /// What its cycles count from.
    pub base: Timestamp,
    /// What is added to a cycle's place to give its number.
    pub offset: i64,
    /// The distance of its cycles when last decided; see [`Distance`].
    pub distance: Distance,
    /// When a step is due next; all before is decided. `None` where none is.
    pub next: Option<Timestamp>,
    /// When it ended, by the instant decided for.
    pub ended: Option<Timestamp>,
    /// Why it ended.
    pub reason: Option<Arc<str>>,
}

/// The distance of cycles as one number, to tell whether it was edited: milliseconds, below zero months, 0 where
/// there is one cycle, [`YEARLY`] and [`DAYS`] for those.
pub type Distance = i64;

/// The distance of yearly cycles.
pub const YEARLY: Distance = i64::MAX;

/// The distance of cycles that start on listed days.
pub const DAYS: Distance = i64::MIN;

/// An enrolment as it stands in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRecord {
    /// Row in the batch.
    pub row: u32,
    /// Index in [`FactRequest::cadences`](super::facts::FactRequest::cadences).
    pub cadence: u32,
    /// What is remembered.
    pub enrolment: Enrolment,
}
