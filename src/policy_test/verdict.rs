//! How a test ended.

use std::time::Duration;

use super::PolicyTestError;
use crate::model::Timestamp;
use crate::policy::Location;

/// How a test ended.
#[derive(Debug)]
pub struct Verdict {
    /// The steps that were taken, in order.
    pub steps: Vec<StepVerdict>,
    /// Why it broke off, where it did.
    pub error: Option<PolicyTestError>,
    /// How long it really took.
    pub took: Duration,
}

/// How a step of a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepVerdict {
    /// When it ran.
    pub at: Timestamp,
    /// What was not as expected, in order of the expectations.
    pub differences: Vec<Difference>,
}

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub customer: String,
    /// What: the name of a value, `touches`, the name of an action, or that and a key of its payload.
    pub what: String,
    /// What was expected, in words.
    pub expected: String,
    /// What was found, in words.
    pub found: String,
    /// Why it is so, a reason each.
    pub because: Vec<String>,
    /// Where the expectation stands.
    pub place: Location,
}

impl Verdict {
    /// Whether all was as expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.error.is_none() && self.steps.iter().all(|step| step.differences.is_empty())
    }

    /// All that was not as expected.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.steps.iter().flat_map(|step| &step.differences)
    }
}
