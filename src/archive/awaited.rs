//! Events that triggers wait for an answer to.

use rusqlite::params;

use super::{Archive, Result, RunWriter};
use crate::model::Timestamp;
use crate::model::event::AwaitedEvent;

impl Archive {
    /// The events of a kind whose answer a trigger has awaited long enough at `now`, at most so many, those that
    /// have waited longest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn overdue(
        &self,
        trigger: &str,
        event: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<AwaitedEvent>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, customer, at, due FROM awaited WHERE trigger = ?1 AND event = ?2 AND due <= ?3 \
             ORDER BY due, id LIMIT ?4",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let events = statement.query_map(params![trigger, event, now.0, limit], |row| {
            Ok(AwaitedEvent {
                id: row.get(0)?,
                customer: row.get(1)?,
                at: Timestamp(row.get(2)?),
                due: Timestamp(row.get(3)?),
            })
        })?;
        Ok(events.collect::<rusqlite::Result<_>>()?)
    }
}

impl RunWriter<'_> {
    /// A trigger waits for an answer to an event of a kind.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn wait_for_answer(&mut self, trigger: &str, event: &str, awaited: &AwaitedEvent) -> Result<()> {
        self.archive()
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO awaited (trigger, event, due, id, customer, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![trigger, event, awaited.due.0, awaited.id, awaited.customer, awaited.at.0])?;
        Ok(())
    }

    /// A trigger waits no longer.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn no_longer_awaited(&mut self, trigger: &str, event: &str, awaited: &AwaitedEvent) -> Result<()> {
        self.archive()
            .connection
            .prepare_cached("DELETE FROM awaited WHERE trigger = ?1 AND event = ?2 AND due = ?3 AND id = ?4")?
            .execute(params![trigger, event, awaited.due.0, awaited.id])?;
        Ok(())
    }
}
