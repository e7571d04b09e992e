//! How often touches came to each state since the store was made. Kept by triggers of the store, and for deliveries by
//! who notes them, in the transaction that moves the touch: what is rolled back was never counted.

use rusqlite::{Connection, params};

use super::value::as_count;
use super::{Archive, Result};
use crate::model::touch::TouchState;

/// How often touches of an action came to a state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CameTo {
    /// The action.
    pub action: String,
    /// The state's word.
    pub state: String,
    /// Who dropped them, where the state is `suppressed`; otherwise empty.
    pub guard: String,
    /// How often: never less than before, also where touches are deleted.
    pub touches: u64,
}

/// Counts touches of an action that came to a state which no trigger counts.
pub(super) fn add_to_touch_tally(
    connection: &Connection,
    action: &str,
    state: TouchState,
    touches: u64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO touch_tally VALUES (?1, ?2, '', ?3) \
             ON CONFLICT DO UPDATE SET touches = touches + excluded.touches",
        )?
        .execute(params![action, state.as_str(), i64::try_from(touches).unwrap_or(i64::MAX)])?;
    Ok(())
}

impl Archive {
    /// How often touches came to each state, by action, state and guard.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn touch_tally(&self) -> Result<Vec<CameTo>> {
        let sql = "SELECT action, state, guard, touches FROM touch_tally ORDER BY action, state, guard";
        let mut statement = self.connection.prepare_cached(sql)?;
        let tally = statement.query_map([], |row| {
            Ok(CameTo {
                action: row.get(0)?,
                state: row.get(1)?,
                guard: row.get(2)?,
                touches: as_count(row.get(3)?),
            })
        })?;
        Ok(tally.collect::<rusqlite::Result<_>>()?)
    }

    /// How many customers there are, from a count the store keeps.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn customer_count(&self) -> Result<u64> {
        let sql = "SELECT rows FROM tally WHERE name = 'customer'";
        Ok(as_count(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
    }
}
