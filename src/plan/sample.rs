//! So many, and the first of them.

use serde::{Deserialize, Serialize};

/// How many there are, and the first few as examples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample<T> {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<T>,
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self { count: 0, examples: Vec::new() }
    }
}

impl<T> Sample<T> {
    /// Counts one, and keeps it among the first `most`.
    pub(super) fn note(&mut self, most: usize, one: impl FnOnce() -> T) {
        self.count += 1;
        if self.examples.len() < most {
            self.examples.push(one());
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
