//! How long things took, counted in buckets.

use std::time::Duration;

/// Upper bounds of the buckets in seconds: from a row written to a fast disk to a run that is stuck.
pub const BOUNDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// A histogram of durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    counts: [u64; BOUNDS.len()],
    longer: u64,
    sum: Duration,
}

impl Durations {
    /// Counts one.
    pub fn note(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = self.counts.iter_mut().zip(BOUNDS).find(|(_, bound)| seconds <= *bound);
        match bucket {
            Some((count, _)) => *count += 1,
            None => self.longer += 1,
        }
        self.sum = self.sum.saturating_add(took);
    }

    /// How many fell into each bucket and no lower one, with its upper bound in seconds; the last is infinite.
    #[must_use]
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let bounded = BOUNDS.into_iter().zip(self.counts);
        bounded.chain([(f64::INFINITY, self.longer)]).collect()
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.longer
    }

    /// How long all of them took, in seconds.
    #[must_use]
    pub const fn sum(&self) -> f64 {
        self.sum.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_lowest_bucket_that_holds_it() {
        let mut durations = Durations::default();
        for milliseconds in [0, 5, 6, 1_800_000, 1_800_001] {
            durations.note(Duration::from_millis(milliseconds));
        }
        let buckets = durations.buckets();
        assert_eq!((buckets[0], buckets[1], buckets[14].1, buckets[15].1), ((0.005, 2), (0.01, 1), 1, 1));
        assert_eq!(durations.count(), 5);
        assert!((durations.sum() - 3_600.012).abs() < 1e-9);
    }
}
