//! One store under one policy set after another: an edit never fires anything again and never restarts a clock.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::sync::Arc;

use guanxi::archive::{Archive, EventRow, TouchFilter};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;

const HEAD: &str = r#"
[customer.fields]
n = "number"
m = "number"
[event.order.fields]
amount = "number"
[channel.list.file]
path = "out.jsonl"
format = "jsonl"
[action.note]
channel = "list"
[action.ring]
channel = "list"
"#;

const GROWN: &str = "[trigger.grown]\nwhen = 'n > 5'\nactions = [\"note\"]\n";

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

    /// Sets the customer's `n`.
    fn set(&mut self, day: i64, customer: &str, n: f64) {
        common::set(&mut self.archive, Timestamp(day * DAY), customer, "n", Some(Value::Number(n)));
    }

    fn run(&mut self, day: i64) -> RunReport {
        self.run_at(Timestamp(day * DAY))
    }

    fn run_at(&mut self, now: Timestamp) -> RunReport {
        common::run(&self.engine, &mut self.archive, &self.clock, (now, now), Scope::Everything)
    }

    /// The customers for whom a run of the day queued something, with the action.
    fn queued(&mut self, day: i64) -> Vec<(String, String)> {
        let run = self.run(day).run;
        let mut touches = self.archive.touches(&TouchFilter::default(), 1_000).unwrap();
        touches.retain(|row| row.run == run);
        let mut queued: Vec<_> = touches
            .into_iter()
            .map(|row| (row.touch.customer.to_string(), row.touch.action.to_string()))
            .collect();
        queued.sort();
        queued
    }

    fn states(&self) -> Vec<(String, TouchState, String)> {
        let touches = self.archive.touches(&TouchFilter::default(), 1_000).unwrap();
        let mut states: Vec<_> = touches
            .into_iter()
            .map(|row| (row.touch.customer.to_string(), row.touch.state, row.touch.reason))
            .collect();
        states.sort_by(|one, other| one.0.cmp(&other.0));
        states
    }

    /// Where a customer stands in the class at an index; nothing for no place.
    fn transitions(&self) -> Vec<String> {
        let mut transitions: Vec<String> = self
            .archive
            .transitions(None, 1_000)
            .unwrap()
            .into_iter()
            .map(|(_, moved)| {
                let name = |place: &Option<Arc<str>>| place.as_deref().unwrap_or("-").to_owned();
                format!("{} {}: {} to {}", moved.customer, moved.value, name(&moved.from), name(&moved.to))
            })
            .collect();
        transitions.sort();
        transitions
    }
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(customer, action)| ((*customer).to_owned(), (*action).to_owned())).collect()
}

#[test]
fn an_edited_trigger_fires_nothing_for_what_was_true_nor_for_what_the_edit_made_true() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 1.0);
    store.set(0, "b", 4.0);
    assert!(store.queued(1).is_empty());
    store.set(2, "a", 6.0);
    assert_eq!(store.queued(2), of(&[("a", "note")]));
    store.edit(&GROWN.replace("n > 5", "n > 3"));
    assert!(store.queued(3).is_empty(), "`a` was true, `b` became so by the edit");
    store.set(4, "b", 0.0);
    assert!(store.queued(4).is_empty());
    store.set(5, "b", 4.0);
    assert_eq!(store.queued(5), of(&[("b", "note")]), "a rise of its own");
}

#[test]
fn what_an_edit_made_true_fires_where_backlog_says_so() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 1.0);
    store.set(0, "b", 4.0);
    store.run(1);
    store.set(2, "a", 6.0);
    assert_eq!(store.queued(2), of(&[("a", "note")]));
    store.edit(&GROWN.replace("n > 5'", "n > 3'\nbacklog = \"fire\""));
    assert_eq!(store.queued(3), of(&[("b", "note")]));
    assert!(store.queued(4).is_empty());
}

#[test]
fn an_edit_of_what_a_trigger_uses_is_an_edit_of_the_trigger() {
    let text = "[score.size]\nvalue = 'n'\n[trigger.grown]\nwhen = 'size > 5'\nactions = [\"note\"]\n";
    let mut store = Store::new(text);
    store.set(0, "a", 3.0);
    store.run(1);
    store.edit(&text.replace("value = 'n'", "value = 'n * 2'"));
    assert!(store.queued(2).is_empty());
}

#[test]
fn a_trigger_added_later_notes_what_is_true_and_an_old_one_goes_on() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 1.0);
    store.set(0, "b", 6.0);
    store.run(1);
    store.edit(&format!("{GROWN}[trigger.large]\nwhen = 'n > 5'\nactions = [\"ring\"]\n"));
    store.set(2, "a", 6.0);
    assert_eq!(store.queued(2), of(&[("a", "note")]), "the new one saw `a` true at first sight");
    store.set(3, "c", 9.0);
    assert!(store.queued(3).is_empty(), "`c` was true when first seen");
    store.set(4, "d", 1.0);
    assert!(store.queued(4).is_empty());
    store.set(5, "d", 7.0);
    assert_eq!(store.queued(5), of(&[("d", "note"), ("d", "ring")]));
}

#[test]
fn a_removed_trigger_sleeps_its_unsent_touches_are_cancelled_and_it_wakes_without_firing_again() {
    let mut store = Store::new(GROWN);
    for customer in ["a", "b"] {
        store.set(0, customer, 1.0);
    }
    store.run(1);
    store.set(2, "a", 6.0);
    store.run(2);
    let sent = store.archive.touches(&TouchFilter::default(), 9).unwrap()[0].touch.id.clone();
    store.archive.delivered(&[&sent], Timestamp(2 * DAY)).unwrap();
    store.set(3, "b", 6.0);
    store.run(3);
    store.edit("");
    let report = store.run(4);
    assert_eq!(report.cancelled, 1);
    let states = store.states();
    assert_eq!(states[0].1, TouchState::Delivered);
    assert_eq!(
        (states[1].1, &*states[1].2),
        (TouchState::Cancelled, "`trigger.grown` was removed or disabled")
    );
    assert!(store.archive.due("list", Timestamp(9 * DAY), 9).unwrap().is_empty());
    store.edit(GROWN);
    assert!(store.queued(5).is_empty());
    store.set(6, "a", 0.0);
    store.run(6);
    store.set(7, "a", 8.0);
    assert_eq!(store.queued(7), of(&[("a", "note")]));
}

#[test]
fn touches_of_a_disabled_trigger_action_or_channel_are_cancelled_others_stay() {
    let two = "[action.call]\nchannel = \"list\"\n".replace("call", "ask");
    let text = format!(
        "{GROWN}[trigger.other]\nwhen = 'n > 5'\nactions = [\"ring\"]\n{two}[channel.side.file]\npath = \"side.jsonl\"\nformat = \"jsonl\"\n[action.aside]\nchannel = \"side\"\n[trigger.third]\nwhen = 'n > 5'\nactions = [\"aside\", \"ask\"]\n"
    );
    for (edited, gone) in [
        (text.replace("[trigger.other]", "[trigger.other]\nenabled = false"), &["ring"][..]),
        (
            text.replace("\"aside\", \"ask\"", "\"ask\"")
                .replace("[action.aside]", "[action.aside]\nenabled = false"),
            &["aside"],
        ),
        (
            text.replace("[action.aside]\nchannel = \"side\"", "[action.aside]\nchannel = \"list\"")
                .replace("[channel.side.file]\npath = \"side.jsonl\"\nformat = \"jsonl\"\n", ""),
            &["aside"],
        ),
        (text.replace("[trigger.third]", "[trigger.third]\ntitle = \"Third\""), &[]),
    ] {
        let mut store = Store::new(&text);
        store.set(0, "a", 1.0);
        store.run(1);
        store.set(2, "a", 6.0);
        assert_eq!(store.queued(2), of(&[("a", "aside"), ("a", "ask"), ("a", "note"), ("a", "ring")]));
        store.edit(&edited);
        store.run(3);
        let touches = store.archive.touches(&TouchFilter::default(), 9).unwrap();
        let mut cancelled: Vec<String> = touches
            .iter()
            .filter(|row| row.touch.state == TouchState::Cancelled)
            .map(|row| row.touch.action.to_string())
            .collect();
        cancelled.sort();
        assert_eq!(cancelled, gone, "{edited}");
        assert_eq!(store.run(4).cancelled, 0);
    }
}

const TIER: &str = "[tier.size]\nlevels = [{ name = \"large\", when = 'n > 10' }, { name = \"small\" }]\nfall_after = \"5d\"\n";

#[test]
fn a_renamed_level_moves_nobody() {
    let mut store = Store::new(TIER);
    store.set(0, "a", 20.0);
    store.set(0, "b", 1.0);
    store.run(1);
    store.edit(&TIER.replace("large", "huge"));
    store.run(2);
    store.set(3, "a", 1.0);
    store.run(3);
    store.run(9);
    assert_eq!(store.transitions(), ["a size: huge to small"]);
}

#[test]
fn a_class_removed_and_brought_back_remembers_where_everybody_stood() {
    let mut store = Store::new(TIER);
    store.set(0, "a", 20.0);
    store.set(0, "b", 1.0);
    store.run(1);
    store.edit("");
    store.set(2, "b", 30.0);
    store.run(2);
    assert!(store.transitions().is_empty());
    store.edit(TIER);
    store.run(3);
    assert_eq!(store.transitions(), ["b size: small to large"]);
}

#[test]
fn the_clock_of_a_fall_survives_edits() {
    let mut store = Store::new(TIER);
    store.set(0, "a", 20.0);
    store.run(1);
    store.set(2, "a", 1.0);
    store.run(2);
    store.edit(&TIER.replace("n > 10", "n > 11"));
    store.run(4);
    assert!(store.transitions().is_empty());
    store.run(7);
    assert_eq!(store.transitions(), ["a size: large to small"]);
}

#[test]
fn a_field_added_later_is_missing_until_it_is_told() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 6.0);
    store.run(1);
    store.edit(&format!("{GROWN}[event.visit.fields]\nroom = \"text\"\n[metric.visits]\nevent = \"visit\"\ntake = \"count\"\n[segment.visited]\nwhen = 'visits > 0'\n"));
    assert!(store.queued(2).is_empty());
    let kind = store.archive.schema().event("visit").unwrap();
    let mut ingest = store.archive.ingest(Timestamp(3 * DAY)).unwrap();
    ingest
        .event(kind, &EventRow { id: "v", customer: "a", at: Timestamp(3 * DAY), fields: &[None] })
        .unwrap();
    ingest.commit().unwrap();
    store.run(3);
    assert_eq!(store.transitions(), ["a visited: false to true"]);
}

#[test]
fn the_same_now_twice_decides_the_same_and_touches_nobody_twice() {
    let text = format!("{GROWN}{TIER}[segment.in]\nwhen = 'n > 3'\nenter_after = \"1d\"\n")
        .replace("segment.in", "segment.inside");
    let mut store = Store::new(&text);
    store.set(0, "a", 1.0);
    store.run(1);
    store.set(2, "a", 60.0);
    let first = store.run(2);
    assert_eq!((first.queued, first.transitions), (1, 1));
    let again = store.run(2);
    assert_eq!((again.queued, again.transitions, again.cancelled, again.cut_points), (0, 0, 0, 0));
    assert_eq!(first.classes, again.classes);
}

#[test]
fn a_clock_set_back_is_held_at_the_last_run() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 1.0);
    store.run(10);
    store.set(11, "a", 6.0);
    let report = store.run(5);
    assert_eq!((report.now, report.queued), (Timestamp(10 * DAY), 1));
    store.set(12, "b", 1.0);
    assert_eq!(store.run(6).customers, 1, "`b` came on day 12, which isn't there yet");
    assert_eq!(store.run(12).customers, 2);
}

#[test]
fn another_cooldown_or_action_keeps_a_trigger_s_rises() {
    let mut store = Store::new(GROWN);
    store.set(0, "a", 1.0);
    store.run(1);
    store.edit(
        &GROWN.replace("actions = [\"note\"]", "title = \"Grown\"\ncooldown = \"9d\"\nactions = [\"ring\"]"),
    );
    store.set(2, "a", 6.0);
    assert_eq!(store.queued(2), of(&[("a", "ring")]));
}

#[test]
fn a_payload_knows_the_cut_points_that_its_trigger_does_not_use() {
    let tier =
        "[tier.size]\nby = 'n'\nlevels = [{ name = \"large\", top = \"50%\" }, { name = \"small\" }]\n";
    let payload = "[action.tell]\nchannel = \"list\"\npayload = { size = \"{{ size }}\" }\n[trigger.any]\nwhen = 'n > 0'\nbacklog = \"fire\"\nactions = [\"tell\"]\n";
    let mut store = Store::new(&format!("{tier}{payload}"));
    store.set(0, "a", 9.0);
    store.set(0, "b", 1.0);
    let scope = Scope::Some { values: Vec::new(), triggers: vec![0], cadences: Vec::new() };
    let request = RunRequest { now: Timestamp(DAY), scope, schedule: "test".to_owned() };
    store.engine.run(&mut store.archive, &request).unwrap();
    let touches =
        store.archive.touches(&TouchFilter { customer: Some("a"), ..TouchFilter::default() }, 9).unwrap();
    assert_eq!(touches[0].touch.payload["size"], "large");
}

#[test]
fn an_unsent_touch_is_cancelled_when_the_condition_stops_and_a_sent_one_is_not() {
    let mut store = Store::new(GROWN);
    for customer in ["a", "b"] {
        store.set(0, customer, 1.0);
    }
    store.run(1);
    store.set(2, "a", 6.0);
    store.set(2, "b", 6.0);
    store.run(2);
    let filter = TouchFilter { customer: Some("a"), ..TouchFilter::default() };
    let sent = store.archive.touches(&filter, 9).unwrap()[0].touch.id.clone();
    store.archive.delivered(&[&sent], Timestamp(2 * DAY)).unwrap();
    store.set(3, "a", 0.0);
    store.set(3, "b", 0.0);
    let report = store.run(3);
    assert_eq!(report.cancelled, 1);
    let states: Vec<_> = store.states().into_iter().map(|(customer, state, _)| (customer, state)).collect();
    assert_eq!(states, [("a".to_owned(), TouchState::Delivered), ("b".to_owned(), TouchState::Cancelled)]);
    store.set(4, "b", 7.0);
    assert_eq!(store.queued(4), of(&[("b", "note")]), "a rise of its own");
}

#[test]
fn who_came_between_two_runs_at_one_instant_is_first_seen_by_each_trigger() {
    let text = format!("{GROWN}[trigger.other]\nwhen = 'n > 5'\nactions = [\"ring\"]\n");
    let mut store = Store::new(&text);
    store.set(0, "a", 1.0);
    store.run(10);
    store.set(10, "b", 9.0);
    let other = store.engine.policy().triggers.iter().position(|trigger| &*trigger.name == "other").unwrap();
    let scope = Scope::Some { values: Vec::new(), triggers: vec![other], cadences: Vec::new() };
    let request = RunRequest { now: Timestamp(10 * DAY), scope, schedule: "test".to_owned() };
    let report = store.engine.run(&mut store.archive, &request).unwrap();
    assert_eq!((report.queued, report.backlog), (0, 1));
    assert!(store.queued(11).is_empty(), "`grown` never saw `b` before either");
}
