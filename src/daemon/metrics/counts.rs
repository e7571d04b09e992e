//! Counters since the process started, by labels.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts by a name and a word, such as a schedule and an outcome.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<(String, String), u64>>);

impl Counts {
    /// Counts so many more.
    pub(super) fn add(&self, name: &str, word: &str, more: u64) {
        if more > 0 {
            *self.lock().entry((name.to_owned(), word.to_owned())).or_default() += more;
        }
    }

    /// How many there were.
    pub(super) fn get(&self, name: &str, word: &str) -> u64 {
        self.lock().get(&(name.to_owned(), word.to_owned())).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
