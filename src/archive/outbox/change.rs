//! Changes to the outbox that become visible together.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{deliver, not_planned};
use crate::archive::{Archive, ArchiveError, GuardNote, Result};
use crate::model::Timestamp;
use crate::model::touch::{Fate, Ruling, TouchState};

/// The turn of a touch that stands in line again: behind, where another goes before it.
const TURN_AGAIN: &str = "CASE WHEN outbox.shared = 1 AND EXISTS (SELECT 1 FROM outbox AS before \
     WHERE before.shared = 1 AND before.channel = outbox.channel AND before.customer = outbox.customer \
     AND (before.due, before.touch) < (outbox.due, outbox.touch)) THEN 'behind' \
     WHEN attempts > 0 THEN 'again' ELSE 'first' END";

/// That a number or id is in a list, the first parameter. One statement for many costs a fraction of one for each.
pub(super) const AMONG: &str = "IN (SELECT value FROM json_each(?1))";

/// The number of the touch whose id is the first parameter.
const NUMBER: &str = "(SELECT number FROM touch WHERE id = ?1)";

/// A list for [`AMONG`].
pub(super) fn list<T: serde::Serialize>(items: &[T]) -> Result<String> {
    serde_json::to_string(items).map_err(|source| ArchiveError::Json { what: "a list".to_owned(), source })
}

/// Lines up what is queued for a customer who was joined with another; what is under way goes on.
pub(in crate::archive) fn line_up(connection: &Connection, customer: &str) -> Result<()> {
    let queued = "number IN (SELECT number FROM touch INDEXED BY touch_unsent \
         WHERE customer = ?1 AND state IN ('queued', 'waiting'))";
    connection.execute(&format!("UPDATE outbox SET shared = 1 WHERE {queued}"), [customer])?;
    let again = format!("UPDATE outbox SET turn = {TURN_AGAIN} WHERE turn <> 'leaving' AND {queued}");
    connection.execute(&again, [customer])?;
    Ok(())
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

    /// Notes that attempts begin: these touches, by their [`Delivery::number`](super::Delivery::number) as this
    /// transaction read it, are nobody else's, and stay so until their end is noted. Should the program die meanwhile,
    /// [`OutboxChange::recover`] finds them.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn begin_attempts(&self, numbers: &[i64]) -> Result<()> {
        self.transaction
            .prepare_cached(&format!("UPDATE OR FAIL outbox SET turn = 'leaving' WHERE number {AMONG}"))?
            .execute([list(numbers)?])?;
        Ok(())
    }

    /// Takes back that attempts begin: nothing was sent.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn give_back(&self, ids: &[&str]) -> Result<()> {
        self.transaction
            .prepare_cached(&format!(
                "UPDATE outbox SET turn = {TURN_AGAIN} \
                 WHERE number IN (SELECT number FROM touch WHERE id {AMONG}) AND turn = 'leaving'"
            ))?
            .execute([list(ids)?])?;
        Ok(())
    }

    /// Lets a channel's touches be attempted whose attempts had begun when the program ended: they may have arrived.
    /// Returns how many. Only for one who knows that nobody else sends over the channel.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn recover(&self, channel: &str) -> Result<usize> {
        // No index leads to them.
        let mut leaving =
            self.transaction.prepare("SELECT number FROM outbox WHERE channel = ?1 AND turn = 'leaving'")?;
        let numbers: Vec<i64> =
            leaving.query_map([channel], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        if numbers.is_empty() {
            return Ok(0);
        }
        let numbers = list(&numbers)?;
        let attempted = format!("UPDATE touch SET attempted = 1 WHERE number {AMONG}");
        self.transaction.execute(&attempted, [&numbers])?;
        let again = format!("UPDATE outbox SET turn = {TURN_AGAIN} WHERE number {AMONG}");
        Ok(self.transaction.execute(&again, [&numbers])?)
    }

    /// Marks touches as delivered, with an event of kind `touch` each. One that was cancelled or expired while its
    /// attempt was under way is delivered all the same; one delivered already is passed over. Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn delivered(&self, ids: &[&str], at: Timestamp) -> Result<u64> {
        deliver(&self.transaction, self.archive, ids, at)
    }

    /// Notes a failed attempt and when the next is due; false where the touch is no longer queued.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry(&self, id: &str, next_attempt: Timestamp, error: &str) -> Result<bool> {
        self.transaction.prepare_cached("UPDATE touch SET attempted = 1 WHERE id = ?1")?.execute([id])?;
        let counted = self
            .transaction
            .prepare_cached(&format!(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?2, error = ?3 WHERE number = {NUMBER}"
            ))?
            .execute(params![id, next_attempt.0, error])?;
        self.transaction
            .prepare_cached(&format!("UPDATE outbox SET turn = {TURN_AGAIN} WHERE number = {NUMBER}"))?
            .execute([id])?;
        Ok(counted > 0)
    }

    /// Ends a waiting or queued touch otherwise than by delivery; false where it had ended already.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end(&self, id: &str, state: TouchState, reason: &str, at: Timestamp) -> Result<bool> {
        self.transaction
            .prepare_cached(&format!("DELETE FROM outbox WHERE number = {NUMBER}"))?
            .execute([id])?;
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
                .prepare_cached(&format!("UPDATE outbox SET next_attempt = ?2 WHERE number = {NUMBER}"))?
                .execute(params![id, until.0])?;
        }
        Fate::Ends(_) => {
            connection
                .prepare_cached(&format!("DELETE FROM outbox WHERE number = {NUMBER}"))?
                .execute([id])?;
        }
    }
    Ok(())
}
