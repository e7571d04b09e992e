//! The daemon from outside: HTTP, reload, schedules, inbox, restart.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::daemon::state::{Outside, Settings};
use guanxi::daemon::{Daemon, StartError};
use guanxi::model::Timestamp;
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use serde_json::Value;
use tempfile::TempDir;

const POLICY: &str = r#"
[settings]
timezone = "Europe/London"
[customer.fields]
name = "text"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[metric.orders]
event = "order"
take = "count"
[segment.buyer]
when = 'orders >= 1'
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.greet]
channel = "list"
[action.greet.payload]
text = "{{ orders }} orders"
[trigger.first_order]
when = 'buyer'
backlog = "fire"
actions = ["greet"]
[schedule.mornings]
cron = "0 9 * * *"
evaluate = ["everything"]
"#;

struct Home {
    folder: TempDir,
    clock: Arc<SetClock>,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

impl Home {
    fn new(policy: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(SetClock::at(at("2027-01-10T08:00:00Z"))),
        };
        fs::create_dir(home.path("policies")).unwrap();
        home.edit(policy);
        home
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn edit(&self, policy: &str) {
        // As editors do: a new file in the old one's place.
        fs::write(self.path("policies/new"), policy).unwrap();
        fs::rename(self.path("policies/new"), self.path("policies/all.toml")).unwrap();
    }

    async fn start(&self) -> Result<Daemon, StartError> {
        let settings = Settings {
            policies: self.path("policies"),
            scripts: self.path("scripts"),
            data: self.folder.path().to_owned(),
            store: self.path("guanxi.db"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token_file: None,
            plan: None,
        };
        let outside = Outside {
            clock: Arc::clone(&self.clock) as _,
            wall: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
        };
        Daemon::start(settings, outside).await
    }
}

/// One request over a connection of its own.
async fn http(address: SocketAddr, request: &str, headers: &str, body: &str) -> (u16, Value) {
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    tokio::task::spawn_blocking(move || exchange(address, &text)).await.unwrap()
}

fn exchange(address: SocketAddr, text: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    // A server that refuses a body may hang up before all of it is sent.
    let _ = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn status(daemon: &Daemon) -> Value {
    http(daemon.address, "GET /v1/status", "", "").await.1
}

/// Waits until the status is as wanted; fails with the last one seen.
async fn until(daemon: &Daemon, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let status = status(daemon).await;
        if wanted(&status) {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "never came: {status:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path)
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_over_http_and_each_bad_one_is_named() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let post = |path: &'static str, body: &'static str| http(daemon.address, path, "", body);
    assert_eq!(http(daemon.address, "GET /healthz", "", "").await.0, 200);
    assert_eq!(http(daemon.address, "GET /readyz", "", "").await.0, 200);

    let (code, one) = post("POST /v1/customers", r#"{"id": "c1", "name": "Acme"}"#).await;
    assert_eq!((code, &one["new"]), (200, &1.into()), "{one}");
    let events = r#"[{"type": "order", "id": "o1", "customer": "c1", "at": "2027-01-01", "amount": 5},
                     {"type": "order", "id": "o2", "customer": "c1", "at": "2027-01-02", "amount": "much"}]"#;
    let (code, two) = post("POST /v1/events", events).await;
    assert_eq!((code, &two["new"], &two["rejected"]), (200, &1.into(), &1.into()), "{two}");
    assert_eq!((&two["errors"][0]["index"], &two["errors"][0]["field"]), (&1.into(), &"amount".into()));
    let (_, again) = post("POST /v1/events", events).await;
    assert_eq!((&again["new"], &again["same"]), (&0.into(), &1.into()), "{again}");

    let (code, none) = post("POST /v1/events", r#"{"type": "ordre", "customer": "c1"}"#).await;
    assert_eq!((code, &none["error"]["code"]), (400, &"no_valid_row".into()), "{none}");
    let (code, empty) = post("POST /v1/events", "").await;
    assert_eq!((code, &empty["error"]["code"]), (400, &"unreadable".into()), "{empty}");
    let status = status(&daemon).await;
    assert_eq!((&status["customers"], &status["events"]["order"]), (&1.into(), &1.into()), "{status:#}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_must_not_get_through_are_told_why_as_json() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let address = daemon.address;
    for (request, headers, code, word) in [
        ("GET /nothing", "", 404, "not_found"),
        ("GET /v1/events", "", 405, "method_not_allowed"),
        ("POST /v1/events", "origin: http://example.com\r\n", 403, "forbidden"),
    ] {
        let (got, answer) = http(address, request, headers, "").await;
        assert_eq!((got, &answer["error"]["code"]), (code, &word.into()), "{request}: {answer}");
    }
    let large = " ".repeat((10 << 20) + 1);
    let (code, _) = http(address, "POST /v1/events", "", &large).await;
    assert!(code == 413 || code == 0, "{code}");
    let rebound = "GET /v1/status HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n";
    let answer = tokio::task::spawn_blocking(move || exchange(address, rebound)).await.unwrap();
    assert_eq!(answer.0, 403);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_active_at_once_a_broken_one_changes_nothing_and_a_mended_one_is() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let first = status(&daemon).await;
    let version = |status: &Value| status["policy"]["version"].clone();

    let edited = format!("{}\n[score.twice]\nvalue = 'orders * 2'\n", POLICY.replace(">= 1", ">= 2"));
    let begun = Instant::now();
    home.edit(&edited);
    let second = until(&daemon, |status| version(status) != version(&first)).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let second_message =
        until(&daemon, |status| status["last_reload"]["message"] != first["last_reload"]["message"]).await;
    assert_eq!(
        second_message["last_reload"]["message"],
        "added score.twice in all.toml; changed segment.buyer in all.toml"
    );

    home.edit(&edited.replace("'orders * 2'", "'ordres * 2'"));
    let third = until(&daemon, |status| status["last_reload"]["successful"] == false).await;
    assert_eq!(version(&third), version(&second));
    assert_eq!(third["last_reload"]["diagnostics"][0]["severity"], "error", "{third:#}");
    assert!(third["last_reload"]["rendered"].as_str().unwrap().contains("ordres"));
    let (code, _) = http(daemon.address, "POST /v1/customers", "", r#"{"id": "c1"}"#).await;
    assert_eq!(code, 200);

    home.edit(&edited);
    let fourth = until(&daemon, |status| status["last_reload"]["successful"] == true).await;
    assert_eq!(version(&fourth), version(&second));
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_broken_at_the_start_leave_the_last_good_set_in_charge() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let good = status(&daemon).await;
    daemon.stop().await;

    home.edit("[segment.buyer]\nwhen = 'nothing > 1'\n");
    let daemon = home.start().await.unwrap();
    let status = status(&daemon).await;
    assert_eq!(status["policy"]["version"], good["policy"]["version"]);
    assert_eq!(
        (&status["policy"]["from_store"], &status["last_reload"]["successful"]),
        (&true.into(), &false.into())
    );
    home.edit(POLICY);
    until(&daemon, |status| status["policy"]["from_store"] == false).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_and_no_earlier_set_are_no_start() {
    let home = Home::new("[segment.buyer]\nwhen = 'nothing > 1'\n");
    assert!(matches!(home.start().await.err(), Some(StartError::Policies(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_store_is_refused() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let second = home.start().await.err().unwrap();
    assert!(second.to_string().contains("in use"), "{second}");
    daemon.stop().await;
    home.start().await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_runs_once_when_due_and_what_was_missed_while_down_is_one_run() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let order = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2027-01-01", "amount": 5}"#;
    assert_eq!(http(daemon.address, "POST /v1/events", "", order).await.0, 200);
    home.clock.set(at("2027-01-10T09:00:01Z"));
    daemon.shared.schedules_changed.notify_one();
    let ran = until(&daemon, |status| status["last_run"]["now"] == "2027-01-10T09:00:00Z").await;
    assert_eq!(
        (&ran["last_run"]["customers"], &ran["last_run"]["touches"]),
        (&1.into(), &1.into()),
        "{ran:#}"
    );
    until(&daemon, |status| status["channels"][0]["delivered"] == 1).await;
    let id = ran["last_run"]["id"].clone();
    daemon.stop().await;
    assert_eq!(lines(&home.path("out/list.jsonl")).len(), 1);

    let daemon = home.start().await.unwrap();
    let same = status(&daemon).await;
    assert_eq!(same["last_run"]["id"], id, "nothing is due again after a restart");
    daemon.stop().await;

    home.clock.set(at("2027-01-14T10:00:00Z"));
    let daemon = home.start().await.unwrap();
    let caught_up = until(&daemon, |status| status["last_run"]["now"] == "2027-01-14T09:00:00Z").await;
    assert_eq!(caught_up["last_run"]["id"].as_i64(), id.as_i64().map(|id| id + 1), "four missed, one run");
    daemon.stop().await;
    assert_eq!(lines(&home.path("out/list.jsonl")).len(), 1, "the same reason makes no second action");
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_go_on_after_the_clock_was_a_year_ahead() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    home.clock.set(at("2028-01-10T09:00:01Z"));
    daemon.shared.schedules_changed.notify_one();
    // The run is told before the schedule has noted its fire.
    let fired = |status: &Value| status["schedules"][0]["last"] == "2028-01-10T09:00:00Z";
    let ahead = until(&daemon, |status| fired(status) && status["last_run"]["id"].is_i64()).await;
    let id = |status: &Value| status["last_run"]["id"].as_i64().unwrap();
    home.clock.set(at("2027-01-10T09:00:02Z"));
    daemon.shared.schedules_changed.notify_one();
    // The last fire, not the next: that is told right before the schedules have noticed.
    let last = |status: &Value| status["schedules"][0]["last"].as_str().unwrap_or_default().to_owned();
    let set_back = until(&daemon, |status| last(status).starts_with("2027-01-10")).await;
    assert_eq!(set_back["schedules"][0]["next"], "2027-01-11T09:00:00Z");
    assert_eq!(id(&set_back), id(&ahead), "what has fired does not fire again");
    home.clock.set(at("2027-01-11T09:00:01Z"));
    daemon.shared.schedules_changed.notify_one();
    let ran = until(&daemon, |status| id(status) == id(&ahead) + 1).await;
    assert_eq!(ran["last_run"]["now"], "2028-01-10T09:00:00Z", "no run decides for an earlier time");
    daemon.stop().await;
    // The store remembers the fire of the wrong year no more.
    home.clock.set(at("2027-01-12T09:00:01Z"));
    let daemon = home.start().await.unwrap();
    until(&daemon, |status| id(status) == id(&ahead) + 2).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_the_store_failed_is_made_up_for_and_not_left_until_tomorrow() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let order = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2027-01-01", "amount": 5}"#;
    assert_eq!(http(daemon.address, "POST /v1/events", "", order).await.0, 200);
    let fault = |sql: &str| {
        rusqlite::Connection::open(home.path("guanxi.db")).unwrap().execute_batch(sql).unwrap();
    };
    fault("ALTER TABLE trigger_number RENAME TO away");
    home.clock.set(at("2027-01-10T09:00:01Z"));
    daemon.shared.schedules_changed.notify_one();
    until(&daemon, |status| status["run_failure"].is_string()).await;
    fault("ALTER TABLE away RENAME TO trigger_number");
    home.clock.set(at("2027-01-10T09:00:31Z"));
    daemon.shared.schedules_changed.notify_one();
    let ran = until(&daemon, |status| status["run_failure"].is_null()).await;
    assert_eq!(ran["last_run"]["now"], "2027-01-10T09:00:00Z");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_inbox_is_imported_and_moved() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    fs::write(
        home.path("inbox/orders-1.csv"),
        "id,customer,at,amount\no1,c1,2027-01-01,5\no2,c2,2027-01-02,lots\no3,c2,2027-01-03,7\n",
    )
    .unwrap();
    until(&daemon, |status| status["events"]["order"] == 2).await;
    daemon.stop().await;
    assert!(!home.path("inbox/orders-1.csv").exists());
    assert_eq!(fs::read_dir(home.path("imported")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(home.path("rejected")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_the_store_cannot_hold_is_refused_and_the_set_before_goes_on() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let order = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2027-01-01", "amount": 5}"#;
    assert_eq!(http(daemon.address, "POST /v1/events", "", order).await.0, 200);
    let before = status(&daemon).await;
    home.edit(&POLICY.replace("amount = \"number\"", "amount = \"text\""));
    let refused = until(&daemon, |status| status["last_reload"]["successful"] == false).await;
    assert!(refused["last_reload"]["message"].as_str().unwrap().contains("stored as"), "{refused:#}");
    assert_eq!(refused["policy"]["version"], before["policy"]["version"]);
    let other = order.replace("o1", "o2");
    assert_eq!(http(daemon.address, "POST /v1/events", "", &other).await.0, 200);
    home.clock.set(at("2027-01-10T09:00:00Z"));
    daemon.shared.schedules_changed.notify_one();
    until(&daemon, |status| status["last_run"]["customers"] == 1).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_mounted_by_swapping_a_link_is_reloaded() {
    use std::os::unix::fs::symlink;
    let home = Home::new(POLICY);
    let policies = home.path("policies");
    fs::remove_file(policies.join("all.toml")).unwrap();
    for (folder, policy) in [("..one", POLICY), ("..two", &POLICY.replace(">= 1", ">= 2"))] {
        fs::create_dir(policies.join(folder)).unwrap();
        fs::write(policies.join(folder).join("all.toml"), policy).unwrap();
    }
    symlink("..one", policies.join("..data")).unwrap();
    symlink("..data/all.toml", policies.join("all.toml")).unwrap();
    let daemon = home.start().await.unwrap();
    symlink("..two", policies.join("..data_tmp")).unwrap();
    fs::rename(policies.join("..data_tmp"), policies.join("..data")).unwrap();
    until(&daemon, |status| status["last_reload"]["message"] == "changed segment.buyer in all.toml").await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_is_edited_counts_from_the_edit() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    home.clock.set(at("2027-01-10T08:45:00Z"));
    home.edit(&POLICY.replace("0 9 * * *", "30 8 * * *"));
    let edited =
        until(&daemon, |status| status["last_reload"]["message"] == "changed schedule.mornings in all.toml")
            .await;
    assert_eq!(edited["schedules"][0]["next"], "2027-01-11T08:30:00Z");
    assert_eq!(edited["last_run"], Value::Null, "half past eight of today was before the edit");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_and_a_run_can_be_asked_for() {
    let home = Home::new(POLICY);
    let daemon = home.start().await.unwrap();
    let order =
        r#"{"type": "order", "id": "1", "customer": "c1", "at": "2027-01-10T07:00:00Z", "amount": 5}"#;
    assert_eq!(http(daemon.address, "POST /v1/events", "", order).await.0, 200);
    let (status, ran) = http(daemon.address, "POST /v1/runs", "", "").await;
    assert_eq!(
        (status, &ran["run"]["customers"], &ran["run"]["touches"]),
        (200, &1.into(), &1.into()),
        "{ran:#}"
    );

    let (status, same) = http(daemon.address, "POST /v1/reload", "", "").await;
    assert_eq!((status, &same["last_reload"]["successful"]), (200, &true.into()), "{same:#}");
    let version = same["policy"]["version"].clone();
    home.edit(&POLICY.replace("orders >= 1", "ordres >= 1"));
    let (status, refused) = http(daemon.address, "POST /v1/reload", "", "").await;
    assert_eq!(status, 422, "{refused:#}");
    assert_eq!(refused["last_reload"]["diagnostics"][0]["severity"], "error");
    assert_eq!(refused["policy"]["version"], version, "what was active stays so");
    home.edit(&POLICY.replace("orders >= 1", "orders >= 2"));
    let (status, other) = http(daemon.address, "POST /v1/reload", "", "").await;
    assert_eq!(status, 200, "{other:#}");
    assert_ne!(other["policy"]["version"], version);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opts_out_over_http_between_two_attempts_is_sent_nothing_more() {
    let file = "[channel.list.file]\npath = \"out/list.jsonl\"\nformat = \"jsonl\"\n";
    // Nobody listens there.
    let webhook = "[channel.list.webhook]\nurl = \"http://127.0.0.1:1/\"\n";
    let policy = POLICY.replace(file, webhook).replace("name = \"text\"", "opted_out = \"bool\"");
    let home = Home::new(&format!("{policy}[guard.consent.block]\nwhen = 'opted_out'\n"));
    let daemon = home.start().await.unwrap();
    let post = |path: &'static str, body: &'static str| http(daemon.address, path, "", body);
    post("POST /v1/customers", r#"{"id": "c1", "opted_out": false}"#).await;
    let order = r#"{"type": "order", "id": "o1", "customer": "c1", "at": "2027-01-01", "amount": 5}"#;
    assert_eq!(post("POST /v1/events", order).await.0, 200);
    home.clock.set(at("2027-01-10T09:00:01Z"));
    daemon.shared.schedules_changed.notify_one();
    until(&daemon, |status| status["channels"][0]["failures"]["connect"] == 1).await;

    post("POST /v1/customers", r#"{"id": "c1", "opted_out": true}"#).await;
    home.clock.set(at("2027-01-10T10:00:00Z"));
    daemon.shared.wake_outbox();
    let status = until(&daemon, |status| status["channels"][0]["suppressed"] == 1).await;
    assert_eq!(status["channels"][0]["failures"]["connect"], 1, "{status:#}");
    assert_eq!(status["touches"][0]["state"], "suppressed", "{status:#}");
    assert_eq!(status["outbox"], Value::Array(Vec::new()), "{status:#}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_on_events_evaluates_their_customers_within_seconds() {
    let home = Home::new(&POLICY.replace("cron = \"0 9 * * *\"", "on = [\"order\"]"));
    let daemon = home.start().await.unwrap();
    let post = async |id: &str, customer: &str| {
        let order = format!(
            r#"{{"type": "order", "id": "{id}", "customer": "{customer}", "at": "2027-01-10T07:00:00Z", "amount": 5}}"#
        );
        assert_eq!(http(daemon.address, "POST /v1/events", "", &order).await.0, 200);
    };
    let names =
        r#"[{"id": "c1", "name": "One"}, {"id": "c2", "name": "Two"}, {"id": "c3", "name": "Three"}]"#;
    assert_eq!(http(daemon.address, "POST /v1/customers", "", names).await.0, 200);
    post("1", "c1").await;
    let first = until(&daemon, |status| status["last_run"]["touches"] == 1).await;
    assert_eq!(first["last_run"]["customers"], 3, "what never ran looks at everybody: {first:#}");
    post("1", "c1").await;
    post("2", "c3").await;
    let second = until(&daemon, |status| status["last_run"]["id"] != first["last_run"]["id"]).await;
    assert_eq!(second["last_run"]["customers"], 1, "the others are not looked at: {second:#}");
    assert_eq!(second["last_run"]["touches"], 1);
    let greeted: Vec<_> = second["touches"].as_array().unwrap().iter().map(|row| &row["count"]).collect();
    assert_eq!(greeted.iter().filter_map(|count| count.as_u64()).sum::<u64>(), 2, "{second:#}");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_unusually_many_touches_waits_until_it_is_approved_or_rejected() {
    let home = Home::new(&format!("{POLICY}[guard.blast.blast_radius]\ncount = 1\n"));
    let daemon = home.start().await.unwrap();
    let waves = [["1", "2", "3"], ["4", "5", "6"]];
    for (wave, say) in waves.iter().zip(["approve", "reject"]) {
        for id in wave {
            let order = format!(
                r#"{{"type": "order", "id": "{id}", "customer": "c{id}", "at": "2027-01-10T07:00:00Z", "amount": 5}}"#
            );
            assert_eq!(http(daemon.address, "POST /v1/events", "", &order).await.0, 200);
        }
        let (_, ran) = http(daemon.address, "POST /v1/runs", "", "").await;
        assert_eq!(ran["run"]["touches"], 0, "{ran:#}");
        let run = ran["run"]["id"].as_i64().unwrap();
        let (status, said) = http(daemon.address, &format!("POST /v1/runs/{run}/{say}"), "", "").await;
        assert_eq!((status, &said["touches"]), (200, &3.into()), "{said:#}");
        let again = http(daemon.address, &format!("POST /v1/runs/{run}/{say}"), "", "").await;
        assert_eq!((again.0, &again.1["error"]["code"]), (409, &"not_waiting".into()));
    }
    assert_eq!(http(daemon.address, "POST /v1/runs/99/approve", "", "").await.0, 404);
    // At one moment: touches go on from queued to delivered.
    let (_, status) = http(daemon.address, "GET /v1/status", "", "").await;
    let counts = |state: &str| {
        let rows = status["touches"].as_array().unwrap().iter();
        rows.filter(|row| row["state"] == state).filter_map(|row| row["count"].as_u64()).sum::<u64>()
    };
    assert_eq!(counts("waiting"), 0);
    assert_eq!(counts("cancelled"), 3, "those of the second run");
    assert_eq!(counts("queued") + counts("delivered"), 3, "those of the first went at once");
    daemon.stop().await;
}

fn command(home: &Home, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(home.folder.path()).args(arguments);
    for name in ["POLICIES", "SCRIPTS", "DATA", "STORE", "JSON", "NOW", "LISTEN", "LOG"] {
        command.env_remove(format!("GUANXI_{name}"));
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_over_http_of_the_forgotten_are_refused_and_those_of_the_merged_are_the_new_ones() {
    let home = Home::new(POLICY);
    let order = |id: &str, customer: &str| {
        format!(
            r#"{{"type": "order", "id": "{id}", "customer": "{customer}", "at": "2027-01-01T08:00:00Z", "amount": 5}}"#
        )
    };
    let daemon = home.start().await.unwrap();
    let sent = format!("[{}, {}, {}]", order("1", "gone"), order("2", "old"), order("3", "new"));
    let (_, told) = http(daemon.address, "POST /v1/events", "", &sent).await;
    assert_eq!(told["new"], 3, "{told:#}");
    daemon.stop().await;
    command(&home, &["forget", "gone"]);
    command(&home, &["merge", "old", "new"]);

    let daemon = home.start().await.unwrap();
    let (code, told) = http(daemon.address, "POST /v1/events", "", &sent).await;
    assert_eq!((code, &told["forgotten"], &told["same"]), (200, &1.into(), &2.into()), "{told:#}");
    let later = format!("[{}, {}]", order("4", "gone"), order("5", "old"));
    let (code, told) = http(daemon.address, "POST /v1/events", "", &later).await;
    assert_eq!((code, &told["forgotten"], &told["new"]), (200, &1.into(), &1.into()), "{told:#}");
    let people = r#"[{"id": "gone", "name": "Gone"}, {"id": "old", "name": "Ann"}]"#;
    let (code, told) = http(daemon.address, "POST /v1/customers", "", people).await;
    assert_eq!(
        (code, &told["forgotten"], &told["errors"]),
        (200, &1.into(), &Value::Array(Vec::new())),
        "{told:#}"
    );
    let (code, told) = http(daemon.address, "POST /v1/events", "", &order("6", "gone")).await;
    assert_eq!((code, &told["forgotten"]), (200, &1.into()), "not an error of the sender's: {told:#}");
    daemon.stop().await;
    let customers = command(
        &home,
        &["select", "true", "--columns", "id,name,orders", "--format", "csv", "--now", "2027-02-01"],
    );
    assert_eq!(customers, "id,name,orders\nnew,Ann,3\n");
}
