//! One full evaluation against a bare `SELECT` scan of the same rows, in one run.
//!
//! `cargo bench --bench evaluation` makes a store of 1,000,000 generated customers with 10,000,000
//! orders (kept under `target/tmp/bench` for the next time), scans it through rusqlite, evaluates it for
//! the first time and then in the steady state, and prints times, ratios and peak memory.
//! `-- --customers 100000` makes it smaller.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

mod population;

use std::path::Path;
use std::sync::Arc;

use guanxi::archive::Archive;
use guanxi::engine::{Engine, RunRequest};
use guanxi::policy::compiled::Scope;
use guanxi::ports::system::SystemClock;
use population::{EVALUATION, HOUR, end, median, peak_memory, policy, timed};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Unless the command line says otherwise.
const CUSTOMERS: u32 = 1_000_000;
const SCANS: [&str; 2] = [
    "SELECT id, known_since, country FROM customer",
    "SELECT customer, at, amount, status, lines FROM event_order",
];

fn main() {
    if let Some(store) = population::store("evaluated.db", CUSTOMERS) {
        measure(&store);
    }
}

fn measure(store: &Path) {
    let policy = policy(&[EVALUATION]);
    let mut rows = 0;
    let scan = median((0..3).map(|_| timed(|| rows = scan(store))).collect());
    println!("bare SELECT scan        {:>7.2} s   {rows} rows, median of 3", scan.as_secs_f64());

    let mut archive = Archive::open(store).expect("the store opens");
    archive.adopt(policy.schema.clone()).expect("the schema fits");
    let engine = Engine::new(policy, Arc::new(SystemClock)).expect("the policy runs");
    let run = |archive: &mut Archive, hours: i64| {
        let now = end().plus(hours * HOUR);
        let request = RunRequest { now, scope: Scope::Everything, schedule: "bench".to_owned() };
        let mut report = None;
        let time = timed(|| report = Some(engine.run(archive, &request).expect("a run")));
        (time, report.expect("a report"))
    };
    let (first, report) = run(&mut archive, 0);
    println!(
        "first evaluation        {:>7.2} s   {:.2} x the scan; {} customers, {} cut points made",
        first.as_secs_f64(),
        first.as_secs_f64() / scan.as_secs_f64(),
        report.customers,
        report.cut_points,
    );
    let mut transitions = 0;
    let steady = (1..=3).map(|hours| {
        let (time, report) = run(&mut archive, hours);
        transitions += report.transitions;
        time
    });
    let steady = median(steady.collect());
    println!(
        "steady evaluation       {:>7.2} s   {:.2} x the scan; {transitions} transitions in 3 runs, median",
        steady.as_secs_f64(),
        steady.as_secs_f64() / scan.as_secs_f64(),
    );
    println!("peak memory             {:>7.0} MB", peak_memory());
}

/// Reads every column of every row, as a program does that wants to use them.
fn scan(store: &Path) -> u64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(store, flags).expect("the store opens");
    let mut rows_seen = 0;
    let mut taste = 0_u64;
    for sql in SCANS {
        let mut statement = connection.prepare(sql).expect("a statement");
        let columns = statement.column_count();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            rows_seen += 1;
            for column in 0..columns {
                taste = taste.wrapping_add(match row.get_ref(column).expect("a value") {
                    ValueRef::Null => 0,
                    ValueRef::Integer(number) => number.unsigned_abs(),
                    ValueRef::Real(number) => number.to_bits(),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
                });
            }
        }
    }
    std::hint::black_box(taste);
    rows_seen
}
