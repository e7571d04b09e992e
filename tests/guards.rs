//! What runs do with guards: what they write of each decision, approval, places given back.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::sync::Arc;

use guanxi::archive::{Approval, Archive, Said, TouchFilter, TouchRow};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;

const HEAD: &str = r#"
[customer.fields]
opted_out = "bool"
n = { type = "number", default = 0 }
[channel.list.file]
path = "out.jsonl"
[action.note]
channel = "list"
expires = "5d"
[trigger.notes]
when = 'n == 1'
actions = ["note"]
backlog = "fire"
"#;

const CONSENT: &str = "[guard.consent.block]\nwhen = 'opted_out'\n";
const BLAST: &str = "[guard.blast.blast_radius]\ncount = 2\n";
const ONE_PLACE: &str = "[guard.people.capacity]\nmax = 1\n";

struct World {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2027-{text}Z")).unwrap()
}

impl World {
    fn new(guards: &str) -> Self {
        let clock = Arc::new(SetClock::default());
        let mut archive = Archive::open_in_memory().unwrap();
        let engine = common::activate(&mut archive, &common::files(&format!("{HEAD}{guards}")), &clock);
        Self { archive, engine, clock }
    }

    fn edit(&mut self, guards: &str) {
        self.edit_whole(&format!("{HEAD}{guards}"));
    }

    fn edit_whole(&mut self, policy: &str) {
        self.engine = common::activate(&mut self.archive, &common::files(policy), &self.clock);
    }

    fn set(&mut self, customers: &[&str], field: &str, value: &Value) {
        for customer in customers {
            common::set(&mut self.archive, at("01-01T00:00:00"), customer, field, Some(value.clone()));
        }
    }

    fn due(&mut self, customers: &[&str]) {
        self.set(customers, "n", &Value::Number(1.0));
    }

    fn run(&mut self, now: &str) -> RunReport {
        let at = (at(now), at(now));
        common::run(&self.engine, &mut self.archive, &self.clock, at, Scope::Everything)
    }

    fn touch(&self, customer: &str) -> TouchRow {
        let filter = TouchFilter { customer: Some(customer), ..TouchFilter::default() };
        self.archive.touches(&filter, 1).unwrap().remove(0)
    }

    /// The state, guard and reason of a customer's last touch.
    fn says(&self, customer: &str) -> (TouchState, String, String) {
        let row = self.touch(customer);
        (row.touch.state, row.guard.unwrap_or_default(), row.touch.reason)
    }

    /// What each guard said of a customer's last touch, with its reason.
    fn verdicts(&self, customer: &str) -> Vec<String> {
        let verdicts: serde_json::Value = serde_json::from_str(&self.touch(customer).verdicts).unwrap();
        let words = |verdict: &serde_json::Value, key: &str| verdict[key].as_str().unwrap().to_owned();
        let verdicts = verdicts.as_array().unwrap().iter();
        verdicts
            .map(|verdict| {
                let parts = ["at", "kind", "guard", "verdict", "reason"].map(|key| words(verdict, key));
                parts.join(" ")
            })
            .collect()
    }
}

#[test]
fn every_decision_stays_on_the_touch_and_the_same_again_is_not_noted_twice() {
    let mut world = World::new(CONSENT);
    world.due(&["a"]);
    for now in ["02-01T10:00:00", "02-01T11:00:00", "02-01T12:00:00"] {
        let report = world.run(now);
        assert_eq!((report.queued, report.waiting()), (0, 1), "{now}");
        assert_eq!((&*report.guards[0].name, report.guards[0].waiting), ("consent", 1));
    }
    world.set(&["a"], "opted_out", &Value::Bool(true));
    let report = world.run("02-01T13:00:00");
    assert_eq!((report.queued, report.waiting(), report.suppressed()), (0, 0, 1));
    assert_eq!(
        world.verdicts("a"),
        [
            "2027-02-01T10:00:00Z block consent waits the answer to `opted_out` is missing",
            "2027-02-01T13:00:00Z block consent drops `opted_out` holds",
        ]
    );
    assert_eq!(
        world.says("a"),
        (TouchState::Suppressed, "consent".to_owned(), "`opted_out` holds".to_owned())
    );
}

#[test]
fn what_passes_after_waiting_names_no_guard_but_keeps_what_was_said() {
    let mut world = World::new(CONSENT);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    world.set(&["a"], "opted_out", &Value::Bool(false));
    assert_eq!(world.run("02-01T11:00:00").queued, 1);
    assert_eq!(world.says("a"), (TouchState::Queued, String::new(), String::new()));
    assert_eq!(world.verdicts("a").len(), 1);
    assert_eq!(world.touch("a").touch.queued, Some(at("02-01T11:00:00")));
}

#[test]
fn a_guard_that_is_removed_holds_nothing_any_more() {
    let mut world = World::new(CONSENT);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    world.edit("");
    assert_eq!(world.run("02-01T11:00:00").queued, 1);
}

#[test]
fn what_expires_says_what_it_waited_for() {
    let mut world = World::new(ONE_PLACE);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    // Each day somebody who became due later is not let in front; a single place is taken by another one.
    world.due(&["b", "c"]);
    world.run("02-01T11:00:00");
    let report = world.run("02-06T11:00:01");
    assert_eq!(report.expired, 2);
    let (state, guard, reason) = world.says("b");
    assert_eq!((state, guard.as_str()), (TouchState::Expired, "people"));
    assert_eq!(
        reason,
        "not queued by 2027-02-06 11:00 UTC; it waited for guard.people: no place is left of the 1 of 2027-02-01"
    );
}

#[test]
fn approved_touches_go_to_the_guards_at_the_next_run() {
    let mut world = World::new(&format!("{BLAST}{CONSENT}"));
    world.set(&["a", "b", "c"], "opted_out", &Value::Bool(false));
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    assert_eq!((held.queued, held.on_hold), (0, 3));
    assert_eq!(world.archive.runs(1).unwrap()[0].approval, Some(Approval::Waiting));
    let reason = format!("3 touches within 24 hours, more than 2; run {} waits for approval", held.run);
    assert_eq!(world.says("a"), (TouchState::Waiting, "blast".to_owned(), reason));

    let later = world.run("02-01T11:00:00");
    assert_eq!((later.queued, later.on_hold, later.waiting()), (0, 0, 3));
    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::Done(3));
    assert_eq!(world.archive.runs(2).unwrap()[1].approval, Some(Approval::Approved));
    // One opted out in between: approval is of the number alone.
    world.set(&["b"], "opted_out", &Value::Bool(true));
    let report = world.run("02-01T12:00:00");
    assert_eq!((report.queued, report.suppressed(), report.on_hold), (2, 1, 0));

    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::NotWaiting(Some(Approval::Approved)));
    assert_eq!(world.archive.approve_run(later.run).unwrap(), Said::NotWaiting(None));
    assert_eq!(world.archive.approve_run(99).unwrap(), Said::NoRun);
}

#[test]
fn rejected_touches_are_cancelled_for_good() {
    let mut world = World::new(BLAST);
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    assert_eq!(world.archive.reject_run(held.run, at("02-01T10:30:00")).unwrap(), Said::Done(3));
    assert_eq!(world.run("02-01T11:00:00").queued, 0);
    let reason = format!("run {} was rejected", held.run);
    assert_eq!(world.says("a"), (TouchState::Cancelled, "blast".to_owned(), reason));
    assert_eq!(
        world.archive.approve_run(held.run).unwrap(),
        Said::NotWaiting(Some(Approval::Rejected)),
        "it can't be approved afterwards"
    );
}

#[test]
fn touches_on_hold_expire_and_are_cancelled_like_any_that_wait() {
    let mut world = World::new(BLAST);
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    world.set(&["a"], "n", &Value::Number(0.0));
    assert_eq!(world.run("02-01T11:00:00").cancelled, 1);
    assert_eq!(world.run("02-06T10:00:01").expired, 2);
    let waited = format!("run {} waits for approval", held.run);
    assert!(world.says("b").2.ends_with(&waited), "{:?}", world.says("b"));
    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::Done(0));
}

#[test]
fn what_is_blocked_or_held_out_does_not_count_for_the_blast_radius() {
    let mut world = World::new(&format!("{BLAST}{CONSENT}"));
    world.set(&["a", "b"], "opted_out", &Value::Bool(false));
    world.set(&["c", "d"], "opted_out", &Value::Bool(true));
    world.due(&["a", "b", "c", "d", "e"]);
    let report = world.run("02-01T10:00:00");
    assert_eq!((report.queued, report.suppressed(), report.waiting(), report.on_hold), (2, 2, 1, 0));
}

#[test]
fn a_touch_cancelled_before_it_left_gives_its_place_back() {
    let mut world = World::new(ONE_PLACE);
    world.due(&["a"]);
    assert_eq!(world.run("02-01T10:00:00").queued, 1);
    world.due(&["b"]);
    assert_eq!(world.run("02-01T11:00:00").waiting(), 1);
    // The reason of the one that has the place goes away while it is still queued.
    world.set(&["a"], "n", &Value::Number(0.0));
    let report = world.run("02-01T12:00:00");
    assert_eq!((report.cancelled, report.queued), (1, 1));
    assert_eq!(world.says("b").0, TouchState::Queued);
}

#[test]
fn a_touch_delivered_keeps_its_place() {
    let mut world = World::new(ONE_PLACE);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    let id = world.touch("a").touch.id;
    world.archive.delivered(&[&id], at("02-01T10:00:01")).unwrap();
    world.set(&["a"], "n", &Value::Number(0.0));
    world.due(&["b"]);
    assert_eq!(world.run("02-01T11:00:00").waiting(), 1);
    assert_eq!(world.run("02-02T00:00:00").queued, 1);
}

#[test]
fn guards_go_by_the_real_clock_where_a_run_is_made_up_for() {
    let mut world = World::new("[guard.night.hours]\nfrom = \"09:00\"\nuntil = \"20:00\"\n");
    world.due(&["a"]);
    // Decided for ten in the morning, but really made at eleven at night.
    world.clock.set(at("02-01T23:00:00"));
    let missed =
        RunRequest { now: at("02-01T10:00:00"), scope: Scope::Everything, schedule: "test".to_owned() };
    let report = world.engine.run(&mut world.archive, &missed).unwrap();
    assert_eq!((report.queued, report.waiting()), (0, 1));
    assert_eq!(world.says("a").2, "closed until 2027-02-02 09:00 UTC");
}

#[test]
fn a_run_that_evaluates_little_asks_the_guards_about_everything_that_waits() {
    let mut world = World::new(CONSENT);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    world.set(&["a"], "opted_out", &Value::Bool(false));
    world.clock.set(at("02-01T11:00:00"));
    let scope = Scope::Some { values: Vec::new(), triggers: Vec::new(), cadences: Vec::new() };
    let request = RunRequest { now: at("02-01T11:00:00"), scope, schedule: "test".to_owned() };
    assert_eq!(world.engine.run(&mut world.archive, &request).unwrap().queued, 1);
}

const NIGHT: &str = "[guard.night.hours]\nfrom = \"09:00\"\nuntil = \"20:00\"\n";

#[test]
fn what_a_block_let_wait_counts_for_the_blast_radius_once_it_is_let_through() {
    let mut world = World::new(&format!("{BLAST}{CONSENT}{NIGHT}"));
    world.due(&["a", "b", "c"]);
    assert_eq!(world.run("02-01T10:00:00").waiting(), 3);
    // All answers come at once, as from a file that was missing until then.
    world.set(&["a", "b", "c"], "opted_out", &Value::Bool(false));
    let held = world.run("02-03T21:00:00");
    assert_eq!((held.queued, held.on_hold, held.waiting()), (0, 3, 3), "each counted once, closed as it is");
    let reason = format!("3 touches within 24 hours, more than 2; run {} waits for approval", held.run);
    assert_eq!(world.says("a"), (TouchState::Waiting, "blast".to_owned(), reason));

    assert_eq!(world.archive.approve_run(held.run - 1).unwrap(), Said::NotWaiting(None), "that made them");
    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::Done(3));
    let report = world.run("02-03T22:00:00");
    assert_eq!((report.queued, report.on_hold, report.waiting()), (0, 0, 3), "closed");
    // An answer goes missing and comes again: what was approved stays so.
    for customer in ["a", "b", "c"] {
        common::set(&mut world.archive, at("02-03T22:30:00"), customer, "opted_out", None);
    }
    world.run("02-03T23:00:00");
    assert_eq!(world.says("a").1, "consent");
    world.set(&["a", "b", "c"], "opted_out", &Value::Bool(false));
    let report = world.run("02-04T10:00:00");
    assert_eq!((report.queued, report.on_hold), (3, 0));
}

#[test]
fn few_at_a_time_are_let_through_without_approval_whenever_they_were_made() {
    let mut world = World::new(&format!("{BLAST}{CONSENT}"));
    world.due(&["a", "b", "c"]);
    world.run("02-01T10:00:00");
    world.set(&["a", "b"], "opted_out", &Value::Bool(false));
    assert_eq!(world.run("02-01T11:00:00").queued, 2);
    world.set(&["c"], "opted_out", &Value::Bool(false));
    let report = world.run("02-01T12:00:00");
    assert_eq!((report.queued, report.on_hold), (0, 1), "the third within 24 hours");
}

#[test]
fn a_touch_that_waits_goes_with_its_action_to_another_channel_where_the_first_is_removed() {
    let mut world = World::new(CONSENT);
    world.due(&["a"]);
    world.run("02-01T10:00:00");
    world.set(&["a"], "opted_out", &Value::Bool(false));
    world.edit_whole(&format!("{HEAD}{CONSENT}").replace("list", "book"));
    let report = world.run("02-01T11:00:00");
    assert_eq!((report.cancelled, report.queued), (0, 1));
    assert_eq!(&*world.touch("a").touch.channel, "book");
    // What is queued stays with the channel it is queued for.
    world.edit_whole(&format!("{HEAD}{CONSENT}"));
    assert_eq!(world.run("02-01T12:00:00").cancelled, 1);
    assert_eq!(world.says("a").2, "`channel.book` was removed or disabled");
}

#[test]
fn touches_of_an_action_that_was_renamed_count_for_the_caps_of_its_channel() {
    let cap = "[guard.messages]\nchannels = [\"list\"]\n[guard.messages.cap]\nmax = 1\nper = \"7d\"\n";
    let mut world = World::new(cap);
    world.due(&["a"]);
    assert_eq!(world.run("02-01T10:00:00").queued, 1);
    let id = world.touch("a").touch.id;
    world.archive.delivered(&[&id], at("02-01T10:00:01")).unwrap();
    world.set(&["a"], "n", &Value::Number(0.0));
    world.run("02-01T11:00:00");
    world.due(&["a"]);
    world.edit_whole(&format!("{HEAD}{cap}").replace("note", "letter"));
    let report = world.run("02-02T10:00:00");
    assert_eq!((report.queued, report.suppressed()), (0, 1));
    assert_eq!(world.says("a").2, "1 touch within 7d");
}

#[test]
fn a_run_whose_blast_radius_was_removed_still_waits_and_is_counted() {
    let mut world = World::new(BLAST);
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    world.edit("");
    let report = world.run("02-01T11:00:00");
    assert_eq!((report.queued, report.waiting()), (0, 3));
    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::Done(3));
    assert_eq!(world.run("02-01T12:00:00").queued, 3);
}

#[test]
fn what_rises_again_after_its_run_was_rejected_is_a_new_reason() {
    let mut world = World::new(BLAST);
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    world.archive.reject_run(held.run, at("02-01T10:30:00")).unwrap();
    world.set(&["a"], "n", &Value::Number(0.0));
    world.run("02-01T11:00:00");
    world.due(&["a"]);
    assert_eq!(world.run("02-01T12:00:00").queued, 1);
    assert_eq!(world.says("b").0, TouchState::Cancelled);
}

#[test]
fn a_touch_that_two_blast_radii_find_too_many_is_held_and_counted_once() {
    let mut world = World::new(&format!("{BLAST}[guard.narrow.blast_radius]\ncount = 1\n"));
    world.due(&["a", "b", "c"]);
    let held = world.run("02-01T10:00:00");
    assert_eq!((held.queued, held.on_hold, held.waiting()), (0, 3, 3));
    assert_eq!(world.verdicts("a").len(), 1);
    assert_eq!(world.archive.approve_run(held.run).unwrap(), Said::Done(3));
    assert_eq!(world.run("02-01T11:00:00").queued, 3, "one word is enough");
}

#[test]
fn places_of_a_day_are_those_of_the_day_a_touch_is_queued_whatever_the_clock_does_after() {
    let mut world = World::new(ONE_PLACE);
    world.due(&["a", "b", "c"]);
    assert_eq!(world.run("02-01T23:59:59").queued, 1);
    assert_eq!(world.run("02-02T00:00:00").queued, 1, "midnight");
    // The clock is set back: both days have their touch, and none is queued twice.
    assert_eq!(world.run("02-01T12:00:00").queued, 0);
    assert_eq!(world.run("02-02T12:00:00").queued, 0);
    assert_eq!(world.run("02-03T00:00:00").queued, 1);
}

#[test]
fn a_touch_that_may_have_arrived_counts_for_a_cap_whatever_became_of_it() {
    for (attempted, queued) in [(false, 1), (true, 0)] {
        let mut world = World::new("[guard.messages.cap]\nmax = 1\nper = \"7d\"\n");
        world.due(&["a"]);
        assert_eq!(world.run("02-01T10:00:00").queued, 1);
        let id = world.touch("a").touch.id;
        if attempted {
            assert!(world.archive.retry(&id, at("02-01T10:05:00"), "no answer in time").unwrap());
        }
        world.archive.end(&id, TouchState::Suppressed, "opted out", at("02-01T10:05:00")).unwrap();
        world.set(&["a"], "n", &Value::Number(0.0));
        world.run("02-01T11:00:00");
        world.due(&["a"]);
        assert_eq!(world.run("02-02T10:00:00").queued, queued, "attempted: {attempted}");
    }
}
