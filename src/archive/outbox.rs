//! The outbox: touches on their way out. Every change is one transaction.

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::touch::{Touch, TouchState};

/// A touch that is to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What is sent.
    pub touch: Touch,
    /// When it was queued.
    pub queued: Timestamp,
    /// Attempts that failed so far.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// How much waits on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The channel.
    pub channel: String,
    /// Touches queued.
    pub queued: u64,
    /// When the oldest of them was queued.
    pub oldest: Option<Timestamp>,
}

impl Archive {
    /// Touches of a channel whose next attempt is due: first attempts in order of due time, each retry at its own
    /// time. What is under way is among them until its end is told.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn due(&self, _channel: &str, _now: Timestamp, _limit: usize) -> Result<Vec<Delivery>> {
        Ok(Vec::new())
    }

    /// When the next attempt on a channel is due, which may be past; `None` where nothing is queued.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_due(&self, _channel: &str) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// Marks queued touches as delivered, with an event of kind `touch` each; those no longer queued are passed over.
    /// Returns how many.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn delivered(&mut self, _ids: &[&str], _at: Timestamp) -> Result<u64> {
        Ok(0)
    }

    /// Notes a failed attempt and when the next is due; false where the touch is no longer queued.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn retry(&mut self, _id: &str, _next_attempt: Timestamp, _error: &str) -> Result<bool> {
        Ok(false)
    }

    /// Ends a waiting or queued touch otherwise than by delivery; false where it had ended already.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn end(&mut self, _id: &str, _state: TouchState, _reason: &str, _at: Timestamp) -> Result<bool> {
        Ok(false)
    }

    /// Queues a dead touch again, its attempts counted anew; false where it is not dead.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn requeue(&mut self, _id: &str, _at: Timestamp) -> Result<bool> {
        Ok(false)
    }

    /// How much waits on one channel.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn depth(&self, channel: &str) -> Result<Depth> {
        Ok(Depth { channel: channel.to_owned(), queued: 0, oldest: None })
    }

    /// How much waits on every channel that has something queued, by name.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn depths(&self) -> Result<Vec<Depth>> {
        Ok(Vec::new())
    }
}
