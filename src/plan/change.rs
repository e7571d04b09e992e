//! A plan as a result: what people are shown, and what programs and saved plans hold.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::sample::Sample;
use crate::policy::TableChange;

/// What a plan says of itself, so that a file is known for one.
pub const FORMAT: &str = "guanxi.plan/1";

/// What one policy set would do compared with another, on the same data, at the same instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// The version of the set that is planned.
    pub version: String,
    /// The version of the set it is compared with.
    pub from: String,
    /// The instant it was planned for, RFC 3339 in UTC.
    pub now: String,
    /// Customers known then.
    pub customers: u64,
    /// The tables that say something else.
    pub tables: Vec<TableChange>,
    /// The tables that say the same and decide otherwise, since what they use was edited.
    pub follow: Vec<Follows>,
    /// Values that differ after the next run, by kind and name.
    pub values: Vec<ValueChange>,
    /// The touches of the next run, were everything evaluated at once.
    pub next_run: TouchChanges,
    /// The touches of the days that follow, where they were looked at.
    pub days: Option<DaysAhead>,
    /// What becomes of enrolments in cadences that were edited, by name.
    pub cadences: Vec<CadenceChange>,
    /// Touches that wait or are queued now and would be taken back.
    pub cancelled: Vec<Cancelled>,
    /// Whether the next run would wait for approval, by guard.
    pub approval: Vec<ReachChange>,
    /// What the checks warn of, as `check --json` has it.
    pub warnings: Json,
}

/// A table that decides otherwise although it was not edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// `kind.name`.
    pub table: String,
    /// What it uses that is another now.
    pub through: Vec<String>,
}

/// A value that some customers have otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueChange {
    /// `kind.name`.
    pub value: String,
    /// Who would have moved at the next run anyway, since the data did.
    pub anyway: Vec<Move>,
    /// Whom the edit moves: from where the next run would have left them to where it leaves them now.
    pub moves: Vec<Move>,
    /// Of a value that has no places: for whom it is another.
    pub changed: Option<Changed>,
}

/// Customers who go from one place to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Move {
    /// The level, cell or truth they leave; `None` for none.
    pub from: Option<String>,
    /// The one they take.
    pub to: Option<String>,
    /// They.
    #[serde(flatten)]
    pub customers: Sample<String>,
}

/// Customers for whom a number, text or time is another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// They.
    #[serde(flatten)]
    pub customers: Sample<String>,
    /// Of numbers: the middle one of all who have any.
    pub median_before: Option<f64>,
    /// Likewise, with the edit.
    pub median_after: Option<f64>,
}

/// Touches of two courses of events, told apart by their ids. A touch counts that waits, is queued or delivered; one that a
/// guard dropped, or that was taken back, does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TouchChanges {
    /// By name of the action.
    pub actions: Vec<ActionChange>,
    /// What guards hold back, by name.
    pub guards: Vec<GuardChange>,
}

/// The touches of an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionChange {
    /// The action.
    pub action: String,
    /// Touches that only the edit makes.
    pub added: Sample<TouchSample>,
    /// Touches that the edit keeps from being made, or drops.
    pub removed: Sample<TouchSample>,
    /// Touches that are made either way.
    pub same: Sample<TouchSample>,
    /// How many of those are sent with other words, or over another channel.
    pub reworded: u64,
    /// Why they are due, by kind and name.
    pub reasons: Vec<ReasonChange>,
    /// How many of both courses came to which state, by its word.
    pub states: Vec<StateChange>,
}

/// A touch as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchSample {
    /// Its id.
    pub id: String,
    /// Whose.
    pub customer: String,
    /// The trigger or cadence it is of: `trigger.overdue`.
    pub because: String,
    /// The cadence's step.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// Where it stands; of one that is removed, where it would have stood.
    pub state: String,
    /// The guard that holds it, where it waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub guard: Option<String>,
}

/// The touches of an action for one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonChange {
    /// The trigger or cadence: `cadence.care_611`.
    pub because: String,
    /// Only with the edit.
    pub added: u64,
    /// Only without.
    pub removed: u64,
    /// Either way.
    pub same: u64,
}

/// How many touches came to a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// The state's word.
    pub state: String,
    /// Without the edit.
    pub before: u64,
    /// With it.
    pub after: u64,
}

/// What a guard holds back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardChange {
    /// The guard.
    pub guard: String,
    /// Touches it lets wait without the edit.
    pub waiting_before: u64,
    /// With it.
    pub waiting_after: u64,
    /// Touches it drops without the edit.
    pub dropped_before: u64,
    /// With it.
    pub dropped_after: u64,
}

/// The touches of the days that follow the next run, in which no data comes and nobody approves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DaysAhead {
    /// How many days.
    pub days: u32,
    /// Runs in that time without the edit, the next one included.
    pub runs_before: u64,
    /// With it.
    pub runs_after: u64,
    /// Runs that only place customers, left out without the edit and with it.
    pub left_out: u64,
    /// All touches up to the end.
    pub touches: TouchChanges,
}

/// What becomes of the enrolments in a cadence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CadenceChange {
    /// The cadence.
    pub cadence: String,
    /// Enrolments that go on after the next run without the edit.
    pub enrolled_before: u64,
    /// With it.
    pub enrolled_after: u64,
    /// Enrolments that begin, or go on although they would have ended.
    pub enters: Sample<String>,
    /// Enrolments that end, or don't begin, by reason.
    pub ends: Vec<Ending>,
    /// By step, in order of the cadence; steps that are gone come last.
    pub steps: Vec<StepChange>,
}

/// Enrolments that end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// Why, in words.
    pub reason: String,
    /// Whose.
    #[serde(flatten)]
    pub customers: Sample<String>,
}

/// What becomes of a step for those who are enrolled with the edit and without.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepChange {
    /// The step.
    pub step: String,
    /// For whom it comes earlier.
    pub earlier: Moved,
    /// For whom it comes later.
    pub later: Moved,
    /// For whom it is to come and was not.
    pub gained: Sample<String>,
    /// For whom it is not to come any more.
    pub lost: Sample<String>,
    /// For whom the next run makes its touch only with the edit.
    pub due: Sample<String>,
    /// For whom the next run finds it too late only with the edit.
    pub missed: Sample<String>,
}

/// Customers for whom a step moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// They.
    #[serde(flatten)]
    pub customers: Sample<String>,
    /// The least distance, in days.
    pub least_days: Option<f64>,
    /// The greatest.
    pub most_days: Option<f64>,
}

/// Touches not sent yet that would be taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The action.
    pub action: String,
    /// The trigger or cadence.
    pub because: String,
    /// The reason that the first of them is given, in words.
    pub reason: String,
    /// They.
    #[serde(flatten)]
    pub touches: Sample<TouchSample>,
}

/// What a blast radius says of the next run; a side is `None` where it is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachChange {
    /// The guard.
    pub guard: String,
    /// Without the edit.
    pub before: Option<Reach>,
    /// With it.
    pub after: Option<Reach>,
}

/// What a blast radius found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Touches within 24 hours, the next run's included.
    pub touches: u64,
    /// How many may be made without approval.
    pub most: u64,
    /// Whether the next run's would wait for approval.
    pub waits: bool,
}

impl Plan {
    /// Whether the two sets are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.version == self.from
    }
}
