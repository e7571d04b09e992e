//! Events over HTTP against plain SQLite.
//!
//! `cargo bench --bench ingest` goes batch by batch: 1,000 events posted to a running daemon over a loopback
//! connection, then the same events, parsed already, inserted by rusqlite into a table of the same shape with the same
//! index, in one transaction. Both write ahead (WAL), with `synchronous = FULL`: a batch is on disk before the next is
//! begun. It prints the median of several turns and their ratio; `-- --times 9` takes more turns than five.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::daemon::Daemon;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::model::Timestamp;
use guanxi::ports::system::{SystemClock, SystemEntropy, SystemEnvironment};
use rusqlite::{Connection, params};

const TIMES: usize = 5;
const BATCH: usize = 1_000;
/// Batches of one turn.
const BATCHES: usize = 50;
/// Batches both stores hold before anything is measured, so that rows go into tables that have some.
const BEFORE: usize = 100;
const CUSTOMERS: u64 = 20_000;
const PRODUCTS: u64 = 2_000;
/// 2026-01-01T00:00:00Z.
const BEGIN: i64 = 1_767_225_600_000;
const POLICY: &str = r#"
[event.order]
[event.order.fields]
amount = "number"
quantity = "number"
product = "text"
paid = "bool"
[metric.spent]
event = "order"
take = "sum"
of = "amount"
[segment.buyer]
when = "spent > 100"
"#;

struct Event {
    id: String,
    customer: String,
    at: i64,
    amount: f64,
    quantity: f64,
    product: String,
    paid: bool,
}

fn main() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the stores");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let daemon = runtime.block_on(start(scratch.path()));
    let mut client = Client::new(daemon.address);
    let mut plain = plain(&scratch.path().join("plain.db"));
    let mut seed = 1;
    let mut batches = |count: usize| -> Vec<Vec<Event>> {
        (0..count).map(|_| (0..BATCH).map(|_| event(&mut seed)).collect()).collect()
    };
    for batch in batches(BEFORE) {
        client.post(&body(&batch));
        insert(&mut plain, &batch);
    }
    println!(
        "{BATCHES} batches of {BATCH} events a turn, after {} events of {CUSTOMERS} customers",
        BEFORE * BATCH
    );
    let (mut ours, mut sqlite) = (Vec::new(), Vec::new());
    for _ in 0..times() {
        let batches = batches(BATCHES);
        let bodies: Vec<String> = batches.iter().map(|batch| body(batch)).collect();
        let (mut http, mut bare) = (Duration::ZERO, Duration::ZERO);
        for (body, batch) in bodies.iter().zip(&batches) {
            http += timed(|| client.post(body));
            bare += timed(|| insert(&mut plain, batch));
        }
        ours.push(http);
        sqlite.push(bare);
        println!(
            "over HTTP {:>8.0} rows/s   rusqlite {:>8.0} rows/s",
            rate(ours.last()),
            rate(sqlite.last())
        );
    }
    let (ours, sqlite) = (rate(median(ours).as_ref()), rate(median(sqlite).as_ref()));
    println!("median    {ours:>8.0} rows/s   rusqlite {sqlite:>8.0} rows/s   {:.0} %", 100.0 * ours / sqlite);
    runtime.block_on(daemon.stop());
}

/// A daemon over a fresh store.
async fn start(folder: &Path) -> Daemon {
    let policies = folder.join("policies");
    std::fs::create_dir(&policies).expect("a policies folder");
    std::fs::write(policies.join("orders.toml"), POLICY).expect("a policy");
    let settings = Settings {
        policies,
        scripts: folder.join("scripts"),
        data: folder.to_owned(),
        store: folder.join("guanxi.db"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        token_file: None,
        plan: None,
    };
    let outside = Outside {
        clock: Arc::new(SystemClock),
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        environment: Arc::new(SystemEnvironment),
    };
    Daemon::start(settings, outside).await.expect("a daemon")
}

/// A store as an engineer would make it by hand: the daemon's table of events and its index.
fn plain(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a plain store");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
             PRAGMA wal_autocheckpoint = 4000;
             CREATE TABLE event_order (
                 customer TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, arrived INTEGER NOT NULL,
                 amount REAL, quantity REAL, product TEXT, paid INTEGER,
                 PRIMARY KEY (customer, at, id)) WITHOUT ROWID;
             CREATE UNIQUE INDEX event_order_id ON event_order (id);",
        )
        .expect("a table");
    connection
}

fn insert(connection: &mut Connection, batch: &[Event]) {
    let transaction = connection.transaction().expect("a transaction");
    {
        let mut insert = transaction
            .prepare_cached(
                "INSERT INTO event_order VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            )
            .expect("a statement");
        for event in batch {
            let Event { id, customer, at, amount, quantity, product, paid } = event;
            insert.execute(params![customer, at, id, BEGIN, amount, quantity, product, paid]).expect("a row");
        }
    }
    transaction.commit().expect("a commit");
}

/// The next event: of any customer, somewhat later than the one before.
fn event(seed: &mut u64) -> Event {
    let mut draw = |below: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % below
    };
    let (customer, product, cents, quantity, paid) =
        (draw(CUSTOMERS), draw(PRODUCTS), draw(100_000), draw(9), draw(2));
    let number = *seed >> 8;
    Event {
        id: format!("o-{number:016x}"),
        customer: format!("c{customer:07}"),
        at: BEGIN + i64::try_from(number % 10_000_000).unwrap_or_default() * 1_000,
        amount: f64::from(u32::try_from(cents).unwrap_or_default()) / 100.0,
        quantity: f64::from(u32::try_from(quantity + 1).unwrap_or_default()),
        product: format!("product {product}"),
        paid: paid == 1,
    }
}

/// A batch as a program would post it: a JSON array.
fn body(batch: &[Event]) -> String {
    let rows = batch.iter().map(|event| {
        serde_json::json!({
            "type": "order", "id": event.id, "customer": event.customer, "at": Timestamp(event.at).to_string(),
            "amount": event.amount, "quantity": event.quantity, "product": event.product, "paid": event.paid,
        })
    });
    serde_json::Value::Array(rows.collect()).to_string()
}

/// One connection that is kept.
struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { address, stream: BufReader::new(stream) }
    }

    /// Posts events and waits for the answer, which must say that all are new.
    fn post(&mut self, body: &str) {
        let request = format!(
            "POST /v1/events HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).expect("a request");
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer).expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(answer.get("new").and_then(serde_json::Value::as_u64), Some(BATCH as u64), "{answer}");
    }
}

fn times() -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--times");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(TIMES).max(1)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn rate(time: Option<&Duration>) -> f64 {
    (BATCH * BATCHES) as f64 / time.copied().unwrap_or_default().as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}
