//! The outbox: touches on their way out. Every change is one transaction.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::ingest::{Arrivals, add_to_tally};
use super::query::{TOUCH_COLUMNS, touch_of};
use super::value::as_count;
use super::{Archive, GuardNote, Result};
use crate::model::schema::TOUCH_EVENT;
use crate::model::touch::{Fate, Ruling, Touch, TouchState};
use crate::model::{Schema, Timestamp};

/// A touch that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What is sent.
    pub touch: Touch,
    /// When it was queued.
    pub queued: Timestamp,
    /// Attempts that failed so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The guard that held it when an attempt was due last.
    pub held_by: Option<String>,
}

/// How much waits on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The channel.
    pub channel: String,
    /// Touches queued.
    pub queued: u64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
}

/// That a touch, named by a column, stands in no planned file write: there it is as good as sent.
fn not_planned(column: &str) -> String {
    format!("{column} NOT IN (SELECT touch FROM file_write_touch)")
}

impl Archive {
    /// Touches of a channel whose next attempt is due: first attempts in order of due time, each retry at its own
    /// time. What is under way is among them until its end is told; what stands in a planned file write is not.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.due_where("outbox.attempts >= 0", channel, now, limit)
    }

    /// Those of [`Archive::due`] that were never attempted.
    ///
    /// # Errors
    /// As there.
    pub fn due_first(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.due_where("outbox.attempts = 0", channel, now, limit)
    }

    /// Those of [`Archive::due`] that were attempted before.
    ///
    /// # Errors
    /// As there.
    pub fn due_again(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.due_where("outbox.attempts > 0", channel, now, limit)
    }

    fn due_where(
        &self,
        attempts: &str,
        channel: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {TOUCH_COLUMNS}, outbox.queued, outbox.attempts, outbox.error \
             FROM outbox JOIN touch ON touch.id = outbox.touch \
             WHERE outbox.channel = ?1 AND outbox.next_attempt <= ?2 AND {attempts} AND {free} \
             ORDER BY outbox.next_attempt, outbox.touch LIMIT ?3",
            free = not_planned("outbox.touch")
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![channel, now.0, limit])?;
        let mut deliveries = Vec::new();
        while let Some(row) = rows.next()? {
            let found = touch_of(row)?;
            deliveries.push(Delivery {
                touch: found.touch,
                held_by: found.guard,
                queued: Timestamp(row.get("queued")?),
                attempts: row.get("attempts")?,
                error: row.get("error")?,
            });
        }
        Ok(deliveries)
    }

    /// When the next attempt on a channel is due, which may be past; `None` where nothing is queued but what
    /// stands in a planned file write.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_due(&self, channel: &str) -> Result<Option<Timestamp>> {
        let free = not_planned("touch");
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT next_attempt FROM outbox WHERE channel = ?1 AND {free} ORDER BY next_attempt LIMIT 1"
        ))?;
        let next: Option<i64> = statement.query_row([channel], |row| row.get(0)).optional()?;
        Ok(next.map(Timestamp))
    }

    /// Marks touches as delivered, with an event of kind `touch` each. One that was cancelled or expired while its
    /// attempt was under way is delivered all the same; one delivered already is passed over. Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn delivered(&mut self, ids: &[&str], at: Timestamp) -> Result<u64> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let delivered = deliver(&transaction, &self.schema, ids.iter().copied(), at)?;
        transaction.commit()?;
        Ok(delivered)
    }

    /// Notes a failed attempt and when the next is due; false where the touch is no longer queued.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry(&mut self, id: &str, next_attempt: Timestamp, error: &str) -> Result<bool> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let noted = transaction
            .prepare_cached(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?2, error = ?3 WHERE touch = ?1",
            )?
            .execute(params![id, next_attempt.0, error])?;
        transaction.prepare_cached("UPDATE touch SET attempted = 1 WHERE id = ?1")?.execute([id])?;
        transaction.commit()?;
        Ok(noted > 0)
    }

    /// Notes, in one transaction, what was decided about queued touches whose attempt is due. Those no longer
    /// queued, and those that a planned file write holds, stay as they are; what a guard said before in the same
    /// words is not noted twice.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn note_rulings(&mut self, rulings: &[Ruling], at: Timestamp) -> Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        for ruling in rulings {
            note_ruling(&transaction, ruling, at)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Ends a waiting or queued touch otherwise than by delivery; false where it had ended already.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end(&mut self, id: &str, state: TouchState, reason: &str, at: Timestamp) -> Result<bool> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        transaction.prepare_cached("DELETE FROM outbox WHERE touch = ?1")?.execute([id])?;
        let ended = transaction
            .prepare_cached(
                "UPDATE touch SET state = ?2, reason = ?3, state_at = ?4 \
                 WHERE id = ?1 AND state IN ('queued', 'waiting')",
            )?
            .execute(params![id, state.as_str(), reason, at.0])?;
        transaction.commit()?;
        Ok(ended > 0)
    }

    /// Queues a dead touch again, its attempts counted anew; false where it is not dead, or so old that its payload
    /// is gone. It counts as queued since
    /// it first was, so that what is sent is the same bytes as before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn requeue(&mut self, id: &str, at: Timestamp) -> Result<bool> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let queued = transaction.execute(
            "UPDATE touch SET state = 'queued', reason = '', state_at = ?2 \
             WHERE id = ?1 AND state = 'dead' AND pruned = 0",
            params![id, at.0],
        )?;
        if queued > 0 {
            transaction.execute(
                "INSERT INTO outbox (touch, channel, queued, attempts, next_attempt) \
                 SELECT id, channel, coalesce(queued, made), 0, ?2 FROM touch WHERE id = ?1",
                params![id, at.0],
            )?;
        }
        transaction.commit()?;
        Ok(queued > 0)
    }

    /// How much waits on one channel.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn depth(&self, channel: &str) -> Result<Depth> {
        let sql = "SELECT channel, count(*), min(queued) FROM outbox WHERE channel = ?1 GROUP BY channel";
        let found = self.connection.prepare_cached(sql)?.query_row([channel], depth_of).optional()?;
        Ok(found.unwrap_or_else(|| Depth { channel: channel.to_owned(), queued: 0, oldest: None }))
    }

    /// How much waits on every channel that has something queued, by name.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn depths(&self) -> Result<Vec<Depth>> {
        let sql = "SELECT channel, count(*), min(queued) FROM outbox GROUP BY channel ORDER BY channel";
        let mut statement = self.connection.prepare_cached(sql)?;
        let depths = statement.query_map([], depth_of)?.collect::<rusqlite::Result<_>>()?;
        Ok(depths)
    }
}

fn note_ruling(connection: &Connection, ruling: &Ruling, at: Timestamp) -> Result<()> {
    let Ruling { id, fate, guard, reason, verdict } = ruling;
    let (state, word) = match fate {
        Fate::Ends(state) => (*state, "drops"),
        Fate::PutOff(_) | Fate::Leaves => (TouchState::Queued, "waits"),
    };
    let verdict = guard.as_ref().zip(*verdict).map(|(guard, (kind, until))| {
        GuardNote { guard, kind, reason: reason.as_str(), until }.verdict(word, at)
    });
    let noted = connection
        .prepare_cached(&format!(
            "UPDATE touch SET state = ?2, reason = ?3, state_at = iif(state = ?2, state_at, ?4), guard = ?5, \
             verdicts = iif(?6 IS NULL OR (?2 = 'queued' AND guard IS ?5 AND reason IS ?3), verdicts, \
             json_insert(verdicts, '$[#]', json(?6))) \
             WHERE id = ?1 AND state = 'queued' AND {free}",
            free = not_planned("id")
        ))?
        .execute(params![id, state.as_str(), reason, at.0, guard, verdict])?;
    if noted == 0 {
        return Ok(());
    }
    match fate {
        Fate::Leaves => {}
        Fate::PutOff(until) => {
            connection
                .prepare_cached("UPDATE outbox SET next_attempt = ?2 WHERE touch = ?1")?
                .execute(params![id, until.0])?;
        }
        Fate::Ends(_) => {
            connection.prepare_cached("DELETE FROM outbox WHERE touch = ?1")?.execute([id])?;
        }
    }
    Ok(())
}

fn depth_of(row: &Row<'_>) -> rusqlite::Result<Depth> {
    Ok(Depth {
        channel: row.get(0)?,
        queued: as_count(row.get(1)?),
        oldest: row.get::<_, Option<i64>>(2)?.map(Timestamp),
    })
}

/// Marks touches as delivered within a transaction; returns how many were not before.
pub(super) fn deliver<'id>(
    connection: &Connection,
    schema: &Schema,
    ids: impl Iterator<Item = &'id str>,
    at: Timestamp,
) -> Result<u64> {
    let heard = schema.events.iter().find(|event| *event.name == *TOUCH_EVENT && event.heard);
    let mut arrivals = Arrivals::begin(connection, at.0)?;
    let mut dequeue = connection.prepare_cached("DELETE FROM outbox WHERE touch = ?1")?;
    let mut end = connection.prepare_cached(
        "UPDATE touch SET state = 'delivered', reason = '', state_at = ?2 \
         WHERE id = ?1 AND state <> 'delivered'",
    )?;
    let mut record = connection.prepare_cached(
        "INSERT INTO event_touch (customer, at, id, arrived, action, cause, channel, kind, name, step, touch) \
         SELECT customer, ?2, id, ?3, action, because ->> 'cause', channel, kind, name, because ->> 'step', id \
         FROM touch WHERE id = ?1 ON CONFLICT DO NOTHING",
    )?;
    let mut mark = connection.prepare_cached(
        "UPDATE customer SET changed = 1 \
         WHERE id = (SELECT customer FROM touch WHERE id = ?1) AND changed = 0",
    )?;
    let mut customer_of = connection.prepare_cached("SELECT customer FROM touch WHERE id = ?1")?;
    let (mut delivered, mut recorded) = (0, 0);
    for id in ids {
        dequeue.execute([id])?;
        if end.execute(params![id, at.0])? > 0 {
            delivered += 1;
            if record.execute(params![id, at.0, arrivals.arrived()])? > 0 {
                recorded += 1;
                if let Some(kind) = heard {
                    let customer: String = customer_of.query_row([id], |row| row.get(0))?;
                    arrivals.note(kind, id, &customer, at.0)?;
                }
            }
            mark.execute([id])?;
        }
    }
    if recorded > 0 {
        arrivals.keep()?;
    }
    add_to_tally(connection, "event_touch", recorded)?;
    Ok(delivered)
}
