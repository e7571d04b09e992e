//! Whatever the cadence, and however time is cut into runs, each step of each cycle is found once, when it is due.

use std::collections::BTreeMap;

use chrono_tz::{America, Asia, Australia, Europe, Pacific, Tz};
use proptest::prelude::*;

use super::*;
use crate::model::time::DAY;
use crate::model::{Date, Duration, Timestamp, civil};
use crate::policy::compiled::{CadenceStep, Offset, Reenter};

const HOUR: i64 = 3_600_000;
/// 2027-01-01.
const BEGIN: i64 = 1_798_761_600_000;

fn zone() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        Europe::London,
        America::New_York,
        Australia::Lord_Howe,
        Pacific::Apia,
        Asia::Shanghai,
        Tz::UTC,
    ])
}

fn length() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_i64..4_000).prop_map(|hours| Duration::Fixed(hours * HOUR)),
        (0_i64..200).prop_map(Duration::days),
        (0_u32..8).prop_map(Duration::Months),
    ]
}

fn steps(may_be_before: bool) -> impl Strategy<Value = Vec<CadenceStep>> {
    let step =
        (length(), any::<bool>(), prop::option::of(0_u16..1_440)).prop_map(move |(length, before, at)| {
            let offset = if before && may_be_before { Offset::Before(length) } else { Offset::After(length) };
            (offset, at)
        });
    prop::collection::vec(step, 1..6).prop_map(|steps| {
        let named = |(index, (offset, at)): (usize, (Offset, Option<u16>))| CadenceStep {
            id: format!("s{index}").into(),
            offset,
            at,
            action: 0,
            when: None,
        };
        steps.into_iter().enumerate().map(named).collect()
    })
}

/// Every place up to one so far away that all within the time looked at are among them.
fn by_counting(line: &Timeline<'_>, steps: &[CadenceStep], from: Timestamp, to: Timestamp) -> Vec<Due> {
    let mut found = Vec::new();
    for place in 0..600 {
        for (index, step) in steps.iter().enumerate() {
            if let Some(at) = due(line, step, place).filter(|&at| at > from && at <= to) {
                found.push(Due { at, step: index, cycle: line.number(place) });
            }
        }
    }
    found.sort_unstable();
    found
}

fn rhythm() -> impl Strategy<Value = Rhythm<'static>> {
    prop_oneof![
        Just(Rhythm::Once),
        (20_i64..200).prop_map(|days| Rhythm::Every(Duration::days(days))),
        (200_i64..2_000).prop_map(|hours| Rhythm::Every(Duration::Fixed(hours * HOUR))),
        (1_u32..14).prop_map(|months| Rhythm::Every(Duration::Months(months))),
        Just(Rhythm::Yearly),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_search_finds_what_counting_finds(
        rhythm in rhythm(),
        steps in steps(true),
        zone in zone(),
        by_days in any::<bool>(),
        base in -3_000_i64..400,
        from in 0_i64..700,
        days in 0_i64..400,
    ) {
        let base = Timestamp(BEGIN + base * DAY);
        let base = if by_days { civil::midnight(civil::local_date(base, zone).unwrap(), zone).unwrap() } else { base };
        let line = Timeline { rhythm, by_days, zone, base, offset: 3 };
        let from = Timestamp(BEGIN + from * DAY);
        let to = from.plus(days * DAY);
        let expected = by_counting(&line, &steps, from, to);
        prop_assert_eq!(due_within(&line, &steps, from, to), expected);
        let all = by_counting(&line, &steps, from, Timestamp(i64::MAX));
        prop_assert_eq!(next_due(&line, &steps, from), all.first().map(|due| due.at));
    }

    #[test]
    fn however_time_is_cut_into_runs_each_step_is_found_once(
        rhythm in rhythm(),
        steps in steps(true),
        zone in zone(),
        start in prop::sample::select(vec![Start::Date, Start::Time, Start::Event]),
        base in -400_i64..200,
        gaps in prop::collection::vec(1_i64..(40 * 24), 1..60),
        enrolled in 0_i64..100,
    ) {
        let base = Timestamp(BEGIN + base * DAY);
        let terms = Terms {
            name: "care", rhythm, start, zone, stagger: 0, reenter: Reenter::Never,
            grace: Duration::days(2), steps: &steps,
        };
        let now = Timestamp(BEGIN + enrolled * DAY);
        let mut sight = Sight {
            customer: "c1", standing: Standing::In, anchor: Some(base), last_number: 0, now, started: now, changed: Changed::No,
        };
        let first = if start == Start::Event {
            for_event(1, "e1", base, &sight, &terms)
        } else {
            turn(None, &sight, &terms)
        };
        let mut found: BTreeMap<(i64, usize), u32> = BTreeMap::new();
        let mut count = |turn: &Turn| {
            for found_one in &turn.found {
                *found.entry((found_one.due.cycle, found_one.due.step)).or_default() += 1;
            }
        };
        count(&first);
        let mut enrolment = first.enrolment;
        for gap in gaps {
            sight.now = sight.now.plus(gap * HOUR);
            sight.started = sight.now;
            sight.last_number = 1;
            let turn = turn(enrolment.as_ref(), &sight, &terms);
            count(&turn);
            enrolment = turn.enrolment.or(enrolment);
            if enrolment.as_ref().is_some_and(|enrolment| enrolment.ended.is_some()) {
                break;
            }
        }
        prop_assert!(found.values().all(|&times| times == 1), "{found:?}");
        let line = Timeline {
            rhythm, by_days: start == Start::Date, zone, base, offset: 0,
        };
        let begun = Timestamp(BEGIN + enrolled * DAY);
        let expected = by_counting(&line, &steps, Duration::days(2).before(begun, zone).plus(-1), sight.now);
        let expected: Vec<(i64, usize)> = {
            let mut keys: Vec<_> = expected.iter().map(|due| (due.cycle, due.step)).collect();
            keys.sort_unstable();
            keys
        };
        prop_assert_eq!(found.into_keys().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn listed_days_are_found_once_too(
        days in prop::collection::btree_set(20_000_i32..21_500, 1..20),
        steps in steps(true),
        zone in zone(),
        gaps in prop::collection::vec(1_i64..(40 * 24), 1..60),
    ) {
        let days: Vec<Date> = days.into_iter().map(Date).collect();
        let terms = Terms {
            name: "care", rhythm: Rhythm::Days(&days), start: Start::Days, zone, stagger: 0,
            reenter: Reenter::Never, grace: Duration::days(2), steps: &steps,
        };
        let begun = Timestamp(20_300 * DAY);
        let mut sight = Sight {
            customer: "c1", standing: Standing::In, anchor: None, last_number: 0, now: begun, started: begun, changed: Changed::No,
        };
        let mut found: Vec<(i64, usize)> = Vec::new();
        let mut enrolment = None;
        for gap in std::iter::once(0).chain(gaps) {
            sight.now = sight.now.plus(gap * HOUR);
            sight.started = sight.now;
            sight.last_number = 1;
            let turn = turn(enrolment.as_ref(), &sight, &terms);
            found.extend(turn.found.iter().map(|found| (found.due.cycle, found.due.step)));
            enrolment = turn.enrolment.or(enrolment);
        }
        found.sort_unstable();
        let line = Timeline { rhythm: terms.rhythm, by_days: true, zone, base: Timestamp(i64::MIN), offset: 0 };
        let expected = by_counting(&line, &steps, Duration::days(2).before(begun, zone).plus(-1), sight.now);
        let mut expected: Vec<_> = expected.iter().map(|due| (due.cycle, due.step)).collect();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}
