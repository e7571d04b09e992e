//! Only so many in all per day, week or month. Places are counted in millionths, so that sums of efforts are exact.

use chrono::{Datelike, Days};
use chrono_tz::Tz;

use crate::model::civil::{Period, local_date, midnight, start_of};
use crate::model::{Date, Timestamp};
use crate::policy::compiled::{Capacity, CapacityPeriod};

/// One place.
pub const PLACE: i64 = 1_000_000;

/// An effort in millionths of a place; never nothing.
#[must_use]
pub fn units(effort: f64) -> i64 {
    const MOST: f64 = 1e15;
    #[expect(clippy::cast_possible_truncation, reason = "held within what is exact")]
    let units = (effort * PLACE as f64).round().clamp(1.0, MOST) as i64;
    units
}

/// The first day of the period in which an instant lies, and the instant at which the next begins.
#[must_use]
pub fn period(per: CapacityPeriod, at: Timestamp, zone: Tz) -> Option<(Date, Timestamp)> {
    let day = local_date(at, zone)?.to_naive()?;
    let (first, next) = match per {
        CapacityPeriod::Day => (day, day.succ_opt()?),
        CapacityPeriod::Week => {
            let first = day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?;
            (first, first.checked_add_days(Days::new(7))?)
        }
        CapacityPeriod::Month => {
            let first = start_of(Period::Month, day)?;
            (first, first.checked_add_months(chrono::Months::new(1))?)
        }
    };
    Some((Date::from(first), midnight(Date::from(next), zone)?))
}

/// The places of one key for one period: what is taken, and what the entitled still ask of those kept for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    free: i64,
    /// Per entry of `reserve`.
    kept: Vec<Kept>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    /// What is left of the places kept.
    left: i64,
    /// What waiting touches of the entitled ask for that were not decided yet.
    wanted: i64,
}

/// What is said of one touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has its places now.
    Taken,
    /// There are not enough left.
    Full,
    /// Those left are kept for others who wait.
    Reserved,
}

impl Room {
    /// Empty rooms.
    #[must_use]
    pub fn new(capacity: &Capacity) -> Self {
        let kept = capacity.reserve.iter();
        Self {
            free: i64::from(capacity.max).saturating_mul(PLACE),
            // A share counts in millionths as well.
            kept: kept
                .map(|entry| Kept { left: i64::from(capacity.max) * i64::from(entry.share), wanted: 0 })
                .collect(),
        }
    }

    /// Notes places taken before, by those entitled to an entry of `reserve` or by others.
    pub fn take(&mut self, entitled: Option<usize>, units: i64) {
        self.free = self.free.saturating_sub(units);
        if let Some(kept) = entitled.and_then(|entry| self.kept.get_mut(entry)) {
            kept.left = kept.left.saturating_sub(units).max(0);
        }
    }

    /// Notes a touch that will be decided about, before any is.
    pub fn want(&mut self, entitled: Option<usize>, units: i64) {
        if let Some(kept) = entitled.and_then(|entry| self.kept.get_mut(entry)) {
            kept.wanted = kept.wanted.saturating_add(units);
        }
    }

    /// Takes back what was noted of a touch, because another guard held it.
    pub fn leave(&mut self, entitled: Option<usize>, units: i64) {
        if let Some(kept) = entitled.and_then(|entry| self.kept.get_mut(entry)) {
            kept.wanted = kept.wanted.saturating_sub(units).max(0);
        }
    }

    /// Decides about a touch that [`want`](Self::want) noted; changes nothing.
    #[must_use]
    pub fn decide(&self, entitled: Option<usize>, units: i64) -> Outcome {
        if units > self.free {
            return Outcome::Full;
        }
        let others = self.kept.iter().enumerate().filter(|&(entry, _)| Some(entry) != entitled);
        let held: i64 = others.map(|(_, kept)| kept.left.min(kept.wanted)).sum();
        if units > self.free.saturating_sub(held) { Outcome::Reserved } else { Outcome::Taken }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Type, Value};
    use crate::policy::compiled::Reserve;
    use crate::policy::expression::Expression;
    use crate::policy::expression::tree::{Node, NodeKind};

    fn capacity(max: u32, shares: &[u32]) -> Capacity {
        let when = || {
            let root = Node { kind: NodeKind::Literal(Value::Bool(true)), ty: Type::Bool, span: 0..4 };
            Expression { text: "true".into(), root }
        };
        Capacity {
            max,
            per: CapacityPeriod::Day,
            by: None,
            first: None,
            reserve: shares.iter().map(|&share| Reserve { when: when(), share }).collect(),
        }
    }

    /// Decides about touches in order, all of which wait from the start.
    fn pass(room: &mut Room, touches: &[(Option<usize>, f64)]) -> Vec<Outcome> {
        for &(entitled, effort) in touches {
            room.want(entitled, units(effort));
        }
        let decided = touches.iter().map(|&(entitled, effort)| {
            let outcome = room.decide(entitled, units(effort));
            room.leave(entitled, units(effort));
            if outcome == Outcome::Taken {
                room.take(entitled, units(effort));
            }
            outcome
        });
        decided.collect()
    }

    #[test]
    fn those_beyond_the_places_find_none() {
        let mut room = Room::new(&capacity(2, &[]));
        assert_eq!(pass(&mut room, &[(None, 1.0); 3]), [Outcome::Taken, Outcome::Taken, Outcome::Full]);
    }

    #[test]
    fn efforts_of_tenths_fill_places_exactly() {
        let mut room = Room::new(&capacity(1, &[]));
        let outcomes = pass(&mut room, &[(None, 0.1); 11]);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Taken).count(), 10);
    }

    #[test]
    fn kept_places_go_to_others_only_if_nobody_entitled_waits() {
        let others = [(None, 1.0); 5];
        let mut room = Room::new(&capacity(5, &[800_000]));
        assert_eq!(pass(&mut room, &others), [Outcome::Taken; 5], "nobody entitled waits");
        // Three entitled come last by priority, and find what is kept for them.
        let mut room = Room::new(&capacity(5, &[800_000]));
        let touches = [&others[..], &[(Some(0), 1.0); 3]].concat();
        let outcomes = pass(&mut room, &touches);
        assert_eq!(outcomes[..2], [Outcome::Taken; 2]);
        assert_eq!(outcomes[2..5], [Outcome::Reserved; 3]);
        assert_eq!(outcomes[5..], [Outcome::Taken; 3]);
    }

    #[test]
    fn what_the_entitled_took_before_is_no_longer_kept() {
        let mut room = Room::new(&capacity(5, &[800_000]));
        room.take(Some(0), units(3.0));
        // One of the four kept is left; of the two free places one is for others.
        let outcomes = pass(&mut room, &[(None, 1.0), (None, 1.0), (Some(0), 1.0)]);
        assert_eq!(outcomes, [Outcome::Taken, Outcome::Reserved, Outcome::Taken]);
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let at = Timestamp::parse_rfc3339("2027-02-28T20:00:00+08:00").unwrap();
        let zone = chrono_tz::Asia::Shanghai;
        let period = |per| {
            let (first, next) = period(per, at, zone).unwrap();
            format!("{first} {next}")
        };
        assert_eq!(period(CapacityPeriod::Day), "2027-02-28 2027-02-28T16:00:00Z");
        assert_eq!(period(CapacityPeriod::Week), "2027-02-22 2027-02-28T16:00:00Z");
        assert_eq!(period(CapacityPeriod::Month), "2027-02-01 2027-02-28T16:00:00Z");
    }

    proptest! {
        #[test]
        fn places_are_never_exceeded_and_kept_ones_are_there_for_the_entitled(
            max in 1_u32..8,
            shares in prop::collection::vec(0_u32..500_000, 0..3),
            touches in prop::collection::vec((0_usize..4, 1_u32..4), 1..40),
        ) {
            prop_assume!(shares.iter().sum::<u32>() <= 1_000_000);
            let touches: Vec<(Option<usize>, f64)> = touches
                .into_iter()
                .map(|(entry, effort)| (Some(entry).filter(|&entry| entry < shares.len()), f64::from(effort) / 2.0))
                .collect();
            let mut room = Room::new(&capacity(max, &shares));
            let outcomes = pass(&mut room, &touches);
            let taken = |entitled: Option<Option<usize>>| -> f64 {
                let decided = touches.iter().zip(&outcomes);
                decided
                    .filter(|((whose, _), outcome)| {
                        **outcome == Outcome::Taken && entitled.is_none_or(|entitled| entitled == *whose)
                    })
                    .map(|((_, effort), _)| effort)
                    .sum()
            };
            prop_assert!(taken(None) <= f64::from(max));
            for (entry, &share) in shares.iter().enumerate() {
                let kept = f64::from(max) * f64::from(share) / 1e6;
                let asked: f64 =
                    touches.iter().filter(|(whose, _)| *whose == Some(entry)).map(|(_, effort)| effort).sum();
                // Less than one touch's effort may be lost where the last does not fit whole.
                prop_assert!(taken(Some(Some(entry))) + 1.5 > kept.min(asked));
            }
        }
    }
}
