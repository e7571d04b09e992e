//! A copy of a store beside whoever writes to it.
//!
//! The pages are copied by SQLite's online backup out of one read transaction: what is written meanwhile neither shows
//! in the copy nor makes it begin anew, which a backup without that transaction does at every write of another
//! process, and so may never end. The writer is not held up. Its log can't be emptied until the copy is
//! made, so it grows by what is written in that time; a copy of pages takes a fraction of the time of `VACUUM INTO`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup as Copying, StepResult};

use super::migrate::{self, Found};
use super::open::{PATIENCE, look_flags, with_ending};
use super::{ArchiveError, Result};

/// Pages copied between two reports of progress: 4 MiB.
const PAGES: i32 = 1_024;
/// A larger copy gets the quick check, which leaves out that each index holds what its table does.
const QUICK_FROM: u64 = 4 << 30;
/// What SQLite may have put beside a database of this name: it would be taken for the copy's.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A copy that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How large it is.
    pub bytes: u64,
    /// What it passed: `integrity_check`, or `quick_check` from 4 GiB on.
    pub check: &'static str,
}

/// Why there is no copy. What was at its place before is still there.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("{} exists: name another file, or replace it with --force", .0.display())]
    Exists(PathBuf),
    /// It would take the store's own place.
    #[error("{} is the store itself: name another file", .0.display())]
    Store(PathBuf),
    /// Somebody else writes it.
    #[error("{} is being written by another backup: let that one finish", .0.display())]
    InUse(PathBuf),
    /// The copy can't be written.
    #[error("{} can't be written: {error}; nothing of it was kept", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The copy can't be written, as SQLite has it.
    #[error("{} can't be written: {error}; nothing of it was kept{}", path.display(), if is_full(error) { ": make room there" } else { "" })]
    Copy {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
    /// The copy, and so the store, is damaged.
    #[error(
        "the store {} is damaged: {said}; no copy was made. Stop guanxi, keep a copy of the file as it is, and go back to an \
         earlier backup, or save what can be read with sqlite3's `.recover`",
        path.display()
    )]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What the check said first.
        said: String,
    },
    /// The store can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// Copies a store of any version to a file: under another name first, checked and made to last, then renamed. `progress`
/// hears how many of how many pages are copied.
///
/// # Errors
/// [`BackupError`].
pub fn backup(
    store: &Path,
    to: &Path,
    force: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> std::result::Result<Backup, BackupError> {
    let source = open_source(store)?;
    let beside: Vec<PathBuf> = BESIDE.iter().map(|ending| with_ending(to, ending)).collect();
    if let (Ok(store), Ok(to)) = (store.canonicalize(), to.canonicalize())
        && store == to
    {
        return Err(BackupError::Store(to));
    }
    if let Some(there) =
        std::iter::once(to).chain(beside.iter().map(PathBuf::as_path)).find(|path| path.exists())
        && !force
    {
        return Err(BackupError::Exists(there.to_owned()));
    }
    let part = Part::begin(to)?;
    let failed = |error| BackupError::Copy { path: part.path.clone(), error };
    let mut target = Connection::open(&part.path).map_err(failed)?;
    // Nothing is lost if it breaks off: the file is of no use then, and lasts before it is renamed.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    copy(&source, &mut target, progress).map_err(failed)?;
    drop(source);
    let bytes = part.length()?;
    let check = if bytes < QUICK_FROM { "integrity_check" } else { "quick_check" };
    let said: String =
        target.query_row(&format!("PRAGMA {check}(1)"), [], |row| row.get(0)).map_err(failed)?;
    if said != "ok" {
        return Err(BackupError::Damaged { path: store.to_owned(), said });
    }
    target.close().map_err(|(_, error)| failed(error))?;
    for old in beside.iter().filter(|path| path.exists()) {
        fs::remove_file(old).map_err(|error| BackupError::File { path: old.clone(), error })?;
    }
    part.finish(to)?;
    Ok(Backup { bytes, check })
}

fn open_source(store: &Path) -> Result<Connection> {
    if !store.exists() {
        return Err(ArchiveError::NoStore { path: store.to_owned() });
    }
    let source = Connection::open_with_flags(store, look_flags())?;
    source.busy_timeout(PATIENCE)?;
    match migrate::inspect(&source)? {
        Found::Version(_) => Ok(source),
        Found::Empty => Err(ArchiveError::NoStore { path: store.to_owned() }),
        Found::Foreign => Err(ArchiveError::NotAStore { path: store.to_owned() }),
    }
}

/// Copies all pages into one file that needs nothing beside it, wherever it is looked at; as a store it is set back when
/// it is opened.
fn copy(
    source: &Connection,
    target: &mut Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<()> {
    copy_pages(source, target, progress)?;
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
}

/// Copies all pages as they are at one moment.
pub(super) fn copy_pages(
    source: &Connection,
    target: &mut Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<()> {
    let moment = source.unchecked_transaction()?;
    // A transaction sees the moment of its first read, not of its beginning.
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let copying = Copying::new(source, target)?;
        loop {
            let step = copying.step(PAGES)?;
            let all = u64::try_from(copying.progress().pagecount).unwrap_or(0);
            let left = u64::try_from(copying.progress().remaining).unwrap_or(0);
            progress(all.saturating_sub(left), all);
            if step == StepResult::Done {
                break;
            }
        }
    }
    moment.commit()
}

/// The copy before it has its name. Removed unless it gets that.
struct Part {
    path: PathBuf,
    file: File,
    finished: bool,
}

impl Part {
    fn begin(to: &Path) -> std::result::Result<Self, BackupError> {
        let path = with_ending(to, ".part");
        let fault = |error| BackupError::File { path: path.clone(), error };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        // One that broke off earlier may be there.
        file.set_len(0).map_err(fault)?;
        Ok(Self { path, file, finished: false })
    }

    fn length(&self) -> std::result::Result<u64, BackupError> {
        let fault = |error| BackupError::File { path: self.path.clone(), error };
        Ok(self.file.metadata().map_err(fault)?.len())
    }

    /// Makes it last and gives it its name.
    fn finish(mut self, to: &Path) -> std::result::Result<(), BackupError> {
        let fault = |path: &Path| {
            let path = path.to_owned();
            move |error| BackupError::File { path, error }
        };
        self.file.sync_all().map_err(fault(&self.path))?;
        fs::rename(&self.path, to).map_err(fault(to))?;
        self.finished = true;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault(folder))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.finished {
            // What can't be removed is overwritten by the next backup to the same place.
            let _ = fs::remove_file(&self.path);
        }
    }
}
