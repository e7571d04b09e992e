//! Looking at one customer.

use rusqlite::{OptionalExtension, params};

use super::facts::{ENROLMENT_COLUMNS, enrolment_of};
use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;

impl Archive {
    /// The customer an id means: itself, or the one it was joined with.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn customer_of(&self, id: &str) -> Result<String> {
        let mut statement = self.connection.prepare_cached("SELECT customer FROM alias WHERE id = ?1")?;
        let joined = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(joined.unwrap_or_else(|| id.to_owned()))
    }

    /// Whether a customer is known by an id at an instant.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn is_known(&self, id: &str, now: Timestamp) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM customer WHERE id = ?1 AND known_since <= ?2)";
        Ok(self.connection.prepare_cached(sql)?.query_row(params![id, now.0], |row| row.get(0))?)
    }

    /// Some of the ids that an id stands between, in no order: to find one that was meant.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn ids_near(&self, id: &str) -> Result<Vec<String>> {
        let mut near = Vec::new();
        // A slip in the last letters leaves the beginning; one in the first is not looked for.
        let begins: String = id.chars().take(id.chars().count().saturating_sub(2)).collect();
        for sql in [
            "SELECT id FROM customer WHERE id >= ?1 ORDER BY id LIMIT 200",
            "SELECT id FROM customer WHERE id < ?1 ORDER BY id DESC LIMIT 200",
        ] {
            for from in [id, &*begins] {
                let mut statement = self.connection.prepare_cached(sql)?;
                let found = statement.query_map([from], |row| row.get(0))?;
                near.extend(found.collect::<rusqlite::Result<Vec<String>>>()?);
            }
        }
        Ok(near)
    }

    /// When a run last wrote where a customer stands; `None` where none has.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn standing_as_of(&self, customer: &str) -> Result<Option<Timestamp>> {
        let mut statement =
            self.connection.prepare_cached("SELECT as_of FROM standing WHERE customer = ?1")?;
        Ok(statement.query_row([customer], |row| row.get(0)).optional()?.map(Timestamp))
    }

    /// A customer's enrolments with their cadences: those that go on first, then the latest.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolments(&self, customer: &str, limit: usize) -> Result<Vec<(String, Enrolment)>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT customer, cadence, {ENROLMENT_COLUMNS} FROM enrolment WHERE customer = ?1 \
             ORDER BY ended IS NOT NULL, started DESC, cadence, number DESC, identity LIMIT ?2"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found =
            statement.query_map(params![customer, limit], |row| Ok((row.get(1)?, enrolment_of(row)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}
