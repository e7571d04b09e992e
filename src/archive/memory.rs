//! What is remembered outside of runs.

use rusqlite::params;

use super::{Archive, Result};
use crate::model::trigger::RuleMemory;

impl Archive {
    /// Keeps what is remembered of a table of the policy, outside of a run: when a schedule last fired.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn remember_rule(&mut self, rule: &RuleMemory) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO rule (name, version, first_seen, last_run, run, policy_version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (name) DO UPDATE SET version = excluded.version, last_run = excluded.last_run,
                 run = excluded.run, policy_version = excluded.policy_version",
            )?
            .execute(params![
                rule.name,
                rule.version,
                rule.first_seen.0,
                rule.last_run.0,
                rule.run,
                rule.policy_version
            ])?;
        Ok(())
    }
}
