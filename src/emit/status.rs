//! How channels fare: shared between lanes, which write it, and whoever asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::gate::Asked;
use crate::model::durations::Durations;

/// Whether a channel works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChannelState {
    /// It delivers.
    #[default]
    Running,
    /// It can't be used as things are set up; its touches wait.
    Unavailable(String),
    /// Its receiver wants nothing more; its touches wait until the channel is edited or the program restarted.
    Stopped(String),
}

/// How a channel fares, counted since the program started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Whether it works.
    pub state: ChannelState,
    /// Touches delivered.
    pub delivered: u64,
    /// Attempts that failed, by reason: `status`, `redirect`, `timeout`, `connect`, `broken`, `gone`, `unwritable`, `file`.
    pub failures: BTreeMap<&'static str, u64>,
    /// How long attempts took.
    pub took: Durations,
    /// Touches whose attempts ran out.
    pub dead: u64,
    /// Touches that a guard dropped when an attempt was due.
    pub suppressed: u64,
    /// Attempts that a guard put off.
    pub put_off: u64,
    /// Touches that were not sent in time.
    pub expired: u64,
    /// What went wrong last; gone with the next success.
    pub trouble: Option<String>,
}

/// The status of every channel, by name.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<BTreeMap<Arc<str>, ChannelStatus>>>);

impl Board {
    /// A copy of all there is.
    #[must_use]
    pub fn read(&self) -> BTreeMap<Arc<str>, ChannelStatus> {
        self.lock().clone()
    }

    /// Changes a channel's status.
    pub fn change(&self, channel: &Arc<str>, change: impl FnOnce(&mut ChannelStatus)) {
        change(self.lock().entry(Arc::clone(channel)).or_default());
    }

    /// Drops channels that are no more.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.lock().retain(|channel, _| keep(channel));
    }

    /// Counts what did not leave.
    pub(super) fn count(&self, channel: &Arc<str>, asked: &Asked) {
        if asked.held_any() {
            self.change(channel, |status| {
                status.suppressed += asked.suppressed;
                status.put_off += asked.put_off;
                status.expired += asked.expired;
            });
        }
    }

    /// Notes trouble with a channel; true where it is news.
    #[must_use]
    pub fn trouble(&self, channel: &Arc<str>, words: &str) -> bool {
        let mut news = false;
        self.change(channel, |status| {
            news = status.trouble.as_deref() != Some(words);
            status.trouble = Some(words.to_owned());
        });
        news
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, ChannelStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
