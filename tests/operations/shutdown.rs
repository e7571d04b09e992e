//! SIGTERM ends the program within ten seconds and with 0, whatever is under way, and nothing is lost.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::home::{Home, exchange};
use crate::process::{Process, wait_for};
use crate::receiver;

const LIMIT: Duration = Duration::from_secs(10);

const POLICY: &str = r#"
[customer.fields]
number = "number"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[function.slow]
script = "slow.rhai"
takes = { x = "number" }
returns = "number"
[score.slow]
value = 'slow(number)'
[segment.known]
when = 'slow > 0'
[metric.orders]
event = "order"
take = "count"
[segment.buyer]
when = 'orders >= 1'
[channel.crm.webhook]
url = "http://RECEIVER/"
timeout = "60s"
[action.tell]
channel = "crm"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["tell"]
"#;

/// Some work for each customer.
const SCRIPT: &str = "fn slow(x) {\n    for i in 0..1000 { x += i * 0.0; }\n    x\n}\n";

fn home(receiver: SocketAddr) -> Home {
    let home = Home::new(&POLICY.replace("RECEIVER", &receiver.to_string()));
    fs::write(home.path("scripts/slow.rhai"), SCRIPT).unwrap();
    home
}

fn quiet() -> SocketAddr {
    receiver::start(|_| Some("HTTP/1.1 204 No Content\r\n\r\n".to_owned()))
}

fn post(process: &Process, path: &str, body: &str) -> (u16, String) {
    let (address, length) = (process.address, body.len());
    exchange(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    )
}

/// Asks for a run and doesn't wait for it.
fn run_begins(process: &Process) {
    let address = process.address;
    std::thread::spawn(move || {
        exchange(
            address,
            &format!(
                "POST /v1/runs HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            ),
        )
    });
    wait_for("a run", || {
        let (_, status) = exchange(
            address,
            &format!("GET /v1/status HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"),
        );
        let status: Value = serde_json::from_str(&status).unwrap();
        status["running_since"].is_string().then_some(())
    });
}

fn figure(home: &Home, query: &str) -> i64 {
    Connection::open(home.path("guanxi.db")).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
}

fn ends_well(process: Process) -> Duration {
    process.signal("TERM");
    let log = process.log();
    let (code, took) = process.end();
    assert_eq!(code, 0, "{log}");
    assert!(took < LIMIT, "{took:?}");
    took
}

#[test]
fn an_idle_daemon_ends_at_once() {
    let home = home(quiet());
    let took = ends_well(Process::start(&home, &[]));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    let home = home(quiet());
    let process = Process::start(&home, &[]);
    process.signal("INT");
    ends_well(process);
    let log = fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("\"stopped\"") && !log.contains("told to stop again"), "{log}");
}

#[test]
fn a_run_of_many_seconds_is_broken_off_and_leaves_nothing() {
    let home = home(quiet());
    let process = Process::start(&home, &[]);
    let customers: String = (0..40_000).fold(String::new(), |mut rows, number| {
        writeln!(rows, r#"{{"id": "c{number}", "number": {number}}}"#).unwrap();
        rows
    });
    assert_eq!(post(&process, "/v1/customers", &customers).0, 200);
    run_begins(&process);
    std::thread::sleep(Duration::from_millis(300));
    ends_well(process);
    let log = fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("the run was broken off") && !log.contains("\"ERROR\""), "{log}");
    assert_eq!(figure(&home, "SELECT count(*) FROM run WHERE outcome = 'committed'"), 0);
    assert_eq!(figure(&home, "SELECT count(*) FROM standing"), 0);
}

#[test]
fn a_large_import_is_broken_off_and_done_again_at_the_next_start() {
    const ROWS: usize = 600_000;
    let home = home(quiet());
    let process = Process::start(&home, &[]);
    let rows = (0..ROWS).fold("id,customer,at,amount\n".to_owned(), |mut rows, number| {
        writeln!(rows, "o{number},c{number},2026-01-01,5").unwrap();
        rows
    });
    fs::write(home.path("inbox/orders.csv"), rows).unwrap();
    let log = home.path("guanxi.db-wal");
    wait_for("an import", || fs::metadata(&log).ok().filter(|about| about.len() > 1 << 20));
    ends_well(process);
    let events = figure(&home, "SELECT count(*) FROM event_order");
    assert!(
        events == 0 && home.path("inbox/orders.csv").exists(),
        "{events} rows: it was too fast to be broken off"
    );
}

#[test]
fn an_attempt_that_gets_no_answer_is_abandoned_and_made_again_at_the_next_start() {
    let (tell, heard) = mpsc::channel();
    let home = home(receiver::start(move |body| {
        tell.send(body.to_owned()).unwrap();
        None
    }));
    let first = abandoned_attempt(&home, &heard, |process| {
        ends_well(process);
    });
    // A second signal doesn't wait either.
    let second = abandoned_attempt(&home, &heard, |process| {
        process.signal("TERM");
        wait_for("the first signal", || process.log().contains("stopping").then_some(()));
        std::thread::sleep(Duration::from_millis(200));
        assert!(ends_well(process) < Duration::from_secs(2));
    });
    assert_eq!(first, second, "the same bytes");
}

/// What came to the receiver before the daemon ended.
fn abandoned_attempt(home: &Home, heard: &mpsc::Receiver<String>, end: impl Fn(Process)) -> String {
    let process = Process::start(home, &[]);
    let order = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2026-11-01", "amount": 5}"#;
    assert_eq!(post(&process, "/v1/events", order).0, 200);
    assert_eq!(post(&process, "/v1/runs", "").0, 200);
    let body = heard.recv_timeout(crate::home::PATIENCE).unwrap();
    end(process);
    assert_eq!(figure(home, "SELECT count(*) FROM outbox"), 1);
    body
}

#[test]
fn requests_that_drip_hold_nothing_up() {
    let home = home(quiet());
    let process = Process::start(&home, &[]);
    let address = process.address;
    let drip = |beginning: String| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(beginning.as_bytes()).unwrap();
        std::thread::spawn(move || {
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
    };
    drip("GET /v1/status HTTP/1.1\r\nx-slow: ".to_owned());
    drip(format!("POST /v1/events HTTP/1.1\r\nhost: {address}\r\ncontent-length: 100000\r\n\r\n["));
    std::thread::sleep(Duration::from_millis(300));
    ends_well(process);
}
