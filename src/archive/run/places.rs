//! What guards count: places taken, touches a customer got, touches made of late.

use rusqlite::params;

use super::RunWriter;
use crate::archive::value::{as_count, as_integer};
use crate::archive::{Archive, Result};
use crate::model::{Date, Timestamp};

/// How long places of past periods are kept, in days: longer than any period, for clocks that are set back.
const KEPT_DAYS: i32 = 62;

/// Places that a touch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many, in millionths.
    pub units: i64,
    /// The entry of the guard's `reserve` whose places they are.
    pub entitled: Option<usize>,
}

/// A touch that was queued, as far as caps need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedTouch {
    /// The action.
    pub action: String,
    /// The channel.
    pub channel: String,
    /// When.
    pub at: Timestamp,
}

impl Archive {
    /// The places taken of a capacity under a key in the period that begins on a day. What was cancelled, expired or
    /// was suppressed before any attempt gives its places back.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn places_taken(&self, guard: &str, day: Date, key: &str) -> Result<Vec<Taken>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT entitled, sum(units) FROM capacity_use LEFT JOIN touch ON touch.number = capacity_use.touch \
             WHERE capacity_use.guard = ?1 AND day = ?2 AND key = ?3 \
             AND (attempted = 1 OR coalesce(state, '') NOT IN ('cancelled', 'expired', 'suppressed')) \
             GROUP BY entitled ORDER BY entitled",
        )?;
        let taken = statement.query_map(params![guard, day.0, key], |row| {
            let entitled: Option<i64> = row.get(0)?;
            let entitled = entitled.and_then(|entry| usize::try_from(entry).ok());
            Ok(Taken { units: row.get(1)?, entitled })
        })?;
        Ok(taken.collect::<rusqlite::Result<_>>()?)
    }

    /// What was queued for a customer after an instant, but for what ended before any attempt: what was attempted
    /// may have arrived although no answer came.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn queued_since(&self, customer: &str, since: Timestamp) -> Result<Vec<QueuedTouch>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT action, channel, queued FROM touch WHERE customer = ?1 AND queued > ?2 \
             AND (attempted = 1 OR state NOT IN ('cancelled', 'expired', 'suppressed')) ORDER BY number",
        )?;
        let queued = statement.query_map(params![customer, since.0], |row| {
            Ok(QueuedTouch { action: row.get(0)?, channel: row.get(1)?, at: Timestamp(row.get(2)?) })
        })?;
        Ok(queued.collect::<rusqlite::Result<_>>()?)
    }
}

impl RunWriter<'_> {
    /// Takes places for a touch.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn take_places(&mut self, guard: &str, day: Date, key: &str, touch: i64, taken: Taken) -> Result<()> {
        let entitled = taken.entitled.and_then(|entry| i64::try_from(entry).ok());
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO capacity_use (guard, day, key, touch, units, entitled) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![guard, day.0, key, touch, taken.units, entitled])?;
        Ok(())
    }

    /// Forgets the places of a capacity's periods long past.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn forget_places(&mut self, guard: &str, day: Date) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM capacity_use WHERE guard = ?1 AND day < ?2")?
            .execute(params![guard, day.0.saturating_sub(KEPT_DAYS)])?;
        Ok(())
    }

    /// How many customers there are.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn customers(&self) -> Result<u64> {
        let sql = "SELECT rows FROM tally WHERE name = 'customer'";
        Ok(as_count(self.transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?))
    }

    /// How many touches a guard counted in runs after an instant that needed no approval of its.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn made_since(&self, guard: &str, since: Timestamp) -> Result<u64> {
        let sql = "SELECT coalesce(sum(touches), 0) FROM blast_count WHERE guard = ?1 AND at > ?2";
        let made =
            self.transaction.prepare_cached(sql)?.query_row(params![guard, since.0], |row| row.get(0))?;
        Ok(as_count(made))
    }

    /// Notes how many touches of this run a guard counted, and forgets what it counted up to an instant.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn note_made(&mut self, guard: &str, at: Timestamp, touches: u64, forget: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM blast_count WHERE guard = ?1 AND at <= ?2")?
            .execute(params![guard, forget.0])?;
        self.transaction
            .prepare_cached("INSERT INTO blast_count (guard, run, at, touches) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![guard, self.id, at.0, as_integer(touches)])?;
        Ok(())
    }
}
