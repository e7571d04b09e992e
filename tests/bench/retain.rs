//! How long taking old events away holds up everybody else, against the `DELETE` an operator would write.
//!
//! `cargo bench --bench retain` makes a store of 1,000,000 customers with five orders each over five years, lets go of
//! the oldest year as the daemon does, then of one day more, then does the same year by one statement on a copy.
//! `-- --customers 100000` takes fewer.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::archive::{Archive, EventRow, Keep};
use guanxi::daemon::prune::Portion;
use guanxi::model::time::DAY;
use guanxi::model::{EventShape, FieldShape, Schema, Timestamp, Type, Value};
use rusqlite::Connection;

const CUSTOMERS: i64 = 1_000_000;
const ORDERS: i64 = 5;
const DAYS: i64 = 5 * 365;

fn main() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the stores");
    let path = scratch.path().join("guanxi.db");
    let customers = customers();
    println!("{customers} customers, {} orders", customers * ORDERS);
    let mut archive = make(&path, customers);
    let copy = scratch.path().join("copy.db");
    let begun = Instant::now();
    guanxi::archive::backup(&path, &copy, false, &mut |_, _| {}).expect("a copy");
    println!("backup with its check  {:>9.3} s", begun.elapsed().as_secs_f64());
    let year = take_away(&mut archive, "a year", 365);
    take_away(&mut archive, "a day more", 366);
    drop(archive);
    let whole = delete(&copy, 365);
    println!("one DELETE             {:>9.3} s in which nobody else can write", whole.as_secs_f64());
    println!("longest of ours        {:>9.5} of it", year.as_secs_f64() / whole.as_secs_f64());
}

fn customers() -> i64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--customers").skip(1);
    arguments.next().and_then(|count| count.parse().ok()).unwrap_or(CUSTOMERS)
}

/// Every customer has orders at days of their own, so that each day's are spread over the whole store.
fn make(path: &Path, customers: i64) -> Archive {
    let order = EventShape {
        name: "order".into(),
        everyone: false,
        fields: vec![FieldShape::new("amount", Type::Number)],
        heard: false,
    };
    let mut archive = Archive::open(path).expect("a store");
    archive
        .adopt(Arc::new(Schema { events: vec![order, EventShape::touch()], ..Schema::default() }))
        .expect("tables");
    let fields = [Value::number(12.5)];
    let mut from = 0;
    while from < customers {
        let count = (customers - from).min(100_000);
        import(&mut archive, from, count, &fields);
        from += count;
    }
    archive
}

fn import(archive: &mut Archive, from: i64, count: i64, fields: &[Option<Value>]) {
    let mut ingest = archive.ingest(Timestamp(DAYS * DAY)).expect("an import");
    for customer in from..from + count {
        let name = format!("c{customer:07}");
        for order in 0..ORDERS {
            let day = (customer * 7_919 + order * 365) % DAYS;
            let id =
                format!("o{:08x}", (customer * ORDERS + order).wrapping_mul(2_654_435_761) & 0xffff_ffff);
            let row =
                EventRow { id: &id, customer: &name, at: Timestamp(day * DAY + customer % DAY), fields };
            ingest.event(0, &row).expect("an order");
        }
    }
    ingest.commit().expect("an import");
}

/// Lets go of all before a day; returns the longest time that held up others.
fn take_away(archive: &mut Archive, what: &str, day: i64) -> Duration {
    let keep = Keep { events: Some(Timestamp(day * DAY)), history: Some(Timestamp(day * DAY)) };
    let mut pruning = archive.begin_pruning(keep, Timestamp(DAYS * DAY)).expect("a beginning");
    let (mut portion, mut holds) = (Portion::default(), Vec::new());
    loop {
        let (left, took) = portion.take(archive, &mut pruning);
        holds.push(took);
        if !left.expect("some rows") {
            break;
        }
    }
    holds.sort_unstable();
    let at = |share: usize| holds.get((holds.len() - 1) * share / 1_000).copied().unwrap_or_default();
    let removed = pruning.removed().get("event_order").copied().unwrap_or(0);
    let all: Duration = holds.iter().sum();
    println!(
        "{what:<11} {removed:>8} orders in {:>6} jobs, {:>7.3} s; one takes {:.1} ms at the median, {:.1} ms of 99%, {:.1} ms at most",
        holds.len(),
        all.as_secs_f64(),
        at(500).as_secs_f64() * 1e3,
        at(990).as_secs_f64() * 1e3,
        at(1_000).as_secs_f64() * 1e3
    );
    at(1_000)
}

fn delete(path: &Path, day: i64) -> Duration {
    let store = Connection::open(path).expect("the copy");
    store
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536")
        .expect("settings");
    let begun = Instant::now();
    store.execute("DELETE FROM event_order WHERE at < ?1", [day * DAY]).expect("rows deleted");
    begun.elapsed()
}
