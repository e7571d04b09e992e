//! Each metric moves when what it counts happens, none otherwise, and the page is what Prometheus reads.

#![expect(clippy::print_stderr, reason = "whoever runs the tests is told what was not tested")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use guanxi::daemon::Daemon;

use crate::home::{Home, PATIENCE, ask};
use crate::receiver;

const POLICY: &str = r#"
[settings]
timezone = "UTC"
[customer.fields]
opted_out = "bool"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[function.share]
script = "share.rhai"
takes = { x = "number" }
returns = "number"
[metric.orders]
event = "order"
take = "count"
[metric.spent]
event = "order"
take = "sum"
of = "amount"
[score.share]
value = 'share(spent)'
[segment.buyer]
when = 'orders >= 1'
[segment.generous]
when = 'share > 1'
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[channel.crm.webhook]
url = "http://RECEIVER/"
retry = { first = "1s", factor = 1, max = "1s", attempts = 2 }
[action.greet]
channel = "list"
[action.tell]
channel = "crm"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["greet", "tell"]
[guard.consent]
actions = ["greet"]
[guard.consent.block]
when = 'orders >= 2'
[schedule.mornings]
cron = "0 9 * * *"
evaluate = ["everything"]
[schedule.nines]
cron = "0 9 * * *"
evaluate = ["segment.buyer"]
"#;

const SCRIPT: &str = "fn share(x) {\n    if x > 100.0 { throw \"too much\"; }\n    x\n}\n";

/// The samples of a page, by name and labels as printed.
type Samples = BTreeMap<String, f64>;

async fn page(daemon: &Daemon) -> String {
    let (status, page) = ask(daemon.address, "GET /metrics", "").await;
    assert_eq!(status, 200, "{page}");
    page
}

async fn samples(daemon: &Daemon) -> Samples {
    let page = page(daemon).await;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// Waits until one sample has a value.
async fn until(daemon: &Daemon, name: &str, value: f64) -> Samples {
    let begun = Instant::now();
    loop {
        let samples = samples(daemon).await;
        if samples.get(name) == Some(&value) {
            return samples;
        }
        let metric = name.split('{').next().unwrap();
        let like: Samples = samples.into_iter().filter(|(other, _)| other.starts_with(metric)).collect();
        assert!(begun.elapsed() < PATIENCE, "{name} never was {value}: {like:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn expect(samples: &Samples, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        assert_eq!(samples.get(*name), Some(value), "{name}");
    }
}

/// A home whose receiver of webhooks always fails.
fn home() -> Home {
    let receiver = receiver::start(|_| Some("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned()));
    let home = Home::new(&POLICY.replace("RECEIVER", &receiver.to_string()));
    fs::write(home.path("scripts/share.rhai"), SCRIPT).unwrap();
    home
}

const EVENTS: &str = r#"[
    {"type": "order", "id": "o1", "customer": "one", "at": "2027-01-01", "amount": 5},
    {"type": "order", "id": "o2", "customer": "two", "at": "2027-01-01", "amount": 500},
    {"type": "order", "id": "o3", "customer": "two", "at": "2027-01-02", "amount": 1},
    {"type": "order", "id": "o4", "customer": "two", "at": "2027-01-02", "amount": "much"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn each_metric_moves_when_what_it_counts_happens() {
    let home = home();
    let daemon = home.start().await;
    let before = samples(&daemon).await;
    let counters = before.iter().filter(|(name, _)| name.contains("_total") && !name.starts_with("process_"));
    assert!(counters.clone().count() > 50 && counters.clone().all(|(_, value)| *value == 0.0), "{before:#?}");
    expect(
        &before,
        &[
            ("guanxi_ready", 1.0),
            ("guanxi_store_readable", 1.0),
            ("guanxi_customers", 0.0),
            ("guanxi_policy_last_reload_successful", 1.0),
            ("guanxi_run_duration_seconds_count", 0.0),
            ("guanxi_run_last_successful", 1.0),
            ("guanxi_run_under_way_seconds", 0.0),
            ("guanxi_channel_running{channel=\"crm\"}", 1.0),
        ],
    );
    rows_are_counted(&home, &daemon).await;
    a_run_and_its_touches_are_counted(&home, &daemon).await;
    attempts_are_counted_until_they_run_out(&home, &daemon).await;
    an_edit_is_told(&home, &daemon).await;
    daemon.stop().await;
}

async fn rows_are_counted(home: &Home, daemon: &Daemon) {
    assert_eq!(
        ask(daemon.address, "POST /v1/customers", r#"{"id": "one", "opted_out": false}"#).await.0,
        200
    );
    for _ in 0..2 {
        assert_eq!(ask(daemon.address, "POST /v1/events", EVENTS).await.0, 200);
    }
    fs::write(home.path("inbox/orders-1.csv"), "id,customer,at,amount\no1,one,2027-01-01,5\no9,two,x,7\n")
        .unwrap();
    let samples =
        until(daemon, "guanxi_ingest_rows_total{source=\"orders\",outcome=\"rejected\"}", 1.0).await;
    expect(
        &samples,
        &[
            ("guanxi_ingest_rows_total{source=\"orders\",outcome=\"same\"}", 1.0),
            ("guanxi_ingest_rows_total{source=\"/v1/customers\",outcome=\"new\"}", 1.0),
            ("guanxi_ingest_rows_total{source=\"/v1/events\",outcome=\"new\"}", 3.0),
            ("guanxi_ingest_rows_total{source=\"/v1/events\",outcome=\"same\"}", 3.0),
            ("guanxi_ingest_rows_total{source=\"/v1/events\",outcome=\"rejected\"}", 2.0),
            ("guanxi_customers", 2.0),
        ],
    );
}

async fn a_run_and_its_touches_are_counted(home: &Home, daemon: &Daemon) {
    home.goes_to(daemon, "2027-01-10T09:00:01Z");
    until(daemon, "guanxi_delivery_failures_total{channel=\"crm\",reason=\"status\"}", 2.0).await;
    let samples = until(daemon, "guanxi_touches_total{action=\"greet\",state=\"delivered\"}", 1.0).await;
    expect(
        &samples,
        &[
            ("guanxi_runs_total{schedule=\"mornings\",outcome=\"committed\"}", 1.0),
            ("guanxi_runs_total{schedule=\"nines\",outcome=\"committed\"}", 1.0),
            ("guanxi_runs_total{schedule=\"mornings\",outcome=\"failed\"}", 0.0),
            ("guanxi_runs_missed_total{schedule=\"mornings\"}", 0.0),
            ("guanxi_run_duration_seconds_count", 1.0),
            ("guanxi_script_errors_total{function=\"share\"}", 1.0),
            ("guanxi_touches_total{action=\"greet\",state=\"waiting\"}", 2.0),
            ("guanxi_touches_total{action=\"greet\",state=\"queued\"}", 1.0),
            ("guanxi_touches_total{action=\"greet\",state=\"suppressed\"}", 1.0),
            ("guanxi_touches_suppressed_total{guard=\"consent\"}", 1.0),
            ("guanxi_touches_total{action=\"tell\",state=\"queued\"}", 2.0),
            ("guanxi_delivery_seconds_count{channel=\"crm\"}", 2.0),
            ("guanxi_delivery_seconds_count{channel=\"list\"}", 1.0),
            ("guanxi_outbox_depth{channel=\"crm\"}", 2.0),
            ("guanxi_outbox_depth{channel=\"list\"}", 0.0),
        ],
    );
    let last = samples["guanxi_run_last_success_timestamp_seconds"];
    assert!((last - 1_799_571_601.0).abs() < 1.0, "{last}");
}

async fn attempts_are_counted_until_they_run_out(home: &Home, daemon: &Daemon) {
    home.goes_to(daemon, "2027-01-10T09:00:30Z");
    let waits = until(daemon, "guanxi_outbox_oldest_seconds{channel=\"crm\"}", 29.0).await;
    assert_eq!(waits["guanxi_outbox_oldest_seconds{channel=\"list\"}"], 0.0);
    daemon.shared.wake_outbox();
    let dead = until(daemon, "guanxi_touches_total{action=\"tell\",state=\"dead\"}", 2.0).await;
    expect(
        &dead,
        &[
            ("guanxi_delivery_failures_total{channel=\"crm\",reason=\"status\"}", 4.0),
            ("guanxi_delivery_failures_total{channel=\"crm\",reason=\"timeout\"}", 0.0),
            ("guanxi_outbox_depth{channel=\"crm\"}", 0.0),
            ("guanxi_outbox_oldest_seconds{channel=\"crm\"}", 0.0),
        ],
    );
}

async fn an_edit_is_told(home: &Home, daemon: &Daemon) {
    let version = |samples: &Samples| -> Vec<String> {
        let named = samples.iter().filter(|(name, _)| name.starts_with("guanxi_policy_info"));
        named.map(|(name, value)| format!("{name} {value}")).collect()
    };
    let first = samples(daemon).await;
    let policy = fs::read_to_string(home.path("policies/all.toml")).unwrap();
    home.edit("[segment.buyer]\nwhen = 'nothing > 1'\n");
    let broken = until(daemon, "guanxi_policy_last_reload_successful", 0.0).await;
    assert_eq!(version(&broken), version(&first));
    assert_eq!(
        broken["guanxi_policy_last_reload_success_timestamp_seconds"],
        first["guanxi_policy_last_reload_success_timestamp_seconds"]
    );
    home.edit(
        &policy
            .replace("[\"greet\", \"tell\"]", "[\"greet\"]")
            .replace("[action.tell]\nchannel = \"crm\"\n", ""),
    );
    let edited = until(daemon, "guanxi_policy_last_reload_successful", 1.0).await;
    assert_eq!(version(&edited).len(), 1);
    assert_ne!(version(&edited), version(&first));
    assert!(
        edited["guanxi_policy_last_reload_success_timestamp_seconds"]
            > broken["guanxi_policy_last_reload_success_timestamp_seconds"]
    );
    assert!(edited.keys().all(|name| !name.contains("action=\"tell\"")), "what was removed is told no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_begin_at_nought_after_a_restart_and_missed_runs_are_counted_whatever_catches_up() {
    let every_day = |name: &str, catch_up: &str| {
        format!(
            "[schedule.{name}]\ncron = \"0 9 * * *\"\nevaluate = [\"segment.buyer\"]\ncatch_up = \"{catch_up}\"\n"
        )
    };
    let home = home();
    let policy = fs::read_to_string(home.path("policies/all.toml")).unwrap();
    let schedules = ["latest", "all", "none"].map(|word| every_day(&format!("s_{word}"), word)).concat();
    let before = policy.split("[schedule.").next().unwrap();
    let policy = format!("{before}{schedules}");
    home.edit(&policy);
    let daemon = home.start().await;
    assert_eq!(ask(daemon.address, "POST /v1/events", EVENTS).await.0, 200);
    assert_eq!(ask(daemon.address, "POST /v1/runs", "").await.0, 200);
    let once = samples(&daemon).await;
    assert_eq!(once["guanxi_touches_total{action=\"tell\",state=\"queued\"}"], 2.0);
    assert_eq!(once["guanxi_runs_total{schedule=\"request\",outcome=\"committed\"}"], 1.0);
    home.goes_to(&daemon, "2027-01-10T09:00:01Z");
    until(&daemon, "guanxi_runs_total{schedule=\"s_none\",outcome=\"committed\"}", 1.0).await;
    daemon.stop().await;

    home.clock.set(crate::home::at("2027-01-14T10:00:00Z"));
    let daemon = home.start().await;
    let again = until(&daemon, "guanxi_runs_missed_total{schedule=\"s_latest\"}", 4.0).await;
    expect(
        &again,
        &[
            ("guanxi_touches_total{action=\"tell\",state=\"queued\"}", 0.0),
            ("guanxi_ingest_rows_total{source=\"/v1/events\",outcome=\"new\"}", 0.0),
            ("guanxi_runs_total{schedule=\"s_latest\",outcome=\"committed\"}", 1.0),
            ("guanxi_runs_total{schedule=\"s_none\",outcome=\"committed\"}", 0.0),
            ("guanxi_runs_total{schedule=\"s_all\",outcome=\"committed\"}", 4.0),
            ("guanxi_runs_missed_total{schedule=\"s_all\"}", 4.0),
            ("guanxi_runs_missed_total{schedule=\"s_none\"}", 4.0),
        ],
    );
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_is_told_and_one_that_is_rolled_back_counts_no_touch() {
    let home = home();
    let daemon = home.start().await;
    assert_eq!(ask(daemon.address, "POST /v1/events", EVENTS).await.0, 200);
    let fault = |sql: &str| {
        rusqlite::Connection::open(home.path("guanxi.db")).unwrap().execute_batch(sql).unwrap();
    };
    // The last thing that a run writes: all its touches are made by then.
    fault("CREATE TRIGGER fault BEFORE UPDATE ON run BEGIN SELECT raise(ABORT, 'on purpose'); END");
    home.goes_to(&daemon, "2027-01-10T09:00:01Z");
    let failed = until(&daemon, "guanxi_run_last_successful", 0.0).await;
    assert!(failed["guanxi_runs_total{schedule=\"mornings\",outcome=\"failed\"}"] >= 1.0);
    expect(
        &failed,
        &[
            ("guanxi_ready", 0.0),
            ("guanxi_touches_total{action=\"tell\",state=\"waiting\"}", 0.0),
            ("guanxi_runs_missed_total{schedule=\"mornings\"}", 0.0),
        ],
    );
    let (status, why) = ask(daemon.address, "GET /readyz", "").await;
    assert!(status == 503 && why.contains("on purpose"), "{status} {why}");
    fault("DROP TRIGGER fault");
    home.goes_to(&daemon, "2027-01-10T09:02:01Z");
    let mended = until(&daemon, "guanxi_runs_missed_total{schedule=\"mornings\"}", 1.0).await;
    expect(
        &mended,
        &[
            ("guanxi_run_last_successful", 1.0),
            ("guanxi_touches_total{action=\"tell\",state=\"waiting\"}", 2.0),
            ("guanxi_ready", 1.0),
        ],
    );
    assert_eq!(ask(daemon.address, "GET /readyz", "").await.0, 200);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing_wrong_with_a_scrape() {
    let home = home();
    let daemon = home.start().await;
    assert_eq!(ask(daemon.address, "POST /v1/events", EVENTS).await.0, 200);
    assert_eq!(ask(daemon.address, "POST /v1/runs", "").await.0, 200);
    until(&daemon, "guanxi_delivery_failures_total{channel=\"crm\",reason=\"status\"}", 2.0).await;
    let page = page(&daemon).await;
    daemon.stop().await;
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!(
            "promtool is not installed (Debian package prometheus): the scrape was not checked with it"
        );
        return;
    };
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}\n{page}");
}
