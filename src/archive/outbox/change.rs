//! Changes to the outbox that become visible together.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::not_planned;
use crate::archive::ingest::{Arrivals, add_to_tally};
use crate::archive::touch_tally::add_to_touch_tally;
use crate::archive::{Archive, GuardNote, Result};
use crate::model::schema::TOUCH_EVENT;
use crate::model::touch::{Fate, Ruling, TouchState};
use crate::model::{Schema, Timestamp};

/// The turn of a touch that stands in line again: behind, where another goes before it.
const TURN_AGAIN: &str = "CASE WHEN EXISTS (SELECT 1 FROM outbox AS before \
     WHERE before.channel = outbox.channel AND before.customer = outbox.customer \
     AND (before.due, before.touch) < (outbox.due, outbox.touch)) THEN 'behind' \
     WHEN attempts > 0 THEN 'again' ELSE 'first' END";

/// That an id is in a list, the first parameter. One statement for many costs a fraction of one for each.
const AMONG: &str = "IN (SELECT value FROM json_each(?1))";

fn list(ids: &[&str]) -> String {
    serde_json::Value::from(ids).to_string()
}

/// One transaction on the outbox. Dropped without [`OutboxChange::commit`], nothing of it stays.
#[derive(Debug)]
pub struct OutboxChange<'archive> {
    archive: &'archive Archive,
    transaction: Transaction<'archive>,
}

impl<'archive> OutboxChange<'archive> {
    pub(super) fn begin(archive: &'archive Archive) -> Result<Self> {
        let transaction = Transaction::new_unchecked(&archive.connection, TransactionBehavior::Immediate)?;
        Ok(Self { archive, transaction })
    }

    /// The store as it stands with the changes made so far.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        self.archive
    }

    /// Makes it all visible.
    ///
    /// # Errors
    /// SQLite's own; then nothing of it stays.
    pub fn commit(self) -> Result<()> {
        Ok(self.transaction.commit()?)
    }

    /// Notes that attempts begin: these touches are nobody else's, and stay so until their end is noted. Should the
    /// program die meanwhile, [`OutboxChange::recover`] finds them.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn begin_attempts(&self, ids: &[&str]) -> Result<()> {
        self.transaction
            .prepare_cached(&format!("UPDATE outbox SET turn = 'leaving' WHERE touch {AMONG}"))?
            .execute([list(ids)])?;
        Ok(())
    }

    /// Takes back that attempts begin: nothing was sent.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn give_back(&self, ids: &[&str]) -> Result<()> {
        self.transaction
            .prepare_cached(&format!(
                "UPDATE outbox SET turn = {TURN_AGAIN} WHERE touch {AMONG} AND turn = 'leaving'"
            ))?
            .execute([list(ids)])?;
        Ok(())
    }

    /// Lets a channel's touches be attempted whose attempts had begun when the program ended: they may have arrived.
    /// Returns how many. Only for one who knows that nobody else sends over the channel.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn recover(&self, channel: &str) -> Result<usize> {
        let leaving = "channel = ?1 AND turn = 'leaving'";
        self.transaction.execute(
            &format!("UPDATE touch SET attempted = 1 WHERE id IN (SELECT touch FROM outbox WHERE {leaving})"),
            [channel],
        )?;
        Ok(self
            .transaction
            .execute(&format!("UPDATE outbox SET turn = {TURN_AGAIN} WHERE {leaving}"), [channel])?)
    }

    /// Marks touches as delivered, with an event of kind `touch` each. One that was cancelled or expired while its
    /// attempt was under way is delivered all the same; one delivered already is passed over. Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn delivered(&self, ids: &[&str], at: Timestamp) -> Result<u64> {
        deliver(&self.transaction, &self.archive.schema, ids, at)
    }

    /// Notes a failed attempt and when the next is due; false where the touch is no longer queued.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry(&self, id: &str, next_attempt: Timestamp, error: &str) -> Result<bool> {
        self.transaction.prepare_cached("UPDATE touch SET attempted = 1 WHERE id = ?1")?.execute([id])?;
        let counted = self
            .transaction
            .prepare_cached(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?2, error = ?3 WHERE touch = ?1",
            )?
            .execute(params![id, next_attempt.0, error])?;
        self.transaction
            .prepare_cached(&format!("UPDATE outbox SET turn = {TURN_AGAIN} WHERE touch = ?1"))?
            .execute([id])?;
        Ok(counted > 0)
    }

    /// Ends a waiting or queued touch otherwise than by delivery; false where it had ended already.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end(&self, id: &str, state: TouchState, reason: &str, at: Timestamp) -> Result<bool> {
        self.transaction.prepare_cached("DELETE FROM outbox WHERE touch = ?1")?.execute([id])?;
        let ended = self
            .transaction
            .prepare_cached(
                "UPDATE touch SET state = ?2, reason = ?3, state_at = ?4 \
                 WHERE id = ?1 AND state IN ('queued', 'waiting')",
            )?
            .execute(params![id, state.as_str(), reason, at.0])?;
        Ok(ended > 0)
    }

    /// Notes what was decided about queued touches whose attempt is due. Those no longer queued, and those that a
    /// planned file write holds, stay as they are; what a guard said before in the same words is not noted twice.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn note_rulings(&self, rulings: &[Ruling], at: Timestamp) -> Result<()> {
        rulings.iter().try_for_each(|ruling| note_ruling(&self.transaction, ruling, at))
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

/// Marks touches as delivered within a transaction; returns how many were not before.
pub(in crate::archive) fn deliver(
    connection: &Connection,
    schema: &Schema,
    ids: &[&str],
    at: Timestamp,
) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let all = list(ids);
    // First, as it goes by who was not delivered before.
    record(connection, schema, &all, at)?;
    let mut statement = connection.prepare_cached(&format!(
        "UPDATE touch SET state = 'delivered', reason = '', state_at = ?2 \
         WHERE id {AMONG} AND state <> 'delivered' RETURNING customer, action"
    ))?;
    let (mut customers, mut actions) = (Vec::new(), BTreeMap::<String, u64>::new());
    let mut rows = statement.query(params![all, at.0])?;
    while let Some(row) = rows.next()? {
        customers.push(row.get::<_, String>(0)?);
        *actions.entry(row.get(1)?).or_default() += 1;
    }
    drop(rows);
    let delivered = u64::try_from(customers.len()).unwrap_or(u64::MAX);
    connection
        .prepare_cached(&format!("UPDATE customer SET changed = 1 WHERE changed = 0 AND id {AMONG}"))?
        .execute([serde_json::Value::from(customers).to_string()])?;
    for (action, touches) in actions {
        add_to_touch_tally(connection, &action, TouchState::Delivered, touches)?;
    }
    // Last: what leaves the outbox under way without having been delivered is marked.
    connection.prepare_cached(&format!("DELETE FROM outbox WHERE touch {AMONG}"))?.execute([&all])?;
    Ok(delivered)
}

/// Keeps an event of kind `touch` for each of a list that was not delivered before.
fn record(connection: &Connection, schema: &Schema, list: &str, at: Timestamp) -> Result<()> {
    let heard = schema.events.iter().find(|event| *event.name == *TOUCH_EVENT && event.heard);
    let mut arrivals = Arrivals::begin(connection, at.0)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO event_touch (customer, at, id, arrived, action, cause, channel, kind, name, step, touch) \
         SELECT customer, ?2, touch.id, ?3, action, because ->> 'cause', channel, kind, name, \
             because ->> 'step', touch.id \
         FROM json_each(?1) AS given JOIN touch ON touch.id = given.value \
         WHERE state <> 'delivered' ORDER BY given.key ON CONFLICT DO NOTHING RETURNING id, customer",
    )?;
    let mut rows = statement.query(params![list, at.0, arrivals.arrived()])?;
    let mut recorded = 0;
    while let Some(row) = rows.next()? {
        recorded += 1;
        if let Some(kind) = heard {
            arrivals.note(kind, &row.get::<_, String>(0)?, &row.get::<_, String>(1)?, at.0)?;
        }
    }
    if recorded > 0 {
        arrivals.keep()?;
        add_to_tally(connection, "event_touch", recorded)?;
    }
    Ok(())
}
