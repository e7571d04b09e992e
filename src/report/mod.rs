//! What came of it: where customers stood over time and how they moved, and for each cadence and trigger who was touched,
//! what followed, and what that owes to the touch.
//!
//! Whoever a holdout keeps a touch from is what would have been without it: the share of those who reach the goal among the
//! treated, less that among the held out, is the lift.

mod interval;
mod lift;
mod outcomes;
mod standings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use interval::{Difference, Proportion, difference};
pub use lift::{LEAST_CUSTOMERS, LEAST_OUTCOMES, Lift, Verdict};
pub use outcomes::{GoalReport, Group, Outcome, Slice};
pub use standings::{Flow, PlaceCounts, Standing};

use crate::archive::{Archive, ArchiveError};
use crate::model::time::DAY;
use crate::model::{Duration, Timestamp};
use crate::policy::Compiled;

/// What is to be reported on.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What happened from this on.
    pub from: Timestamp,
    /// Up to this.
    pub now: Timestamp,
    /// What counts as success for whatever has no goal of its own.
    pub goal: Option<Goal>,
    /// The customer field (index in the schema) by which outcomes are split.
    pub by: Option<usize>,
}

/// What counts as success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Index in the schema's events.
    pub event: usize,
    /// How long after a touch it counts.
    pub within: Duration,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// From when on changes of place are on record; `None` where nothing ran yet.
    pub history_from: Option<Timestamp>,
    /// The instants of which it is said where customers stood: the last is the end of the span, the others whole weeks
    /// before it.
    pub columns: Vec<Timestamp>,
    /// Tiers, quadrants, segments, each by name.
    pub standings: Vec<Standing>,
    /// Cadences, then triggers, each by name; also those that the policy no longer has, where they made touches.
    pub outcomes: Vec<Outcome>,
    /// Of those who became known in the span, how many reached the goal that was asked for, counted from then; split by
    /// the field.
    pub newcomers: Vec<Slice>,
}

/// Why nothing can be reported.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store's word.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The field has too many values to be told one by one.
    #[error("the field `{field}` has more than {} values; split by one that has few", outcomes::MOST_SLICES)]
    TooManySlices {
        /// The field.
        field: Arc<str>,
    },
}

/// The instants of a report and the last runs that decided for no later one.
struct Columns {
    /// In order of time.
    instants: Vec<Timestamp>,
    /// By instant; 0 where nothing had run.
    runs: Vec<i64>,
    /// By instant: whether all changes since are on record.
    known: Vec<bool>,
    /// The last run before the span.
    after: i64,
    /// The last run of the span.
    until: i64,
}

/// Looks back at one moment of the store, which must have adopted the schema of the policy set.
///
/// # Errors
/// The store's; [`ReportError::TooManySlices`].
pub fn report(archive: &Archive, policy: &Compiled, asked: &Asked) -> Result<Report, ReportError> {
    let _snapshot = archive.snapshot()?;
    let history_from = archive.history_from()?;
    let columns = Columns::new(archive, asked, history_from)?;
    Ok(Report {
        history_from,
        standings: standings::standings(archive, policy, &columns)?,
        outcomes: outcomes::outcomes(archive, policy, asked, &columns)?,
        newcomers: outcomes::newcomers(archive, policy, asked)?,
        columns: columns.instants,
    })
}

impl Columns {
    fn new(archive: &Archive, asked: &Asked, history_from: Option<Timestamp>) -> Result<Self, ReportError> {
        let weeks = (asked.now.0.saturating_sub(asked.from.0) / (7 * DAY)).max(0);
        let instants: Vec<Timestamp> =
            (0..=weeks).rev().map(|week| asked.now.plus(-7 * DAY * week)).collect();
        let run_at = |at: Timestamp| Ok::<i64, ArchiveError>(archive.run_at(at)?.unwrap_or(0));
        let runs = instants.iter().map(|at| run_at(*at)).collect::<Result<_, _>>()?;
        let known = instants.iter().map(|at| history_from.is_some_and(|from| from <= *at)).collect();
        Ok(Self { instants, runs, known, after: run_at(asked.from.plus(-1))?, until: run_at(asked.now)? })
    }

    /// The first column that has seen a run.
    fn first_from(&self, run: i64) -> usize {
        self.runs.partition_point(|&last| last < run)
    }

    /// The run after which moves are wanted.
    fn oldest(&self) -> i64 {
        self.runs.first().copied().unwrap_or(self.after).min(self.after)
    }

    fn zeros(&self) -> Vec<i64> {
        vec![0; self.runs.len() + 1]
    }

    /// What steps add up to, column by column.
    fn counts(&self, steps: &[i64]) -> Vec<Option<u64>> {
        let sums = steps.iter().scan(0, |sum, step| {
            *sum += step;
            Some(u64::try_from(*sum).unwrap_or(0))
        });
        sums.zip(&self.known).map(|(sum, known)| known.then_some(sum)).collect()
    }
}
