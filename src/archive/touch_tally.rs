//! How often touches came to each state since the store was made, and how many are in each now. Kept by triggers of the
//! store, and for deliveries by who notes them, in the transaction that moves the touch: what is rolled back was never
//! counted.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::value::{as_count, as_integer};
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

/// Counts deliveries of an action, which no trigger counts, by the states the touches were in.
pub(super) fn count_deliveries(
    connection: &Connection,
    action: &str,
    states: &BTreeMap<String, u64>,
) -> Result<()> {
    let delivered = TouchState::Delivered.as_str();
    let mut leave = connection
        .prepare_cached("UPDATE touch_count SET touches = touches - ?3 WHERE action = ?1 AND state = ?2")?;
    for (state, touches) in states {
        leave.execute(params![action, state, as_integer(*touches)])?;
    }
    let all = as_integer(states.values().sum());
    for (table, guard) in [("touch_tally", "'', "), ("touch_count", "")] {
        connection
            .prepare_cached(&format!(
                "INSERT INTO {table} VALUES (?1, ?2, {guard}?3) \
                 ON CONFLICT DO UPDATE SET touches = touches + excluded.touches"
            ))?
            .execute(params![action, delivered, all])?;
    }
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
