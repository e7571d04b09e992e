use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Asked, Goal, Group, Report, ReportError, Verdict, report};
use crate::archive::{Archive, Change, EventRow, TouchFilter};
use crate::engine::{Engine, RunRequest};
use crate::model::time::DAY;
use crate::model::touch::TouchState;
use crate::model::{Duration, Timestamp, Value};
use crate::policy::compiled::Scope;
use crate::policy::{Compiled, Files, load, render};
use crate::ports::simulated::SetClock;
use crate::rehearsal::deliver;

const POLICY: &str = r#"
[customer.fields]
source = { type = "choice", of = ["file", "visit"] }
[event.order.fields]
amount = "number"
[metric.orders]
event = "order"
take = "count"
[metric.recent]
event = "order"
take = "count"
within = "20d"
[segment.busy]
when = 'recent >= 2'
[tier.level]
among = 'orders >= 1'
levels = [ { name = "large", when = 'orders >= 4' }, { name = "small" } ]
[channel.list.file]
path = "out/list.jsonl"
[action.mail]
channel = "list"
[cadence.care]
audience = 'orders >= 1'
goal = { event = "order", within = "10d" }
[[cadence.care.step]]
id = "first"
action = "mail"
[[cadence.care.step]]
id = "second"
after = "1d"
action = "mail"
[trigger.busy]
when = 'busy'
actions = ["mail"]
[guard.control.holdout]
share = "50%"
salt = "a"
"#;

struct Life {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
    orders: u64,
}

fn day(number: i64) -> Timestamp {
    Timestamp::parse_rfc3339("2027-01-04T09:00:00Z").unwrap().plus(number * DAY)
}

impl Life {
    fn new(policy: &str) -> Self {
        let clock = Arc::new(SetClock::default());
        let engine = Engine::new(compiled(policy), Arc::clone(&clock) as _).unwrap();
        let mut archive = Archive::open_in_memory().unwrap();
        archive.adopt(engine.policy().schema.clone()).unwrap();
        Self { archive, engine, clock, orders: 0 }
    }

    fn edit(&mut self, policy: &str) {
        self.engine = Engine::new(compiled(policy), Arc::clone(&self.clock) as _).unwrap();
        self.archive.adopt(self.engine.policy().schema.clone()).unwrap();
    }

    fn customer(&mut self, id: &str, source: &str, now: Timestamp) {
        let mut ingest = self.archive.ingest(now).unwrap();
        ingest.customer(id, &[Change::Set(Value::text(source))]).unwrap();
        ingest.commit().unwrap();
    }

    fn order(&mut self, customer: &str, at: Timestamp) {
        self.orders += 1;
        let mut ingest = self.archive.ingest(at).unwrap();
        let id = format!("o{}", self.orders);
        ingest.event(0, &EventRow { id: &id, customer, at, fields: &[Some(Value::Number(1.0))] }).unwrap();
        ingest.commit().unwrap();
    }

    fn run(&mut self, now: Timestamp) {
        self.clock.set(now);
        let request = RunRequest { now, scope: Scope::Everything, schedule: "test".to_owned() };
        self.engine.run(&mut self.archive, &request).unwrap();
        deliver(&self.engine, &mut self.archive, now).unwrap();
    }

    fn report(&self, from: Timestamp, now: Timestamp, by: Option<usize>) -> Result<Report, ReportError> {
        let asked = Asked { from, now, goal: None, by };
        report(&self.archive, self.engine.policy(), &asked)
    }

    /// Who stands where, as the last run counted: by class, by place's index.
    fn places(&self) -> BTreeMap<String, Vec<u64>> {
        let classes = &self.archive.schema().classes;
        let counts = |(class, shape): (usize, &crate::model::ClassShape)| {
            let mut counts = vec![0; shape.places.as_ref().map_or(2, |places| places.len())];
            for (place, count) in self.archive.place_counts(class).unwrap() {
                counts[usize::from(place)] = count;
            }
            (shape.name.to_string(), counts)
        };
        classes.iter().enumerate().map(counts).collect()
    }
}

fn compiled(policy: &str) -> Arc<Compiled> {
    let mut files = Files::default();
    files.policies.insert("all.toml".to_owned(), policy.to_owned());
    let outcome = load(&files);
    let said = render(&outcome.diagnostics, &files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{said}")))
}

#[test]
fn past_standings_are_what_the_runs_of_then_counted() {
    let mut life = Life::new(POLICY);
    let mut chance: u64 = 7;
    let mut counted = Vec::new();
    for week in 0..10 {
        for number in 0..30 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Customers come one after the other, and order the less the later they came.
            if (chance >> 33) % 100 < 45 && number <= week * 4 {
                life.order(&format!("c{number:02}"), day(week * 7 - i64::try_from(chance % 6).unwrap()));
            }
        }
        if week == 6 {
            life.edit(&POLICY.replace("orders >= 4", "orders >= 3"));
        }
        life.run(day(week * 7));
        counted.push(life.places());
    }
    let report = life.report(day(-30), day(63), None).unwrap();
    assert_eq!(report.history_from, Some(day(0)));
    assert_eq!(report.columns.len(), 14);
    for standing in &report.standings {
        for (index, counts) in standing.places.iter().enumerate().filter(|(_, counts)| counts.place.is_some())
        {
            let (before, since) = counts.counts.split_at(4);
            assert!(before.iter().all(Option::is_none), "{standing:?}");
            // The report says who is in a segment first.
            let index = if standing.kind == "segment" { 1 - index } else { index };
            let expected: Vec<Option<u64>> =
                counted.iter().map(|places| Some(places[&*standing.name][index])).collect();
            assert_eq!(since, expected, "{} {:?}", standing.name, counts.place);
        }
    }
    let level = report.standings.iter().find(|standing| &*standing.name == "level").unwrap();
    let moved: (u64, u64) =
        level.flows.iter().fold((0, 0), |sum, flow| (sum.0 + flow.data, sum.1 + flow.policy));
    assert!(moved.0 > 0 && moved.1 > 0, "{moved:?}");
    // Seen from week 5, nothing later has happened.
    let then = life.report(day(-30), day(35), None).unwrap();
    for (standing, later) in then.standings.iter().zip(&report.standings) {
        for counts in &standing.places {
            let same = later.places.iter().find(|other| other.place == counts.place).unwrap();
            assert_eq!(counts.counts[5..], same.counts[5..10], "{} {:?}", standing.name, counts.place);
        }
    }
}

/// Sixty who ordered once before, and were to be written to on day 0 and on day 1. Who is held out hangs on a hash.
fn sixty() -> (Life, Vec<String>, Vec<String>) {
    let mut life = Life::new(POLICY);
    for number in 0..60 {
        let id = format!("c{number:02}");
        life.customer(&id, if number % 3 == 0 { "visit" } else { "file" }, day(-2));
        life.order(&id, day(-1));
    }
    life.run(day(0));
    life.run(day(1));
    let touches = life.archive.touches(&TouchFilter::default(), usize::MAX).unwrap();
    let of = |state: TouchState| {
        let mut ids: Vec<String> = touches
            .iter()
            .filter(|row| row.touch.state == state && row.touch.because.step.as_deref() == Some("first"))
            .map(|row| row.touch.customer.to_string())
            .collect();
        ids.sort();
        ids
    };
    let (treated, held_out) = (of(TouchState::Delivered), of(TouchState::Suppressed));
    assert_eq!(treated.len() + held_out.len(), 60);
    assert!(held_out.len() > 20 && treated.len() > 20);
    (life, treated, held_out)
}

#[test]
fn outcomes_are_those_calculated_by_hand() {
    let (mut life, treated, held_out) = sixty();
    // Reached: the first ten of the treated, one of them at the last instant; not: one at the very instant of the
    // touch, one a moment too late, who both order once more much later.
    for id in &treated[..9] {
        life.order(id, day(3));
    }
    life.order(&treated[9], day(10));
    life.order(&treated[10], day(0));
    life.order(&treated[10], day(30));
    life.order(&treated[11], day(10).plus(1));
    for id in &held_out[..2] {
        life.order(id, day(5));
    }
    let report = life.report(day(-30), day(40), Some(0)).unwrap();
    let care = report.outcomes.iter().find(|outcome| outcome.name == "care").unwrap();
    let (treated, held) = (treated.len() as u64, held_out.len() as u64);
    let enrolments = care.enrolments.as_ref().unwrap();
    assert_eq!(
        (enrolments.started, enrolments.ended, enrolments.open),
        (60, 60, 0),
        "once through its steps"
    );
    assert_eq!(care.touches[&TouchState::Delivered], 2 * treated);
    assert_eq!(care.touches[&TouchState::Suppressed], 2 * held);
    assert_eq!(care.suppressed_by, BTreeMap::from([("control".to_owned(), 2 * held)]));
    let goal = care.goal.as_ref().unwrap();
    assert!(goal.is_own);
    assert_eq!(goal.treated, Group { customers: treated, reached: 10, early: 0 });
    assert_eq!(goal.held_out, Group { customers: held, reached: 2, early: 0 });
    let difference = goal.lift.difference.unwrap();
    assert!((difference.value - (10.0 / treated as f64 - 2.0 / held as f64)).abs() < 1e-12);
    let visits = treated_by(&report, "visit");
    assert_eq!(visits + treated_by(&report, "file"), treated);
    let trigger = report.outcomes.iter().find(|outcome| outcome.name == "busy").unwrap();
    assert_eq!(trigger.goal, None, "it has none, and none was asked for");
}

fn treated_by(report: &Report, source: &str) -> u64 {
    let care = report.outcomes.iter().find(|outcome| outcome.name == "care").unwrap();
    let slices = &care.goal.as_ref().unwrap().slices;
    slices.iter().find(|slice| slice.value.as_deref() == Some(source)).unwrap().treated.customers
}

#[test]
fn whose_time_is_not_over_is_counted_apart() {
    let (mut life, treated, held_out) = sixty();
    life.order(&treated[0], day(3));
    let report = life.report(day(-30), day(10).plus(-1), None).unwrap();
    let goal = report.outcomes[0].goal.clone().unwrap();
    let (treated, held) = (treated.len() as u64, held_out.len() as u64);
    assert_eq!(goal.treated, Group { customers: 0, reached: 0, early: treated });
    assert_eq!(goal.held_out, Group { customers: 0, reached: 0, early: held });
    assert_eq!((goal.lift.difference, goal.lift.verdict), (None, Verdict::TooLittle));
    // A span that begins after the first step knows the second as the first touch.
    let report = life.report(day(1), day(11), None).unwrap();
    let goal = report.outcomes[0].goal.clone().unwrap();
    assert_eq!(goal.treated, Group { customers: treated, reached: 1, early: 0 });
    let report = life.report(day(1), day(11).plus(-1), None).unwrap();
    assert_eq!(report.outcomes[0].goal.clone().unwrap().treated.early, treated);
}

#[test]
fn a_goal_that_is_asked_for_serves_where_none_is_declared_and_for_newcomers() {
    let (mut life, _, _) = sixty();
    life.customer("late", "visit", day(2));
    life.customer("later", "visit", day(20));
    life.order("late", day(4));
    life.run(day(4));
    let asked = Asked {
        from: day(-30),
        now: day(24),
        goal: Some(Goal { event: 0, within: Duration::days(5) }),
        by: Some(0),
    };
    let report = report(&life.archive, life.engine.policy(), &asked).unwrap();
    let by_value: BTreeMap<_, _> =
        report.newcomers.iter().map(|slice| (slice.value.as_deref().unwrap(), slice.treated)).collect();
    assert_eq!(by_value["file"], Group { customers: 40, reached: 40, early: 0 });
    assert_eq!(by_value["visit"], Group { customers: 21, reached: 21, early: 1 });
    let goals: Vec<(&str, i64)> = report
        .outcomes
        .iter()
        .map(|outcome| {
            (outcome.name.as_str(), outcome.goal.as_ref().unwrap().goal.within.fixed().unwrap() / DAY)
        })
        .collect();
    assert_eq!(goals, [("care", 10), ("busy", 5)]);
}

#[test]
fn what_was_taken_away_is_not_told() {
    let mut life = Life::new(POLICY);
    for week in 0..6 {
        life.order("c1", day(week * 7).plus(-1));
        life.order("c2", day(week * 7).plus(-2));
        life.run(day(week * 7));
    }
    let keep = crate::archive::Keep { history: Some(day(22)), events: None };
    let mut pruning = life.archive.begin_pruning(keep, day(35)).unwrap();
    while life.archive.prune(&mut pruning, 100).unwrap() {}
    let report = life.report(day(-7), day(35), None).unwrap();
    let from = report.history_from.unwrap();
    for standing in &report.standings {
        for counts in &standing.places {
            for (column, count) in report.columns.iter().zip(&counts.counts) {
                assert_eq!(count.is_some(), *column >= from, "{standing:?}");
            }
        }
    }
}
