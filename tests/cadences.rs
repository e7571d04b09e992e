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

use guanxi::archive::{Archive, EventRow, TouchFilter};
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
        self.edit_all(&format!("{HEAD}{text}"));
    }

    fn edit_all(&mut self, text: &str) {
        self.engine = common::activate(&mut self.archive, &common::files(text), &self.clock);
    }

    fn change(&mut self, day: i64, customer: &str, field: &str, value: Option<Value>) {
        common::set(&mut self.archive, Timestamp(day * DAY), customer, field, value);
    }

    fn event(&mut self, day: i64, kind: &str, id: &str, customer: &str) {
        let schema = self.archive.schema();
        let kind = schema.event(kind).unwrap();
        let fields = vec![None; schema.events.get(kind).unwrap().fields.len()];
        let mut ingest = self.archive.ingest(Timestamp(day * DAY)).unwrap();
        ingest.event(kind, &EventRow { id, customer, at: Timestamp(day * DAY), fields: &fields }).unwrap();
        ingest.commit().unwrap();
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

    fn deliver(&mut self, day: i64) {
        let rows = self.archive.touches(&TouchFilter::default(), 1_000).unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| &*row.touch.id).collect();
        self.archive.delivered(&ids, Timestamp(day * DAY)).unwrap();
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

const BOUGHT: &str = r#"
[event.bought]
[event.closing]
everyone = true
[cadence.bought]
audience = 'level == "key"'
on = "bought"
step = [{ id = "thanks", after = "1d", action = "message" }, { id = "ask", after = "14d", action = "short_call" }]
[cadence.closing]
audience = 'level == "key"'
on = "closing"
step = [{ id = "sorry", after = "2d", action = "message" }, { id = "offer", after = "9d", action = "long_call" }]
"#;

#[test]
fn enrolments_joined_by_a_merge_each_keep_their_own_steps() {
    let mut store = Store::new(TWO);
    store.level(0, "old", "key");
    for day in [0, 5, 20, 35, 50] {
        store.run(day);
    }
    store.level(60, "new", "key");
    store.run(60);
    store.archive.merge("old", "new", Timestamp(61 * DAY)).unwrap();
    let sent: Vec<_> =
        (61..=110).flat_map(|day| store.queued(day).into_iter().map(move |step| (day, step))).collect();
    let step = |day: i64, step: &str| (day, step.to_owned());
    assert_eq!(sent, [step(65, "1.0 one"), step(80, "1.0 two"), step(95, "1.1 one"), step(110, "1.1 two")]);
}

#[test]
fn an_enrolment_taken_over_by_a_merge_goes_on_and_sends_nothing_again() {
    let mut store = Store::new(TWO);
    store.level(0, "old", "key");
    store.level(0, "new", "other");
    store.run(0);
    assert_eq!(store.queued(5), ["1.0 one"]);
    store.level(6, "new", "key");
    store.archive.merge("old", "new", Timestamp(6 * DAY)).unwrap();
    assert!(store.queued(7).is_empty());
    assert_eq!(store.queued(20), ["1.0 two"]);
    assert_eq!(store.queued(35), ["1.1 one"]);
    store.edit(&TWO.replace("after = \"5d\"", "after = \"7d\""));
    store.run(36);
    assert_eq!(store.queued(37), ["1.1 one"], "its unsent touch moved along");
    assert_eq!(store.touches(), ["1.0 one queued", "1.0 two queued", "1.1 one queued"]);
}

#[test]
fn events_of_two_who_are_merged_are_each_followed_up_and_one_that_concerned_both_once() {
    let mut store = Store::new(BOUGHT);
    store.level(0, "old", "key");
    store.level(0, "new", "key");
    store.event(0, "bought", "b1", "old");
    store.event(0, "bought", "b2", "new");
    store.event(0, "closing", "c1", "");
    assert_eq!(store.run(0).enrolled, 4);
    store.archive.merge("old", "new", Timestamp(1)).unwrap();
    assert_eq!(store.queued(1), ["1.0 thanks", "1.0 thanks"]);
    assert_eq!(store.queued(2), ["1.0 sorry"]);
    assert_eq!(store.queued(9), ["1.0 offer"]);
    assert_eq!(store.queued(14), ["1.0 ask", "1.0 ask"]);
}

#[test]
fn the_last_step_s_touch_is_cancelled_too_when_its_reason_goes_before_it_is_sent() {
    let once = TWO.replace("repeat = \"30d\"\n", "");
    let mut store = Store::new(&format!("{once}{BOUGHT}"));
    store.level(0, "a", "key");
    store.run(0);
    store.event(7, "bought", "b1", "a");
    for day in [5, 8, 20, 21] {
        store.run(day);
    }
    assert_eq!(store.touches(), ["1.0 one queued", "1.0 thanks queued", "1.0 two queued", "1.0 ask queued"]);
    store.level(22, "a", "other");
    assert_eq!(store.run(22).cancelled, 4);
    assert_eq!(store.reasons(TouchState::Cancelled), ["left the audience"; 4]);
}

#[test]
fn the_last_step_taken_out_or_moved_takes_its_unsent_touch_along() {
    let once = TWO.replace("repeat = \"30d\"\n", "");
    let mut store = Store::new(&once);
    store.level(0, "a", "key");
    for day in [0, 5, 20] {
        store.run(day);
    }
    store.edit(&once.replace("after = \"20d\"", "after = \"25d\""));
    store.run(21);
    assert_eq!(store.touches(), ["1.0 one queued", "1.0 two cancelled"]);
    assert_eq!(store.queued(25), ["1.0 two"]);
    store.edit(&once.replace("  { id = \"two\", after = \"20d\", action = \"message\" },\n", ""));
    store.run(26);
    assert_eq!(store.touches(), ["1.0 one queued", "1.0 two cancelled"]);
    assert_eq!(store.reasons(TouchState::Cancelled), ["its step was removed"]);
}

#[test]
fn a_date_that_moves_takes_the_last_step_s_unsent_touch_along() {
    let mut store = Store::new(DATED);
    store.due_on(0, "a", 100);
    for day in [0, 90, 105] {
        store.run(day);
    }
    store.due_on(106, "a", 110);
    store.run(106);
    assert_eq!(store.touches(), ["1.0 warn queued", "1.0 done cancelled"]);
    assert_eq!(store.queued(115), ["1.0 done"]);
    store.due_on(116, "a", 300);
    store.run(116);
    assert_eq!(store.touches(), ["1.0 warn cancelled", "1.0 done cancelled"]);
    assert_eq!(store.queued(290), ["2.0 warn"]);
}

#[test]
fn another_timezone_loses_no_step() {
    let timed = TWO.replace("after = \"5d\"", "after = \"5d\", at = \"18:00\"");
    let timed = timed.replace("audience = 'level == \"key\"'\n", "");
    let mut store = Store::new(&timed);
    store.level(0, "a", "key");
    store.run(0);
    let policy = format!("{HEAD}{timed}").replace("Asia/Shanghai", "Asia/Tokyo");
    store.edit_all(&policy);
    store.run_at(Timestamp(5 * DAY + 8 * 3_600_000), Timestamp(5 * DAY + 8 * 3_600_000));
    store.run_at(Timestamp(5 * DAY + 10 * 3_600_000), Timestamp(5 * DAY + 10 * 3_600_000));
    assert_eq!(store.touches(), ["1.0 one queued"]);
}

#[test]
fn dates_that_are_over_begin_again_where_a_cadence_is_made_to_repeat() {
    let dated = "[cadence.promise]\nanchor = 'due_on'\nstep = [{ id = \"card\", action = \"message\" }]\n";
    let mut store = Store::new(dated);
    store.due_on(0, "a", 10);
    store.run(0);
    assert_eq!(store.queued(10), ["1.0 card"]);
    store.run(11);
    store.edit(&dated.replace("anchor", "repeat = \"yearly\"\nanchor"));
    assert!(store.queued(12).is_empty());
    assert_eq!(store.queued(375), ["1.1 card"]);
}

#[test]
fn from_365_days_to_yearly_the_card_of_the_year_is_not_sent_again() {
    let dated = "[cadence.promise]\nanchor = 'due_on'\nrepeat = \"365d\"\nstep = [{ id = \"card\", action = \"message\" }]\n";
    let mut store = Store::new(dated);
    let years = |years: i64| years * 365;
    store.due_on(0, "a", 0);
    store.run(years(27) - 1);
    assert_eq!(store.queued(years(27)), ["1.27 card"], "a week before the day itself");
    store.deliver(years(27));
    store.edit(&dated.replace("365d", "yearly"));
    for day in years(27) + 1..years(28) {
        assert!(store.queued(day).is_empty(), "{day}");
    }
    let sent: Vec<_> = (years(28)..years(29)).flat_map(|day| store.queued(day)).collect();
    assert_eq!(sent, ["1.28 card"]);
}

#[test]
fn an_unsent_step_outlives_a_merge_with_one_who_has_another_step_coming() {
    let mut store = Store::new(&TWO.replace("repeat = \"30d\"\n", ""));
    store.level(0, "new", "key");
    for day in [0, 5] {
        store.run(day);
    }
    store.deliver(5);
    store.level(15, "old", "key");
    for day in [15, 20] {
        store.run(day);
    }
    store.archive.merge("old", "new", Timestamp(20 * DAY)).unwrap();
    store.run(21);
    assert_eq!(store.touches(), ["1.0 one delivered", "1.0 two queued", "1.0 one queued"]);
}

#[test]
fn an_edit_while_the_last_step_s_touch_is_unsent_does_not_put_off_the_re_entry() {
    let once = TWO.replace("repeat = \"30d\"", "reenter = \"30d\"");
    let mut store = Store::new(&once);
    store.level(0, "a", "key");
    for day in [0, 5, 20] {
        store.run(day);
    }
    store.edit(&once.replace("grace = \"2d\"", "grace = \"3d\""));
    store.run(25);
    store.deliver(26);
    assert_eq!(store.run(49).enrolled, 0);
    assert_eq!(store.run(50).enrolled, 1, "30 days after the last step");
}

#[test]
fn dates_of_any_year_are_counted_from_at_once() {
    for repeat in ["", "repeat = \"yearly\"", "repeat = \"1mo\"", "repeat = \"1d\""] {
        let dated = format!(
            "[cadence.promise]\nanchor = 'due_on'\n{repeat}\n\
             step = [{{ id = \"card\", before = \"3mo\", at = \"02:30\", action = \"message\" }}]\n"
        );
        let mut store = Store::new(&dated);
        for (customer, due) in
            [("first", -719_162), ("last", 2_932_896), ("none", i32::MIN), ("never", i32::MAX)]
        {
            store.due_on(0, customer, due);
        }
        for day in [0, 40, 400] {
            let report = store.run(day);
            assert!(report.queued + report.missed <= 400, "{repeat}: {report:?}");
        }
    }
}

#[test]
fn from_the_31st_each_month_s_step_before_it_comes_once() {
    let dated = "[cadence.promise]\nanchor = 'due_on'\nrepeat = \"1mo\"\n\
         step = [{ id = \"card\", before = \"3d\", action = \"message\" }]\n";
    let mut store = Store::new(dated);
    store.due_on(0, "a", 30);
    let sent: Vec<_> =
        (0..=150).flat_map(|day| store.queued(day).into_iter().map(move |step| (day, step))).collect();
    // 28 January, 25 February, 28 March, 27 April, 28 May.
    let days = [(27, 0), (55, 1), (86, 2), (116, 3), (147, 4)];
    assert_eq!(sent, days.map(|(day, cycle)| (day, format!("1.{cycle} card"))));
}

#[test]
fn an_audience_that_flickers_makes_no_more_touches_than_re_entry_allows() {
    let sent = |reenter: &str| {
        let mut store = Store::new(
            &TWO.replace("grace", &format!("reenter = \"{reenter}\"\ngrace")).replace("\"5d\"", "\"0d\""),
        );
        let mut sent = 0;
        for day in 0..40 {
            store.level(day, "a", if day % 2 == 0 { "key" } else { "other" });
            sent += store.queued(day).len();
        }
        sent
    };
    assert_eq!(sent("never"), 1);
    assert_eq!(sent("always"), 20);
    assert_eq!(sent("9d"), 4);
}
