//! Runs whose touches wait for somebody's approval.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;

/// What became of a run that made unusually many touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Nobody has said yet.
    Waiting,
    /// Its touches may go as far as their number is concerned.
    Approved,
    /// They never go.
    Rejected,
}

impl Approval {
    /// The word in the store and on screens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    pub(super) fn read(word: Option<&str>) -> Result<Option<Self>> {
        let Some(word) = word else { return Ok(None) };
        let known = [Self::Waiting, Self::Approved, Self::Rejected];
        let found = known.into_iter().find(|approval| approval.as_str() == word);
        let corrupt =
            || ArchiveError::Corrupt { what: format!("a run's approval is the unknown word {word}") };
        found.map(Some).ok_or_else(corrupt)
    }
}

/// What saying so about a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// So many touches go to the guards at the next run, or are cancelled.
    Done(u64),
    /// The run doesn't wait for approval; what it says instead, if anything.
    NotWaiting(Option<Approval>),
    /// There is no such run.
    NoRun,
}

impl Archive {
    /// Lets the touches of a run go to the guards at the next run.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn approve_run(&mut self, run: i64) -> Result<Said> {
        self.say(run, Approval::Approved, |transaction| {
            transaction.execute(
                "UPDATE touch SET hold = NULL, reason = ?2 WHERE hold = ?1 AND state = 'waiting'",
                params![run, format!("run {run} was approved; the next run asks the other guards")],
            )
        })
    }

    /// Cancels the touches of a run that wait for approval, for good.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn reject_run(&mut self, run: i64, at: Timestamp) -> Result<Said> {
        self.say(run, Approval::Rejected, |transaction| {
            transaction.execute(
                "UPDATE touch SET state = 'cancelled', state_at = ?2, reason = ?3, hold = NULL \
                 WHERE hold = ?1 AND state = 'waiting'",
                params![run, at.0, format!("run {run} was rejected")],
            )
        })
    }

    fn say(
        &mut self,
        run: i64,
        approval: Approval,
        touches: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<Said> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let sql = "SELECT approval FROM run WHERE id = ?1";
        let found: Option<Option<String>> = transaction.query_row(sql, [run], |row| row.get(0)).optional()?;
        let Some(known) = found else { return Ok(Said::NoRun) };
        let known = Approval::read(known.as_deref())?;
        if known != Some(Approval::Waiting) {
            return Ok(Said::NotWaiting(known));
        }
        let touches = touches(&transaction)?;
        transaction.execute("UPDATE run SET approval = ?2 WHERE id = ?1", params![run, approval.as_str()])?;
        transaction.commit()?;
        Ok(Said::Done(u64::try_from(touches).unwrap_or(0)))
    }
}
