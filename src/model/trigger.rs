//! What a trigger remembers of a customer between runs.

use super::time::Timestamp;

/// Memory of one trigger about one customer. A customer of whom nothing need be remembered (never
/// seen true since first seen) has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriggerMemory {
    /// Whether the condition held at the trigger's last evaluation.
    pub truth: bool,
    /// How often the condition has become true; the occurrence of the touches of that rise.
    pub rises: u32,
    /// When the trigger last fired: cooldown counts from here, whatever became of the touch.
    pub fired: Option<Timestamp>,
    /// Became true within the cooldown: fires at its end if it still is.
    pub held: bool,
}

/// The memory as it stands in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerRecord {
    /// Row in the batch.
    pub row: u32,
    /// Index in [`FactRequest::triggers`](super::facts::FactRequest::triggers).
    pub trigger: u32,
    /// What is remembered.
    pub memory: TriggerMemory,
}

/// What the store remembers of a table of the policy as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMemory {
    /// `trigger.overdue`.
    pub name: String,
    /// Hash of its definition and all it used when it last ran.
    pub version: String,
    /// When it was first evaluated over everybody.
    pub first_seen: Timestamp,
    /// When it was last evaluated over everybody.
    pub last_run: Timestamp,
    /// The run that did, where it was one; 0 where not. Several runs may decide for one instant.
    pub run: i64,
    /// The version of the policy set it last ran under; empty where no run evaluated it, and for a table that was
    /// removed or disabled since.
    pub policy_version: String,
}
