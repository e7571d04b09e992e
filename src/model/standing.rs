//! Where customers stand in segments, tiers and quadrants, and how that changed.

use std::sync::Arc;

use super::column::Bitmap;
use super::time::Timestamp;

/// A customer's place in one class: for a segment 0 (out) or 1 (in), for a tier or quadrant the
/// index among its declared names (for an ordered tier 0 is the top).
pub type Place = u16;

/// In no level or cell; also the place of a name that the policy no longer has.
pub const NO_PLACE: Place = u16::MAX;

/// The `since` of a customer never placed in a class.
pub const NEVER: i64 = i64::MIN;

/// What was decided of a batch of customers before this run, as the archive remembers it.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    /// The run that looked at each customer first; [`NEVER`] for a customer no run has seen. Always filled.
    pub seen: Vec<i64>,
    /// Per class of the schema, filled where requested.
    pub classes: Vec<Option<PriorClass>>,
    /// Clocks that run: a change that must hold for a while before it counts. In order of (row, class).
    pub pending: Vec<PendingClock>,
    /// Memory of triggers, in order of (row, trigger); a customer a trigger has nothing to remember of has none.
    pub triggers: Vec<super::trigger::TriggerRecord>,
    /// Per condition requested, for whom it held.
    pub conditions: Vec<FormerTruth>,
    /// Enrolments, in order of (row, cadence, number); those for events only where they go on.
    pub enrolments: Vec<super::enrolment::EnrolmentRecord>,
    /// Per cadence requested, whose enrolments are not among those.
    pub at_rest: Vec<AtRest>,
}

/// For whom a trigger's condition held when it was last looked at.
#[derive(Clone, Debug, Default)]
pub struct FormerTruth {
    /// For these.
    pub truth: Bitmap,
    /// Of those, the ones for whom it is held back by its cooldown.
    pub held: Bitmap,
}

/// Customers with enrolments in a cadence that were marked instead of filled in.
#[derive(Clone, Debug, Default)]
pub struct AtRest {
    /// One goes on, and nothing is due.
    pub waits: Bitmap,
    /// One has ended.
    pub ended: Bitmap,
}

/// Former standing of a batch in one class, one entry a customer.
#[derive(Clone, Debug, Default)]
pub struct PriorClass {
    /// The place.
    pub place: Vec<Place>,
    /// Since when, milliseconds; [`NEVER`] where the class has not placed this customer yet.
    pub since: Vec<i64>,
    /// The place before, [`NO_PLACE`] where none; empty where not requested.
    pub previous: Vec<Place>,
}

/// A change that is waiting to have held long enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingClock {
    /// Row in the batch.
    pub row: u32,
    /// Index in [`Schema::classes`](super::Schema::classes).
    pub class: u32,
    /// The place that will be taken; for a falling tier the clock runs whatever the level below is.
    pub to: Place,
    /// When it was first seen to hold.
    pub since: Timestamp,
}

/// What one run decided about one class for a batch.
#[derive(Clone, Debug, Default)]
pub struct ClassDecision {
    /// The place, one a customer.
    pub place: Vec<Place>,
    /// Customers placed by this class for the first time (no transition).
    pub first: Bitmap,
    /// Customers whose place changed (a transition each).
    pub changed: Bitmap,
}

/// Why a place changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionCause {
    /// The facts or the time.
    Data,
    /// An edit of the policy.
    Policy,
}

impl TransitionCause {
    /// The word in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Policy => "policy",
        }
    }

    /// What a word in the store means.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        if word == Self::Policy.as_str() { Self::Policy } else { Self::Data }
    }
}

/// One change of a customer's place, or of a customer field that is
/// [`watched`](super::FieldShape::watched), kept as history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Whose.
    pub customer: Arc<str>,
    /// The segment, tier, quadrant or field.
    pub value: Arc<str>,
    /// The place left: a level or cell, for a segment `true` or `false`, for a field its text; `None` for no
    /// place and for missing.
    pub from: Option<Arc<str>>,
    /// The place taken.
    pub to: Option<Arc<str>>,
    /// Why.
    pub cause: TransitionCause,
}

/// A transition as history has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastTransition {
    /// Counts up over all values in the order they were made, from 1.
    pub number: i64,
    /// The run that made it.
    pub run: i64,
    /// The instant that run decided for.
    pub at: Timestamp,
    /// What changed.
    pub transition: Transition,
    /// Where that run found the customer: elsewhere than [`Transition::from`] where the data had moved it before an
    /// edit of the policy moved it on.
    pub found: Option<Arc<str>>,
    /// Where that run left the customer: elsewhere than [`Transition::to`] where an edit of the policy moved it on.
    pub left: Option<Arc<str>>,
}
