//! What the cadences owe that no edit changes: who is enrolled, and which steps have come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Europe::Berlin;
use guanxi::model::Value;
use guanxi::model::time::DAY;

use super::Owed;
use super::known::Known;
use super::occasions::each_event;
use super::touches::Touch;
use crate::simulation::Simulation;
use crate::world::Fact;

const STAGGER: i64 = 10 * DAY;
const REENTER: i64 = 10 * DAY;
const REPEAT: i64 = 30 * DAY;
/// The distance of the edited cadence's cycles.
const CARE: i64 = 28 * DAY;
/// The grace of a cadence that says nothing of it.
const GRACE: i64 = DAY;

/// An enrolment as the store keeps it.
#[derive(Debug)]
struct Enrolment {
    started: i64,
    base: i64,
    ended: Option<i64>,
    event: String,
}

fn key(
    customer: &str,
    number: i64,
    cycle: i64,
    step: &str,
    action: &str,
) -> (String, String, String, String) {
    (customer.to_owned(), format!("{number}.{cycle}"), step.to_owned(), action.to_owned())
}

fn enrolments(simulation: &Simulation, cadence: &str) -> BTreeMap<(String, i64), Enrolment> {
    let mut statement = simulation
        .program
        .store()
        .prepare("SELECT customer, number, started, base, ended, coalesce(event, '') FROM enrolment WHERE cadence = ?1")
        .unwrap();
    let rows = statement.query_map([cadence], |row| {
        let enrolment =
            Enrolment { started: row.get(2)?, base: row.get(3)?, ended: row.get(4)?, event: row.get(5)? };
        Ok(((row.get(0)?, row.get(1)?), enrolment))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Who is enrolled when, by the plain truth of its audience: `vip`.
fn expected(simulation: &Simulation, known: &Known) -> BTreeMap<(String, i64), (i64, Option<i64>)> {
    let mut customers = Vec::new();
    let mut came = 0;
    let mut expected = BTreeMap::new();
    let mut last = BTreeMap::<String, (i64, Option<i64>)>::new();
    for run in &simulation.runs {
        for fact in &simulation.facts[came..run.facts] {
            if let Fact::Customer { id, fields } = fact
                && fields.contains_key("name")
            {
                customers.push(id.clone());
            }
        }
        came = run.facts;
        for customer in &customers {
            let vip = known.holds(customer, "vip", run.facts);
            match last.get(customer).copied() {
                Some((number, None)) if !vip => {
                    expected
                        .entry((customer.clone(), number))
                        .and_modify(|(_, ended): &mut (i64, Option<i64>)| *ended = Some(run.now));
                    last.insert(customer.clone(), (number, Some(run.now)));
                }
                None if vip => {
                    expected.insert((customer.clone(), 1), (run.now, None));
                    last.insert(customer.clone(), (1, None));
                }
                Some((number, Some(ended))) if vip && ended + REENTER <= run.now => {
                    expected.insert((customer.clone(), number + 1), (run.now, None));
                    last.insert(customer.clone(), (number + 1, None));
                }
                _ => {}
            }
        }
    }
    expected
}

/// `cadence.welcome`: enrolments as expected, and the steps that came while each lasted.
pub(super) fn welcome(simulation: &Simulation, known: &Known) -> Owed {
    let found = enrolments(simulation, "welcome");
    let expected = expected(simulation, known);
    assert_eq!(
        found.iter().map(|(key, of)| (key.clone(), (of.started, of.ended))).collect::<BTreeMap<_, _>>(),
        expected,
        "other enrolments than the audience's truth asks for"
    );
    let mut spread = BTreeMap::<&str, i64>::new();
    let mut owed = Owed::new();
    for ((customer, number), enrolment) in &found {
        let stagger = enrolment.base - enrolment.started;
        assert!((0..STAGGER).contains(&stagger), "{customer}: {enrolment:?}");
        assert_eq!(*spread.entry(customer).or_insert(stagger), stagger, "{customer} is spread otherwise");
        // In the run that ends it nothing is found any more.
        let ends = enrolment.ended.unwrap_or(i64::MAX);
        let Some(last) = simulation.runs.iter().rev().find(|run| run.now < ends) else { continue };
        for cycle in 0.. {
            let start = enrolment.base + cycle * REPEAT;
            let steps = [
                ("hello", first_at(10, start + 2 * DAY), "care_message"),
                ("call", start + 12 * DAY, "check_call"),
            ];
            for (step, due, action) in steps {
                if due <= last.now {
                    owed.insert(key(customer, *number, cycle, step, action));
                }
            }
            if start > last.now {
                break;
            }
        }
    }
    assert!(spread.values().copied().collect::<BTreeSet<_>>().len() > spread.len() / 2);
    owed
}

/// The first time a clock in Berlin shows an hour, not before an instant.
fn first_at(hour: u32, from: i64) -> i64 {
    let local = DateTime::from_timestamp_millis(from).unwrap().with_timezone(&Berlin);
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let day = local.date_naive() + Days::new(u64::from(local.time() > time));
    Berlin.from_local_datetime(&day.and_time(time)).unwrap().timestamp_millis()
}

/// `cadence.birthday`: a card three days before each birthday. Of those whose birthday was corrected anything goes.
pub(super) fn birthdays(simulation: &Simulation, known: &Known, touches: &[Touch]) -> (Owed, Owed) {
    let mut owed = Owed::new();
    let mut customers = BTreeMap::<&str, Option<usize>>::new();
    for (number, fact) in (1..).zip(&simulation.facts) {
        if let Fact::Customer { id, fields } = fact
            && fields.contains_key("birthday")
        {
            customers.entry(id).and_modify(|first| *first = None).or_insert(Some(number));
        }
    }
    let last = simulation.runs.last().unwrap();
    for (&customer, number) in &customers {
        let Some(number) = *number else { continue };
        let Some(Value::Date(birthday)) = known.value(customer, "birthday", number) else { continue };
        let first = simulation.runs.iter().find(|run| run.facts >= number).unwrap();
        let birthday = birthday.to_naive().unwrap();
        for year in 2027..2031 {
            let day = NaiveDate::from_ymd_opt(year, birthday.month(), birthday.day())
                .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
                .unwrap();
            let due = Berlin.from_local_datetime(&(day - Days::new(3)).and_time(NaiveTime::MIN)).unwrap();
            let due = due.timestamp_millis();
            if due + GRACE >= first.started && due <= last.now {
                owed.insert(key(customer, 1, year.into(), "card", "card"));
            }
        }
    }
    let moved = touches
        .iter()
        .filter(|touch| touch.name == "birthday" && customers[&*touch.customer].is_none())
        .map(Touch::key);
    let at_most = owed.iter().cloned().chain(moved).collect();
    (owed, at_most)
}

/// `cadence.project`: two steps after each business event that isn't over when it is first seen.
pub(super) fn projects(simulation: &Simulation) -> Owed {
    let enrolments: BTreeMap<String, i64> =
        enrolments(simulation, "project").into_iter().map(|((_, number), of)| (of.event, number)).collect();
    let last = simulation.runs.last().unwrap();
    let mut owed = Owed::new();
    let mut enrolled = BTreeSet::new();
    for (run, event) in each_event(simulation, "business_event", 10_000, 0) {
        let steps = [
            ("thanks", event.at + DAY, "care_message"),
            ("after", first_at(15, event.at + 6 * DAY), "check_call"),
        ];
        for (step, due, action) in steps {
            if due > run.now || due + GRACE >= run.started {
                let number = enrolments.get(&event.id);
                assert!(number.is_some(), "{event:?} enrolled nobody in run {run:?}");
                let number = *number.unwrap();
                enrolled.insert(event.id.clone());
                if due <= last.now {
                    owed.insert(key(&event.customer, number, 0, step, action));
                }
            }
        }
    }
    let spurious: Vec<_> = enrolments.keys().filter(|event| !enrolled.contains(*event)).collect();
    assert!(spurious.is_empty(), "enrolled for what was over: {spurious:?}");
    owed
}

/// `cadence.care`, which is edited all the time: the steps that no edit came near.
pub(super) fn care(simulation: &Simulation) -> Owed {
    /// How many runs before and after a step is due no edit may have changed it.
    const NEAR: usize = 30;
    let mut owed = Owed::new();
    for ((customer, number), enrolment) in enrolments(simulation, "care") {
        let ends = enrolment.ended.unwrap_or(i64::MAX);
        let from = simulation.runs.partition_point(|run| run.now < enrolment.started);
        let until = simulation.runs.partition_point(|run| run.now < ends);
        for place in from + NEAR..until.saturating_sub(NEAR) {
            let (before, run) = (&simulation.runs[place - 1], &simulation.runs[place]);
            for &(step, days) in &run.figures.steps {
                let after = run.now - enrolment.base - i64::try_from(days).unwrap() * DAY;
                if after < 0 || after.rem_euclid(CARE) > 2 * DAY {
                    continue;
                }
                let cycle = after.div_euclid(CARE);
                let start = enrolment.base + cycle * CARE;
                let due = first_at(10, start + i64::try_from(days).unwrap() * DAY);
                let near = &simulation.runs[place - NEAR..place + NEAR];
                let untouched = near
                    .iter()
                    .all(|run| run.figures.care_awake && run.figures.steps.contains(&(step, days)));
                if before.now < due && due <= run.now && untouched {
                    owed.insert(key(&customer, number, cycle, &format!("s{step}"), "care_message"));
                }
            }
        }
    }
    owed
}
