//! Occasions: single events and moves that concern a trigger, whose condition and audience hold.

use chrono_tz::Tz;

use crate::model::trigger::TriggerMemory;
use crate::model::{Duration, Timestamp};
use crate::policy::compiled::Backlog;

/// What a trigger's table says about firing on occasions.
#[derive(Clone, Copy, Debug)]
pub struct OccasionTerms {
    /// Not again for this long.
    pub cooldown: Option<Duration>,
    /// What becomes of what was there at first sight, or came of an edit.
    pub backlog: Backlog,
    /// What is older is noted only.
    pub grace: Duration,
    /// The zone in which calendar durations count.
    pub timezone: Tz,
}

/// One occasion as a run finds it.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// When it came about.
    pub at: Timestamp,
    /// Whether it was there when the trigger was first seen, or only an edit brought it about.
    pub backlog: bool,
    /// The instant decided for.
    pub now: Timestamp,
    /// The real time.
    pub started: Timestamp,
}

/// What a trigger decided about one occasion, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OccasionVerdict {
    /// Touches are due.
    Fires {
        /// The how-manieth occasion of this customer's it is.
        number: u32,
    },
    /// Was there at first sight, or came of an edit: noted, not fired.
    Backlog,
    /// Found later than the grace allows: noted, not fired.
    TooLate,
    /// Within the cooldown: noted, not fired.
    CoolingDown {
        /// When the cooldown ends.
        until: Timestamp,
    },
}

/// Decides about an occasion and says what to remember.
#[must_use]
pub fn decide(
    memory: TriggerMemory,
    occasion: &Occasion,
    terms: &OccasionTerms,
) -> (OccasionVerdict, TriggerMemory) {
    let noted = TriggerMemory { rises: memory.rises.saturating_add(1), ..memory };
    if occasion.backlog && terms.backlog == Backlog::Skip {
        return (OccasionVerdict::Backlog, noted);
    }
    if terms.is_too_late(occasion.at, occasion.started) {
        return (OccasionVerdict::TooLate, noted);
    }
    let cooldown = terms.cooldown.zip(memory.fired);
    match cooldown.map(|(cooldown, fired)| cooldown.after(fired, terms.timezone)) {
        Some(until) if occasion.now < until => (OccasionVerdict::CoolingDown { until }, noted),
        _ => {
            let fired = TriggerMemory { fired: Some(occasion.now), ..noted };
            (OccasionVerdict::Fires { number: noted.rises }, fired)
        }
    }
}

impl OccasionTerms {
    /// Whether something is found later than the grace allows.
    #[must_use]
    pub fn is_too_late(&self, at: Timestamp, started: Timestamp) -> bool {
        self.grace.after(at, self.timezone) < started
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY;

    const TERMS: OccasionTerms = OccasionTerms {
        cooldown: Some(Duration::days(30)),
        backlog: Backlog::Skip,
        grace: Duration::days(7),
        timezone: Tz::UTC,
    };

    fn day(day: i64) -> Timestamp {
        Timestamp(day * DAY)
    }

    fn on(at: i64, now: i64) -> Occasion {
        Occasion { at: day(at), backlog: false, now: day(now), started: day(now) }
    }

    #[test]
    fn an_occasion_within_the_cooldown_is_noted_and_does_not_prolong_it() {
        let mut memory = TriggerMemory::default();
        let mut verdicts = Vec::new();
        for at in [1, 20, 30, 31] {
            let (verdict, next) = decide(memory, &on(at, at), &TERMS);
            verdicts.push(verdict);
            memory = next;
        }
        let until = day(31);
        assert_eq!(
            verdicts,
            [
                OccasionVerdict::Fires { number: 1 },
                OccasionVerdict::CoolingDown { until },
                OccasionVerdict::CoolingDown { until },
                OccasionVerdict::Fires { number: 4 }
            ]
        );
    }

    #[test]
    fn what_is_older_than_the_grace_is_noted_by_the_real_clock() {
        let old = |started| Occasion { started: day(started), ..on(1, 1) };
        assert_eq!(decide(TriggerMemory::default(), &old(8), &TERMS).0, OccasionVerdict::Fires { number: 1 });
        let (verdict, memory) = decide(TriggerMemory::default(), &old(9), &TERMS);
        assert_eq!((verdict, memory.rises, memory.fired), (OccasionVerdict::TooLate, 1, None));
    }

    #[test]
    fn backlog_fires_only_where_the_trigger_says_so() {
        let backlog = Occasion { backlog: true, ..on(1, 1) };
        assert_eq!(decide(TriggerMemory::default(), &backlog, &TERMS).0, OccasionVerdict::Backlog);
        let fire = OccasionTerms { backlog: Backlog::Fire, ..TERMS };
        let fired = OccasionVerdict::Fires { number: 1 };
        assert_eq!(decide(TriggerMemory::default(), &backlog, &fire).0, fired);
    }
}
