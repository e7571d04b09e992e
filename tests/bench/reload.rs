//! From the save of an edit to its being what the next run goes by, in a daemon that runs every second over a set of
//! 500 tables.
//!
//! `cargo bench --bench reload` prints the least, the median and the most of 40 edits of one number in one of 21 files,
//! and what the parts of it cost by themselves.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

mod many_tables;

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::archive::Archive;
use guanxi::daemon::Daemon;
use guanxi::daemon::policy_set::PolicySet;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::engine::Engine;
use guanxi::ports::simulated::{SeededEntropy, SetEnvironment};
use guanxi::ports::system::SystemClock;

const EDITS: usize = 40;
const CUSTOMERS: usize = 2_000;
/// More than the daemon waits between an edit and the next, and than a second, so that edits meet runs at any point.
const BETWEEN: Duration = Duration::from_millis(1_130);

fn main() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join("policies")).expect("a folder");
    for (name, text) in many_tables::files() {
        fs::write(home.path().join("policies").join(name), text).expect("a file");
    }
    parts(home.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let times = runtime.block_on(edits(home.path()));
    print("edit to active", times);
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "{what:<28}min {:>7.1} ms   median {:>7.1} ms   max {:>7.1} ms   of {}",
        at(0),
        at(times.len() / 2),
        at(times.len().saturating_sub(1)),
        times.len()
    );
}

/// Each part of a reload by itself, several times.
fn parts(home: &Path) {
    let policies = home.join("policies");
    let scripts = home.join("scripts");
    let set = PolicySet::read(&policies, &scripts).expect("a set without errors");
    println!("{} tables: {}", many_tables::FILES * many_tables::TABLES, set.summary());
    let mut archive = Archive::open(&home.join("parts.db")).expect("a store");
    let clock: Arc<dyn guanxi::ports::Clock> = Arc::new(SystemClock);
    archive.adopt(Arc::clone(&set.compiled.schema)).expect("room for the set");
    let kept = set.files.to_kept();
    let measure = |work: &mut dyn FnMut(usize)| -> Vec<Duration> {
        let timed = |round| {
            let begun = Instant::now();
            work(round);
            begun.elapsed()
        };
        (0..15).map(timed).collect()
    };
    print("  read and check", measure(&mut |_| drop(PolicySet::read(&policies, &scripts))));
    print(
        "  make the program",
        measure(&mut |_| drop(Engine::new(Arc::clone(&set.compiled), Arc::clone(&clock)))),
    );
    let adopt = measure(&mut |_| archive.adopt(Arc::clone(&set.compiled.schema)).expect("room for the set"));
    print("  make room in the store", adopt);
    let keep = measure(&mut |round| {
        archive.keep_policy_set(&round.to_string(), &kept, clock.now()).expect("the set is kept");
    });
    print("  keep its text", keep);
}

async fn edits(home: &Path) -> Vec<Duration> {
    let settings = Settings {
        policies: home.join("policies"),
        scripts: home.join("scripts"),
        data: home.to_owned(),
        store: home.join("guanxi.db"),
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
    let begun = Instant::now();
    let daemon = Daemon::start(settings, outside).await.expect("the daemon starts");
    println!("start to ready              {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    fill(home, &daemon).await;
    let mut times = Vec::new();
    let mut runs = Vec::new();
    for edit in 0..EDITS {
        tokio::time::sleep(BETWEEN).await;
        let part = edit % many_tables::FILES;
        let path = home.join("policies").join(format!("part_{part:02}.toml"));
        fs::write(path.with_extension("new"), many_tables::file(part, 31 + edit)).expect("a file");
        let before = daemon.shared.active();
        fs::rename(path.with_extension("new"), &path).expect("a rename");
        let begun = Instant::now();
        while Arc::ptr_eq(&before, &daemon.shared.active()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(begun.elapsed());
        if let Some(report) = daemon.shared.runs().last {
            runs.push(Duration::from_millis(report.finished.0.abs_diff(report.now.0)));
        }
    }
    println!("{CUSTOMERS} customers, a run a second");
    print("  due to committed, of runs", runs);
    daemon.stop().await;
    times
}

/// Lets customers and their orders in by the inbox, and waits until a run has seen them.
async fn fill(home: &Path, daemon: &Daemon) {
    let mut rows = String::from("id,customer,at,amount,status\n");
    for order in 0..CUSTOMERS * 10 {
        let (customer, day, amount) =
            (order % CUSTOMERS, order / CUSTOMERS + order % 17, order % 97 + order % 13 * 7);
        let (month, day) = (1 + day % 9, 1 + day % 28);
        writeln!(rows, "o{order},c{customer},2026-{month:02}-{day:02},{amount},placed").expect("text grows");
    }
    fs::write(home.join("inbox/orders.csv"), rows).expect("a file");
    while daemon.shared.runs().last.is_none_or(|run| run.customers != CUSTOMERS as u64) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
