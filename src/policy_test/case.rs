//! A test that fits the policy set: everything in it has been checked.

use std::sync::Arc;

use crate::model::{Timestamp, Value};
use crate::policy::Location;

/// One `[[test]]`.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file it stands in, as named when read.
    pub file: Arc<str>,
    /// Its line there, from 1.
    pub line: usize,
    /// What it proves.
    pub name: String,
    /// Known from the first step on.
    pub(super) rows: Rows,
    /// Runs in order of time.
    pub(super) steps: Vec<Step>,
}

/// What arrives together.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) customers: Vec<CustomerRow>,
    pub(super) events: Vec<EventRow>,
}

/// A customer, with a value a field of the schema.
#[derive(Clone, Debug)]
pub(super) struct CustomerRow {
    pub(super) id: String,
    pub(super) fields: Vec<Option<Value>>,
}

/// An event, with a value a field of its kind.
#[derive(Clone, Debug)]
pub(super) struct EventRow {
    /// Index in the schema's events.
    pub(super) kind: usize,
    pub(super) id: Option<String>,
    /// Empty for what happens to nobody in particular.
    pub(super) customer: String,
    /// When it arrives where absent.
    pub(super) at: Option<Timestamp>,
    pub(super) fields: Vec<Option<Value>>,
}

/// One run that evaluates everything.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    /// Arrive now.
    pub(super) rows: Rows,
    /// What must hold after it.
    pub(super) expect: Vec<Expect>,
}

/// What must hold of one customer.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    pub(super) customer: String,
    pub(super) values: Vec<ExpectedValue>,
    /// Exactly the actions queued for the customer by this step's run, in order of name.
    pub(super) touches: Option<(Vec<String>, Location)>,
    pub(super) guarded: Vec<Guarded>,
    pub(super) payload: Vec<ExpectedText>,
}

/// A value that is expected.
#[derive(Clone, Debug)]
pub(super) struct ExpectedValue {
    pub(super) name: String,
    /// `None`: only missing will do.
    pub(super) value: Option<Value>,
    /// Whether missing will do.
    pub(super) may_be_missing: bool,
    pub(super) place: Location,
}

/// What is to have become of a touch because of a guard.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) fate: Fate,
    pub(super) action: String,
    /// Empty for none.
    pub(super) guard: String,
    pub(super) place: Location,
}

/// What a guard does to a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was dropped in this step's run.
    Suppressed,
    /// It waits after this step's run.
    Waiting,
    /// It waited until this step's run found it too late.
    Expired,
}

/// A text of a payload.
#[derive(Clone, Debug)]
pub(super) struct ExpectedText {
    pub(super) action: String,
    pub(super) key: String,
    pub(super) text: String,
    pub(super) place: Location,
}
