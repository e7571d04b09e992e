//! Just before each attempt to send, block, hours and expiry are asked again: a store, a policy set with guards,
//! and a file that touches are delivered to.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use guanxi::archive::{Archive, TouchFilter};
use guanxi::emit::{ChannelStatus, Dispatcher, Outside, OwnStore};
use guanxi::engine::{Engine, RunRequest};
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use tempfile::TempDir;

const HEAD: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
opted_out = "bool"
zone = "text"
profit = "number"
[channel.list.file]
path = "out.csv"
format = "csv"
columns = ["customer"]
[action.note]
channel = "list"
expires = "7d"
[action.ring]
channel = "list"
[trigger.notes]
when = 'true'
actions = ["note"]
backlog = "fire"
"#;

const CONSENT: &str = "[guard.consent.block]\nwhen = 'opted_out'\n";
const NIGHT: &str = "[guard.night.hours]\nfrom = \"09:00\"\nuntil = \"20:00\"\n";

fn with(guards: &str) -> String {
    format!("{HEAD}{guards}")
}

struct World {
    archive: Arc<Mutex<Archive>>,
    engine: Arc<Engine>,
    clock: Arc<SetClock>,
    folder: TempDir,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("{text}+08:00")).unwrap()
}

impl World {
    fn new(policy: &str) -> Self {
        let clock = Arc::new(SetClock::default());
        let archive = Arc::new(Mutex::new(Archive::open_in_memory().unwrap()));
        let engine = engine(&archive, &clock, policy);
        Self { archive, engine, clock, folder: TempDir::new().unwrap() }
    }

    fn edit(&mut self, policy: &str) {
        self.engine = engine(&self.archive, &self.clock, policy);
    }

    /// Sets a field of a customer, or clears it.
    fn set(&self, customer: &str, field: &str, value: Option<Value>) {
        let mut archive = self.archive.lock().unwrap();
        common::set(&mut archive, at("2027-01-01T00:00:00"), customer, field, value);
    }

    fn consents(&self, customer: &str, opted_out: bool) {
        self.set(customer, "opted_out", Some(Value::Bool(opted_out)));
    }

    fn run(&self, now: &str) {
        self.clock.set(at(now));
        let request = RunRequest { now: at(now), scope: Scope::Everything, schedule: "test".to_owned() };
        self.engine.run(&mut self.archive.lock().unwrap(), &request).unwrap();
    }

    /// Attempts what is due.
    fn deliver(&self, now: &str) -> ChannelStatus {
        self.clock.set(at(now));
        let outside = Outside {
            clock: Arc::clone(&self.clock) as _,
            wall: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
            data_folder: self.folder.path().to_owned(),
        };
        let store = OwnStore { archive: Arc::clone(&self.archive), gate: Arc::clone(&self.engine) as _ };
        let policy = self.engine.policy();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deliveries = Dispatcher::new(store, outside);
        let channels = runtime.block_on(deliveries.drain_due(&policy.channels, policy.settings.timezone));
        channels["list"].clone()
    }

    /// For whom something was written.
    fn written(&self) -> Vec<String> {
        read_rows(&self.folder.path().join("out.csv"))
    }

    /// The customer's latest touch.
    fn state(&self, customer: &str) -> (TouchState, String) {
        let filter = TouchFilter { customer: Some(customer), ..TouchFilter::default() };
        let touch = self.archive.lock().unwrap().touches(&filter, 1).unwrap().remove(0).touch;
        (touch.state, touch.reason)
    }

    /// An attempt for the customer's touch that came to nothing.
    fn fails(&self, customer: &str, error: &str, again: &str) {
        let filter = TouchFilter { customer: Some(customer), ..TouchFilter::default() };
        let mut archive = self.archive.lock().unwrap();
        let id = archive.touches(&filter, 1).unwrap().remove(0).touch.id;
        assert!(archive.retry(&id, at(again), error).unwrap());
    }
}

fn engine(archive: &Mutex<Archive>, clock: &Arc<SetClock>, policy: &str) -> Arc<Engine> {
    Arc::new(common::activate(&mut archive.lock().unwrap(), &common::files(policy), clock))
}

fn read_rows(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().skip(1).map(str::to_owned).collect()
}

fn suppressed(reason: &str) -> (TouchState, String) {
    (TouchState::Suppressed, reason.to_owned())
}

#[test]
fn who_opts_out_between_queueing_and_the_attempt_hears_nothing_more() {
    let world = World::new(&with(CONSENT));
    world.consents("a", false);
    world.consents("b", false);
    world.run("2027-03-01T10:00:00");
    world.consents("a", true);
    let status = world.deliver("2027-03-01T10:01:00");
    assert_eq!((status.delivered, status.suppressed), (1, 1));
    assert_eq!(world.written(), ["b"]);
    assert_eq!(world.state("a"), suppressed("`opted_out` holds"));
}

#[test]
fn who_opts_out_between_two_attempts_hears_nothing_more_and_the_touch_says_it_was_attempted() {
    let world = World::new(&with(CONSENT));
    world.consents("a", false);
    world.run("2027-03-01T10:00:00");
    world.fails("a", "no answer in time", "2027-03-01T10:01:00");
    world.fails("a", "no answer in time", "2027-03-01T10:02:00");
    world.consents("a", true);
    assert_eq!(world.deliver("2027-03-01T10:02:00").suppressed, 1);
    let reason = "`opted_out` holds; attempts that failed: 2, the last: no answer in time";
    assert_eq!(world.state("a"), suppressed(reason));
}

#[test]
fn what_is_not_sent_by_closing_time_leaves_when_it_opens_again() {
    let world = World::new(&with(NIGHT));
    world.consents("a", false);
    world.run("2027-03-01T19:59:00");
    assert_eq!(world.deliver("2027-03-01T20:00:00").put_off, 1);
    let reason = "closed until 2027-03-02 09:00 Asia/Shanghai".to_owned();
    assert_eq!(world.state("a"), (TouchState::Queued, reason));
    assert_eq!(world.deliver("2027-03-02T08:59:59").put_off, 0, "nor is it asked before");
    assert_eq!(world.deliver("2027-03-02T09:00:00").delivered, 1);
    assert_eq!(world.written(), ["a"]);
    assert_eq!(world.state("a"), (TouchState::Delivered, String::new()));
}

#[test]
fn what_opens_too_late_expires_on_time() {
    let world = World::new(&with(NIGHT).replace("7d", "1h"));
    world.consents("a", false);
    world.run("2027-03-01T19:59:00");
    assert_eq!(world.deliver("2027-03-01T20:00:00").put_off, 1);
    assert_eq!(world.deliver("2027-03-01T20:59:00").expired, 0);
    assert_eq!(world.deliver("2027-03-01T20:59:01").expired, 1);
    let (state, reason) = world.state("a");
    assert_eq!(state, TouchState::Expired);
    assert!(reason.contains("; it waited for guard.night: closed until 2027-03-02 09:00"), "{reason}");
    assert!(world.written().is_empty());
}

#[test]
fn what_is_not_known_waits_a_quarter_of_an_hour_at_a_time_until_it_is() {
    let world = World::new(&with(CONSENT));
    world.consents("a", false);
    world.run("2027-03-01T10:00:00");
    world.set("a", "opted_out", None);
    assert_eq!(world.deliver("2027-03-01T10:00:00").put_off, 1);
    let reason = "the answer to `opted_out` is missing".to_owned();
    assert_eq!(world.state("a"), (TouchState::Queued, reason));
    assert_eq!(world.deliver("2027-03-01T10:15:00").put_off, 1);
    world.consents("a", false);
    assert_eq!(world.deliver("2027-03-01T10:29:59").delivered, 0);
    assert_eq!(world.deliver("2027-03-01T10:30:00").delivered, 1);
}

#[test]
fn each_customer_has_his_own_hours() {
    let world = World::new(&with(&format!("{NIGHT}timezone = 'zone'\n")));
    for (customer, zone) in [("a", "Europe/London"), ("b", "Atlantis"), ("c", "Asia/Tokyo")] {
        world.set(customer, "zone", Some(Value::text(zone)));
    }
    world.run("2027-03-01T17:00:00");
    // 11:30 in London, 20:30 in Tokyo; for an unknown zone the policy set's is meant.
    assert_eq!(world.deliver("2027-03-01T19:30:00").delivered, 2);
    assert_eq!(world.written(), ["a", "b"]);
    assert_eq!(world.deliver("2027-03-02T07:59:59").delivered, 0);
    assert_eq!(world.deliver("2027-03-02T08:00:00").delivered, 1);
}

#[test]
fn a_guard_is_asked_about_its_actions_and_its_customers_alone() {
    let ring = with("[guard.consent]\nactions = [\"ring\"]\n[guard.consent.block]\nwhen = 'opted_out'\n");
    let rich = with("[guard.consent]\naudience = 'profit > 5'\n[guard.consent.block]\nwhen = 'opted_out'\n");
    for (policy, written) in [(ring, vec!["a", "b"]), (rich, vec!["a"])] {
        let world = World::new(&policy);
        for (customer, profit) in [("a", 1.0), ("b", 9.0)] {
            world.set(customer, "profit", Some(Value::Number(profit)));
            world.consents(customer, false);
        }
        world.run("2027-03-01T10:00:00");
        world.consents("a", true);
        world.consents("b", true);
        world.deliver("2027-03-01T10:00:00");
        assert_eq!(world.written(), written);
    }
}

#[test]
fn conditions_that_hang_on_everybody_go_by_the_last_cut_points() {
    let world = World::new(&with(
        "[tier.pyramid]\nby = 'profit'\nlevels = [{ name = \"key\", top = \"50%\" }, { name = \"small\" }]\n\
         [guard.key.block]\nwhen = 'pyramid == \"key\"'\n",
    ));
    let profits = [("a", 1.0), ("b", 2.0), ("c", 8.0), ("d", 9.0)];
    for (customer, profit) in profits {
        world.set(customer, "profit", Some(Value::Number(profit)));
    }
    world.run("2027-03-01T10:00:00");
    world.set("a", "profit", Some(Value::Number(8.5)));
    world.deliver("2027-03-01T10:00:00");
    assert_eq!(world.written(), ["b"]);
    assert_eq!(world.state("a"), suppressed("`pyramid == \"key\"` holds"));
}

#[test]
fn an_edit_counts_from_the_next_attempt_and_removed_actions_leave_no_more() {
    let mut world = World::new(HEAD);
    world.consents("a", true);
    world.run("2027-03-01T10:00:00");
    world.edit(&HEAD.replace("\"note\"", "\"ring\"").replace("[action.note]", "[action.other]"));
    assert_eq!(world.deliver("2027-03-01T10:00:00").put_off, 1);
    assert_eq!(world.state("a"), (TouchState::Queued, "`action.note` was removed or disabled".to_owned()));
    world.edit(&with(CONSENT));
    assert_eq!(world.deliver("2027-03-01T10:15:00").suppressed, 1);
    assert!(world.written().is_empty());
}
