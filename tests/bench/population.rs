//! What the benchmarks of whole runs share: a store of generated customers with their orders, and ways to measure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::archive::{Archive, Change, EventRow};
use guanxi::demo::World;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::{Compiled, Files, load};

const SEED: u64 = 7;
pub(crate) const HOUR: i64 = 3_600_000;

/// Over so many hours a customer places ten orders on average.
const PERIOD_HOURS: i64 = 3 * 365 * 24 + 190 * 24;

/// How many customers the command line asks for, or so many.
pub(crate) fn customers(otherwise: u32) -> u32 {
    number("--customers").unwrap_or(otherwise)
}

/// The number that follows a word on the command line.
pub(crate) fn number<T: std::str::FromStr>(word: &str) -> Option<T> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == word)?;
    arguments.get(at + 1)?.parse().ok()
}

/// A fresh copy of the store of so many customers, unless the command line says otherwise, and their orders, made where
/// it is not there yet; `None` in the process that only makes it.
pub(crate) fn store(name: &str, otherwise: u32) -> Option<PathBuf> {
    let customers = customers(otherwise);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&folder).expect("a folder for the store");
    let facts = folder.join(format!("facts-{customers}.db"));
    if std::env::args().any(|argument| argument == "--make") {
        make(customers, &facts);
        return None;
    }
    if !facts.exists() {
        // In a process of its own, so that its memory does not count.
        let this = std::env::current_exe().expect("the path of this benchmark");
        let made = Command::new(this).args(std::env::args().skip(1)).arg("--make").status();
        assert!(made.expect("the store's maker starts").success(), "the store was not made");
    }
    let store = folder.join(name);
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(PathBuf::from(format!("{}{ending}", store.display())));
    }
    fs::copy(&facts, &store).expect("a copy of the store");
    Some(store)
}

/// The policy set of some files.
pub(crate) fn policy(files: &[(&str, &str)]) -> Arc<Compiled> {
    let mut set = Files::default();
    for (file, text) in files {
        let is_script = Path::new(file).extension().is_some_and(|extension| extension == "rhai");
        let folder = if is_script { &mut set.scripts } else { &mut set.policies };
        folder.insert((*file).to_owned(), (*text).to_owned());
    }
    let outcome = load(&set);
    assert!(outcome.compiled.is_some(), "{}", guanxi::policy::render(&outcome.diagnostics, &set, false));
    Arc::new(outcome.compiled.expect("a policy set"))
}

/// What `evaluation.toml` says.
pub(crate) const EVALUATION: (&str, &str) = ("evaluation.toml", include_str!("evaluation.toml"));

/// When the orders end.
pub(crate) fn end() -> Timestamp {
    Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("a time")
}

/// Generates orders, sorts them by customer and takes them in.
fn make(customers: u32, path: &Path) {
    let policy = policy(&[EVALUATION]);
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

/// How long work takes.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

/// The middle of some times.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The process's largest resident memory so far, from Linux; 0 elsewhere.
pub(crate) fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<f64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
