//! Stores to try things out on: gone when they are closed, and nothing they hold outlives a crash.
//!
//! Such a store is SQLite's private temporary database. It lives in its page cache and spills into a file without a name
//! beyond it, so that a store of any size has room however little memory there is.

use rusqlite::Connection;

use super::adopt::Layout;
use super::backup::copy_pages;
use super::migrate;
use super::open::{configure, own_schema};
use super::{Archive, Result};

/// Page cache, in KiB.
const CACHE: i64 = 256 * 1024;
/// What a run changes of a copy smaller than this, in KiB, is kept for its rollback in memory instead of a file.
const IN_MEMORY: i64 = 64 * 1024;

impl Archive {
    /// An empty store for trying things out.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn scratch() -> Result<Self> {
        let connection = scratch_connection()?;
        migrate::migrate(&connection, 0)?;
        Self::from_scratch(connection)
    }

    /// A copy of this store as it is at one moment, for trying things out. Whoever writes to the store is not held up, and
    /// it is not changed. `progress` hears how many of how many pages are copied. Not to be called while a
    /// [`Snapshot`](super::Snapshot) is held.
    ///
    /// # Errors
    /// SQLite's own; where there is no room for the copy, too.
    pub fn scratch_copy(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Self> {
        let mut connection = scratch_connection()?;
        copy_pages(&self.connection, &mut connection, progress)?;
        let size = "SELECT page_count * page_size / 1024 FROM pragma_page_count(), pragma_page_size()";
        if connection.query_row(size, [], |row| row.get::<_, i64>(0))? < IN_MEMORY {
            connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
        }
        let mut copy = Self::from_scratch(connection)?;
        copy.adopt(self.schema.clone())?;
        Ok(copy)
    }

    fn from_scratch(connection: Connection) -> Result<Self> {
        configure(&connection, CACHE)?;
        // What is sorted may be as large as the store.
        connection.pragma_update(None, "temp_store", "FILE")?;
        let mut archive = Self {
            connection,
            schema: std::sync::Arc::default(),
            layout: Layout::default(),
            writable: true,
            identities: None,
            kept_events: None,
            _lock: None,
        };
        archive.adopt(own_schema())?;
        Ok(archive)
    }
}

/// A private database, which a name would put into a folder.
fn scratch_connection() -> Result<Connection> {
    let connection = Connection::open("")?;
    // Nothing is lost if it breaks off. What is changed is kept for the rollback of a run that fails.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update_and_check(None, "journal_mode", "TRUNCATE", |_| Ok(()))?;
    Ok(connection)
}
