//! Nobody's data and no secret gets into the log, however talkative it is and whatever goes wrong.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::home::{Home, exchange};
use crate::process::{Process, wait_for};
use crate::receiver;

/// What must not be found: in fields of customers and events, in what is sent, in settings from the environment.
const NAME: &str = "Wolpertinger";
const PHONE: &str = "5550179";
const SECRETS: [&str; 8] =
    [NAME, PHONE, "Kreuzspinne", "urlkey77", "userpass77", "headerkey77", "Z2VoZWltZ2VoZWlt", "tokenkey77"];

const POLICY: &str = r#"
[customer.fields]
name = { type = "text", personal = true }
phone = { type = "text", personal = true }
birthday = { type = "date", personal = true }
level = { type = "choice", of = ["gold", "none"], personal = true }
[event.complaint]
[event.complaint.fields]
text = { type = "text", personal = true }
weight = { type = "number", personal = true }
[source.people]
into = "customer"
path = "inbox/people*.csv"
columns = { id = "id", name = "name", phone = "phone", birthday = "birthday" }
[source.lines]
into = "event.complaint"
path = "inbox/lines*.jsonl"
columns = { id = "id", customer = "customer", at = "at", text = "text" }
[function.digits]
script = "digits.rhai"
takes = { phone = "text" }
returns = "number"
[score.digits]
value = 'digits(phone)'
[segment.dialled]
when = 'digits > 0'
[metric.complaints]
event = "complaint"
take = "count"
[segment.angry]
when = 'complaints >= 1'
[channel.crm.webhook]
url = "http://user:userpass77@RECEIVER/in?key=urlkey77"
secret = "${CRM_SECRET}"
headers = { "x-key" = "${CRM_KEY}" }
retry = { first = "1s", factor = 1, max = "1s", attempts = 2 }
[channel.gone.webhook]
url = "http://127.0.0.1:9/in?key=urlkey77"
[channel.unset.webhook]
url = "http://user:userpass77@127.0.0.1:9/${NOT_SET}"
[channel.list.file]
path = "out/list.csv"
format = "csv"
columns = ["id", "name", "phone"]
[action.tell]
channel = "crm"
[action.tell.payload]
name = "{{ name }}"
phone = "{{ phone | int }}"
[action.ring]
channel = "gone"
[action.ring.payload]
name = "{{ name }}"
[action.unset]
channel = "unset"
[action.note]
channel = "list"
[action.note.payload]
name = "{{ name }}"
phone = "{{ phone }}"
[trigger.complained]
when = 'angry'
backlog = "fire"
actions = ["tell", "ring", "note", "unset"]
"#;

const SCRIPT: &str = "fn digits(phone) {\n    throw \"odd number \" + phone;\n}\n";

fn request(process: &Process, head: &str, body: &str) -> (u16, String) {
    let (address, length) = (process.address, body.len());
    exchange(
        address,
        &format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
}

fn make_trouble(home: &Home, process: &Process) {
    let post = |path: &str, body: &str| {
        let head = format!("POST {path}?key=urlkey77 HTTP/1.1\r\nauthorization: Bearer tokenkey77");
        request(process, &head, body).0
    };
    let good = format!(r#"{{"id": "c1", "name": "{NAME}", "phone": "x{PHONE}", "level": "gold"}}"#);
    assert_eq!(post("/v1/customers", &good), 200);
    let bad = format!(
        r#"[{{"id": "c2", "birthday": "{NAME}"}}, {{"id": "c3", "level": "{NAME}"}}, {{"id": "c4", "{NAME}": 1}},
            {{"id": "c5", "name": ["{NAME}"]}}, {{"id": "c6", "name": "{NAME}\u0000"}}]"#
    );
    assert!(post("/v1/customers", &bad) < 500);
    assert!(post("/v1/customers", &format!("{{\"id\": \"c7\", \"name\": \"{NAME}")) < 500);
    let complaint = format!(
        r#"{{"type": "complaint", "id": "e1", "customer": "c1", "at": "2026-11-01", "text": "{PHONE}"}}"#
    );
    assert_eq!(post("/v1/events", &complaint), 200);
    let bad = format!(
        r#"[{{"type": "{NAME}", "customer": "c1"}}, {{"type": "complaint", "customer": "c1", "weight": "{PHONE}"}}]"#
    );
    assert!(post("/v1/events", &bad) < 500);
    request(
        process,
        &format!("GET /v1/{NAME}?phone={PHONE} HTTP/1.1\r\nauthorization: Bearer tokenkey77"),
        "",
    );
    request(process, &format!("POST /v1/runs/{NAME}/approve HTTP/1.1"), "");
    let files = [
        (
            "people-bad.csv",
            format!("id,name,phone,birthday\nc1,{NAME},{PHONE},{NAME}\nc2,{NAME}\nc3,\"{NAME},{PHONE},\n"),
        ),
        ("people-headerless.csv", format!("c9,{NAME},{PHONE},Kreuzspinne\n")),
        ("people-binary.csv", format!("id,name,phone,birthday\n\u{0},{NAME},\u{0},{PHONE}\n")),
        ("lines.jsonl", format!("{{\"id\": \"{NAME}\n\"{NAME}\"\n[\"{PHONE}\"]\n")),
    ];
    for (name, text) in files {
        fs::write(home.path("inbox").join(name), text).unwrap();
    }
    // The list can't be written: a file is where its folder should be.
    fs::write(home.path("out"), "").unwrap();
    wait_for("the imports", || process.log().contains("people-headerless.csv has").then_some(()));
    assert_eq!(post("/v1/runs", ""), 200);
    // An edit that is refused, and a run that the store fails.
    home.edit(&POLICY.replace("digits > 0", "digits > nothing"));
    wait_for("the refusal", || process.log().contains("not reloaded").then_some(()));
    home.edit(
        &POLICY.replace("http://user", "htp://user").replace("${CRM_SECRET}", "whsec_Z2VoZWltZ2VoZWlt"),
    );
    wait_for("another", || process.log().contains("no address").then_some(()));
    let fault =
        |sql: &str| rusqlite::Connection::open(home.path("guanxi.db")).unwrap().execute_batch(sql).unwrap();
    fault("ALTER TABLE trigger_number RENAME TO away");
    assert_eq!(post("/v1/runs", ""), 500);
    fault("ALTER TABLE away RENAME TO trigger_number");
}

/// All that a daemon says in whose life all kinds of things go wrong.
fn log(format: &str) -> String {
    let receiver = receiver::start(|body| {
        // It repeats what it was sent.
        Some(format!(
            "HTTP/1.1 400 No {NAME}\r\nx-echo: {NAME}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    });
    let home = Home::new(&POLICY.replace("RECEIVER", &receiver.to_string()));
    fs::write(home.path("scripts/digits.rhai"), SCRIPT).unwrap();
    let process = Process::start(
        &home,
        &[
            ("GUANXI_LOG", "trace"),
            ("GUANXI_LOG_FORMAT", format),
            ("CRM_SECRET", "whsec_Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt"),
            ("CRM_KEY", "headerkey77"),
        ],
    );
    make_trouble(&home, &process);
    wait_for("the end of attempts", || process.log().contains("given up").then_some(()));
    wait_for("the file's trouble", || process.log().contains("out/list.csv can't be written").then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    process.signal("TERM");
    assert_eq!(process.end().0, 0);
    fs::read_to_string(home.path("log")).unwrap()
}

#[test]
fn no_secret_and_nobodys_data_is_in_the_log_for_people() {
    let log = log("human");
    for told in [
        "rejected rows are in",
        "people-headerless.csv has no column",
        "a function from a script failed",
        "the channel can't be used",
        "an attempt failed",
        "given up",
        "can't be written",
        "policies not reloaded",
        "a run failed",
        "stopping",
    ] {
        assert!(log.contains(told), "the log doesn't say `{told}`:\n{log}");
    }
    let found: Vec<&str> =
        log.lines().filter(|line| SECRETS.iter().any(|secret| line.contains(secret))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_line_of_the_log_for_machines_is_an_event_with_its_time_in_utc() {
    let log = log("json");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert!(event["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{line}");
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
        assert!(!SECRETS.iter().any(|secret| line.contains(secret)), "{line}");
    }
    assert!(log.lines().count() > 20, "{log}");
}
