//! Touches that wait for guards, and what the guards say of them.

use rusqlite::params;
use serde_json::json;

use super::RunWriter;
use crate::archive::Result;
use crate::archive::query::{TOUCH_COLUMNS, touch_of};
use crate::model::Timestamp;
use crate::model::touch::{Touch, TouchState};

/// A touch that no guard has let through yet, as far as guards need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingTouch {
    /// Counts up in the order of making.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// Whose.
    pub customer: String,
    /// Of which kind of table it is: `trigger`, `cadence`.
    pub kind: String,
    /// The table's name.
    pub name: String,
    /// The action.
    pub action: String,
    /// When it is due.
    pub due: Timestamp,
    /// Not sent after this.
    pub expires: Timestamp,
    /// The run that made it.
    pub run: i64,
    /// The guard that held it back last, and why; empty where none did.
    pub held_by: String,
    /// The same.
    pub reason: String,
    /// Whether it waits for approval of its run.
    pub is_on_hold: bool,
}

impl WaitingTouch {
    /// The guard that held it back last, and what that said.
    #[must_use]
    pub fn held(&self) -> (&str, &str) {
        (&self.held_by, &self.reason)
    }
}

/// What a guard says of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardNote<'note> {
    /// The guard's name.
    pub guard: &'note str,
    /// The kind of guard.
    pub kind: &'note str,
    /// Why, in words.
    pub reason: &'note str,
    /// When it may say something else, where that can be told.
    pub until: Option<Timestamp>,
}

impl GuardNote<'_> {
    /// As it stands among a touch's verdicts.
    pub(in crate::archive) fn verdict(&self, word: &str, at: Timestamp) -> String {
        let mut verdict = json!({
            "at": at.to_string(),
            "guard": self.guard,
            "kind": self.kind,
            "verdict": word,
            "reason": self.reason,
        });
        if let (Some(until), Some(verdict)) = (self.until, verdict.as_object_mut()) {
            verdict.insert("until".to_owned(), until.to_string().into());
        }
        verdict.to_string()
    }
}

impl RunWriter<'_> {
    /// Whether any touch waits.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn has_waiting(&self) -> Result<bool> {
        Ok(self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM touch WHERE state = 'waiting')")?
            .query_row([], |row| row.get(0))?)
    }

    /// Up to `limit` waiting touches in order of customer and making, after one of them.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn waiting(&self, after: Option<&WaitingTouch>, limit: usize) -> Result<Vec<WaitingTouch>> {
        let (customer, number) = after.map_or(("", 0), |after| (&*after.customer, after.number));
        let mut statement = self.transaction.prepare_cached(
            "SELECT number, id, customer, kind, name, action, due, expires, run, coalesce(guard, ''), reason, \
             hold IS NOT NULL FROM touch \
             WHERE state = 'waiting' AND (customer, number) > (?1, ?2) ORDER BY customer, number LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let waiting = statement.query_map(params![customer, number, limit], |row| {
            Ok(WaitingTouch {
                number: row.get(0)?,
                id: row.get(1)?,
                customer: row.get(2)?,
                kind: row.get(3)?,
                name: row.get(4)?,
                action: row.get(5)?,
                due: Timestamp(row.get(6)?),
                expires: Timestamp(row.get(7)?),
                run: row.get(8)?,
                held_by: row.get(9)?,
                reason: row.get(10)?,
                is_on_hold: row.get(11)?,
            })
        })?;
        Ok(waiting.collect::<rusqlite::Result<_>>()?)
    }

    /// The whole of a touch.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](crate::archive::ArchiveError::Json).
    pub fn touch_numbered(&self, number: i64) -> Result<Option<Touch>> {
        let mut statement = self
            .transaction
            .prepare_cached(&format!("SELECT {TOUCH_COLUMNS} FROM touch WHERE number = ?1"))?;
        let mut rows = statement.query([number])?;
        rows.next()?.map(|row| touch_of(row).map(|found| found.touch)).transpose()
    }

    /// Notes that a guard holds a waiting touch back. The same again is not noted twice.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn note_wait(&mut self, number: i64, note: &GuardNote<'_>, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE touch SET guard = ?2, reason = ?3, verdicts = json_insert(verdicts, '$[#]', json(?4)) \
                 WHERE number = ?1 AND state = 'waiting' AND (guard IS NOT ?2 OR reason IS NOT ?3)",
            )?
            .execute(params![number, note.guard, note.reason, note.verdict("waits", at)])?;
        Ok(())
    }

    /// Ends a waiting touch because a guard drops it.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn suppress(&mut self, number: i64, note: &GuardNote<'_>, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE touch SET state = ?5, state_at = ?6, guard = ?2, reason = ?3, \
                 verdicts = json_insert(verdicts, '$[#]', json(?4)) WHERE number = ?1 AND state = 'waiting'",
            )?
            .execute(params![
                number,
                note.guard,
                note.reason,
                note.verdict("drops", at),
                TouchState::Suppressed.as_str(),
                at.0
            ])?;
        Ok(())
    }

    /// Whether a waiting touch passed all blocks before: something else was said of it, then.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn was_let_through(&self, number: i64) -> Result<bool> {
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM touch, json_each(touch.verdicts) AS said \
                 WHERE touch.number = ?1 AND said.value ->> '$.kind' <> 'block')",
            )?
            .query_row([number], |row| row.get(0))?)
    }

    /// Lets a waiting touch wait for approval of this run.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn hold(&mut self, number: i64, note: &GuardNote<'_>, at: Timestamp) -> Result<()> {
        self.note_wait(number, note, at)?;
        self.transaction
            .prepare_cached("UPDATE touch SET hold = ?2 WHERE number = ?1 AND state = 'waiting'")?
            .execute([number, self.id])?;
        Ok(())
    }

    /// Says that this run waits for approval.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn ask_approval(&mut self) -> Result<()> {
        self.transaction.execute("UPDATE run SET approval = 'waiting' WHERE id = ?1", [self.id])?;
        Ok(())
    }

    /// Ends a waiting touch, for a reason in words; the guard that held it back last stays named.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end_waiting(&mut self, number: i64, state: TouchState, reason: &str, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE touch SET state = ?2, reason = ?3, state_at = ?4, hold = NULL \
                 WHERE number = ?1 AND state = 'waiting'",
            )?
            .execute(params![number, state.as_str(), reason, at.0])?;
        Ok(())
    }
}
