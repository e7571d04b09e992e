//! Triggers that fire when a condition becomes true; those that fire on occasions in modules of their own.

pub mod alike;
pub mod awaited;
pub mod occasion;

use chrono_tz::Tz;

use crate::model::trigger::TriggerMemory;
use crate::model::{Duration, Timestamp};
use crate::policy::compiled::Backlog;

/// What a trigger's table says about firing.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Not again for this long.
    pub cooldown: Option<Duration>,
    /// What becomes of what was already true at first sight.
    pub backlog: Backlog,
    /// The zone in which calendar durations count.
    pub timezone: Tz,
}

/// What was seen of one customer at one evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Whether condition and audience hold.
    pub truth: bool,
    /// Whether it is no news if the condition holds: this trigger sees this customer for the first time, or
    /// only an edit of the policy made it true.
    pub first: bool,
    /// The instant decided for.
    pub now: Timestamp,
}

/// What a trigger decided about one customer, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Does not hold, and did not before.
    Quiet,
    /// Became true, or was held back and its cooldown has ended: touches are due.
    Fires {
        /// The how-manieth rise it is.
        rise: u32,
    },
    /// Holds as it did before.
    StillTrue,
    /// Was already true at first sight: noted, not fired.
    Backlog,
    /// Became true within the cooldown.
    CoolingDown {
        /// When the cooldown ends.
        until: Timestamp,
    },
    /// No longer holds: unsent touches are cancelled.
    Stopped,
}

/// Decides about one customer and says what to remember.
#[must_use]
pub fn decide(memory: TriggerMemory, sight: Sight, terms: &Terms) -> (Verdict, TriggerMemory) {
    if !sight.truth {
        return stop(memory);
    }
    if memory.truth && !memory.held {
        return (Verdict::StillTrue, memory);
    }
    let rises = if memory.truth { memory.rises } else { memory.rises.saturating_add(1) };
    let risen = TriggerMemory { truth: true, rises, ..memory };
    if sight.first && terms.backlog == Backlog::Skip {
        // Also where a rise was held back that no longer is one by the definition it rose under.
        return (Verdict::Backlog, TriggerMemory { held: false, ..risen });
    }
    match cooldown_end(&memory, terms) {
        Some(until) if sight.now < until => {
            (Verdict::CoolingDown { until }, TriggerMemory { held: true, ..risen })
        }
        _ => {
            let fired = TriggerMemory { fired: Some(sight.now), held: false, ..risen };
            (Verdict::Fires { rise: rises }, fired)
        }
    }
}

fn stop(memory: TriggerMemory) -> (Verdict, TriggerMemory) {
    let verdict = if memory.truth { Verdict::Stopped } else { Verdict::Quiet };
    (verdict, TriggerMemory { truth: false, held: false, ..memory })
}

fn cooldown_end(memory: &TriggerMemory, terms: &Terms) -> Option<Timestamp> {
    Some(terms.cooldown?.after(memory.fired?, terms.timezone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms =
        Terms { cooldown: Some(Duration::days(30)), backlog: Backlog::Skip, timezone: Tz::UTC };

    fn day(day: i64) -> Timestamp {
        Timestamp(day * crate::model::time::DAY)
    }

    /// Feeds one truth a day, from day 0, and collects the verdicts.
    fn verdicts(truths: &[(i64, bool)], terms: &Terms) -> Vec<Verdict> {
        let mut memory = TriggerMemory::default();
        let mut first = true;
        truths
            .iter()
            .map(|&(at, truth)| {
                let (verdict, next) = decide(memory, Sight { truth, first, now: day(at) }, terms);
                memory = next;
                first = false;
                verdict
            })
            .collect()
    }

    #[test]
    fn it_fires_once_when_it_becomes_true() {
        let seen = verdicts(&[(0, false), (1, true), (2, true), (3, false)], &TERMS);
        assert_eq!(seen, [Verdict::Quiet, Verdict::Fires { rise: 1 }, Verdict::StillTrue, Verdict::Stopped]);
    }

    #[test]
    fn what_was_true_at_first_sight_is_noted_unless_backlog_says_fire() {
        let truths = [(0, true), (1, true), (2, false), (3, true)];
        let skip = verdicts(&truths, &TERMS);
        assert_eq!(
            skip,
            [Verdict::Backlog, Verdict::StillTrue, Verdict::Stopped, Verdict::Fires { rise: 2 }]
        );
        let fire = verdicts(&truths[..2], &Terms { backlog: Backlog::Fire, ..TERMS });
        assert_eq!(fire, [Verdict::Fires { rise: 1 }, Verdict::StillTrue]);
    }

    #[test]
    fn true_again_within_the_cooldown_fires_at_its_end_if_it_still_is() {
        let seen = verdicts(&[(0, false), (1, true), (2, false), (5, true), (30, true), (31, true)], &TERMS);
        assert_eq!(
            seen[3..],
            [
                Verdict::CoolingDown { until: day(31) },
                Verdict::CoolingDown { until: day(31) },
                Verdict::Fires { rise: 2 }
            ]
        );
    }

    #[test]
    fn a_rise_held_back_that_ends_within_the_cooldown_never_fires() {
        let seen = verdicts(&[(0, false), (1, true), (2, false), (5, true), (6, false), (40, true)], &TERMS);
        assert_eq!(
            seen[3..],
            [Verdict::CoolingDown { until: day(31) }, Verdict::Stopped, Verdict::Fires { rise: 3 }]
        );
    }
}
