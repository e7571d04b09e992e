//! Triggers that fire for events and moves, over several runs, policy sets and clocks: what is new to each of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

#[path = "../common/mod.rs"]
mod common;

mod chosen;
mod late;

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
