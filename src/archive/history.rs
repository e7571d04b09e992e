//! The history of transitions, in the order they were made.

use rusqlite::params;

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::standing::{PastTransition, Transition, TransitionCause};

impl Archive {
    /// The number of the last transition; 0 where there was none yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_transition(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(number), 0) FROM transition";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// Puts the next transitions of a value after a number, at most so many, in order of number in place of those
    /// in `transitions`; false where there are no more. Within a run, those that run made are among them.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn transitions_since(
        &self,
        number: i64,
        value: &str,
        limit: usize,
        transitions: &mut Vec<PastTransition>,
    ) -> Result<bool> {
        transitions.clear();
        let mut statement = self.connection.prepare_cached(
            "SELECT number, run, at, customer, value, \"from\", \"to\", cause FROM transition \
             WHERE number > ?1 AND value = ?2 ORDER BY number LIMIT ?3",
        )?;
        let mut rows = statement.query(params![number, value, i64::try_from(limit).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let cause = TransitionCause::parse(row.get_ref(7)?.as_str().unwrap_or_default());
            transitions.push(PastTransition {
                number: row.get(0)?,
                run: row.get(1)?,
                at: Timestamp(row.get(2)?),
                transition: Transition {
                    customer: row.get(3)?,
                    value: row.get(4)?,
                    from: row.get(5)?,
                    to: row.get(6)?,
                    cause,
                },
            });
        }
        Ok(!transitions.is_empty())
    }
}
