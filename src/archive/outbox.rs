//! The outbox: touches on their way out. Those of one customer on one channel stand in line, in order of due time and
//! then id; a look takes the first of each line by an index, however many stand behind it. Where a customer has one
//! alone, as most have, there is no line to keep.

mod change;
mod deliver;

pub use change::OutboxChange;
pub(super) use change::line_up;
pub(super) use deliver::deliver;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::query::state_of;
use super::value::as_count;
use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;
use crate::model::touch::{Outgoing, Ruling, TouchState};

/// A touch that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The touch's number, which stays its own only while the store is not written.
    pub number: i64,
    /// What is sent.
    pub touch: Outgoing,
    /// When it was queued.
    pub queued: Timestamp,
    /// Attempts that failed so far.
    pub attempts: u32,
    /// An attempt was made, or begun and its end never noted.
    pub may_have_arrived: bool,
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

/// The columns [`delivery_of`] reads.
const DELIVERY_COLUMNS: &str = "outbox.number, touch.id, touch.customer, touch.action, touch.due, touch.expires, \
     touch.state, touch.reason, touch.policy_version, touch.because, touch.payload, outbox.queued, \
     outbox.attempts, touch.attempted, outbox.error, touch.guard";

/// The turns that a touch has while it waits: which of them is kept by the triggers of the table, and by
/// [`OutboxChange`]. One that is under way is `leaving`.
const TURNS: [&str; 3] = ["first", "again", "behind"];

/// The condition that a channel's touch has one of [`TURNS`], in the words that the index of them asks for.
fn has_turn(turn: &str) -> String {
    format!("outbox.channel = ?1 AND outbox.turn = '{turn}' AND outbox.turn <> 'leaving'")
}

/// The condition that a channel's touch has a turn and its time has come.
fn due_by(turn: &str) -> String {
    let free = not_planned("outbox.touch");
    format!("WHERE {} AND outbox.next_attempt <= ?2 AND {free}", has_turn(turn))
}

/// That a touch, named by a column, stands in no planned file write: there it is as good as sent.
fn not_planned(column: &str) -> String {
    format!("{column} NOT IN (SELECT touch FROM file_write_touch)")
}

impl Archive {
    /// Touches of a channel whose next attempt is due, in order of that time, whoever goes before them: for a channel
    /// that sends many in one go. What is under way, or stands in a planned file write, is not among them.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.deliveries(&all_sql(), channel, now, limit)
    }

    /// Touches never attempted that nothing goes before, whose time has come: in order of that time.
    ///
    /// # Errors
    /// As [`Archive::due`].
    pub fn due_first(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.deliveries(&in_turn_sql("first"), channel, now, limit)
    }

    /// Touches attempted before that nothing goes before, whose next attempt is due: in order of that time.
    ///
    /// # Errors
    /// As [`Archive::due`].
    pub fn due_again(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        self.deliveries(&in_turn_sql("again"), channel, now, limit)
    }

    fn deliveries(&self, sql: &str, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Delivery>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![channel, now.0, limit])?;
        let mut deliveries: Vec<Delivery> = Vec::new();
        while let Some(row) = rows.next()? {
            let delivery = delivery_of(row, deliveries.last())?;
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    /// When the next touch of a channel is due, whoever goes before it, which may be past; `None` where nothing is
    /// queued but what is under way or stands in a planned file write.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_due(&self, channel: &str) -> Result<Option<Timestamp>> {
        self.next_of(&TURNS, channel)
    }

    /// When the next touch that nothing goes before is due, which may be past, but for those that have left.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_in_turn(&self, channel: &str) -> Result<Option<Timestamp>> {
        self.next_of(&["first", "again"], channel)
    }

    fn next_of(&self, turns: &[&str], channel: &str) -> Result<Option<Timestamp>> {
        let next: Option<i64> =
            self.connection.prepare_cached(&next_sql(turns))?.query_row([channel], |row| row.get(0))?;
        Ok(next.map(Timestamp))
    }

    /// Changes the outbox; all of it becomes visible at once, when it is committed.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn change_outbox(&mut self) -> Result<OutboxChange<'_>> {
        OutboxChange::begin(self)
    }

    /// [`OutboxChange::delivered`], by itself.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn delivered(&mut self, ids: &[&str], at: Timestamp) -> Result<u64> {
        let change = self.change_outbox()?;
        let delivered = change.delivered(ids, at)?;
        change.commit()?;
        Ok(delivered)
    }

    /// [`OutboxChange::retry`], by itself.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry(&mut self, id: &str, next_attempt: Timestamp, error: &str) -> Result<bool> {
        let change = self.change_outbox()?;
        let noted = change.retry(id, next_attempt, error)?;
        change.commit()?;
        Ok(noted)
    }

    /// [`OutboxChange::end`], by itself.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end(&mut self, id: &str, state: TouchState, reason: &str, at: Timestamp) -> Result<bool> {
        let change = self.change_outbox()?;
        let ended = change.end(id, state, reason, at)?;
        change.commit()?;
        Ok(ended)
    }

    /// [`OutboxChange::note_rulings`], by itself.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn note_rulings(&mut self, rulings: &[Ruling], at: Timestamp) -> Result<()> {
        let change = self.change_outbox()?;
        change.note_rulings(rulings, at)?;
        change.commit()
    }

    /// Queues a dead touch again, its attempts counted anew; false where it is not dead, or so old that its payload
    /// is gone. It counts as queued since it first was, so that what is sent is the same bytes as before.
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
                "INSERT INTO outbox (number, touch, channel, customer, due, queued, attempts, next_attempt) \
                 SELECT number, id, channel, customer, due, coalesce(queued, made), 0, ?2 FROM touch WHERE id = ?1",
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

/// Reads a row of [`DELIVERY_COLUMNS`]. Those after one another are mostly of one action and version: these texts are
/// shared with the one before.
fn delivery_of(row: &Row<'_>, before: Option<&Delivery>) -> Result<Delivery> {
    let id: Arc<str> = row.get(1)?;
    let text = |index: usize| -> Result<&str> {
        row.get_ref(index)?
            .as_str()
            .map_err(|_| ArchiveError::Corrupt { what: format!("touch {id} lacks a text") })
    };
    let shared = |index: usize, of: fn(&Outgoing) -> &Arc<str>| -> Result<Arc<str>> {
        let text = text(index)?;
        let known = before.map(|before| of(&before.touch)).filter(|known| ***known == *text);
        Ok(known.map_or_else(|| text.into(), Arc::clone))
    };
    Ok(Delivery {
        number: row.get(0)?,
        touch: Outgoing {
            customer: row.get(2)?,
            action: shared(3, |touch| &touch.action)?,
            due: Timestamp(row.get(4)?),
            expires: Timestamp(row.get(5)?),
            state: state_of(text(6)?)?,
            reason: row.get(7)?,
            policy_version: shared(8, |touch| &touch.policy_version)?,
            because: row.get(9)?,
            payload: row.get(10)?,
            id: Arc::clone(&id),
        },
        queued: Timestamp(row.get(11)?),
        attempts: row.get(12)?,
        may_have_arrived: row.get(13)?,
        error: row.get(14)?,
        held_by: row.get(15)?,
    })
}

/// All that is due, by channel, time and limit. Of the sorted turns the earliest are merged.
pub(super) fn all_sql() -> String {
    let each = |turn| format!("SELECT number, touch, next_attempt, due FROM outbox {}", due_by(turn));
    let all = TURNS.map(each).join(" UNION ALL ");
    format!(
        "SELECT {DELIVERY_COLUMNS} \
         FROM ({all} ORDER BY next_attempt, due, touch LIMIT ?3) AS found \
         JOIN outbox ON outbox.number = found.number JOIN touch ON touch.number = found.number \
         ORDER BY found.next_attempt, found.due, found.touch"
    )
}

/// What is due and has a turn, by channel, time and limit.
pub(super) fn in_turn_sql(turn: &str) -> String {
    format!(
        "SELECT {DELIVERY_COLUMNS} FROM outbox JOIN touch ON touch.number = outbox.number {} \
         ORDER BY outbox.next_attempt, outbox.due, outbox.touch LIMIT ?3",
        due_by(turn)
    )
}

/// When the next that has one of some turns is due, by channel.
pub(super) fn next_sql(turns: &[&str]) -> String {
    let free = not_planned("touch");
    let of = |turn: &&str| {
        format!(
            "SELECT * FROM (SELECT next_attempt FROM outbox WHERE {} AND {free} \
             ORDER BY next_attempt LIMIT 1)",
            has_turn(turn)
        )
    };
    let each: Vec<String> = turns.iter().map(of).collect();
    format!("SELECT min(next_attempt) FROM ({})", each.join(" UNION ALL "))
}

fn depth_of(row: &Row<'_>) -> rusqlite::Result<Depth> {
    Ok(Depth {
        channel: row.get(0)?,
        queued: as_count(row.get(1)?),
        oldest: row.get::<_, Option<i64>>(2)?.map(Timestamp),
    })
}
