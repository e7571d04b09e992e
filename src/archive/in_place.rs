//! Whether the store's file is still the one that was opened. SQLite goes on writing to a file that was deleted, moved
//! or replaced, and all of that would be gone with the process.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::ffi::SQLITE_CONSTRAINT_COMMITHOOK;

use super::Result;

/// What tells a file from every other of the machine.
fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Lets no transaction commit while another file, or none, is at the store's place.
pub(super) fn watch(connection: &mut Connection, path: &Path) -> Result<()> {
    let path: PathBuf = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let opened = identity(&path);
    connection.commit_hook(Some(move || identity(&path) != opened))?;
    Ok(())
}

/// Whether it was that which kept a transaction from being committed.
pub(super) fn was_moved(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_CONSTRAINT_COMMITHOOK)
}
