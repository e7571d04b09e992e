//! One full evaluation against a bare `SELECT` scan of the same rows, in one run.
//!
//! `cargo bench --bench evaluation` makes a store of 1,000,000 generated customers with 10,000,000
//! orders (kept under `target/bench` for the next time), scans it through rusqlite, evaluates it for
//! the first time and then in the steady state, and prints times, ratios and peak memory.
//! `-- --customers 100000` makes it smaller.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::archive::{Archive, Change, EventRow};
use guanxi::demo::World;
use guanxi::engine::{Engine, RunRequest};
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files, load};
use guanxi::ports::system::SystemClock;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

const SEED: u64 = 7;
const HOUR: i64 = 3_600_000;
const SCANS: [&str; 2] = [
    "SELECT id, known_since, country FROM customer",
    "SELECT customer, at, amount, status, lines FROM event_order",
];

/// Over so many hours a customer places ten orders on average.
const PERIOD_HOURS: i64 = 3 * 365 * 24 + 190 * 24;

fn customers() -> u32 {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--customers");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(1_000_000)
}

fn main() {
    let customers = customers();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&folder).expect("a folder for the store");
    let facts = folder.join(format!("facts-{customers}.db"));
    if std::env::args().any(|argument| argument == "--make") {
        make(customers, &facts);
        return;
    }
    if !facts.exists() {
        // In a process of its own, so that its memory does not count.
        let this = std::env::current_exe().expect("the path of this benchmark");
        let made = Command::new(this).args(std::env::args().skip(1)).arg("--make").status();
        assert!(made.expect("the store's maker starts").success(), "the store was not made");
    }
    let store = folder.join("evaluated.db");
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(PathBuf::from(format!("{}{ending}", store.display())));
    }
    fs::copy(&facts, &store).expect("a copy of the store");
    measure(&store);
}

fn measure(store: &Path) {
    let policy = policy();
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

fn policy() -> Arc<Compiled> {
    let mut files = Files::default();
    files.policies.insert("evaluation.toml".to_owned(), include_str!("evaluation.toml").to_owned());
    let outcome = load(&files);
    assert!(outcome.compiled.is_some(), "{}", guanxi::policy::render(&outcome.diagnostics, &files, false));
    Arc::new(outcome.compiled.expect("a policy set"))
}

fn end() -> Timestamp {
    Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("a time")
}

/// Generates orders, sorts them by customer and takes them in.
fn make(customers: u32, path: &Path) {
    let policy = policy();
    let partial = path.with_extension("making");
    let _ = fs::remove_file(&partial);
    let start = end().plus(-PERIOD_HOURS * HOUR);
    let world = World::new(SEED, customers, start, end());
    let mut orders: Vec<_> = world.orders_between(start, end()).collect();
    println!("made {} orders of {customers} customers", orders.len());
    orders.sort_by_cached_key(guanxi::demo::Order::customer_id);
    let mut archive = Archive::open(&partial).expect("a new store");
    archive.adopt(policy.schema.clone()).expect("the schema fits");
    let order = policy.schema.event("order").expect("the event kind");
    let shape = policy.schema.events.get(order).expect("the event kind");
    let mut ingest = archive.ingest(end()).expect("an import");
    let mut last = u32::MAX;
    for row in &orders {
        if row.customer != last {
            let country = Change::Set(Value::text(row.country));
            ingest.customer(&row.customer_id(), &[country]).expect("a customer goes in");
            last = row.customer;
        }
        let invoice = row.invoice();
        let status = if invoice.starts_with('C') { "cancelled" } else { "placed" };
        let fields: Vec<Option<Value>> = shape
            .fields
            .iter()
            .map(|field| match &*field.name {
                "amount" => Value::number(row.amount()),
                "status" => Some(Value::text(status)),
                "lines" => Value::number(f64::from(row.lines)),
                _ => Value::number(f64::from(i32::try_from(row.quantity).unwrap_or(i32::MAX))),
            })
            .collect();
        let customer = row.customer_id();
        let event = EventRow { id: &invoice, customer: &customer, at: row.at(), fields: &fields };
        ingest.event(order, &event).expect("an order goes in");
    }
    ingest.commit().expect("the orders stay");
    archive.checkpoint().expect("the log is emptied");
    drop(archive);
    fs::rename(&partial, path).expect("the store gets its name");
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

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The process's largest resident memory so far, from Linux; 0 elsewhere.
fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<f64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
