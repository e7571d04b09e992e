//! Keeps a channel to its rate.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Ticks closer together than this are beyond the timer; faster rates get several leaves a tick.
const SHORTEST: Duration = Duration::from_millis(5);

/// Leaves to send, handed out evenly; what is not used is not saved up.
#[derive(Debug)]
pub struct Pace {
    ticking: Option<(Interval, usize)>,
    /// How many may leave within a tenth of a second.
    soon: usize,
    left: usize,
}

impl Pace {
    /// So many a second, or as many as there are.
    #[must_use]
    pub fn new(rate: Option<f64>) -> Self {
        let ticking = rate.map(|rate| {
            let (period, each) = tick(rate);
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            (interval, each)
        });
        let soon = rate.map_or(usize::MAX, soon);
        Self { ticking, soon, left: 0 }
    }

    /// How many may leave now.
    #[must_use]
    pub const fn left(&self) -> usize {
        if self.ticking.is_some() { self.left } else { usize::MAX }
    }

    /// How many may leave now, or within a tenth of a second.
    #[must_use]
    pub const fn soon(&self) -> usize {
        if self.soon > self.left() { self.soon } else { self.left() }
    }

    /// One has left.
    pub const fn take(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Waits until more may leave; never ends where there is no rate. May be dropped and called again.
    pub async fn refill(&mut self) {
        match &mut self.ticking {
            Some((interval, each)) => {
                interval.tick().await;
                self.left = *each;
            }
            None => std::future::pending().await,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded, and no rate is below 0"
)]
fn soon(rate: f64) -> usize {
    (rate / 10.0).min(10_000.0) as usize
}

/// The time between ticks and the leaves of each.
fn tick(rate: f64) -> (Duration, usize) {
    let mut each: usize = 1;
    let mut seconds = 1.0 / rate;
    while seconds < SHORTEST.as_secs_f64() && each < 10_000 {
        each *= 2;
        seconds *= 2.0;
    }
    let period = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    (period.clamp(Duration::from_millis(1), Duration::from_secs(86_400)), each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_hold_the_rate() {
        assert_eq!(tick(20.0), (Duration::from_millis(50), 1));
        assert_eq!(tick(0.5), (Duration::from_secs(2), 1));
        let (period, each) = tick(2_000.0);
        assert_eq!(each, 16);
        assert_eq!(period, Duration::from_millis(8));
    }
}
