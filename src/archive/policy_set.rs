//! Policy sets that were active, so that the last good one survives a restart.

use rusqlite::{OptionalExtension, params};

use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;

impl Archive {
    /// Keeps a policy set as the last active one.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn keep_policy_set(&mut self, version: &str, files: &serde_json::Value, at: Timestamp) -> Result<()> {
        // Replacing takes a new number, which makes it the last.
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO policy_set (version, files, at) VALUES (?1, ?2, ?3)")?
            .execute(params![version, files.to_string(), at.0])?;
        Ok(())
    }

    /// The version and files of the set that was active last.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](ArchiveError::Json).
    pub fn last_policy_set(&self) -> Result<Option<(String, serde_json::Value)>> {
        let last: Option<(String, String)> = self
            .connection
            .prepare_cached("SELECT version, files FROM policy_set ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((version, files)) = last else { return Ok(None) };
        match serde_json::from_str(&files) {
            Ok(files) => Ok(Some((version, files))),
            Err(source) => Err(ArchiveError::Json { what: format!("policy set {version}"), source }),
        }
    }
}
