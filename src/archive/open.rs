//! Opening the store: one writer, any number that look.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::adopt::Layout;
use super::facts::KeptEvents;
use super::identities::Identities;
use super::in_place;
use super::migrate::{self, Found};
use super::{ArchiveError, Result};
use crate::model::{EventShape, Schema};

/// Page cache of the writer, in KiB.
const WRITER_CACHE: i64 = 64 * 1024;
/// Page cache of one that looks, in KiB.
const READER_CACHE: i64 = 16 * 1024;
/// Pages in the write-ahead log after which a commit moves them into the store.
const CHECKPOINT_PAGES: i64 = 4_000;
/// The log is cut back to this many bytes once it is moved.
pub const LOG_LIMIT: i64 = 64 * 1024 * 1024;
/// How long to wait for a lock that another connection holds for a moment.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Prepared statements kept.
const STATEMENTS: usize = 128;

/// The store, opened to write or to look.
#[derive(Debug)]
pub struct Archive {
    pub(super) connection: Connection,
    pub(super) schema: Arc<Schema>,
    pub(super) layout: Layout,
    pub(super) writable: bool,
    /// Read once it is needed.
    pub(super) identities: Option<Arc<Identities>>,
    /// Events read once, where they are kept.
    pub(super) kept_events: Option<KeptEvents>,
    /// Held while the store may be written; given back when the process ends, however it ends.
    pub(super) _lock: Option<File>,
}

/// The store held still while it is looked at: every read until this is dropped sees the same moment.
#[derive(Debug)]
pub struct Snapshot<'archive> {
    _transaction: rusqlite::Transaction<'archive>,
}

impl Archive {
    /// Opens the store to write, makes it where there is none, brings an older one up to date.
    ///
    /// # Errors
    /// [`ArchiveError::InUse`] where another process writes to it, [`ArchiveError::Newer`] and
    /// [`ArchiveError::NotAStore`] where it must not be touched.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = take_lock(path)?;
        if path.exists() {
            look_first(path)?;
        }
        let mut archive = Self::prepare(Connection::open(path)?, Some(lock))?;
        in_place::watch(&mut archive.connection, path)?;
        Ok(archive)
    }

    /// A store that lives as long as this value.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn open_in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?, None)
    }

    /// Opens the store to look, beside a writer.
    ///
    /// # Errors
    /// [`ArchiveError::NoStore`], [`ArchiveError::Newer`], [`ArchiveError::Older`], [`ArchiveError::NotAStore`].
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let known = migrate::newest();
        match look_first(path)? {
            Found::Version(found) if found < known => {
                return Err(ArchiveError::Older { path: path.to_owned(), found, known });
            }
            Found::Version(_) => {}
            Found::Empty | Found::Foreign => return Err(ArchiveError::NoStore { path: path.to_owned() }),
        }
        let connection = Connection::open_with_flags(path, look_flags())?;
        configure(&connection, READER_CACHE)?;
        let mut archive = Self {
            connection,
            schema: Arc::default(),
            layout: Layout::default(),
            writable: false,
            identities: None,
            kept_events: None,
            _lock: None,
        };
        archive.adopt(own_schema())?;
        Ok(archive)
    }

    fn prepare(connection: Connection, lock: Option<File>) -> Result<Self> {
        configure(&connection, WRITER_CACHE)?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update_and_check(None, "journal_size_limit", LOG_LIMIT, |_| Ok(()))?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))?;
        // What is deleted is overwritten where that costs no further page, so that little is left to be erased.
        connection.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        let version = match migrate::inspect(&connection)? {
            Found::Version(version) => version,
            Found::Empty | Found::Foreign => 0,
        };
        migrate::migrate(&connection, version)?;
        let mut archive = Self {
            connection,
            schema: Arc::default(),
            layout: Layout::default(),
            writable: true,
            identities: None,
            kept_events: None,
            _lock: lock,
        };
        archive.adopt(own_schema())?;
        Ok(archive)
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
        let transaction = self.connection.unchecked_transaction()?;
        // A transaction sees the moment of its first read, not of its beginning.
        transaction.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
        Ok(Snapshot { _transaction: transaction })
    }

    /// Moves the write-ahead log into the store and cuts it back, waiting so long for readers of an old moment; whether
    /// they let it.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cut_log(&mut self, patience: Duration) -> Result<bool> {
        self.connection.busy_timeout(patience)?;
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        self.connection.busy_timeout(PATIENCE)?;
        Ok(!busy?)
    }

    /// Moves the write-ahead log into the store and empties it: for quiet moments. Does as much as readers allow.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn checkpoint(&mut self) -> Result<()> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// What every store holds, whatever is declared.
pub(super) fn own_schema() -> Arc<Schema> {
    Arc::new(Schema { events: vec![EventShape::touch()], ..Schema::default() })
}

pub(super) fn look_flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

pub(super) fn configure(connection: &Connection, cache: i64) -> Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A misspelt column must be an error, not a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Nothing is planned by the values it is asked with, so no statement is prepared again for other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -cache)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// What the file is, found without changing it: closing a writing connection would already fold in its log.
fn look_first(path: &Path) -> Result<Found> {
    if !path.exists() {
        return Err(ArchiveError::NoStore { path: path.to_owned() });
    }
    let connection = Connection::open_with_flags(path, look_flags())?;
    connection.busy_timeout(PATIENCE)?;
    let known = migrate::newest();
    match migrate::inspect(&connection)? {
        Found::Version(found) if found > known => {
            Err(ArchiveError::Newer { path: path.to_owned(), found, known })
        }
        Found::Foreign => Err(ArchiveError::NotAStore { path: path.to_owned() }),
        found => Ok(found),
    }
}

/// Where the store is whatever links lead to it, also before it is made.
fn real_path(store: &Path) -> PathBuf {
    store.canonicalize().unwrap_or_else(|_| {
        let folder = store.parent().and_then(|folder| folder.canonicalize().ok());
        folder.zip(store.file_name()).map_or_else(|| store.to_owned(), |(folder, name)| folder.join(name))
    })
}

/// The path of a file beside another: the same name with an ending more.
#[must_use]
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// SQLite's write-ahead log of a store.
#[must_use]
pub fn log_of(store: &Path) -> PathBuf {
    with_ending(store, "-wal")
}

/// Takes the one-writer lock beside the store, where links lead, and writes the process id into it. The file stays
/// when the process ends; what counts is whether a process holds it.
fn take_lock(store: &Path) -> Result<File> {
    let path = with_ending(&real_path(store), ".lock");
    let fault = |source| ArchiveError::File { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let read = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if read { holder.trim().to_owned() } else { "unknown".to_owned() };
            return Err(ArchiveError::InUse { path: store.to_owned(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(fault(source)),
    }
    file.set_len(0).map_err(fault)?;
    file.rewind().map_err(fault)?;
    write!(file, "{}", std::process::id()).map_err(fault)?;
    Ok(file)
}
