//! Cadences through the real engine over simulated time: the 611 programme for a year, and one store under one policy
//! set after another. An edit never sends anything again and never restarts a clock.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::sync::Arc;

use guanxi::archive::{Archive, TouchFilter};
use guanxi::engine::{Engine, RunReport};
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Date, Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;

const HEAD: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
level = "text"
due_on = "date"
[channel.list.file]
path = "out.jsonl"
format = "jsonl"
[action.message]
channel = "list"
expires = "90d"
[action.short_call]
channel = "list"
expires = "90d"
[action.long_call]
channel = "list"
expires = "90d"
"#;

/// A unit of three months: two short messages a month; a call of three to five minutes at day 45; a longer one at
/// the end of month three; then again.
const CARE_611: &str = r#"
[cadence.care_611]
title = "611 care programme · 611工程"
audience = 'level == "key"'
repeat = "90d"
[[cadence.care_611.step]]
id = "message_1"
after = "7d"
action = "message"
[[cadence.care_611.step]]
id = "message_2"
after = "22d"
action = "message"
[[cadence.care_611.step]]
id = "message_3"
after = "37d"
action = "message"
[[cadence.care_611.step]]
id = "short_call"
after = "45d"
action = "short_call"
[[cadence.care_611.step]]
id = "message_4"
after = "52d"
action = "message"
[[cadence.care_611.step]]
id = "message_5"
after = "67d"
action = "message"
[[cadence.care_611.step]]
id = "message_6"
after = "82d"
action = "message"
[[cadence.care_611.step]]
id = "long_call"
after = "89d"
action = "long_call"
"#;

const TWO: &str = r#"
[cadence.care]
audience = 'level == "key"'
repeat = "30d"
grace = "2d"
step = [
  { id = "one", after = "5d", action = "message" },
  { id = "two", after = "20d", action = "message" },
]
"#;

const DATED: &str = r#"
[cadence.promise]
anchor = 'due_on'
grace = "3d"
step = [{ id = "warn", before = "10d", action = "message" }, { id = "done", after = "5d", action = "message" }]
"#;

/// A store with the engine of the present policy set.
struct Store {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
}

impl Store {
    fn new(text: &str) -> Self {
        let clock = Arc::new(SetClock::default());
        let mut archive = Archive::open_in_memory().unwrap();
        let engine = common::activate(&mut archive, &common::files(&format!("{HEAD}{text}")), &clock);
        Self { archive, engine, clock }
    }

    fn edit(&mut self, text: &str) {
        let files = common::files(&format!("{HEAD}{text}"));
        self.engine = common::activate(&mut self.archive, &files, &self.clock);
    }

    fn change(&mut self, day: i64, customer: &str, field: &str, value: Option<Value>) {
        common::set(&mut self.archive, Timestamp(day * DAY), customer, field, value);
    }

    fn level(&mut self, day: i64, customer: &str, level: &str) {
        self.change(day, customer, "level", Some(Value::text(level)));
    }

    fn due_on(&mut self, day: i64, customer: &str, due: i32) {
        self.change(day, customer, "due_on", Some(Value::Date(Date(due))));
    }

    fn run(&mut self, day: i64) -> RunReport {
        self.run_at(Timestamp(day * DAY), Timestamp(day * DAY))
    }

    fn run_at(&mut self, now: Timestamp, real: Timestamp) -> RunReport {
        common::run(&self.engine, &mut self.archive, &self.clock, (now, real), Scope::Everything)
    }

    /// The steps of all touches there are, in order of making, as `enrolment.cycle step state`.
    fn touches(&self) -> Vec<String> {
        let mut rows = self.archive.touches(&TouchFilter::default(), 1_000).unwrap();
        rows.reverse();
        rows.iter()
            .map(|row| {
                let step = row.touch.because.step.as_deref().unwrap_or_default();
                format!("{} {step} {}", row.touch.occurrence, row.touch.state.as_str())
            })
            .collect()
    }

    /// The steps that a run of the day queued.
    fn queued(&mut self, day: i64) -> Vec<String> {
        let before = self.touches();
        self.run(day);
        let queued = self.touches().into_iter().filter(|touch| touch.ends_with(" queued"));
        queued
            .filter(|touch| !before.contains(touch))
            .map(|touch| touch.trim_end_matches(" queued").to_owned())
            .collect()
    }

    fn reasons(&self, state: TouchState) -> Vec<String> {
        let rows = self.archive.touches(&TouchFilter::default(), 1_000).unwrap();
        rows.into_iter().filter(|row| row.touch.state == state).map(|row| row.touch.reason).collect()
    }
}

#[test]
fn the_611_programme_runs_for_a_year_as_written() {
    let mut store = Store::new(CARE_611);
    store.level(0, "a", "key");
    store.level(0, "b", "other");
    let mut sent = Vec::new();
    for day in 0..=365 {
        for step in store.queued(day) {
            sent.push((day, step));
        }
    }
    let unit = [
        (7, "message_1"),
        (22, "message_2"),
        (37, "message_3"),
        (45, "short_call"),
        (52, "message_4"),
        (67, "message_5"),
        (82, "message_6"),
        (89, "long_call"),
    ];
    let expected: Vec<(i64, String)> = (0..4)
        .flat_map(|cycle| unit.map(|(day, step)| (cycle * 90 + day, format!("1.{cycle} {step}"))))
        .filter(|(day, _)| *day <= 365)
        .collect();
    assert_eq!(sent, expected);
    for month in 0..12 {
        let of_month = expected
            .iter()
            .filter(|(day, step)| (month * 30..month * 30 + 30).contains(day) && step.contains("message"));
        assert_eq!(of_month.count(), 2, "month {month}");
    }
}

#[test]
fn a_stagger_spreads_the_start_and_is_kept_when_it_is_edited() {
    let mut store = Store::new(&TWO.replace("grace", "stagger = \"10d\"\ngrace"));
    for number in 0..40 {
        store.level(0, &format!("c{number:02}"), "key");
    }
    let mut by_day = Vec::new();
    for day in 0..10 {
        let report = store.run(day);
        by_day.push(report.queued);
    }
    store.edit(TWO);
    for day in 10..16 {
        by_day.push(store.run(day).queued);
    }
    assert_eq!(by_day.iter().sum::<u64>(), 40);
    assert_eq!(by_day.iter().take(6).sum::<u64>(), 0, "{by_day:?}");
    assert!(by_day.iter().filter(|&&count| count > 0).count() >= 7, "{by_day:?}");
}

#[test]
fn a_step_put_in_is_due_for_those_not_past_it_by_more_than_the_grace() {
    let put_in = |after: &str| {
        TWO.replace(
            "step = [",
            &format!("step = [{{ id = \"new\", after = \"{after}\", action = \"message\" }},"),
        )
    };
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.edit(&put_in("8d"));
    assert_eq!(store.queued(9), ["1.0 new"], "within the grace, and `one` not again");
    store.edit(&put_in("15d"));
    assert!(store.queued(15).is_empty(), "once a cycle, wherever it stands");
    assert_eq!(store.queued(20), ["1.0 two"]);
    store.edit(&TWO.replace(
        "{ id = \"one\"",
        "{ id = \"late\", after = \"6d\", action = \"message\" }, { id = \"one\"",
    ));
    assert!(store.queued(21).is_empty(), "long past it: not theirs");
    assert_eq!(store.touches().iter().filter(|touch| touch.contains("missed")).count(), 0);
    assert_eq!(store.queued(35), ["1.1 one"]);
    assert_eq!(store.queued(36), ["1.1 late"]);
}

#[test]
fn a_step_taken_out_takes_its_unsent_touch_with_it() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.edit(&TWO.replace("  { id = \"one\", after = \"5d\", action = \"message\" },\n", ""));
    store.run(6);
    assert_eq!(store.touches(), ["1.0 one cancelled"]);
    assert_eq!(store.reasons(TouchState::Cancelled), ["its step was removed"]);
    assert_eq!(store.queued(20), ["1.0 two"]);
    store.edit(TWO);
    assert!(store.queued(21).is_empty());
    assert_eq!(store.queued(35), ["1.1 one"]);
}

#[test]
fn a_step_moved_takes_its_unsent_touch_along_and_a_new_action_sends_nothing_again() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.edit(&TWO.replace("after = \"5d\"", "after = \"9d\""));
    store.run(6);
    assert_eq!(store.touches(), ["1.0 one cancelled"]);
    assert!(store.queued(8).is_empty());
    assert_eq!(store.queued(9), ["1.0 one"]);
    store
        .edit(&TWO.replace("after = \"5d\", action = \"message\"", "after = \"9d\", action = \"long_call\""));
    assert!(store.queued(10).is_empty());
    assert_eq!(store.queued(20), ["1.0 two"]);
    assert_eq!(store.queued(39), ["1.1 one"]);
}

#[test]
fn a_step_renamed_is_taken_out_and_put_in() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    store.edit(&TWO.replace("\"one\"", "\"first\""));
    assert_eq!(store.queued(5), ["1.0 first"]);
    store.edit(TWO);
    assert_eq!(store.queued(6), ["1.0 one"], "another step, within the grace");
    assert_eq!(store.touches(), ["1.0 first cancelled", "1.0 one queued"]);
}

#[test]
fn another_distance_keeps_the_cycle_in_progress() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    store.run(5);
    store.run(20);
    assert_eq!(store.queued(35), ["1.1 one"]);
    store.edit(&TWO.replace("repeat = \"30d\"", "repeat = \"60d\""));
    assert!(store.queued(36).is_empty());
    assert_eq!(store.queued(50), ["1.1 two"]);
    assert!(store.queued(65).is_empty());
    assert_eq!(store.queued(95), ["1.2 one"]);
}

#[test]
fn what_slept_keeps_its_enrolments_and_wakes_without_a_word_about_what_it_missed() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.edit("");
    store.run(6);
    assert_eq!(store.touches(), ["1.0 one cancelled"]);
    store.run(100);
    store.edit(TWO);
    assert!(store.queued(101).is_empty());
    assert_eq!(store.queued(110), ["1.3 two"]);
    assert_eq!(store.touches(), ["1.0 one cancelled", "1.3 two queued"]);
}

#[test]
fn leaving_the_audience_cancels_what_was_not_sent() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.level(6, "a", "other");
    let report = store.run(6);
    assert_eq!((report.cancelled, report.ended), (1, 1));
    assert_eq!(store.reasons(TouchState::Cancelled), ["left the audience"]);
}

#[test]
fn a_date_that_moves_takes_the_unsent_touch_along() {
    let mut store = Store::new(DATED);
    store.due_on(0, "a", 100);
    store.run(0);
    assert_eq!(store.queued(90), ["1.0 warn"]);
    store.due_on(91, "a", 110);
    store.run(91);
    assert_eq!(store.touches(), ["1.0 warn cancelled"]);
    assert!(store.queued(99).is_empty());
    assert_eq!(store.queued(100), ["1.0 warn"], "not sent before, so made anew");
    store.due_on(101, "a", 300);
    store.run(101);
    assert_eq!(store.touches(), ["1.0 warn cancelled"]);
    assert_eq!(store.queued(290), ["2.0 warn"]);
}

#[test]
fn a_date_that_moves_to_earlier_tells_what_it_is_too_late_for() {
    let mut store = Store::new(DATED);
    store.due_on(0, "a", 100);
    store.run(0);
    store.due_on(80, "a", 85);
    store.run(81);
    assert_eq!(store.touches(), ["1.0 warn missed"]);
    assert_eq!(store.queued(90), ["1.0 done"]);
}

#[test]
fn a_date_cleared_ends_it_and_given_again_goes_on_in_the_same_cycle() {
    let mut store = Store::new(DATED);
    store.due_on(0, "a", 100);
    store.run(0);
    assert_eq!(store.queued(90), ["1.0 warn"]);
    store.change(91, "a", "due_on", None);
    assert_eq!(store.run(91).ended, 1);
    assert_eq!(store.reasons(TouchState::Cancelled), ["its anchor is missing"]);
    store.due_on(92, "a", 100);
    assert_eq!(store.queued(92), ["1.0 warn"], "not sent before and within the grace, so made anew");
    assert_eq!(store.queued(105), ["1.0 done"]);
    store.due_on(106, "a", 101);
    assert!(store.queued(106).is_empty());
}

#[test]
fn a_run_caught_up_decides_by_its_instant_and_asks_the_real_clock_for_the_grace() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    store.run(0);
    let report = store.run_at(Timestamp(5 * DAY), Timestamp(6 * DAY));
    assert_eq!((report.queued, report.missed), (1, 0));
    let report = store.run_at(Timestamp(20 * DAY), Timestamp(23 * DAY));
    assert_eq!((report.queued, report.missed), (0, 1));
    assert_eq!(store.touches(), ["1.0 one queued", "1.0 two missed"]);
}

#[test]
fn a_customer_who_never_was_is_enrolled_once_however_often_it_is_run() {
    let mut store = Store::new(TWO);
    store.level(0, "a", "key");
    assert_eq!(store.run(0).enrolled, 1);
    assert_eq!(store.run(0).enrolled, 0);
    assert_eq!(store.run(5).queued, 1);
    assert_eq!(store.run(5).queued, 0);
}
