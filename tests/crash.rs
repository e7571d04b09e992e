//! Kills `guanxi run` at seeded random moments under load: no action is lost, no file row is written twice.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use guanxi::ports::simulated::SeededEntropy;
use serde_json::Value;

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
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[channel.sheet.file]
path = "out/sheet.csv"
format = "csv"
columns = ["id", "customer"]
[action.greet]
channel = "list"
[action.note]
channel = "sheet"
[trigger.first_order]
when = 'orders >= 1'
backlog = "fire"
actions = ["greet", "note"]
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
"#;

/// Kills; each run lives up to [`LIFE`].
const KILLS: usize = 8;
const LIFE: Duration = Duration::from_millis(2500);
const CUSTOMERS_A_FILE: usize = 400;

fn guanxi(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home).env_remove("GUANXI_LOG").args([
        "--policies",
        "policies",
        "--data",
        ".",
        "--store",
        "guanxi.db",
    ]);
    command
}

fn run(home: &Path) -> Child {
    guanxi(home)
        .args(["run", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(fs::File::options().create(true).append(true).open(home.join("log")).unwrap())
        .spawn()
        .unwrap()
}

/// A file of first orders, put into the inbox whole.
fn orders(home: &Path, file: usize) {
    let mut text = String::from("id,customer,at,amount\n");
    for row in 0..CUSTOMERS_A_FILE {
        writeln!(text, "o{file}-{row},c{file}-{row},2026-01-01,{row}").unwrap();
    }
    fs::write(home.join("inbox/next.tmp"), text).unwrap();
    fs::rename(home.join("inbox/next.tmp"), home.join(format!("inbox/orders-{file}.csv"))).unwrap();
}

fn touches(home: &Path) -> Vec<Value> {
    let output = guanxi(home).args(["touches", "--json", "--limit", "1000000"]).output().unwrap();
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

#[test]
fn killing_the_daemon_at_any_moment_loses_no_action_and_writes_no_row_twice() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    fs::create_dir_all(home.join("policies")).unwrap();
    fs::create_dir_all(home.join("inbox")).unwrap();
    fs::write(home.join("policies/all.toml"), POLICY).unwrap();
    let entropy = SeededEntropy::new(7);
    for kill in 0..KILLS {
        let mut daemon = run(home);
        orders(home, kill);
        let fraction = f64::from(u32::try_from(entropy.next() >> 32).unwrap()) / f64::from(u32::MAX);
        std::thread::sleep(LIFE.mul_f64(fraction));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    let expected = KILLS * CUSTOMERS_A_FILE * 2;
    let mut daemon = run(home);
    let begun = Instant::now();
    let all = loop {
        let all = touches(home);
        if all.len() == expected && all.iter().all(|touch| touch["state"] == "delivered") {
            break all;
        }
        let log = || fs::read_to_string(home.join("log")).unwrap_or_default();
        assert!(begun.elapsed() < Duration::from_secs(60), "{} of {expected} touches\n{}", all.len(), log());
        std::thread::sleep(Duration::from_millis(200));
    };
    let terminated = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status().unwrap();
    assert!(terminated.success());
    assert_eq!(daemon.wait().unwrap().code(), Some(0), "SIGTERM ends it cleanly");

    let of = |action: &str| {
        let ids = all.iter().filter(|touch| touch["action"] == action);
        counted(ids.map(|touch| touch["id"].as_str().unwrap().to_owned()))
    };
    let list = fs::read_to_string(home.join("out/list.jsonl")).unwrap();
    let listed = list.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["id"].as_str().unwrap().to_owned()
    });
    assert_eq!(counted(listed), of("greet"));
    let sheet = fs::read_to_string(home.join("out/sheet.csv")).unwrap();
    let noted = sheet.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned());
    assert_eq!(counted(noted), of("note"));
    assert!(of("greet").values().chain(of("note").values()).all(|&count| count == 1));
}
