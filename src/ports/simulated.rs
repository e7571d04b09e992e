//! A clock that is set, entropy from a seed, an environment from a list.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::{Clock, Entropy, Environment};
use crate::model::Timestamp;

/// A clock that stands still until it is set; waiting for a later instant never ends by itself.
#[derive(Debug, Default)]
pub struct SetClock {
    now: AtomicI64,
}

impl SetClock {
    /// A clock that stands at an instant.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now.0) }
    }

    /// Moves the clock, forward or back.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn until(&self, at: Timestamp) -> Duration {
        if at > self.now() { Duration::MAX } else { Duration::ZERO }
    }
}

/// The same numbers for the same seed (`SplitMix64`, Steele et al. 2014).
#[derive(Debug, Default)]
pub struct SeededEntropy {
    state: AtomicU64,
}

impl SeededEntropy {
    /// Numbers that follow from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut bits = self.state.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

impl Entropy for SeededEntropy {
    fn fraction(&self) -> f64 {
        let bits = u32::try_from(self.next() >> 32).unwrap_or(0);
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }

    fn key(&self) -> std::io::Result<[u8; 32]> {
        let mut key = [0; 32];
        for eight in key.as_chunks_mut::<8>().0 {
            *eight = self.next().to_le_bytes();
        }
        Ok(key)
    }
}

/// Variables from a list.
#[derive(Clone, Debug, Default)]
pub struct SetEnvironment(pub BTreeMap<String, String>);

impl Environment for SetEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}
