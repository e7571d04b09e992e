//! How long to wait before the next attempt. A pure function of the attempt and one random number.

use crate::policy::compiled::Retry;

/// Milliseconds to wait after failed attempt number `attempt` (from 1), where `fraction` is random in
/// `0.0..1.0`: `first × factor^(attempt-1)`, at most `max`, of which the upper half is spread evenly so
/// that touches that failed together don't come back together.
#[must_use]
pub fn delay(retry: &Retry, attempt: u32, fraction: f64) -> i64 {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let grown = milliseconds(retry.first) * retry.factor.max(1.0).powi(exponent);
    let whole = grown.min(milliseconds(retry.max)).max(0.0);
    whole_milliseconds(whole / 2.0 + whole / 2.0 * fraction.clamp(0.0, 1.0))
}

/// Whether failed attempt number `attempt` (from 1) was the last.
#[must_use]
pub const fn exhausted(retry: &Retry, attempt: u32) -> bool {
    attempt >= retry.attempts
}

fn milliseconds(length: i64) -> f64 {
    length as f64
}

#[expect(clippy::cast_possible_truncation, reason = "bounded by the longest wait, which is an i64")]
fn whole_milliseconds(length: f64) -> i64 {
    length.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { first: 5_000, factor: 3.0, max: 60_000, attempts: 4 };

    #[test]
    fn waits_grow_by_the_factor_up_to_the_longest() {
        let waits: Vec<i64> = (1..=5).map(|attempt| delay(&RETRY, attempt, 1.0)).collect();
        assert_eq!(waits, [5_000, 15_000, 45_000, 60_000, 60_000]);
        assert_eq!(delay(&RETRY, u32::MAX, 1.0), 60_000);
    }

    #[test]
    fn jitter_spreads_over_the_upper_half() {
        assert_eq!(delay(&RETRY, 1, 0.0), 2_500);
        assert_eq!(delay(&RETRY, 1, 0.5), 3_750);
    }

    #[test]
    fn the_last_attempt_is_the_declared_one() {
        assert!(!exhausted(&RETRY, 3));
        assert!(exhausted(&RETRY, 4));
    }
}
