//! Policy sets that were active, so that the last good one survives a restart.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;

impl Archive {
    /// Keeps a policy set as the last active one, and of those before it the ones under which some table of the
    /// policy last ran: what they said is asked once more when that table runs again.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn keep_policy_set(&mut self, version: &str, files: &serde_json::Value, at: Timestamp) -> Result<()> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        // Replacing takes a new number, which makes it the last.
        transaction
            .prepare_cached("INSERT OR REPLACE INTO policy_set (version, files, at) VALUES (?1, ?2, ?3)")?
            .execute(params![version, files.to_string(), at.0])?;
        transaction
            .prepare_cached(
                "DELETE FROM policy_set WHERE version <> ?1 \
                 AND version NOT IN (SELECT policy_version FROM rule)",
            )?
            .execute([version])?;
        transaction.commit()?;
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
        let files = parsed(&version, &files)?;
        Ok(Some((version, files)))
    }

    /// The files of a set that was active, where it is still kept.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](ArchiveError::Json).
    pub fn policy_set(&self, version: &str) -> Result<Option<serde_json::Value>> {
        let files: Option<String> = self
            .connection
            .prepare_cached("SELECT files FROM policy_set WHERE version = ?1")?
            .query_row([version], |row| row.get(0))
            .optional()?;
        files.map(|files| parsed(version, &files)).transpose()
    }
}

fn parsed(version: &str, files: &str) -> Result<serde_json::Value> {
    serde_json::from_str(files)
        .map_err(|source| ArchiveError::Json { what: format!("policy set {version}"), source })
}
