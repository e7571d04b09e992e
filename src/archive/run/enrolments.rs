//! Enrolments as a run leaves them, and the touches of cadences it takes back.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

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
    /// Of which action.
    pub action: String,
}

/// A touch of a step of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTouch {
    /// Its number in the store.
    pub number: i64,
    /// Its id.
    pub touch: String,
    /// Of which action.
    pub action: String,
    /// Whether it counts: one that was taken back before it was sent does not.
    pub counts: bool,
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

    /// The touches of a step of a cycle, of any enrolment of the customer of that number: two who were merged may
    /// both have one.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn step_touches(
        &self,
        customer: &str,
        cadence: &str,
        occurrence: &str,
        step: &str,
    ) -> Result<Vec<StepTouch>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT number, id, action, taken_back = 0 OR attempted = 1 OR state <> 'cancelled' FROM touch \
             WHERE customer = ?1 AND kind = 'cadence' AND name = ?2 AND occurrence = ?3 \
             AND because ->> '$.step' = ?4",
        )?;
        let touches = statement.query_map([customer, cadence, occurrence, step], |row| {
            Ok(StepTouch {
                number: row.get(0)?,
                touch: row.get(1)?,
                action: row.get(2)?,
                counts: row.get(3)?,
            })
        })?;
        Ok(touches.collect::<rusqlite::Result<_>>()?)
    }

    /// Makes place for another touch where one was taken back.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn remove_taken_back(&mut self, number: i64) -> Result<()> {
        // A touch that is gone would hold its places for good.
        self.transaction.prepare_cached("DELETE FROM capacity_use WHERE touch = ?1")?.execute([number])?;
        self.transaction.prepare_cached("DELETE FROM touch WHERE number = ?1")?.execute([number])?;
        Ok(())
    }

    /// The customers with touches of a cadence that were not sent yet, and the numbers of the enrolments they are of.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn customers_with_unsent(&self, cadence: &str) -> Result<BTreeMap<String, BTreeSet<u32>>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT customer, CAST(occurrence AS INTEGER) FROM touch INDEXED BY touch_unsent \
             WHERE kind = 'cadence' AND name = ?1 AND state IN ('queued', 'waiting')",
        )?;
        let mut customers = BTreeMap::<String, BTreeSet<u32>>::new();
        let mut rows = statement.query([cadence])?;
        while let Some(row) = rows.next()? {
            customers.entry(row.get(0)?).or_default().insert(row.get(1)?);
        }
        Ok(customers)
    }

    /// A customer's touches of a cadence that were not sent yet, oldest first. Those in a planned file write are as
    /// good as sent.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn unsent_steps(&self, customer: &str, cadence: &str) -> Result<Vec<UnsentStep>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT id, occurrence, coalesce(because ->> '$.step', ''), action FROM touch \
             WHERE customer = ?1 AND kind = 'cadence' AND name = ?2 AND state IN ('queued', 'waiting') \
             AND id NOT IN (SELECT touch FROM file_write_touch) ORDER BY number",
        )?;
        let steps = statement.query_map([customer, cadence], |row| {
            Ok(UnsentStep {
                touch: row.get(0)?,
                occurrence: row.get(1)?,
                step: row.get(2)?,
                action: row.get(3)?,
            })
        })?;
        Ok(steps.collect::<rusqlite::Result<_>>()?)
    }

    /// Cancels an unsent touch of a cadence. Should its step be due again, it may be made anew, unless it was attempted
    /// and so may have arrived.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn take_back(&mut self, touch: &str, reason: &str, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM outbox WHERE number = (SELECT number FROM touch WHERE id = ?1)")?
            .execute([touch])?;
        self.transaction
            .prepare_cached(
                "UPDATE touch SET state = 'cancelled', reason = ?2, state_at = ?3, taken_back = 1 WHERE id = ?1",
            )?
            .execute(params![touch, reason, at.0])?;
        Ok(())
    }
}
