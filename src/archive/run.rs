//! Writing what a run decides: one transaction, visible at once.

mod counts;
mod enrolments;
mod fields;
mod memory;
mod place;
mod places;
mod touches;
mod waiting;

pub use enrolments::{StepTouch, UnsentStep};
pub use place::{ClassEdit, FormerPlaces};
pub use places::{QueuedTouch, Taken};
pub use touches::UnsentTouches;
pub use waiting::{GuardNote, WaitingTouch};

use rusqlite::{Transaction, TransactionBehavior, params};

use self::counts::PlaceCounts;
use super::value::as_integer;
use super::{Archive, Result};
use crate::model::Timestamp;

/// A run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The instant it decides for.
    pub now: Timestamp,
    /// When it really began.
    pub started: Timestamp,
    /// The schedules that asked for it, or `once`, `request` …
    pub schedule: String,
    /// The policy set it runs under.
    pub policy_version: String,
}

/// What a run did, as its row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTotals {
    /// When it really ended.
    pub finished: Timestamp,
    /// Customers looked at.
    pub customers: u64,
    /// Changes of place.
    pub transitions: u64,
    /// Touches queued.
    pub touches: u64,
    /// Unsent touches cancelled.
    pub cancelled: u64,
}

/// A run being written: a transaction. Dropped without [`RunWriter::finish`], nothing of it stays.
#[derive(Debug)]
pub struct RunWriter<'archive> {
    archive: &'archive Archive,
    transaction: Transaction<'archive>,
    id: i64,
    counts: PlaceCounts,
}

impl Archive {
    /// Begins to write a run.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn begin_run(&mut self, run: &NewRun) -> Result<RunWriter<'_>> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let id = insert_run(&transaction, run, run.started, None)?;
        Ok(RunWriter { archive: self, transaction, id, counts: PlaceCounts::default() })
    }

    /// Notes a run that came to nothing, after its writer was dropped. Returns its id.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn record_failed_run(&mut self, run: &NewRun, finished: Timestamp, error: &str) -> Result<i64> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let id = insert_run(&transaction, run, finished, Some(error))?;
        transaction.commit()?;
        Ok(id)
    }
}

/// Both kinds of run in one place: a committed one has no error, and is seen only once it is committed.
fn insert_run(
    transaction: &Transaction<'_>,
    run: &NewRun,
    finished: Timestamp,
    error: Option<&str>,
) -> Result<i64> {
    let outcome = if error.is_some() { "failed" } else { "committed" };
    transaction
        .prepare_cached(
            "INSERT INTO run (now, started, finished, schedule, policy_version, outcome, error, \
             customers, transitions, touches, cancelled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, 0)",
        )?
        .execute(params![
            run.now.0,
            run.started.0,
            finished.0,
            run.schedule,
            run.policy_version,
            outcome,
            error
        ])?;
    Ok(transaction.last_insert_rowid())
}

impl RunWriter<'_> {
    /// The store as this run sees it, with what it wrote so far.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        self.archive
    }

    /// The run's id.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// Makes it all stay, on disk when this returns. Returns the run's id.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn finish(self, totals: &RunTotals) -> Result<i64> {
        self.write_place_counts()?;
        self.transaction.execute(
            "UPDATE run SET finished = ?2, customers = ?3, transitions = ?4, touches = ?5, cancelled = ?6 \
             WHERE id = ?1",
            params![
                self.id,
                totals.finished.0,
                as_integer(totals.customers),
                as_integer(totals.transitions),
                as_integer(totals.touches),
                as_integer(totals.cancelled)
            ],
        )?;
        self.transaction.commit()?;
        Ok(self.id)
    }
}
