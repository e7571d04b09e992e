//! The demo's clock: set from morning to morning for some months, then the machine's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ports::Clock;
use crate::ports::simulated::SetClock;
use crate::ports::system::SystemClock;

/// Stands where it is set until it is let go.
#[derive(Debug)]
pub(super) struct DemoClock {
    set: SetClock,
    real: AtomicBool,
}

impl DemoClock {
    /// A clock that stands at the machine's present time.
    pub(super) fn new() -> Self {
        Self { set: SetClock::at(SystemClock.now()), real: AtomicBool::new(false) }
    }

    /// Moves it to an instant.
    pub(super) fn set(&self, now: Timestamp) {
        self.set.set(now);
    }

    /// From now on it is the machine's clock.
    pub(super) fn let_go(&self) {
        self.real.store(true, Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        if self.real.load(Ordering::SeqCst) { SystemClock.now() } else { self.set.now() }
    }

    fn until(&self, at: Timestamp) -> Duration {
        /// While time is set by hand it may be set again at any moment.
        const SOON: Duration = Duration::from_millis(100);
        if self.real.load(Ordering::SeqCst) { SystemClock.until(at) } else { self.set.until(at).min(SOON) }
    }
}
