//! The real clock, entropy and environment: the only place that reads them.

#![expect(clippy::disallowed_methods, reason = "this is the one place that reads clock and environment")]

use std::time::Duration;

use chrono::Utc;

use super::{Clock, Entropy, Environment};
use crate::model::Timestamp;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(Utc::now())
    }

    fn until(&self, at: Timestamp) -> Duration {
        let milliseconds = at.0.saturating_sub(self.now().0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
}

/// The machine's entropy.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fraction(&self) -> f64 {
        // Without entropy the middle serves: jitter is a courtesy, not a safeguard.
        getrandom::u32().map_or(0.5, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
    }

    fn key(&self) -> std::io::Result<[u8; 32]> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(key)
    }
}

/// The process's environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
