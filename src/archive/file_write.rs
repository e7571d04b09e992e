//! The journal of file writes: what is about to be written, and where, is kept before it is.

use super::{Archive, Result};
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
    /// SQLite's own.
    pub fn plan_file_write(&mut self, _plan: &FilePlan<'_>, _at: Timestamp) -> Result<i64> {
        Ok(0)
    }

    /// Plans that were not completed, oldest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn open_file_writes(&self) -> Result<Vec<FileWrite>> {
        Ok(Vec::new())
    }

    /// Moves an open plan to another file, because someone else changed the one it was for.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where the plan is not open.
    pub fn move_file_write(&mut self, _id: i64, _path: &str, _offset: u64, _content: &[u8]) -> Result<()> {
        Ok(())
    }

    /// Marks a plan's touches as delivered, remembers the file's new length and forgets the plan.
    /// Returns how many touches were delivered.
    ///
    /// # Errors
    /// [`Unknown`](super::ArchiveError::Unknown) where the plan is not open.
    pub fn complete_file_write(&mut self, _id: i64, _at: Timestamp) -> Result<u64> {
        Ok(0)
    }

    /// The length a file had after the last completed write to it; `None` where none was.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn written_length(&self, _path: &str) -> Result<Option<u64>> {
        Ok(None)
    }
}
