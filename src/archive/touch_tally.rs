//! How often touches came to each state since the store was made. Kept by triggers of the store, hence in the
//! transaction that moves the touch: what is rolled back was never counted.

use super::value::as_count;
use super::{Archive, Result};

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
