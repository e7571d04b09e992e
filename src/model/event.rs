//! Single events, and how those a trigger or cadence waits for come in.

use std::sync::Arc;

use super::time::Timestamp;
use super::value::Value;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Unique within its kind.
    pub id: Arc<str>,
    /// To whom it happened; empty for kinds that happen to everyone.
    pub customer: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// One a field of the kind, in the schema's order, defaults filled in; `None` is missing.
    pub fields: Vec<Option<Value>>,
}

/// A new event of a kind that is [`heard`](super::EventShape::heard).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Counts up over all kinds in the order events came in, from 1.
    pub number: i64,
    /// The event's id.
    pub id: Arc<str>,
    /// To whom it happened; empty for kinds that happen to everyone.
    pub customer: Arc<str>,
    /// When it happened, which may be later than it came in.
    pub at: Timestamp,
}

/// How far one that hears arrivals has come. Due to it is what has come in since, and what happened since though
/// it came in before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrivalMark {
    /// The number of the last arrival there was when it last looked.
    pub number: i64,
    /// The instant it last decided for.
    pub at: Timestamp,
}

/// How far a table of the policy has come in taking events and transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The number of the last arrival there was when it last looked.
    pub arrival: i64,
    /// The number of the last transition there was.
    pub transition: i64,
    /// The instant it last decided for.
    pub at: Timestamp,
}

/// An event that a trigger waits for an answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitedEvent {
    /// The event's id.
    pub id: Arc<str>,
    /// To whom it happened; empty for kinds that happen to everyone.
    pub customer: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// Until when the answer is awaited.
    pub due: Timestamp,
}
