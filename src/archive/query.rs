//! Looking: counts, runs, touches, what runs remember.

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::cut::CutPoint;
use crate::model::standing::{Place, Transition};
use crate::model::touch::{Touch, TouchState};
use crate::model::trigger::RuleMemory;

use super::run::{NewRun, RunTotals};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// All it decided stands.
    Committed(RunTotals),
    /// It came to nothing.
    Failed {
        /// When it gave up.
        finished: Timestamp,
        /// Why.
        error: String,
    },
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Counts up from 1.
    pub id: i64,
    /// What it was to do.
    pub run: NewRun,
    /// How it ended.
    pub outcome: RunOutcome,
}

/// Which touches; an absent part allows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TouchFilter<'filter> {
    /// Of this customer.
    pub customer: Option<&'filter str>,
    /// Of this action.
    pub action: Option<&'filter str>,
    /// In this state.
    pub state: Option<TouchState>,
}

/// A touch with when it came to its state.
#[derive(Clone, Debug, PartialEq)]
pub struct TouchRow {
    /// The touch.
    pub touch: Touch,
    /// When it came to its state.
    pub state_at: Timestamp,
    /// The run that made it.
    pub run: i64,
}

/// Touches of one action in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchCount {
    /// The action.
    pub action: String,
    /// The state.
    pub state: TouchState,
    /// How many.
    pub count: u64,
}

/// How much there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Customers.
    pub customers: u64,
    /// Events by kind, by name, also of kinds no longer declared.
    pub events: Vec<(String, u64)>,
    /// Touches by action and state.
    pub touches: Vec<TouchCount>,
}

impl Archive {
    /// How much there is; fast on stores of any size.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn counts(&self) -> Result<Counts> {
        Ok(Counts::default())
    }

    /// How many customers stand at each place of a class (index in the schema), by place; those in none are not counted.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn place_counts(&self, _class: usize) -> Result<Vec<(Place, u64)>> {
        Ok(Vec::new())
    }

    /// All stored cut points, by value and part.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cut_points(&self) -> Result<Vec<CutPoint>> {
        Ok(Vec::new())
    }

    /// What is remembered of the tables of the policy, by name.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rules(&self) -> Result<Vec<RuleMemory>> {
        Ok(Vec::new())
    }

    /// The last runs, latest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn runs(&self, _limit: usize) -> Result<Vec<RunRow>> {
        Ok(Vec::new())
    }

    /// The `now` of the committed run that has the latest.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_run_now(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// Touches, latest first.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touches(&self, _filter: &TouchFilter<'_>, _limit: usize) -> Result<Vec<TouchRow>> {
        Ok(Vec::new())
    }

    /// One touch.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touch(&self, _id: &str) -> Result<Option<TouchRow>> {
        Ok(None)
    }

    /// Changes of place with the run that made them, latest first; of one customer where named.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn transitions(&self, _customer: Option<&str>, _limit: usize) -> Result<Vec<(i64, Transition)>> {
        Ok(Vec::new())
    }
}
