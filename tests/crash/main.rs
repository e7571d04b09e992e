//! Kills the program at seeded random moments under load: no action and no row is lost, none comes twice.
//! `GUANXI_KILLS` asks for more kills.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod load;
mod receiver;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guanxi::ports::simulated::SeededEntropy;
use rusqlite::Connection;
use serde_json::Value;

use load::{BAD_ROWS, Client, EVENTS, ROWS};

const POLICY: &str = r#"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[metric.orders]
event = "order"
take = "count"
[segment.buyer]
when = 'orders >= 1'
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[channel.sheet.file]
path = "out/sheet.csv"
format = "csv"
columns = ["id", "customer"]
[channel.crm.webhook]
url = "http://RECEIVER/"
retry = { first = "1s", factor = 1, max = "1s", attempts = 1000 }
[action.greet]
channel = "list"
[action.note]
channel = "sheet"
[action.tell]
channel = "crm"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["greet", "note", "tell"]
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
"#;

/// Each run lives up to this long; a file is imported when it has looked the same for a second.
const LIFE: Duration = Duration::from_millis(2_400);
fn kills() -> usize {
    std::env::var_os("GUANXI_KILLS").and_then(|kills| kills.to_str()?.parse().ok()).unwrap_or(25)
}

/// How long what is left may take once nothing is killed any more.
fn patience() -> Duration {
    Duration::from_secs(60).saturating_add(Duration::from_secs(5) * u32::try_from(kills()).unwrap())
}

fn folder(receiver: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policies", "inbox"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("policies/all.toml"), POLICY.replace("RECEIVER", receiver)).unwrap();
    folder
}

fn guanxi(home: &Path, store: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).env_remove("GUANXI_LOG").args([
        "--policies",
        "policies",
        "--data",
        ".",
        "--store",
        store,
    ]);
    command
}

fn run(home: &Path, address: SocketAddr) -> Child {
    guanxi(home, "guanxi.db")
        .args(["run", "--listen", &address.to_string()])
        .stdout(Stdio::null())
        .stderr(fs::File::options().create(true).append(true).open(home.join("log")).unwrap())
        .spawn()
        .unwrap()
}

/// A part of a time, at random.
fn part(entropy: &SeededEntropy, of: Duration) -> Duration {
    let fraction = f64::from(u32::try_from(entropy.next() >> 32).unwrap()) / f64::from(u32::MAX);
    of.mul_f64(fraction)
}

fn touches(home: &Path) -> Vec<Value> {
    let output =
        guanxi(home, "guanxi.db").args(["touches", "--json", "--limit", "1000000"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// How often each id stands in a file.
fn counted(ids: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The one figure that a query gives.
fn figure(store: &Connection, query: &str) -> usize {
    let figure: i64 = store.query_row(query, [], |row| row.get(0)).unwrap();
    usize::try_from(figure).unwrap()
}

/// Everything in a folder's files; none where there is no folder.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

/// Lives and dies; returns how many files came.
fn live_and_die(home: &Path, address: SocketAddr) -> usize {
    let entropy = SeededEntropy::new(7);
    let mut files = 0;
    for _ in 0..kills() {
        let mut daemon = run(home, address);
        let before = part(&entropy, LIFE);
        let after = part(&entropy, LIFE.saturating_sub(before));
        load::drop_file(home, files);
        std::thread::sleep(before);
        load::drop_file(home, files + 1);
        files += 2;
        std::thread::sleep(after);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
    files
}

#[test]
fn killing_the_daemon_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let (receiver, received) = receiver::start();
    let folder = folder(&receiver.to_string());
    let home = folder.path();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::start(address);
    let files = live_and_die(home, address);
    let mut daemon = run(home, address);
    let events = files * ROWS + client.stop() * EVENTS;

    let begun = Instant::now();
    let all = loop {
        let all = touches(home);
        if all.len() == events * 3 && all.iter().all(|touch| touch["state"] == "delivered") {
            break all;
        }
        let log = || fs::read_to_string(home.join("log")).unwrap_or_default();
        assert!(begun.elapsed() < patience(), "{} of {} touches\n{}", all.len(), events * 3, log());
        std::thread::sleep(Duration::from_millis(500));
    };
    let terminated = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(terminated.success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM ends it cleanly");

    let of = |action: &str| {
        let ids = all.iter().filter(|touch| touch["action"] == action);
        counted(ids.map(|touch| text(&touch["id"])))
    };
    assert!(["greet", "note", "tell"].iter().all(|action| of(action).values().all(|&count| count == 1)));
    let list = fs::read_to_string(home.join("out/list.jsonl")).unwrap();
    let listed = list.lines().map(|line| text(&serde_json::from_str::<Value>(line).unwrap()["id"]));
    assert_eq!(counted(listed), of("greet"));
    let sheet = fs::read_to_string(home.join("out/sheet.csv")).unwrap();
    let noted = sheet.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
    assert_eq!(counted(noted), of("note"));
    assert_eq!(contents(&home.join("out")).len(), 2, "nothing was written beside the files");

    let received = received.lock().unwrap();
    assert_eq!(received.keys().cloned().collect::<BTreeSet<_>>(), of("tell").into_keys().collect());
    for (id, bodies) in received.iter() {
        assert!(bodies.iter().all(|body| *body == bodies[0]), "{id} had different bodies");
    }
    the_store_is_whole(home, events);
    every_bad_row_is_kept_once(home, files, ROWS);
    assert_eq!(contents(&home.join("inbox")).len(), 0);
}

fn the_store_is_whole(home: &Path, events: usize) {
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    let sound: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    for (query, expected) in [
        ("SELECT count(*) FROM event_order", events),
        ("SELECT rows FROM tally WHERE name = 'order' OR name = 'event_order'", events),
        ("SELECT count(*) FROM customer", events),
        ("SELECT count(*) FROM standing WHERE buyer = 1", events),
        ("SELECT count(*) FROM event_touch", events * 3),
        ("SELECT count(*) FROM outbox", 0),
        ("SELECT count(*) FROM file_write", 0),
        ("SELECT count(*) FROM touch WHERE run NOT IN (SELECT id FROM run WHERE outcome = 'committed')", 0),
        ("SELECT count(*) FROM run WHERE touches <> (SELECT count(*) FROM touch WHERE run = run.id)", 0),
    ] {
        assert_eq!(figure(&store, query), expected, "{query}");
    }
}

fn every_bad_row_is_kept_once(home: &Path, files: usize, rows: usize) {
    let rejected = contents(&home.join("rejected"));
    assert!(rejected.iter().all(|(name, _)| !name.contains(".csv.tmp")), "an unfinished file stays");
    let ids = rejected.iter().flat_map(|(_, text)| text.lines().skip(1));
    let found =
        counted(ids.map(|line| line.split(',').find(|cell| cell.starts_with("bad-")).unwrap().to_owned()));
    let step = rows / BAD_ROWS;
    let bad = |file| (0..rows).filter(move |row| row % step == 1).map(move |row| format!("bad-{file}-{row}"));
    assert_eq!(found, counted((0..files).flat_map(bad)));
}

#[test]
fn killing_an_import_leaves_nothing_or_all_of_it() {
    const ROWS: usize = 90_000;
    let folder = folder("127.0.0.1:9");
    let home = folder.path();
    fs::write(home.join("orders.csv"), load::orders(0, ROWS)).unwrap();
    let import = |store: &str| {
        let mut command = guanxi(home, store);
        command.args(["import", "order", "orders.csv"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let begun = Instant::now();
    assert!(import("measured.db").status().unwrap().success());
    let whole = begun.elapsed();
    fs::remove_dir_all(home.join("rejected")).unwrap();
    let entropy = SeededEntropy::new(13);
    for _ in 0..kills().div_ceil(3) {
        let mut process = import("guanxi.db").spawn().unwrap();
        std::thread::sleep(part(&entropy, whole));
        process.kill().unwrap();
        process.wait().unwrap();
        // Opened to write, as the next program does: what was not committed is rolled back.
        let store = Connection::open(home.join("guanxi.db")).unwrap();
        let tables = figure(&store, "SELECT count(*) FROM sqlite_schema WHERE name = 'event_order'");
        let stored = if tables == 0 { 0 } else { figure(&store, "SELECT count(*) FROM event_order") };
        assert!(stored == 0 || stored == ROWS, "{stored} rows");
    }
    assert!(import("guanxi.db").status().unwrap().success());
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    assert_eq!(figure(&store, "SELECT count(*) FROM event_order"), ROWS);
    assert_eq!(figure(&store, "SELECT count(*) FROM imported_file"), 1);
    every_bad_row_is_kept_once(home, 1, ROWS);
}
