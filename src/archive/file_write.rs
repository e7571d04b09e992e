//! The journal of file writes: what is about to be written, and where, is kept before it is.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::outbox::deliver;
use super::value::{as_count, as_integer};
use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;

/// A write that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilePlan<'plan> {
    /// The channel.
    pub channel: &'plan str,
    /// The file, as the channel names it.
    pub path: &'plan str,
    /// The length the file has before the write.
    pub offset: u64,
    /// What is added.
    pub content: &'plan [u8],
    /// The touches it delivers.
    pub touches: &'plan [&'plan str],
}

/// A planned write that is not known to be complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileWrite {
    /// Its number; later writes have higher ones.
    pub id: i64,
    /// The channel.
    pub channel: String,
    /// The file, as the channel names it.
    pub path: String,
    /// The length the file had before the write.
    pub offset: u64,
    /// What is added.
    pub content: Vec<u8>,
    /// The touches it delivers.
    pub touches: Vec<String>,
}

impl Archive {
    /// Keeps a plan, on disk when this returns. Returns its id.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where a touch of it is no longer queued; SQLite's own.
    pub fn plan_file_write(&mut self, plan: &FilePlan<'_>, at: Timestamp) -> Result<i64> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        transaction
            .prepare_cached(
                "INSERT INTO file_write (channel, path, \"offset\", content, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![plan.channel, plan.path, as_integer(plan.offset), plan.content, at.0])?;
        let id = transaction.last_insert_rowid();
        {
            let mut add = transaction
                .prepare_cached("INSERT INTO file_write_touch (write, number, touch) VALUES (?1, ?2, ?3)")?;
            let mut queued = transaction.prepare_cached(
                "SELECT 1 FROM outbox WHERE number = (SELECT number FROM touch WHERE id = ?1)",
            )?;
            for (number, &touch) in (0_i64..).zip(plan.touches) {
                if !queued.exists([touch])? {
                    return Err(ArchiveError::Unknown { what: "queued touch", id: touch.to_owned() });
                }
                add.execute(params![id, number, touch])?;
            }
        }
        transaction.commit()?;
        Ok(id)
    }

    /// Plans that were not completed, oldest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn open_file_writes(&self) -> Result<Vec<FileWrite>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, channel, path, \"offset\", content FROM file_write ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut writes = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            writes.push(FileWrite {
                id,
                channel: row.get(1)?,
                path: row.get(2)?,
                offset: as_count(row.get(3)?),
                content: row.get(4)?,
                touches: planned_touches(&self.connection, id)?,
            });
        }
        Ok(writes)
    }

    /// Moves an open plan to another file, because someone else changed the one it was for.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where the plan is not open.
    pub fn move_file_write(&mut self, id: i64, path: &str, offset: u64, content: &[u8]) -> Result<()> {
        let moved = self
            .connection
            .prepare_cached("UPDATE file_write SET path = ?2, \"offset\" = ?3, content = ?4 WHERE id = ?1")?
            .execute(params![id, path, as_integer(offset), content])?;
        if moved == 0 { Err(not_open(id)) } else { Ok(()) }
    }

    /// Takes touches out of an open plan and cancels them; `content` is what is left to be written.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where the plan is not open.
    pub fn withdraw_from_file_write(
        &mut self,
        id: i64,
        content: &[u8],
        touches: &[&str],
        reason: &str,
        at: Timestamp,
    ) -> Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let known =
            transaction.execute("UPDATE file_write SET content = ?2 WHERE id = ?1", params![id, content])?;
        if known == 0 {
            return Err(not_open(id));
        }
        for touch in touches {
            transaction.execute(
                "DELETE FROM file_write_touch WHERE write = ?1 AND touch = ?2",
                params![id, touch],
            )?;
            transaction.execute(
                "DELETE FROM outbox WHERE number = (SELECT number FROM touch WHERE id = ?1)",
                [touch],
            )?;
            transaction.execute(
                "UPDATE touch SET state = 'cancelled', reason = ?2, state_at = ?3 WHERE id = ?1",
                params![touch, reason, at.0],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Marks a plan's touches as delivered, remembers the file's new length and forgets the plan.
    /// Returns how many touches were delivered.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where the plan is not open.
    pub fn complete_file_write(&mut self, id: i64, at: Timestamp) -> Result<u64> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let touches = planned_touches(&transaction, id)?;
        let noted = transaction.execute(
            "INSERT INTO written_file (path, length) \
             SELECT path, \"offset\" + length(content) FROM file_write WHERE id = ?1 \
             ON CONFLICT (path) DO UPDATE SET length = excluded.length",
            [id],
        )?;
        if noted == 0 {
            return Err(not_open(id));
        }
        let ids: Vec<&str> = touches.iter().map(String::as_str).collect();
        let delivered = deliver(&transaction, self, &ids, at)?;
        transaction.execute("DELETE FROM file_write_touch WHERE write = ?1", [id])?;
        transaction.execute("DELETE FROM file_write WHERE id = ?1", [id])?;
        transaction.commit()?;
        Ok(delivered)
    }

    /// The length a file had after the last completed write to it; `None` where none was.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn written_length(&self, path: &str) -> Result<Option<u64>> {
        let mut statement =
            self.connection.prepare_cached("SELECT length FROM written_file WHERE path = ?1")?;
        Ok(statement.query_row([path], |row| row.get(0)).optional()?.map(as_count))
    }
}

fn planned_touches(connection: &Connection, id: i64) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare_cached("SELECT touch FROM file_write_touch WHERE write = ?1 ORDER BY number")?;
    let touches = statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(touches)
}

fn not_open(id: i64) -> ArchiveError {
    ArchiveError::Unknown { what: "open file write", id: id.to_string() }
}
