//! The demo's clock: set from morning to morning for some months, then as fast as the machine's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ports::Clock;
use crate::ports::simulated::SetClock;
use crate::ports::system::SystemClock;

/// Stands where it is set until it is let go; then it goes like the machine's.
#[derive(Debug)]
pub(super) struct DemoClock {
    set: SetClock,
    real: AtomicBool,
    /// How far ahead of the machine's clock it is, in milliseconds; below zero, behind.
    ahead: i64,
}

impl DemoClock {
    /// A clock that stands at what is taken for the present; that of the machine where nothing else is.
    pub(super) fn at(present: Option<Timestamp>) -> Self {
        let machine = SystemClock.now();
        let now = present.unwrap_or(machine);
        Self { set: SetClock::at(now), real: AtomicBool::new(false), ahead: now.0 - machine.0 }
    }

    /// Moves it to an instant.
    pub(super) fn set(&self, now: Timestamp) {
        self.set.set(now);
    }

    /// From now on it goes.
    pub(super) fn let_go(&self) {
        self.real.store(true, Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        if self.real.load(Ordering::SeqCst) { SystemClock.now().plus(self.ahead) } else { self.set.now() }
    }

    fn until(&self, at: Timestamp) -> Duration {
        /// While time is set by hand it may be set again at any moment.
        const SOON: Duration = Duration::from_millis(100);
        if self.real.load(Ordering::SeqCst) {
            SystemClock.until(at.plus(-self.ahead))
        } else {
            self.set.until(at).min(SOON)
        }
    }
}
