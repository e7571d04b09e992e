//! Touches that did not leave: which there are, and what somebody wants done with them.

use rusqlite::{OptionalExtension, params};

use super::query::{TOUCH_COLUMNS, touch_of};
use super::{Archive, Result, TouchRow};
use crate::model::Timestamp;
use crate::model::touch::TouchState;

/// The states of a touch that ought to have left or is about to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadOrQueued {
    /// Its attempts ran out.
    Dead,
    /// It is on its way.
    Queued,
}

/// Which touches; an absent part allows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxFilter<'filter> {
    /// For this channel.
    pub channel: Option<&'filter str>,
    /// In this state.
    pub state: Option<DeadOrQueued>,
}

/// A touch that did not leave yet.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// The touch.
    pub row: TouchRow,
    /// Attempts that failed; those of a dead touch are told by its reason.
    pub attempts: u32,
    /// When the next attempt is due; `None` for a dead one.
    pub next_attempt: Option<Timestamp>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// What asking for a touch to be sent again or dropped came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redelivered {
    /// It is done.
    Done,
    /// There is no such touch.
    NoTouch,
    /// It is in another state.
    Not(TouchState),
    /// It is being sent at this moment: what becomes of that is not known yet.
    UnderWay,
    /// It may not be sent any more since then.
    Expired(Timestamp),
    /// What it said was taken away, since it was too old.
    Emptied,
}

impl DeadOrQueued {
    /// The word in the store and on screens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Queued => "queued",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Dead, Self::Queued].into_iter().find(|state| state.as_str() == word)
    }
}

/// That a touch is dead, so that the index of touches by action and state finds it.
const DEAD: &str = "touch.state = 'dead' AND touch.state NOT IN ('queued', 'delivered') \
     AND touch.action IN (SELECT action FROM touch_count)";

impl Archive {
    /// Sends a dead touch again, under the same id and with the same content; its attempts are counted anew.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry_dead(&mut self, id: &str, at: Timestamp) -> Result<Redelivered> {
        let Some((state, expires)) = self.state_and_expiry(id)? else { return Ok(Redelivered::NoTouch) };
        if state != TouchState::Dead {
            return Ok(Redelivered::Not(state));
        }
        if expires <= at {
            return Ok(Redelivered::Expired(expires));
        }
        Ok(if self.requeue(id, at)? { Redelivered::Done } else { Redelivered::Emptied })
    }

    /// Cancels a dead or queued touch for good, with the reason it had.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn drop_undelivered(&mut self, id: &str, at: Timestamp) -> Result<Redelivered> {
        let Some((state, _)) = self.state_and_expiry(id)? else { return Ok(Redelivered::NoTouch) };
        match state {
            TouchState::Queued if self.is_under_way(id)? => return Ok(Redelivered::UnderWay),
            TouchState::Queued => {
                let sql = "SELECT error FROM outbox WHERE number = (SELECT number FROM touch WHERE id = ?1)";
                let error: Option<String> = self
                    .connection
                    .prepare_cached(sql)?
                    .query_row([id], |row| row.get(0))
                    .optional()?
                    .flatten();
                self.end(id, TouchState::Cancelled, &dropped(error.as_deref()), at)?;
            }
            TouchState::Dead => {
                let sql = "SELECT reason FROM touch WHERE id = ?1";
                let reason: String = self.connection.query_row(sql, [id], |row| row.get(0))?;
                self.connection.execute(
                    "UPDATE touch SET state = 'cancelled', reason = ?2, state_at = ?3 \
                     WHERE id = ?1 AND state = 'dead'",
                    params![id, dropped(Some(&reason)), at.0],
                )?;
            }
            other => return Ok(Redelivered::Not(other)),
        }
        Ok(Redelivered::Done)
    }

    /// Dead and queued touches, latest first.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn undelivered(&self, filter: &OutboxFilter<'_>, limit: usize) -> Result<Vec<OutboxRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {TOUCH_COLUMNS}, outbox.attempts, outbox.next_attempt, outbox.error FROM ( \
                 SELECT * FROM (SELECT number FROM touch WHERE {DEAD} \
                     AND ?1 AND (?3 IS NULL OR channel = ?3) ORDER BY number DESC LIMIT ?4) \
                 UNION ALL SELECT * FROM (SELECT number FROM outbox \
                     WHERE ?2 AND (?3 IS NULL OR channel = ?3) ORDER BY number DESC LIMIT ?4)) AS found \
             JOIN touch ON touch.number = found.number LEFT JOIN outbox ON outbox.number = found.number \
             ORDER BY found.number DESC LIMIT ?4"
        ))?;
        let is_asked = |state| filter.state.is_none_or(|asked| asked == state);
        let (dead, queued) = (is_asked(DeadOrQueued::Dead), is_asked(DeadOrQueued::Queued));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![dead, queued, filter.channel, limit])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(OutboxRow {
                row: touch_of(row)?,
                attempts: row.get::<_, Option<u32>>("attempts")?.unwrap_or(0),
                next_attempt: row.get::<_, Option<i64>>("next_attempt")?.map(Timestamp),
                error: row.get("error")?,
            });
        }
        Ok(found)
    }

    /// How many touches are dead, by channel.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn dead(&self) -> Result<Vec<(String, u64)>> {
        let sql =
            format!("SELECT channel, count(*) FROM touch WHERE {DEAD} GROUP BY channel ORDER BY channel");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let dead = statement.query_map([], |row| Ok((row.get(0)?, super::value::as_count(row.get(1)?))))?;
        Ok(dead.collect::<rusqlite::Result<_>>()?)
    }

    fn state_and_expiry(&self, id: &str) -> Result<Option<(TouchState, Timestamp)>> {
        let found = self.touch(id)?;
        Ok(found.map(|row| (row.touch.state, row.touch.expires)))
    }

    /// Whether an attempt has begun whose end is not known yet.
    fn is_under_way(&self, id: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM file_write_touch WHERE touch = ?1) \
                   OR EXISTS (SELECT 1 FROM outbox \
                       WHERE number = (SELECT number FROM touch WHERE id = ?1) AND turn = 'leaving')";
        Ok(self.connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
    }
}

/// Why a dropped touch ended.
fn dropped(former: Option<&str>) -> String {
    match former.filter(|former| !former.is_empty()) {
        Some(former) => format!("dropped on request; before that: {former}"),
        None => "dropped on request".to_owned(),
    }
}
