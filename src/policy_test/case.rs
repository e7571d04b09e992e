//! The shape of a test file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::PolicyTestError;

/// One `[[test]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it proves.
    pub name: String,
    /// Known before the first step.
    #[serde(default, rename = "customer")]
    pub customers: Vec<toml::Table>,
    /// Happened before the first step, or will in the test's course; known from the first step on.
    #[serde(default, rename = "event")]
    pub events: Vec<toml::Table>,
    /// Runs in order of time.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// One run that evaluates everything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its `now`, RFC 3339.
    pub at: String,
    /// Customers that arrive now.
    #[serde(default, rename = "customer")]
    pub customers: Vec<toml::Table>,
    /// Events that arrive now.
    #[serde(default, rename = "event")]
    pub events: Vec<toml::Table>,
    /// What must hold after it.
    #[serde(default)]
    pub expect: Vec<Expect>,
}

/// What must hold of one customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Whose.
    pub customer: String,
    /// Values by name; `"missing"` for a missing one.
    #[serde(default)]
    pub values: BTreeMap<String, toml::Value>,
    /// Exactly the actions queued for the customer by this step's run.
    pub touches: Option<Vec<String>>,
    /// The guard that dropped a touch in this step's run, by action.
    #[serde(default)]
    pub suppressed: BTreeMap<String, String>,
    /// The guard that a touch waits for after this step's run, by action.
    #[serde(default)]
    pub waiting: BTreeMap<String, String>,
    /// The guard that a touch waited for until this step's run found it too late, by action; empty for none.
    #[serde(default)]
    pub expired: BTreeMap<String, String>,
    /// Text in the payload, by action and key.
    #[serde(default)]
    pub payload: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "test")]
    tests: Vec<Case>,
}

/// Reads a test file.
///
/// # Errors
/// Where the text is no TOML or has keys a test doesn't know, with the place.
pub fn read(file: &str, text: &str) -> Result<Vec<Case>, PolicyTestError> {
    toml::from_str::<File>(text)
        .map(|file| file.tests)
        .map_err(|error| PolicyTestError::File { file: file.to_owned(), why: error.to_string() })
}
