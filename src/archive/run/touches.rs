//! Touches a run makes and takes back.

use rusqlite::{OptionalExtension, params};

use super::RunWriter;
use crate::archive::{ArchiveError, Result};
use crate::model::Timestamp;
use crate::model::touch::{Touch, TouchState};

/// The unsent touches of one table by one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsentTouches {
    /// Of which kind of table: `trigger`.
    pub kind: String,
    /// The table's name.
    pub name: String,
    /// The action.
    pub action: String,
    /// The channel they are queued for; none is chosen yet for those that wait for guards.
    pub channel: Option<String>,
}

fn texts(touch: &Touch) -> Result<(String, String)> {
    let json = |source| ArchiveError::Json { what: format!("touch {}", touch.id), source };
    let outgoing = touch.outgoing().map_err(json)?;
    Ok((outgoing.because, outgoing.payload))
}

impl RunWriter<'_> {
    /// Keeps a touch, and queues it where its state is `queued`; false where a touch of this id exists, which
    /// stays as it is. `at` is the real time.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn touch(&mut self, touch: &Touch, at: Timestamp) -> Result<bool> {
        let (because, payload) = texts(touch)?;
        let added = self
            .transaction
            .prepare_cached(
                "INSERT INTO touch (id, customer, action, channel, kind, name, because, occurrence, event, due, \
                 expires, made, queued, effort, priority, state, state_at, reason, policy_version, payload, run) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
                 ?20, ?21) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                touch.id,
                touch.customer,
                touch.action,
                touch.channel,
                touch.because.kind,
                touch.because.name,
                because,
                touch.occurrence,
                touch.event,
                touch.due.0,
                touch.expires.0,
                touch.made.0,
                touch.queued.map(|at| at.0),
                touch.effort,
                touch.priority,
                touch.state.as_str(),
                at.0,
                touch.reason,
                touch.policy_version,
                payload,
                self.id
            ])?;
        if added > 0 && touch.state == TouchState::Queued {
            self.put_in_outbox(touch, at)?;
        }
        Ok(added > 0)
    }

    /// Queues a waiting touch with all that is frozen now: its reason, payload, channel and priority. False where
    /// it waits no more.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn queue(&mut self, touch: &Touch, at: Timestamp) -> Result<bool> {
        let (because, payload) = texts(touch)?;
        let queued = self
            .transaction
            .prepare_cached(
                "UPDATE touch SET state = 'queued', state_at = ?2, queued = ?2, because = ?3, payload = ?4, \
                 channel = ?5, priority = ?6, effort = ?7, reason = ?8, policy_version = ?9, guard = NULL \
                 WHERE id = ?1 AND state = 'waiting'",
            )?
            .execute(params![
                touch.id,
                at.0,
                because,
                payload,
                touch.channel,
                touch.priority,
                touch.effort,
                touch.reason,
                touch.policy_version
            ])?;
        if queued > 0 {
            self.put_in_outbox(touch, at)?;
        }
        Ok(queued > 0)
    }

    fn put_in_outbox(&self, touch: &Touch, at: Timestamp) -> Result<()> {
        // The first attempt is due when the touch is, so that first attempts leave in that order.
        self.transaction
            .prepare_cached(
                "INSERT INTO outbox (number, touch, channel, customer, due, queued, attempts, next_attempt) \
                 SELECT number, id, channel, customer, due, ?2, 0, due FROM touch WHERE id = ?1",
            )?
            .execute(params![touch.id, at.0])?;
        Ok(())
    }

    /// Cancels a customer's unsent touches of one table (`trigger`, `overdue`); returns how many. Those in a planned
    /// file write are as good as sent and stay.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cancel_unsent(
        &mut self,
        kind: &str,
        name: &str,
        customer: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<u64> {
        self.transaction
            .prepare_cached(
                "DELETE FROM outbox WHERE number IN (SELECT number FROM touch \
                 WHERE customer = ?3 AND kind = ?1 AND name = ?2 AND state = 'queued') \
                 AND touch NOT IN (SELECT touch FROM file_write_touch)",
            )?
            .execute([kind, name, customer])?;
        let cancelled = self
            .transaction
            .prepare_cached(
                "UPDATE touch SET state = 'cancelled', reason = ?4, state_at = ?5 \
                 WHERE customer = ?3 AND kind = ?1 AND name = ?2 AND state IN ('queued', 'waiting') \
                 AND id NOT IN (SELECT touch FROM file_write_touch)",
            )?
            .execute(params![kind, name, customer, reason, at.0])?;
        Ok(u64::try_from(cancelled).unwrap_or(0))
    }

    /// Cancels the unsent touches of tables that sleep: `why` gives the reason for each kind of touch that has
    /// one. Looks only in the first run after the policy set changed, since only an edit puts a table to sleep.
    /// Returns how many. Those in a planned file write are as good as sent and stay.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cancel_sleeping(
        &mut self,
        why: impl Fn(&UnsentTouches) -> Option<String>,
        at: Timestamp,
    ) -> Result<u64> {
        if !self.is_first_of_its_policy()? {
            return Ok(0);
        }
        let mut cancelled = 0;
        for unsent in self.unsent()? {
            let Some(reason) = why(&unsent) else { continue };
            let UnsentTouches { kind, name, action, channel } = &unsent;
            let which = "kind = ?1 AND name = ?2 AND action = ?3 AND state IN ('queued', 'waiting') \
                         AND state = iif(?4 IS NULL, 'waiting', 'queued') AND channel = coalesce(?4, channel) AND id NOT IN (SELECT touch FROM file_write_touch)";
            self.transaction
                .prepare_cached(&format!(
                    "DELETE FROM outbox WHERE number IN (SELECT number FROM touch WHERE {which})"
                ))?
                .execute(params![kind, name, action, channel])?;
            cancelled += self
                .transaction
                .prepare_cached(&format!(
                    "UPDATE touch SET state = 'cancelled', reason = ?5, state_at = ?6, \
                     taken_back = (kind = 'cadence') WHERE {which}"
                ))?
                .execute(params![kind, name, action, channel, reason, at.0])?;
        }
        Ok(u64::try_from(cancelled).unwrap_or(0))
    }

    pub(super) fn is_first_of_its_policy(&self) -> Result<bool> {
        let version = |condition: &str| {
            self.transaction
                .prepare_cached(&format!(
                    "SELECT policy_version FROM run WHERE id {condition} AND outcome = 'committed' \
                     ORDER BY id DESC LIMIT 1"
                ))?
                .query_row([self.id], |row| row.get::<_, String>(0))
                .optional()
        };
        Ok(version("< ?1")? != version("= ?1")?)
    }

    fn unsent(&self) -> Result<Vec<UnsentTouches>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT DISTINCT kind, name, action, iif(state = 'queued', channel, NULL) AS over FROM touch \
             WHERE state IN ('queued', 'waiting') ORDER BY kind, name, action, over",
        )?;
        let unsent = statement.query_map([], |row| {
            let (kind, name, action, channel) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(UnsentTouches { kind, name, action, channel })
        })?;
        Ok(unsent.collect::<rusqlite::Result<_>>()?)
    }
}
