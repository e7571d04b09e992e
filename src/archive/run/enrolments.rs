//! Enrolments as a run leaves them, and the touches of cadences it takes back.

use rusqlite::{OptionalExtension, params};

use super::RunWriter;
use crate::archive::Result;
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;

/// A touch of a cadence that was not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsentStep {
    /// Its id.
    pub touch: String,
    /// Of which enrolment and cycle.
    pub occurrence: String,
    /// Of which step.
    pub step: String,
}

impl RunWriter<'_> {
    /// Keeps an enrolment in place of the one of its number.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolment(&mut self, customer: &str, cadence: &str, enrolment: &Enrolment) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO enrolment (customer, cadence, number, identity, next, ended, base, \
                 \"offset\", distance, started, event, reason) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                customer,
                cadence,
                enrolment.number,
                enrolment.identity.as_deref().unwrap_or_default(),
                enrolment.next.map(|at| at.0),
                enrolment.ended.map(|at| at.0),
                enrolment.base.0,
                enrolment.offset,
                enrolment.distance,
                enrolment.started.0,
                enrolment.event,
                enrolment.reason
            ])?;
        Ok(())
    }

    /// The greatest number of a customer's enrolments in a cadence, 0 where there is none; `None` where one is for
    /// this event.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolments_but_for(&self, customer: &str, cadence: &str, event: &str) -> Result<Option<u32>> {
        let found = self
            .transaction
            .prepare_cached(
                "SELECT coalesce(max(number), 0), coalesce(max(event = ?3), 0) FROM enrolment \
                 WHERE customer = ?1 AND cadence = ?2",
            )?
            .query_row([customer, cadence, event], |row| Ok((row.get(0)?, row.get::<_, bool>(1)?)))?;
        Ok(Some(found.0).filter(|_| !found.1))
    }

    /// Whether a step of a cycle has a touch that counts. One that was taken back before it was sent does not, and
    /// makes place for another.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn has_step(&mut self, customer: &str, cadence: &str, occurrence: &str, step: &str) -> Result<bool> {
        let which = "customer = ?1 AND kind = 'cadence' AND name = ?2 AND occurrence = ?3 \
                     AND because ->> '$.step' = ?4";
        let counts: Option<bool> = self
            .transaction
            .prepare_cached(&format!(
                "SELECT max(taken_back = 0 OR state <> 'cancelled') FROM touch WHERE {which}"
            ))?
            .query_row([customer, cadence, occurrence, step], |row| row.get(0))
            .optional()?
            .flatten();
        if counts == Some(false) {
            // A touch that is gone would hold its places for good.
            self.transaction
                .prepare_cached(&format!(
                    "DELETE FROM capacity_use WHERE touch IN (SELECT number FROM touch WHERE {which})"
                ))?
                .execute([customer, cadence, occurrence, step])?;
            self.transaction
                .prepare_cached(&format!("DELETE FROM touch WHERE {which}"))?
                .execute([customer, cadence, occurrence, step])?;
        }
        Ok(counts == Some(true))
    }

    /// The customers with touches of a cadence that were not sent yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn customers_with_unsent(&self, cadence: &str) -> Result<std::collections::BTreeSet<String>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT DISTINCT customer FROM touch \
             WHERE kind = 'cadence' AND name = ?1 AND state IN ('queued', 'waiting')",
        )?;
        let customers = statement.query_map([cadence], |row| row.get(0))?;
        Ok(customers.collect::<rusqlite::Result<_>>()?)
    }

    /// A customer's touches of a cadence that were not sent yet, oldest first. Those in a planned file write are as
    /// good as sent.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn unsent_steps(&self, customer: &str, cadence: &str) -> Result<Vec<UnsentStep>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT id, occurrence, coalesce(because ->> '$.step', '') FROM touch \
             WHERE customer = ?1 AND kind = 'cadence' AND name = ?2 AND state IN ('queued', 'waiting') \
             AND id NOT IN (SELECT touch FROM file_write_touch) ORDER BY number",
        )?;
        let steps = statement.query_map([customer, cadence], |row| {
            Ok(UnsentStep { touch: row.get(0)?, occurrence: row.get(1)?, step: row.get(2)? })
        })?;
        Ok(steps.collect::<rusqlite::Result<_>>()?)
    }

    /// Cancels an unsent touch of a cadence. Should its step be due again, it may be made anew.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn take_back(&mut self, touch: &str, reason: &str, at: Timestamp) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM outbox WHERE touch = ?1")?.execute([touch])?;
        self.transaction
            .prepare_cached(
                "UPDATE touch SET state = 'cancelled', reason = ?2, state_at = ?3, taken_back = 1 WHERE id = ?1",
            )?
            .execute(params![touch, reason, at.0])?;
        Ok(())
    }
}
