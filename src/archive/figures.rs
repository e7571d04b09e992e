//! Figures of a course of runs, taken in between: what was queued, what waits, which places are taken.

use rusqlite::params;

use super::value::as_count;
use super::{Archive, Result};
use crate::model::{Date, Timestamp};

/// How many touches of a kind were queued.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuedCount {
    /// Where they go.
    pub channel: String,
    /// What is done.
    pub action: String,
    /// Where their customers stand; `None` where in no place.
    pub place: Option<String>,
    /// How many.
    pub touches: u64,
}

/// How many touches wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCount {
    /// The guard that said so; `None` where none did yet.
    pub guard: Option<String>,
    /// Whether they wait for somebody's approval.
    pub on_hold: bool,
    /// How many.
    pub touches: u64,
}

/// The places that are taken of a capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesUsed {
    /// Whose places, where each has their own; `None` where all share them, and for those of whom it is not known.
    pub key: Option<String>,
    /// In millionths of a place.
    pub units: i64,
}

impl Archive {
    /// Adds what finds the touches of a run at once, for [`Archive::queued_at`]. For scratch stores: what runs write costs
    /// more with it.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn index_queued(&mut self) -> Result<()> {
        self.connection.execute_batch("CREATE INDEX IF NOT EXISTS _touch_queued ON touch (queued)")?;
        Ok(())
    }

    /// What was queued at an instant, by channel, action and place in a class (index in the schema) where the customer
    /// stands now.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn queued_at(&self, at: Timestamp, class: Option<usize>) -> Result<Vec<QueuedCount>> {
        let slot = class.and_then(|class| self.layout.classes.get(class));
        let place = slot.map_or("NULL".to_owned(), |slot| format!("standing.{}", slot.selected()));
        // A segment holds 0 or 1.
        let place = format!("CASE {place} WHEN 0 THEN 'out' WHEN 1 THEN 'in' ELSE {place} END");
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT channel, action, {place} AS place, count(*) FROM touch \
             LEFT JOIN standing ON standing.customer = touch.customer \
             WHERE queued = ?1 GROUP BY channel, action, place ORDER BY channel, action, place"
        ))?;
        let queued = statement.query_map([at.0], |row| {
            Ok(QueuedCount {
                channel: row.get(0)?,
                action: row.get(1)?,
                place: row.get(2)?,
                touches: as_count(row.get(3)?),
            })
        })?;
        Ok(queued.collect::<rusqlite::Result<_>>()?)
    }

    /// What waits, by the guard that said so.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn waiting(&self) -> Result<Vec<WaitingCount>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT guard, hold IS NOT NULL AS held, count(*) FROM touch WHERE state = 'waiting' \
             GROUP BY guard, held ORDER BY guard, held",
        )?;
        let waiting = statement.query_map([], |row| {
            Ok(WaitingCount { guard: row.get(0)?, on_hold: row.get(1)?, touches: as_count(row.get(2)?) })
        })?;
        Ok(waiting.collect::<rusqlite::Result<_>>()?)
    }

    /// The places taken of a capacity in the period that begins on a day; those given back are not among them.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn places_used(&self, guard: &str, day: Date) -> Result<Vec<PlacesUsed>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, sum(units) FROM capacity_use LEFT JOIN touch ON touch.number = capacity_use.touch \
             WHERE capacity_use.guard = ?1 AND day = ?2 \
             AND (attempted = 1 OR coalesce(state, '') NOT IN ('cancelled', 'expired', 'suppressed')) \
             GROUP BY key ORDER BY key",
        )?;
        let used = statement.query_map(params![guard, day.0], |row| {
            let key: String = row.get(0)?;
            Ok(PlacesUsed { key: key.strip_prefix('=').map(str::to_owned), units: row.get(1)? })
        })?;
        Ok(used.collect::<rusqlite::Result<_>>()?)
    }
}
