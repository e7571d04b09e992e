//! The history of transitions, in the order they were made.

use std::sync::Arc;

use rusqlite::params;

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::standing::{PastTransition, Transition, TransitionCause};

/// When a place changed, from which, to which.
pub type Dated = (Timestamp, Option<Arc<str>>, Option<Arc<str>>);

impl Archive {
    /// The number of the last transition; 0 where there was none yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_transition(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(number), 0) FROM transition";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// A customer's transitions of a value after a number, in order: when, from, to.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn transitions_of(&self, customer: &str, value: &str, after: i64) -> Result<Vec<Dated>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT at, \"from\", \"to\" FROM transition \
             WHERE customer = ?1 AND value = ?2 AND number > ?3 ORDER BY number",
        )?;
        let found = statement.query_map(params![customer, value, after], |row| {
            Ok((Timestamp(row.get(0)?), row.get(1)?, row.get(2)?))
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Puts the next transitions of a value after a number, at most so many, in order of number in place of those
    /// in `transitions`; false where there are no more. Within a run, those that run made are among them.
    /// Of one customer and run, what an edit did follows what the data did; the two are given together, though that be
    /// one more than the limit.
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
        let limit = limit.max(1);
        let mut statement = self.connection.prepare_cached(
            "SELECT number, run, at, customer, value, \"from\", \"to\", cause FROM transition \
             WHERE number > ?1 AND value = ?2 ORDER BY number LIMIT ?3",
        )?;
        let mut rows = statement.query(params![
            number,
            value,
            i64::try_from(limit).map_or(i64::MAX, |limit| limit.saturating_add(1))
        ])?;
        while let Some(row) = rows.next()? {
            let cause = TransitionCause::parse(row.get_ref(7)?.as_str().unwrap_or_default());
            let (from, to): (Option<Arc<str>>, Option<Arc<str>>) = (row.get(5)?, row.get(6)?);
            let mut next = PastTransition {
                number: row.get(0)?,
                run: row.get(1)?,
                at: Timestamp(row.get(2)?),
                transition: Transition {
                    customer: row.get(3)?,
                    value: row.get(4)?,
                    from: from.clone(),
                    to: to.clone(),
                    cause,
                },
                found: from,
                left: to,
            };
            if let Some(last) = transitions.last_mut().filter(|last| moves_on(last, &next)) {
                last.left.clone_from(&next.left);
                next.found.clone_from(&last.found);
            } else if transitions.len() == limit {
                break;
            }
            transitions.push(next);
        }
        Ok(!transitions.is_empty())
    }
}

/// Whether an edit moved the customer on from where the data had.
fn moves_on(last: &PastTransition, next: &PastTransition) -> bool {
    last.run == next.run
        && last.transition.customer == next.transition.customer
        && (last.transition.cause, next.transition.cause) == (TransitionCause::Data, TransitionCause::Policy)
}
