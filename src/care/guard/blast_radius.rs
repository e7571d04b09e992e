//! Only with approval where a run makes unusually many touches.

use crate::model::time::DAY;
use crate::policy::compiled::BlastRadius;

/// How far back touches count, in milliseconds of the real clock.
pub const WINDOW: i64 = DAY;

/// The whole, in the parts that shares are counted in.
const WHOLE: u128 = 1_000_000;

/// What a guard says about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Its touches may go.
    Usual,
    /// They wait for approval.
    Unusual {
        /// Touches within the window, this run's included.
        touches: u64,
        /// How many may be made without approval.
        most: u64,
    },
}

/// Decides about a run in which so many touches passed block and holdout for the first time, after so many did in
/// earlier ones that needed no approval.
#[must_use]
pub fn decide(blast: &BlastRadius, earlier: u64, made: u64, customers: u64) -> Reach {
    let share = u128::from(blast.share) * u128::from(customers) / WHOLE;
    let most = u64::try_from(share).unwrap_or(u64::MAX).max(blast.count.into());
    let touches = earlier.saturating_add(made);
    if made > 0 && touches > most { Reach::Unusual { touches, most } } else { Reach::Usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_of_share_and_count_may_go() {
        let blast = BlastRadius { share: 50_000, count: 10 };
        assert_eq!(decide(&blast, 0, 10, 100), Reach::Usual);
        assert_eq!(decide(&blast, 0, 11, 100), Reach::Unusual { touches: 11, most: 10 });
        assert_eq!(decide(&blast, 0, 50, 1_000), Reach::Usual);
        assert_eq!(decide(&blast, 0, 51, 1_000), Reach::Unusual { touches: 51, most: 50 });
    }

    #[test]
    fn touches_of_the_day_before_count_but_a_run_that_makes_none_is_never_held() {
        let blast = BlastRadius { share: 0, count: 10 };
        assert_eq!(decide(&blast, 8, 2, 100), Reach::Usual);
        assert_eq!(decide(&blast, 8, 3, 100), Reach::Unusual { touches: 11, most: 10 });
        assert_eq!(decide(&blast, 11, 0, 100), Reach::Usual);
    }
}
