//! Triggers that fire for events and moves, over several runs, policy sets and clocks: what is new to each of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::sync::Arc;

use guanxi::archive::{Archive, EventRow, TouchFilter, TouchRow};
use guanxi::engine::{Engine, RunReport, RunRequest, Whom};
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;

const HEAD: &str = r#"
[customer.fields]
n = "number"
manager = "text"
[event.complaint.fields]
ticket = "text"
[event.answered.fields]
ticket = "text"
[segment.large]
when = 'n > 10'
[channel.list.file]
path = "out.jsonl"
[action.note]
channel = "list"
[action.note.payload]
text = "{{ because.name }} {{ because.from }} {{ because.to }}"
"#;

const COMPLAINED: &str = "[trigger.complained]\non = \"complaint\"\nactions = [\"note\"]\n";
const UNANSWERED: &str = "[trigger.unanswered]\non = \"complaint\"\nunless = \"answered\"\nsame = \"ticket\"\nwithin = \"2d\"\nactions = [\"note\"]\n";
const GROWN: &str = "[trigger.grown]\nmoves = \"large\"\nto = [\"true\"]\nactions = [\"note\"]\n";

struct Store {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
}

fn day(day: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "days of tests are small")]
    Timestamp((day * DAY as f64) as i64)
}

impl Store {
    fn new(policy: &str) -> Self {
        let clock = Arc::new(SetClock::default());
        let mut archive = Archive::open_in_memory().unwrap();
        let engine = common::activate(&mut archive, &common::files(&format!("{HEAD}{policy}")), &clock);
        Self { archive, engine, clock }
    }

    fn edit(&mut self, policy: &str) {
        let files = common::files(&format!("{HEAD}{policy}"));
        self.engine = common::activate(&mut self.archive, &files, &self.clock);
    }

    /// An event of a kind with a ticket.
    fn event(&mut self, at: f64, kind: &str, customer: &str, ticket: &str) {
        let kind = self.archive.schema().event(kind).unwrap();
        let mut ingest = self.archive.ingest(day(at)).unwrap();
        let id = format!("{customer}-{ticket}-{at}");
        let fields = [Some(Value::text(ticket))];
        ingest.event(kind, &EventRow { id: &id, customer, at: day(at), fields: &fields }).unwrap();
        ingest.commit().unwrap();
    }

    fn complain(&mut self, at: f64, customer: &str, ticket: &str) {
        self.event(at, "complaint", customer, ticket);
    }

    fn answer(&mut self, at: f64, customer: &str, ticket: &str) {
        self.event(at, "answered", customer, ticket);
    }

    fn set(&mut self, at: f64, customer: &str, field: &str, value: Value) {
        common::set(&mut self.archive, day(at), customer, field, Some(value));
    }

    fn n(&mut self, at: f64, customer: &str, number: f64) {
        self.set(at, customer, "n", Value::Number(number));
    }

    fn run(&mut self, at: f64) -> RunReport {
        self.run_at(at, at, Scope::Everything)
    }

    /// Decides for one day on another.
    fn run_at(&mut self, now: f64, started: f64, scope: Scope) -> RunReport {
        common::run(&self.engine, &mut self.archive, &self.clock, (day(now), day(started)), scope)
    }

    /// Looks at some customers only.
    fn run_for(&mut self, at: f64, customers: &[&str]) -> RunReport {
        self.clock.set(day(at));
        let request = RunRequest { now: day(at), scope: Scope::Everything, schedule: "test".to_owned() };
        let whom = Whom::These(customers.iter().map(|&customer| customer.into()).collect());
        self.engine.run_for(&mut self.archive, &request, &whom).unwrap()
    }

    fn only(&self, name: &str) -> Scope {
        let triggers = &self.engine.policy().triggers;
        let index = triggers.iter().position(|trigger| &*trigger.name == name).unwrap();
        Scope::Some { values: Vec::new(), triggers: vec![index], cadences: Vec::new() }
    }

    fn touches(&self) -> Vec<TouchRow> {
        self.archive.touches(&TouchFilter::default(), 1_000).unwrap()
    }

    /// What a run made, as `trigger customer`.
    fn made_by(&self, run: &RunReport) -> Vec<String> {
        let touches = self.touches().into_iter().filter(|row| row.run == run.run);
        let mut made: Vec<String> =
            touches.map(|row| format!("{} {}", row.touch.because.name, row.touch.customer)).collect();
        made.sort();
        made
    }

    fn fired(&mut self, at: f64) -> Vec<String> {
        let run = self.run(at);
        self.made_by(&run)
    }
}

#[test]
fn a_trigger_takes_the_events_since_its_own_last_evaluation_whichever_run_came_between() {
    let other = COMPLAINED.replace("complained", "also");
    let mut store = Store::new(&format!("{COMPLAINED}{other}"));
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    let run = store.run_at(1.0, 1.0, store.only("also"));
    assert_eq!(store.made_by(&run), ["also a"]);
    store.complain(2.0, "b", "t2");
    let run = store.run_at(2.0, 2.0, store.only("also"));
    assert_eq!(store.made_by(&run), ["also b"]);
    let run = store.run_at(3.0, 3.0, store.only("complained"));
    assert_eq!(store.made_by(&run), ["complained a", "complained b"]);
    assert!(store.fired(4.0).is_empty());
}

#[test]
fn a_trigger_takes_the_moves_since_its_own_last_evaluation() {
    let other = GROWN.replace("grown", "also");
    let mut store = Store::new(&format!("{GROWN}{other}"));
    store.n(0.0, "a", 1.0);
    store.n(0.0, "b", 1.0);
    store.run(0.0);
    store.n(1.0, "a", 20.0);
    let run = store.run_at(1.0, 1.0, store.only("also"));
    assert_eq!(store.made_by(&run), ["also a"], "the segment it takes is evaluated with it");
    store.n(2.0, "a", 1.0);
    store.n(2.0, "b", 20.0);
    assert_eq!(store.fired(2.0), ["also b", "grown a", "grown b"]);
    assert!(store.fired(3.0).is_empty());
}

#[test]
fn what_came_before_a_trigger_was_added_is_noted_unless_backlog_says_fire() {
    let mut store = Store::new("");
    store.n(0.0, "a", 1.0);
    store.n(0.0, "b", 1.0);
    store.run(0.0);
    store.n(1.0, "a", 20.0);
    store.complain(1.0, "a", "t1");
    store.run(1.0);
    store.n(2.0, "b", 20.0);
    store.complain(2.0, "b", "t2");
    let fire =
        |text: &str, name: &str| text.replace(name, "fire").replace("actions", "backlog = \"fire\"\nactions");
    let events = fire(COMPLAINED, "complained");
    let moves = fire(GROWN, "grown").replace(".fire", ".moved");
    store.edit(&format!("{COMPLAINED}{UNANSWERED}{GROWN}{events}{moves}"));
    let run = store.run(2.0);
    assert_eq!(store.made_by(&run), ["fire a", "fire b", "moved a", "moved b"]);
    assert!(store.fired(3.0).is_empty());
    store.complain(4.0, "a", "t3");
    assert_eq!(store.fired(4.0), ["complained a", "fire a"]);
}

#[test]
fn what_only_an_edit_moved_fires_only_where_backlog_says_so() {
    let fire = GROWN.replace("grown", "fire").replace("actions", "backlog = \"fire\"\nactions");
    let both = format!("{GROWN}{fire}");
    let mut store = Store::new(&both);
    store.n(0.0, "data", 1.0);
    store.n(0.0, "edit", 7.0);
    store.run(0.0);
    store.n(1.0, "data", 20.0);
    let head = HEAD.replace("n > 10", "n > 5");
    let files = common::files(&format!("{head}{both}"));
    store.engine = common::activate(&mut store.archive, &files, &store.clock);
    let run = store.run(1.0);
    assert_eq!(store.made_by(&run), ["fire data", "fire edit", "grown data"]);
    assert_eq!(run.backlog, 1);
}

#[test]
fn what_came_while_a_trigger_slept_is_noted() {
    let mut store = Store::new(&format!("{COMPLAINED}{GROWN}"));
    store.n(0.0, "a", 1.0);
    store.run(0.0);
    store.edit(&COMPLAINED.replace("complained", "other"));
    store.run(1.0);
    store.complain(2.0, "a", "t1");
    store.n(2.0, "a", 20.0);
    store.run(2.0);
    store.edit(&format!("{COMPLAINED}{GROWN}"));
    assert!(store.fired(3.0).is_empty());
    store.complain(4.0, "a", "t2");
    store.n(4.0, "a", 1.0);
    assert_eq!(store.fired(4.0), ["complained a"]);
    store.n(5.0, "a", 20.0);
    assert_eq!(store.fired(5.0), ["grown a"]);
}

#[test]
fn another_cooldown_or_action_loses_no_event() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    store.edit(&format!("{COMPLAINED}cooldown = \"30d\"\n"));
    assert_eq!(store.fired(1.0), ["complained a"]);
    store.complain(2.0, "a", "t2");
    let run = store.run(2.0);
    assert_eq!((run.cooling_down, run.queued), (1, 0));
}

#[test]
fn an_answer_later_than_a_caught_up_run_decides_for_but_before_it_is_queued_cancels() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    store.complain(1.0, "b", "t2");
    store.run(1.0);
    store.answer(4.0, "a", "t1");
    store.answer(4.0, "b", "t1");
    let run = store.run_at(3.5, 5.0, Scope::Everything);
    assert_eq!(store.made_by(&run), ["unanswered a", "unanswered b"]);
    let states: Vec<(String, TouchState, String)> = store
        .touches()
        .into_iter()
        .map(|row| (row.touch.customer.to_string(), row.touch.state, row.touch.reason))
        .collect();
    let reason = "`answered` came before it was queued".to_owned();
    assert!(states.contains(&("a".to_owned(), TouchState::Cancelled, reason)), "{states:?}");
    assert!(states.contains(&("b".to_owned(), TouchState::Queued, String::new())), "{states:?}");
    assert_eq!((run.cancelled, run.queued), (1, 1));
}

#[test]
fn a_wait_for_an_answer_outlives_edits_and_begins_with_the_event() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    store.run(1.0);
    store.edit(&UNANSWERED.replace("2d", "20d"));
    assert_eq!(store.fired(3.0), ["unanswered a"]);
    store.complain(4.0, "a", "t2");
    store.run(4.0);
    assert!(store.fired(23.0).is_empty());
    assert_eq!(store.fired(24.0), ["unanswered a"]);
}

#[test]
fn one_customer_with_more_events_than_a_batch_has_each_fire_once() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(1.0)).unwrap();
    for number in 0..5_000 {
        let (id, customer) = (format!("c{number}"), if number % 7 == 0 { "b" } else { "a" });
        ingest.event(kind, &EventRow { id: &id, customer, at: day(1.0), fields: &[None] }).unwrap();
    }
    ingest.commit().unwrap();
    let run = store.run(1.0);
    assert_eq!((run.queued, run.fired.clone()), (5_000, vec![("complained".into(), 5_000)]));
    assert_eq!(store.run(2.0).queued, 0);
}

#[test]
fn a_run_that_fails_takes_nothing() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    let writer = store.archive.begin_run(&guanxi::archive::NewRun {
        now: day(1.0),
        started: day(1.0),
        schedule: "test".to_owned(),
        policy_version: String::new(),
    });
    drop(writer);
    assert_eq!(store.fired(1.0), ["complained a"]);
}

#[test]
fn a_history_too_old_to_fire_is_counted_not_evaluated() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    for ticket in ["t1", "t2"] {
        store.complain(1.0, "a", ticket);
    }
    let run = store.run(30.0);
    assert_eq!((run.too_late, run.queued), (2, 0));
}

/// Moves an event of [`Store::complain`] to another day; it came in on `first`.
fn correct(store: &mut Store, now: f64, (customer, ticket, first): (&str, &str, f64), at: f64) {
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(now)).unwrap();
    let id = format!("{customer}-{ticket}-{first}");
    let fields = [Some(Value::text(ticket))];
    ingest.event(kind, &EventRow { id: &id, customer, at: day(at), fields: &fields }).unwrap();
    ingest.commit().unwrap();
}

#[test]
fn an_event_corrected_to_before_a_run_that_it_was_too_late_for_is_not_lost() {
    let mut store = Store::new(COMPLAINED);
    store.run(0.0);
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(1.0)).unwrap();
    ingest.event(kind, &EventRow { id: "a-t1-1", customer: "a", at: day(1.5), fields: &[None] }).unwrap();
    ingest.commit().unwrap();
    assert!(store.fired(1.0).is_empty(), "it has not happened yet");
    correct(&mut store, 1.75, ("a", "t1", 1.0), 0.75);
    assert_eq!(store.fired(2.0), ["complained a"]);
    correct(&mut store, 2.5, ("a", "t1", 1.0), 2.25);
    assert!(store.fired(3.0).is_empty(), "a correction fires nothing again");
}

#[test]
fn an_awaited_event_corrected_to_a_later_date_is_awaited_from_then() {
    for (corrected, due) in [(2.5, 4.5), (9.0, 11.0)] {
        let mut store = Store::new(UNANSWERED);
        store.run(0.0);
        store.complain(1.0, "a", "t1");
        store.run(1.0);
        correct(&mut store, 2.0, ("a", "t1", 1.0), corrected);
        assert!(store.fired(3.0).is_empty(), "the two days are not over");
        assert!(store.fired(due - 0.25).is_empty());
        assert_eq!(store.fired(due), ["unanswered a"]);
        assert!(store.fired(due + 1.0).is_empty());
    }
}

#[test]
fn an_awaited_event_corrected_to_an_earlier_date_is_awaited_as_long_as_before() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(2.0, "a", "t1");
    store.run(2.0);
    correct(&mut store, 2.5, ("a", "t1", 2.0), 1.0);
    assert!(store.fired(3.5).is_empty());
    assert_eq!(store.fired(4.0), ["unanswered a"]);
}

#[test]
fn an_answer_that_failed_to_come_while_the_trigger_slept_is_noted_and_one_due_later_fires() {
    let mut store = Store::new(UNANSWERED);
    store.run(0.0);
    store.complain(1.0, "a", "t1");
    store.complain(1.9, "b", "t2");
    store.run(2.0);
    store.edit(COMPLAINED);
    store.run(2.5);
    store.run(3.5);
    store.edit(UNANSWERED);
    let run = store.run(3.5);
    assert_eq!((store.made_by(&run), run.backlog), (Vec::new(), 1));
    assert_eq!(store.fired(4.0), ["unanswered b"]);
}

#[test]
fn with_the_clock_set_back_no_event_is_lost_and_none_fires_twice() {
    for back in [0.05, 365.0] {
        let mut store = Store::new(&format!("{COMPLAINED}{UNANSWERED}cooldown = \"1d\"\n"));
        store.run(400.0);
        store.complain(401.0, "a", "t1");
        assert_eq!(store.fired(401.0), ["complained a"]);
        let early = 401.0 - back;
        store.complain(early, "b", "t2");
        let run = store.run(early);
        assert_eq!(run.now, day(401.0), "a run never decides for an earlier time than the last");
        // To a run that decides for a year later, the time to answer is over.
        let hours = back < 1.0;
        let expected = if hours { vec!["complained b"] } else { vec!["complained b", "unanswered b"] };
        assert_eq!(store.made_by(&run), expected);
        assert!(store.fired(early + 0.01).is_empty());
        // The clock is right again.
        assert!(store.fired(401.5).is_empty());
        store.complain(402.0, "c", "t3");
        assert_eq!(store.fired(402.0), ["complained c"]);
        let expected = if hours { vec!["unanswered a", "unanswered b"] } else { vec!["unanswered a"] };
        assert_eq!(store.fired(403.0), expected);
        assert_eq!(store.fired(404.0), ["unanswered c"]);
    }
}

#[test]
fn events_that_came_in_late_between_missed_runs_fire_in_the_run_that_decides_for_after_them() {
    let mut store = Store::new(&format!("{COMPLAINED}{UNANSWERED}"));
    store.run(0.0);
    // Down from day 0 to day 4; all came in at its end, in no order.
    let kind = store.archive.schema().event("complaint").unwrap();
    let mut ingest = store.archive.ingest(day(4.0)).unwrap();
    for (id, at) in [("e3", 2.5), ("e1", 0.5), ("e4", 3.5), ("e2", 1.5)] {
        let fields = [Some(Value::text(id))];
        ingest.event(kind, &EventRow { id, customer: id, at: day(at), fields: &fields }).unwrap();
    }
    ingest.commit().unwrap();
    let mut fired = Vec::new();
    for missed in [1.0, 2.0, 3.0, 4.0] {
        let run = store.run_at(missed, 4.0, Scope::Everything);
        fired.push(store.made_by(&run).join(", "));
    }
    assert_eq!(
        fired,
        ["complained e1", "complained e2", "complained e3, unanswered e1", "complained e4, unanswered e2"]
    );
    assert_eq!(store.fired(6.0), ["unanswered e3", "unanswered e4"]);
}

#[test]
fn an_event_that_fired_for_a_customer_fires_no_more_for_the_one_it_was_merged_into() {
    let fire = COMPLAINED.replace("actions", "backlog = \"fire\"\nactions");
    let both = format!("{fire}{UNANSWERED}");
    let mut store = Store::new(&both);
    store.run(0.0);
    store.complain(1.0, "old", "t1");
    store.complain(1.0, "new", "t2");
    assert_eq!(store.fired(1.5), ["complained new", "complained old"]);
    store.archive.merge("old", "new", day(1.6)).unwrap();
    store.edit(UNANSWERED);
    store.run(1.7);
    store.edit(&both);
    assert!(store.fired(1.8).is_empty(), "what there is within the grace is asked about again");
    store.complain(1.9, "old", "t3");
    store.answer(2.0, "old", "t2");
    assert_eq!(store.fired(2.0), ["complained new"]);
    assert_eq!(store.fired(3.0), ["unanswered new"], "t2 was answered, though in the name of the other");
}

const WHEN: &str = "[trigger.many]\nwhen = 'n > 10'\nactions = [\"note\"]\n";

#[test]
fn a_trigger_that_only_ever_looks_at_some_customers_fires_for_them() {
    let mut store = Store::new(WHEN);
    store.n(0.0, "a", 1.0);
    store.n(0.0, "b", 20.0);
    let run = store.run_for(0.0, &["a"]);
    assert_eq!((run.customers, run.backlog), (2, 1), "what is new looks at everybody");
    store.n(1.0, "a", 20.0);
    let run = store.run_for(1.0, &["a"]);
    assert_eq!((run.customers, store.made_by(&run)), (1, vec!["many a".to_owned()]));
    assert!(store.fired(2.0).is_empty());
}

#[test]
fn a_new_customer_who_was_looked_at_and_rises_then_is_news_though_no_run_over_everybody_came_between() {
    let mut store = Store::new(WHEN);
    store.n(0.0, "a", 1.0);
    store.run(0.0);
    for (customer, number) in [("b", 1.0), ("c", 20.0), ("d", 1.0)] {
        store.n(1.0, customer, number);
    }
    let run = store.run_for(1.0, &["b", "c", "d"]);
    assert_eq!((run.backlog, run.queued), (1, 0), "c is first seen as it is");
    store.n(2.0, "b", 20.0);
    let run = store.run_for(2.0, &["b"]);
    assert_eq!(store.made_by(&run), ["many b"]);
    store.n(2.5, "d", 20.0);
    assert_eq!(store.fired(3.0), ["many d"]);
    assert!(store.fired(4.0).is_empty());
}

#[test]
fn runs_over_some_customers_keep_clocks_counts_moves_and_the_best() {
    let policy = format!(
        "{GROWN}[segment.settled]\nwhen = 'n > 10'\nenter_after = \"2d\"\n\
        [segment.first]\nwhen = 'n > 0'\nbest = {{ count = 1, by = 'n' }}\n"
    );
    let mut store = Store::new(&policy);
    for (customer, number) in [("a", 1.0), ("b", 2.0), ("c", 3.0)] {
        store.n(0.0, customer, number);
    }
    store.run(0.0);
    store.n(1.0, "a", 20.0);
    store.n(1.0, "b", 30.0);
    let run = store.run_for(1.0, &["a", "nobody"]);
    assert_eq!(store.made_by(&run), ["grown a"]);
    assert_eq!(run.customers, 1);
    let run = store.run_for(2.0, &["a"]);
    assert_eq!((run.transitions, run.queued), (0, 0), "the clock began on day 1");
    let run = store.run(2.5);
    assert_eq!(store.made_by(&run), ["grown b"]);
    let run = store.run_for(3.0, &["a"]);
    assert_eq!(run.transitions, 1, "settled since day 1");
    let settled = store.archive.schema().class("settled").unwrap();
    assert_eq!(store.archive.place_counts(settled).unwrap(), [(0, 2), (1, 1)]);
}
