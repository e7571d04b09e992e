//! Only with approval where a run makes unusually many touches.

use crate::model::time::DAY;
use crate::policy::compiled::BlastRadius;

/// How far back touches count, in milliseconds of the real clock.
pub const WINDOW: i64 = DAY;

/// The whole, in the parts that shares are counted in.
const WHOLE: u128 = 1_000_000;

/// What a guard says about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Touches within the window, this run's included.
    pub touches: u64,
    /// How many may be made without approval.
    pub most: u64,
    /// Whether this run's wait for approval.
    pub waits: bool,
}

/// Decides about a run in which so many touches passed block and holdout for the first time, after so many did in
/// earlier ones that needed no approval.
#[must_use]
pub fn decide(blast: &BlastRadius, earlier: u64, made: u64, customers: u64) -> Reach {
    let share = u128::from(blast.share) * u128::from(customers) / WHOLE;
    let most = u64::try_from(share).unwrap_or(u64::MAX).max(blast.count.into());
    let touches = earlier.saturating_add(made);
    Reach { touches, most, waits: made > 0 && touches > most }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_of_share_and_count_may_go() {
        let blast = BlastRadius { share: 50_000, count: 10 };
        let decided = |made, customers| decide(&blast, 0, made, customers);
        assert_eq!(decided(10, 100), Reach { touches: 10, most: 10, waits: false });
        assert_eq!(decided(11, 100), Reach { touches: 11, most: 10, waits: true });
        assert_eq!(decided(50, 1_000), Reach { touches: 50, most: 50, waits: false });
        assert_eq!(decided(51, 1_000), Reach { touches: 51, most: 50, waits: true });
    }

    #[test]
    fn touches_of_the_day_before_count_but_a_run_that_makes_none_is_never_held() {
        let blast = BlastRadius { share: 0, count: 10 };
        let waits = |earlier, made| decide(&blast, earlier, made, 100).waits;
        assert!(!waits(8, 2));
        assert!(waits(8, 3));
        assert!(!waits(11, 0));
    }
}
