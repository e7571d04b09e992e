//! What stores that began as one are compared by: touches and enrolments of a range of customers, so that both can be
//! gone through side by side.

use std::sync::Arc;

use rusqlite::params;

use super::facts::{ENROLMENT_COLUMNS, enrolment_of};
use super::query::{TOUCH_COLUMNS, touch_of};
use super::{Archive, Result, TouchRow};
use crate::model::enrolment::Enrolment;

/// An enrolment, with whose and in which cadence.
pub type EnrolledRow = (Arc<str>, Arc<str>, Enrolment);

impl Archive {
    /// The number of the last touch; 0 where there was none yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_touch(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(number), 0) FROM touch";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Touches of the customers of a range, both ends included, that were made after the one of a number.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touches_made(&self, (first, last): (&str, &str), after: i64) -> Result<Vec<TouchRow>> {
        // The index has the numbers too: of what was made before, nothing else is read.
        let condition = "touch.customer >= ?1 AND touch.customer <= ?2 AND touch.number > ?3";
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {TOUCH_COLUMNS} FROM touch INDEXED BY touch_customer WHERE {condition}"
        ))?;
        let mut rows = statement.query(params![first, last, after])?;
        let mut touches = Vec::new();
        while let Some(row) = rows.next()? {
            touches.push(touch_of(row)?);
        }
        Ok(touches)
    }

    /// Touches of the customers of a range, both ends included, that wait or are queued.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touches_unsent(&self, (first, last): (&str, &str)) -> Result<Vec<TouchRow>> {
        let condition =
            "touch.customer >= ?1 AND touch.customer <= ?2 AND touch.state IN ('queued', 'waiting')";
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {TOUCH_COLUMNS} FROM touch INDEXED BY touch_unsent WHERE {condition}"
        ))?;
        let mut rows = statement.query(params![first, last])?;
        let mut touches = Vec::new();
        while let Some(row) = rows.next()? {
            touches.push(touch_of(row)?);
        }
        Ok(touches)
    }

    /// Enrolments of the customers of a range, both ends included, in order of customer, cadence and number.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolments_of(&self, (first, last): (&str, &str)) -> Result<Vec<EnrolledRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT customer, cadence, {ENROLMENT_COLUMNS} FROM enrolment \
             WHERE customer >= ?1 AND customer <= ?2 ORDER BY customer, cadence, number, identity"
        ))?;
        let enrolments = statement
            .query_map(params![first, last], |row| Ok((row.get(0)?, row.get(1)?, enrolment_of(row)?)))?;
        Ok(enrolments.collect::<rusqlite::Result<_>>()?)
    }
}
