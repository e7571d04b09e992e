//! What is too old is taken away, and nobody is treated otherwise for it: one life lived twice, with and without.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: what fails here fails the test"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::archive::{Archive, EventRow};
use guanxi::daemon::prune::prune_at_once;
use guanxi::engine::Engine;
use guanxi::model::time::DAY;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::ports::Entropy;
use guanxi::ports::simulated::{SeededEntropy, SetClock};
use rusqlite::Connection;

/// Nothing looks back further than 40 days, but for what is to be remembered for good: a cooldown, caps and steps.
const POLICY: &str = r#"
[settings]
RETAIN
[customer.fields]
stage = "text"
[event.order.fields]
amount = "number"
[event.complaint.fields]
cause = "text"
[event.answered.fields]
cause = "text"
[metric.orders]
event = "order"
take = "count"
within = "10d"
[metric.before]
event = "order"
take = "sum"
of = 'amount'
within = "15d"
before = "15d"
[metric.open]
event = "complaint"
take = "count"
within = "30d"
unless = "answered"
same = "cause"
[metric.cared]
event = "touch"
take = "count"
within = "20d"
[segment.buying]
when = 'orders >= 2'
[tier.level]
levels = [{ name = "high", when = 'before > 120' }, { name = "mid", when = 'orders > 0' }, { name = "low" }]
[channel.list.file]
path = "out/list.jsonl"
[action.ring]
channel = "list"
tags = ["human"]
[action.ring.payload]
about = "{{ event.cause }} {{ cared }} {{ open }}"
[action.thank]
channel = "list"
tags = ["human"]
[action.thank.payload]
amount = "{{ event.amount }}"
[action.card]
channel = "list"
[action.card.payload]
level = "{{ level }}"
[trigger.bought]
on = "order"
where = 'amount > 30'
cooldown = "100d"
grace = "5d"
actions = ["thank"]
[trigger.again]
on = "complaint"
times = 2
same = "cause"
within = "4d"
grace = "5d"
actions = ["ring"]
[trigger.unanswered]
on = "complaint"
unless = "answered"
same = "cause"
within = "3d"
grace = "5d"
actions = ["ring"]
[trigger.fell]
moves = "level"
direction = "down"
grace = "5d"
cooldown = "60d"
actions = ["card"]
[trigger.quiet]
when = 'orders == 0 && cared < 3'
cooldown = "90d"
actions = ["card"]
[cadence.welcome]
audience = 'buying'
step = [{ id = "first", after = "1d", action = "card" }, { id = "second", after = "200d", action = "card" }]
[cadence.yearly]
audience = 'orders > 0'
repeat = "70d"
reenter = "20d"
step = [{ id = "hello", after = "3d", action = "card" }]
[cadence.after_order]
on = "order"
where = 'amount > 85'
repeat = "60d"
step = [{ id = "thanks", after = "10d", action = "thank" }]
[guard.often.cap]
max = 4
per = "90d"
[guard.people]
tags = ["human"]
[guard.people.capacity]
max = 2
per = "day"
"#;

const BEGIN: i64 = 1_800_000_000_000;
const CUSTOMERS: u64 = 15;
const DAYS: i64 = 420;

struct Life {
    _folder: tempfile::TempDir,
    path: PathBuf,
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
}

/// An event: its kind, id, customer, time and one field.
#[derive(Clone)]
struct Happened {
    kind: &'static str,
    id: String,
    customer: String,
    at: Timestamp,
    field: Value,
}

impl Life {
    fn new(retain: &str) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path().join("guanxi.db");
        let mut archive = Archive::open(&path).unwrap();
        let clock = Arc::new(SetClock::at(Timestamp(BEGIN)));
        let files = common::files(&POLICY.replace("RETAIN", retain));
        let engine = common::activate(&mut archive, &files, &clock);
        Self { _folder: folder, path, archive, engine, clock }
    }

    fn hear(&mut self, now: Timestamp, happened: &[Happened]) {
        let kinds: Vec<usize> =
            happened.iter().map(|event| self.archive.schema().event(event.kind).unwrap()).collect();
        let mut ingest = self.archive.ingest(now).unwrap();
        for (event, kind) in happened.iter().zip(kinds) {
            let Happened { id, customer, at, field, .. } = event;
            let fields = [Some(field.clone())];
            ingest.event(kind, &EventRow { id, customer, at: *at, fields: &fields }).unwrap();
        }
        ingest.commit().unwrap();
    }

    /// A run, and all that is queued is delivered.
    fn day(&mut self, now: Timestamp) {
        common::run(&self.engine, &mut self.archive, &self.clock, (now, now), Scope::Everything);
        let due = self.archive.due("list", now, 1_000).unwrap();
        let ids: Vec<&str> = due.iter().map(|due| &*due.touch.id).collect();
        self.archive.delivered(&ids, now.plus(60_000)).unwrap();
        let settings = &self.engine.policy().settings;
        prune_at_once(&mut self.archive, settings, &self.path.join("none"), now.plus(120_000)).unwrap();
    }

    fn rows(&self, query: &str) -> Vec<String> {
        let store = Connection::open(&self.path).unwrap();
        let mut statement = store.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            Ok(format!("{:?}", cells.collect::<rusqlite::Result<Vec<_>>>()?))
        });
        rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    fn count(&self, query: &str) -> i64 {
        let store = Connection::open(&self.path).unwrap();
        store.query_row(query, [], |row| row.get(0)).unwrap()
    }
}

struct Chance(SeededEntropy);

impl Chance {
    fn below(&self, most: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
        let drawn = (self.0.fraction() * most as f64) as u64;
        drawn
    }
}

/// What happens on a day; now and then what happened long ago is told once more.
fn happens(chance: &Chance, day: i64, now: Timestamp, past: &mut Vec<Happened>) -> Vec<Happened> {
    let mut happened = Vec::new();
    for number in 0..chance.below(9) {
        let customer = format!("c{:02}", chance.below(CUSTOMERS));
        let late = i64::try_from(chance.below(4)).unwrap() * DAY / 2;
        let cause = Value::text(if chance.below(2) == 0 { "late" } else { "rude" });
        let (kind, field) = match chance.below(10) {
            0..=5 => ("order", Value::number(chance.below(100) as f64).unwrap()),
            6 | 7 => ("complaint", cause),
            _ => ("answered", cause),
        };
        let id = format!("{kind}-{day}-{number}");
        happened.push(Happened { kind, id, customer, at: now.plus(-late - 1), field });
    }
    past.extend(happened.iter().cloned());
    if chance.below(3) == 0 && !past.is_empty() {
        let again = chance.below(past.len() as u64);
        happened.extend(past.get(usize::try_from(again).unwrap()).cloned());
    }
    happened
}

#[test]
fn what_is_taken_away_changes_nothing_that_is_done_to_anybody() {
    let mut whole = Life::new("");
    let mut pruned = Life::new(r#"retain = { events = "40d", history = "10d" }"#);
    let (chance, mut past) = (Chance(SeededEntropy::new(611)), Vec::new());
    for day in 0..DAYS {
        let now = Timestamp(BEGIN + day * DAY);
        let happened = happens(&chance, day, now, &mut past);
        for life in [&mut whole, &mut pruned] {
            life.hear(now.plus(-1), &happened);
            life.day(now);
        }
    }
    let kept = [
        (
            "touches",
            "SELECT id, customer, action, channel, kind, name, occurrence, event, due, expires, made, queued, \
          state, state_at, reason, guard, attempted FROM touch ORDER BY number",
        ),
        (
            "what lately ended touches said",
            "SELECT id, because, payload, verdicts FROM touch \
          WHERE state_at > (SELECT max(now) - 9 * 86400000 FROM run) ORDER BY number",
        ),
        ("enrolments", "SELECT * FROM enrolment ORDER BY customer, cadence, number, identity"),
        ("memories", "SELECT * FROM trigger_memory ORDER BY customer, trigger"),
        ("places", "SELECT * FROM standing ORDER BY customer"),
        ("since", "SELECT * FROM standing_since ORDER BY customer"),
        ("customers", "SELECT id, known_since FROM customer ORDER BY id"),
    ];
    for (what, query) in kept {
        let (whole, pruned) = (whole.rows(query), pruned.rows(query));
        for (whole, pruned) in whole.iter().zip(&pruned) {
            assert_eq!(whole, pruned, "{what}");
        }
        assert_eq!(whole.len(), pruned.len(), "{what}");
    }
    for state in ["delivered", "suppressed", "cancelled"] {
        let some = whole.count(&format!("SELECT count(*) FROM touch WHERE state = '{state}'"));
        assert!(some > 0, "no touch is {state}");
    }
    for table in ["event_order", "event_complaint", "event_touch", "transition", "run"] {
        let count = |life: &Life| life.count(&format!("SELECT count(*) FROM {table}"));
        let (left, all) = (count(&pruned), count(&whole));
        assert!(left * 3 < all, "{left} of {all} rows of {table} are left");
    }
    let tallied = "SELECT (SELECT rows FROM tally WHERE name = 'event_order') = (SELECT count(*) FROM event_order) \
                   AND (SELECT rows FROM tally WHERE name = 'event_touch') = (SELECT count(*) FROM event_touch)";
    assert_eq!(pruned.count(tallied), 1);
    assert_eq!(pruned.rows("PRAGMA integrity_check"), ["[Text(\"ok\")]"]);
    let emptied = "SELECT count(*) FROM touch WHERE pruned = 1 AND (payload <> '{}' OR verdicts <> '[]')";
    assert_eq!(pruned.count(emptied), 0);
    assert_eq!(whole.count("SELECT count(*) FROM touch WHERE pruned = 1"), 0, "without `retain` all is kept");
}

/// A folder with a policy that keeps orders for a year, and three of them in the inbox.
fn home() -> tempfile::TempDir {
    const POLICY: &str = r#"
        [settings]
        retain = { events = "1y", history = "30d" }
        [event.order.fields]
        amount = "number"
        [source.orders]
        into = "event.order"
        path = "inbox/orders*.csv"
        columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
    "#;
    let home = tempfile::tempdir().unwrap();
    for name in ["policies", "inbox"] {
        std::fs::create_dir(home.path().join(name)).unwrap();
    }
    std::fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    let orders =
        "id,customer,at,amount\no1,c1,2024-01-05,1\no2,c1,2024-12-05,1\no3,c2,2025-01-05,1\no4,c2,soon,1\n";
    std::fs::write(home.path().join("inbox/orders.csv"), orders).unwrap();
    home
}

fn guanxi(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).args(arguments);
    for name in ["POLICIES", "SCRIPTS", "DATA", "STORE", "JSON", "NOW", "LISTEN", "LOG"] {
        command.env_remove(format!("GUANXI_{name}"));
    }
    command
}

fn orders(home: &Path) -> i64 {
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    store.query_row("SELECT count(*) FROM event_order", [], |row| row.get(0)).unwrap()
}

#[test]
fn once_takes_away_what_is_old_and_says_so() {
    let home = home();
    let once = |now: &str| {
        let output = guanxi(home.path(), &["once", "--now", now]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = once("2025-02-01");
    assert!(said.contains("pruned     1 event_order: older than `retain` keeps"), "{said}");
    assert!(!once("2025-02-01T20:00:00Z").contains("pruned"), "once a day");
    assert_eq!(orders(home.path()), 2);
    let rejected = || home.path().join("rejected").read_dir().unwrap().count();
    assert_eq!(rejected(), 1);
    once("2036-01-01");
    assert_eq!(orders(home.path()), 2, "a clock that ran ahead once costs nothing");
    once("2036-01-03");
    assert_eq!((orders(home.path()), rejected()), (0, 0));
}

#[test]
fn the_daemon_takes_away_what_is_old_once_it_is_told_to() {
    let home = home();
    let policy = home.path().join("policies/all.toml");
    let told = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, told.replace("retain =", "# retain =")).unwrap();
    let once = guanxi(home.path(), &["once", "--now", "2025-12-20"]).output().unwrap();
    assert!(once.status.success());
    assert_eq!(orders(home.path()), 3, "without `retain` all is kept");
    std::fs::write(&policy, told).unwrap();
    let mut daemon = guanxi(home.path(), &["run", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while orders(home.path()) > 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert_eq!(orders(home.path()), 1, "as old as the last run says");
}
