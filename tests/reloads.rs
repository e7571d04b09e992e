//! Thousands of edits, one after another, while events come in, runs go on and touches go out: nothing is lost, and
//! what the process holds stays what it was. `GUANXI_RELOADS=10000` makes it ten thousand.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that can't go on fails, and this one says what it measured"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use guanxi::daemon::Daemon;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::ports::simulated::{SeededEntropy, SetEnvironment};
use guanxi::ports::system::SystemClock;
use rusqlite::Connection;
use serde_json::Value;

const POLICY: &str = r#"
[customer.fields]
name = "text"
[event.order.fields]
amount = "number"
[metric.orders]
event = "order"
take = "count"
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.greet]
channel = "list"
[trigger.first_order]
when = 'orders >= 1'
backlog = "fire"
actions = ["greet"]
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
"#;

/// More than what allocators and the cache of a store that grows take meanwhile, and far less than a leak of each
/// reload's set would.
const GROWTH: u64 = 8 << 20;

fn reloads() -> usize {
    let asked = std::env::var_os("GUANXI_RELOADS").and_then(|count| count.to_str()?.parse().ok());
    asked.unwrap_or(1_500)
}

/// An edit that is a set of its own: numbers, classes, channels, schedules and functions come, change and go.
fn edit(folder: &Path, number: usize) {
    let mut text = format!("[score.size]\nvalue = 'orders * {number}'\ntags = [\"report\"]\n");
    let class = number % 5;
    write!(text, "[segment.class_{class}]\nwhen = 'size > {number} && worth(orders) > {class}'\n").unwrap();
    text.push_str(
        "[function.worth]\nscript = \"worth.rhai\"\ntakes = { orders = \"number\" }\nreturns = \"number\"\n",
    );
    if number.is_multiple_of(3) {
        write!(
            text,
            "[channel.side.file]\npath = \"out/side.jsonl\"\nformat = \"jsonl\"\n[action.aside]\nchannel = \"side\"\n\
             [trigger.many]\nwhen = 'orders > 9000 + {number}'\nactions = [\"aside\"]\n"
        )
        .unwrap();
    }
    if number.is_multiple_of(4) {
        write!(text, "[schedule.hourly]\ncron = \"{} * * * *\"\nevaluate = [\"everything\"]\n", number % 60)
            .unwrap();
    }
    fs::write(folder.join("scripts/worth.rhai"), format!("fn worth(orders) {{ orders * {number}.0 }}"))
        .unwrap();
    fs::write(folder.join("policies/.edited"), text).unwrap();
    fs::rename(folder.join("policies/.edited"), folder.join("policies/edited.toml")).unwrap();
}

/// One request over a connection of its own.
fn post(address: SocketAddr, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap())
}

/// Posts orders of new customers until told to stop; how many.
fn order(address: SocketAddr, stop: &AtomicBool) -> usize {
    let mut sent = 0;
    while !stop.load(Ordering::SeqCst) {
        let order = format!(
            r#"{{"type": "order", "id": "o{sent}", "customer": "c{sent}", "at": "2026-01-01", "amount": 5}}"#
        );
        assert_eq!(post(address, "/v1/events", &order).0, 200);
        sent += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    sent
}

/// The resident memory of this process in bytes, and how many files it has open.
fn held() -> (u64, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    (kilobytes << 10, fs::read_dir("/proc/self/fd").unwrap().count())
}

/// Edits and reloads; what the process held after each tenth.
fn reload_again_and_again(address: SocketAddr, folder: &Path) -> Vec<(u64, usize)> {
    let mut samples = Vec::new();
    let tenth = reloads() / 10;
    let mut version = Value::Null;
    for number in 1..=reloads() {
        edit(folder, number);
        let (status, answer) = post(address, "/v1/reload", "");
        assert_eq!(status, 200, "{answer:#}");
        let now = answer.pointer("/policy/version").unwrap();
        assert_ne!(*now, version, "each is another set");
        version = now.clone();
        if number % tenth == 0 {
            samples.push(held());
        }
    }
    samples
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_reloads_lose_nothing_and_leave_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    for folder in ["policies", "scripts"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    let settings = Settings {
        policies: home.path().join("policies"),
        scripts: home.path().join("scripts"),
        data: home.path().to_owned(),
        store: home.path().join("guanxi.db"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        token_file: None,
        plan: None,
    };
    let outside = Outside {
        clock: Arc::new(SystemClock),
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SeededEntropy::new(1)),
        environment: Arc::new(SetEnvironment::default()),
    };
    let daemon = Daemon::start(settings, outside).await.unwrap();
    let address = daemon.address;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let orders = tokio::task::spawn_blocking(move || order(address, &told));
    let folder = home.path().to_owned();
    let begun = Instant::now();
    let samples =
        tokio::task::spawn_blocking(move || reload_again_and_again(address, &folder)).await.unwrap();
    let took = begun.elapsed();
    stop.store(true, Ordering::SeqCst);
    let customers = orders.await.unwrap();
    until_greeted(home.path(), customers).await;
    daemon.stop().await;

    println!("{} reloads in {:.1} s, {customers} customers meanwhile", reloads(), took.as_secs_f64());
    for (memory, files) in &samples {
        println!("  {:.1} MB resident, {files} files open", *memory as f64 / f64::from(1 << 20));
    }
    let (warm, warm_files) = samples[2];
    let (last, last_files) = *samples.last().unwrap();
    assert!(last < warm + GROWTH, "memory grows with every reload");
    assert!(last_files <= warm_files + 4, "files are left open");
    what_is_stored_stays_small(home.path());
}

/// Waits until everybody stands in the list once.
async fn until_greeted(home: &Path, customers: usize) {
    let begun = Instant::now();
    loop {
        let list = fs::read_to_string(home.join("out/list.jsonl")).unwrap_or_default();
        let whole = list.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let greeted: Vec<String> = whole.map(|touch| touch.get("customer").unwrap().to_string()).collect();
        let distinct: BTreeSet<&String> = greeted.iter().collect();
        assert_eq!(distinct.len(), greeted.len(), "somebody was greeted twice");
        if distinct.len() == customers {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{} of {customers} greeted", distinct.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Of the sets that were active those are kept that a table last ran under, and no others.
fn what_is_stored_stays_small(home: &Path) {
    let store = Connection::open(home.join("guanxi.db")).unwrap();
    let count = |sql: &str| -> i64 { store.query_row(sql, [], |row| row.get(0)).unwrap() };
    let kept = count("SELECT count(*) FROM policy_set");
    let tables = count("SELECT count(*) FROM rule");
    println!("  {kept} policy sets kept, {tables} tables remembered");
    assert!(kept <= 12, "{kept} policy sets are kept");
    assert!(tables <= 12, "{tables} tables are remembered");
}
