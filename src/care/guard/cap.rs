//! Only so many touches of a customer within any span of time, by the real clock.

use super::Verdict;
use crate::model::{Duration, Timestamp};
use crate::policy::compiled::Cap;

/// Decides about a touch at a real time. `queued` are the instants, in any order, at which touches of the customer
/// that count were queued; one exactly as long ago as the span counts no more. Where the clock was set back they may
/// lie ahead, and count.
#[must_use]
pub fn decide(cap: &Cap, queued: impl Iterator<Item = Timestamp>, at: Timestamp) -> Verdict {
    let since = at.plus(-cap.per);
    let mut counted: Vec<Timestamp> = queued.filter(|&queued| queued > since).collect();
    let max = usize::try_from(cap.max).unwrap_or(usize::MAX);
    if counted.len() < max {
        return Verdict::Passes;
    }
    // Of those that fill the cap, the earliest frees a place.
    counted.sort_unstable_by(|one, other| other.cmp(one));
    let frees = max.checked_sub(1).and_then(|last| counted.get(last)).map(|first| first.plus(cap.per));
    let noun = if counted.len() == 1 { "touch" } else { "touches" };
    let reason = format!("{} {noun} within {}", counted.len(), Duration::Fixed(cap.per));
    Verdict::held(cap.effect, reason, frees)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::time::DAY;
    use crate::policy::compiled::Effect;

    const CAP: Cap = Cap { max: 2, per: 7 * DAY, effect: Effect::Wait };

    fn decide_after(cap: &Cap, days: &[i64], at: i64) -> Verdict {
        decide(cap, days.iter().map(|day| Timestamp(day * DAY)), Timestamp(at * DAY))
    }

    #[test]
    fn the_third_within_the_span_waits_until_the_first_is_old_enough() {
        assert_eq!(decide_after(&CAP, &[], 0), Verdict::Passes);
        assert_eq!(decide_after(&CAP, &[1], 3), Verdict::Passes);
        let waits =
            Verdict::Waits { reason: "2 touches within 7d".to_owned(), until: Some(Timestamp(8 * DAY)) };
        assert_eq!(decide_after(&CAP, &[1, 3], 4), waits);
        assert_eq!(decide_after(&CAP, &[3, 1], 4), waits, "in any order");
        assert_eq!(decide_after(&CAP, &[1, 3], 8), Verdict::Passes);
    }

    #[test]
    fn what_is_beyond_is_dropped_where_the_table_says_so() {
        let cap = Cap { effect: Effect::Drop, ..CAP };
        let drops = Verdict::Drops { reason: "2 touches within 7d".to_owned() };
        assert_eq!(decide_after(&cap, &[1, 3], 4), drops);
    }

    #[test]
    fn a_lowered_cap_waits_for_as_many_to_pass_as_it_takes() {
        let one = Cap { max: 1, ..CAP };
        let waits =
            Verdict::Waits { reason: "3 touches within 7d".to_owned(), until: Some(Timestamp(10 * DAY)) };
        assert_eq!(decide_after(&one, &[1, 2, 3], 4), waits);
    }

    #[test]
    fn touches_queued_before_the_clock_was_set_back_count() {
        assert!(matches!(decide_after(&CAP, &[5, 6], 4), Verdict::Waits { .. }));
    }

    proptest! {
        #[test]
        fn no_span_ever_holds_more_than_the_cap(
            max in 1_u32..4,
            per in 1_i64..50,
            steps in prop::collection::vec(0_i64..20, 1..80),
        ) {
            let cap = Cap { max, per, effect: Effect::Wait };
            let (mut now, mut queued) = (0, Vec::new());
            for step in steps {
                now += step;
                match decide(&cap, queued.iter().copied(), Timestamp(now)) {
                    Verdict::Passes => queued.push(Timestamp(now)),
                    Verdict::Waits { until: Some(frees), .. } => {
                        prop_assert!(frees > Timestamp(now));
                        prop_assert_eq!(decide(&cap, queued.iter().copied(), frees), Verdict::Passes);
                        let before = decide(&cap, queued.iter().copied(), frees.plus(-1));
                        prop_assert!(before != Verdict::Passes);
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
                for end in &queued {
                    let within = queued.iter().filter(|at| at.0 > end.0 - per && *at <= end).count();
                    prop_assert!(within <= usize::try_from(max).unwrap_or(0));
                }
            }
        }
    }
}
