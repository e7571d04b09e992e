//! Why the store could not do what was asked.

use std::path::PathBuf;

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::in_place::was_moved;

/// A fault of the store, told apart by what the operator can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Another process writes to this store.
    #[error(
        "the store {} is in use by process {holder}: ask that one, or stop it first (looking is always possible)",
        path.display()
    )]
    InUse {
        /// The store.
        path: PathBuf,
        /// The process id as the holder wrote it, or `unknown`.
        holder: String,
    },
    /// The store was written by a newer version of this program.
    #[error(
        "the store {} has version {found}, this program knows versions up to {known}: use the newer program \
         (the store was not changed)",
        path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file is no store of this program.
    #[error("{} is not a guanxi store: name another file with --store (it was not changed)", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// There is no store to look at.
    #[error("there is no store {}: import something or run once first, or name another with --store", path.display())]
    NoStore {
        /// The file.
        path: PathBuf,
    },
    /// The store was made by an older version and this is a look, which changes nothing.
    #[error(
        "the store {} has version {found}, this program expects {known}: run the daemon or `once` first, \
         which brings it up to date",
        path.display()
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version expected.
        known: i64,
    },
    /// A declared type differs from the one values are stored with.
    #[error(
        "{what} is stored as {stored}, the policy now says {declared}: give it another name (the stored values \
         stay), or go back to {stored}"
    )]
    TypeChanged {
        /// `customer field birthday`, `field amount of event order`, `value pyramid`.
        what: String,
        /// The stored type.
        stored: String,
        /// The declared type.
        declared: String,
    },
    /// A row without what every row needs.
    #[error("a {what} needs an id that is not empty")]
    EmptyId {
        /// `customer`, `event`.
        what: &'static str,
    },
    /// A touch, run or file write that is not there.
    #[error("there is no {what} {id}")]
    Unknown {
        /// `touch`, `file write` …
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// A touch of a customer that is to be forgotten is on its way into a file.
    #[error(
        "{touches} touches of this customer are on their way into a file that someone else changed; nothing was \
         forgotten: let guanxi finish them (`once` does) and ask again"
    )]
    BeingWritten {
        /// How many.
        touches: usize,
    },
    /// What was found in the store cannot be.
    #[error("the store holds something unreadable: {what}; check it with `PRAGMA integrity_check`")]
    Corrupt {
        /// What and where.
        what: String,
    },
    /// The lock file or the store's folder.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something that is stored as JSON could not be read or written.
    #[error("{what} is not valid JSON: {source}")]
    Json {
        /// `payload of touch tch_…`.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// SQLite's own word.
    #[error("the store could not be used: {}{}", .0, remedy(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl ArchiveError {
    /// Whether it was only broken off, since the program stops.
    #[must_use]
    pub fn was_broken_off(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
    }
}

/// What to do about what SQLite says, where that is known.
fn remedy(error: &rusqlite::Error) -> &'static str {
    if was_moved(error) {
        return "; its file was deleted, moved or replaced while it was open, and what is written now would be lost: put \
                it back where it was, or stop guanxi, put a backup there and start it again";
    }
    // What is shared beside the store can't be made larger.
    if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) {
        return "; make room where the store is";
    }
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "; make room where the store is",
        Some(rusqlite::ErrorCode::DatabaseBusy) => {
            "; another program has it open and is writing: let that one finish, or close it"
        }
        Some(rusqlite::ErrorCode::OperationInterrupted) => {
            "; the program was told to stop, and does it again at the next start"
        }
        Some(rusqlite::ErrorCode::ReadOnly) => "; give this program the right to write to it and its folder",
        Some(rusqlite::ErrorCode::CannotOpen) => {
            "; see that its folder is there, and that this program may write to both"
        }
        Some(rusqlite::ErrorCode::SystemIoFailure) => {
            "; the disk failed, or is not there: see the system's log, and check the file with `PRAGMA integrity_check`"
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            "; it is damaged: stop guanxi, keep a copy of the file, and go back to a backup"
        }
        _ => "",
    }
}
