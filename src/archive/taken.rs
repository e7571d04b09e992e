//! How far the tables of the policy that take events and transitions have come.

use rusqlite::{OptionalExtension, params};

use super::{Archive, Result, RunWriter};
use crate::model::Timestamp;
use crate::model::event::Taken;

impl Archive {
    /// How far a table (`trigger.complained`) has come; `None` where it took nothing yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn taken(&self, rule: &str) -> Result<Option<Taken>> {
        let sql = "SELECT arrival, transition, at FROM taken WHERE rule = ?1";
        let taken = self.connection.prepare_cached(sql)?.query_row([rule], |row| {
            Ok(Taken { arrival: row.get(0)?, transition: row.get(1)?, at: Timestamp(row.get(2)?) })
        });
        Ok(taken.optional()?)
    }

    /// Remembers how far a table has come, outside of a run.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn remember_taken(&mut self, rule: &str, taken: Taken) -> Result<()> {
        self.write_taken(rule, taken)
    }

    fn write_taken(&self, rule: &str, taken: Taken) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO taken (rule, arrival, transition, at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![rule, taken.arrival, taken.transition, taken.at.0])?;
        Ok(())
    }
}

impl RunWriter<'_> {
    /// Remembers how far a table has come.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn take(&mut self, rule: &str, taken: Taken) -> Result<()> {
        self.archive().write_taken(rule, taken)
    }
}
