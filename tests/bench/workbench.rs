//! How long an operator waits: the built program's commands on the shipped policies and a store of the demo's size.
//!
//! `GUANXI_CUSTOMERS=3000 cargo bench --bench workbench` lives through four weeks with the demo's number of customers, then
//! prints the median of eleven calls of `check`, of `explain` for forty customers, of three plans of an edit, and how long
//! about a thousand policy tests take. Without the variable there are 400 customers.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark prints, and stops where it can't go on"
)]

#[path = "../common/folder.rs"]
mod folder;
#[path = "../common/golden.rs"]
mod golden;
#[path = "../workbench/home.rs"]
#[expect(dead_code, unused_imports, reason = "tests use more of it")]
mod home;

use std::fs;
use std::time::{Duration, Instant};

use guanxi::archive::Archive;
use guanxi::model::facts::{FactBatch, FactRequest};
use home::{Home, NOW, printed};

/// Copies made of each file of tests.
const COPIES: usize = 9;

fn main() {
    let home = Home::new();
    let customers = customers(&home);
    println!("{} customers", customers.len());
    let check: Vec<Duration> = (0..11).map(|_| timed(&home, &["check"], 0)).collect();
    tell("check", &check);
    let some = customers.iter().step_by((customers.len() / 40).max(1)).take(40);
    let explain: Vec<Duration> =
        some.map(|customer| timed(&home, &["explain", customer, "--now", NOW], 0)).collect();
    tell("explain CUSTOMER", &explain);
    edit(&home);
    for days in ["0", "30"] {
        let plan: Vec<Duration> =
            (0..3).map(|_| timed(&home, &["plan", "--now", NOW, "--days", days], 2)).collect();
        tell(&format!("plan --days {days}"), &plan);
    }
    let home = Home::new();
    let tests = multiply(&home);
    let took = timed(&home, &["test"], 0);
    println!("{:<24}{:>8.0} ms  {tests} tests", "test", took.as_secs_f64() * 1_000.0);
}

fn customers(home: &Home) -> Vec<String> {
    let archive = Archive::open_read_only(&home.store()).unwrap();
    let (mut facts, mut customers) = (FactBatch::default(), Vec::<String>::new());
    while archive
        .next_batch(&FactRequest::default(), home::now(), customers.last().map(String::as_str), &mut facts)
        .unwrap()
    {
        customers.extend(facts.ids.iter().map(str::to_owned));
    }
    customers
}

/// How long a command takes from its start to its end, where it ends with a code.
fn timed(home: &Home, words: &[&str], code: i32) -> Duration {
    let began = Instant::now();
    let output = home.command(words);
    let took = began.elapsed();
    printed(&output, code);
    took
}

fn tell(what: &str, times: &[Duration]) {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(median), Some(most)) = (sorted.get(sorted.len() / 2), sorted.last()) else { return };
    println!("{what:<24}{median:>8.0} ms  median of {}, the longest {most:.0}", sorted.len());
}

/// Three numbers of three policies.
fn edit(home: &Home) {
    let edits = [
        ("churn.toml", "days_since_order > 60", "days_since_order > 50"),
        ("churn.toml", "\"4d\"", "\"6d\""),
        ("care.toml", "45d", "40d"),
    ];
    for (file, before, after) in edits {
        let path = home.path("policies").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(before), "{file} says {before}");
        fs::write(&path, text.replacen(before, after, 1)).unwrap();
    }
}

/// Puts copies of every test beside it; returns how many tests there are then.
fn multiply(home: &Home) -> usize {
    let mut tests = 0;
    let mut folders = vec![home.path("policies")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(stem) = name.strip_suffix(".test.toml") {
                let text = fs::read_to_string(&path).unwrap();
                tests += text.matches("[[test]]").count() * (COPIES + 1);
                for copy in 1..=COPIES {
                    fs::write(path.with_file_name(format!("{stem}_{copy}.test.toml")), &text).unwrap();
                }
            }
        }
    }
    tests
}
