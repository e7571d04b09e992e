//! Memory, threads, open files and the write-ahead log stay as they are while days go by under load.
//! `GUANXI_SOAK_SECONDS` asks for a longer time than the few seconds of every test run.

#![expect(clippy::print_stdout, reason = "whoever runs it long wants the figures")]

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use guanxi::archive::Archive;
use guanxi::daemon::Daemon;
use guanxi::model::Timestamp;
use guanxi::model::time::DAY;
use guanxi::ports::process::{Usage, usage};

use crate::home::{Home, ask};
use crate::receiver;

const POLICY: &str = r#"
[settings]
timezone = "UTC"
[customer.fields]
number = "number"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[function.half]
script = "half.rhai"
takes = { x = "number" }
returns = "number"
[metric.days_since_order]
event = "order"
take = "days_since_last"
[metric.spent]
event = "order"
take = "sum"
of = "amount"
within = "7d"
[score.half]
value = 'half(spent)'
[tier.pyramid]
by = 'half'
levels = [ { name = "key", top = "20%" }, { name = "rest" } ]
[channel.list.file]
path = "out/list-{date}.jsonl"
format = "jsonl"
[channel.crm.webhook]
url = "http://RECEIVER/"
retry = { first = "1s", factor = 2, max = "1m", attempts = 3 }
[action.note]
channel = "list"
[action.tell]
channel = "crm"
[trigger.rises]
moves = "pyramid"
direction = "up"
actions = ["note", "tell"]
[trigger.quiet]
when = 'days_since_order > 1'
actions = ["tell"]
[schedule.hourly]
cron = "0 * * * *"
evaluate = ["everything"]
[schedule.at_once]
on = ["order"]
evaluate = ["trigger.quiet"]
"#;

const SCRIPT: &str = "fn half(x) {\n    x / 2.0\n}\n";
const CUSTOMERS: usize = 300;
const HOUR: i64 = DAY / 24;

/// What must stay as it is.
#[derive(Debug)]
struct Held {
    memory: u64,
    files: u64,
    threads: u64,
    log: u64,
}

fn held(home: &Home) -> Held {
    let Usage { resident_bytes, open_files, threads, .. } = usage();
    Held {
        memory: resident_bytes.unwrap(),
        files: open_files.unwrap(),
        threads: threads.unwrap(),
        log: fs::metadata(home.path("guanxi.db-wal")).map_or(0, |about| about.len()),
    }
}

#[test]
fn what_is_held_stays_as_it_is_while_days_go_by() {
    // In a process of its own: what other tests hold is not its.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["soak::days_go_by", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of another test, which starts it"]
async fn days_go_by() {
    let asked = std::env::var_os("GUANXI_SOAK_SECONDS").and_then(|text| text.to_str()?.parse().ok());
    let whole = Duration::from_secs(asked.unwrap_or(7));
    let answers = Mutex::new(0_u64);
    let receiver = receiver::start(move |_| {
        let mut answers = answers.lock().unwrap();
        *answers += 1;
        // Each tenth fails.
        let status = if answers.is_multiple_of(10) { "500 Oops" } else { "200 Fine" };
        Some(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))
    });
    let home = Home::new(&POLICY.replace("RECEIVER", &receiver.to_string()));
    fs::write(home.path("scripts/half.rhai"), SCRIPT).unwrap();
    let daemon = home.start().await;
    let over = Arc::new(AtomicBool::new(false));
    let readers = [0, 1].map(|_| keep_reading(&home, &over));
    let begun = Instant::now();
    let mut hours = 0;
    let mut seen = Vec::new();
    while begun.elapsed() < whole {
        an_hour_goes_by(&home, &daemon, hours).await;
        hours += 1;
        if begun.elapsed() > whole / 3 {
            seen.push(held(&home));
        }
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    let page = ask(daemon.address, "GET /metrics", "").await.1;
    let delivered = "guanxi_touches_total{action=\"tell\",state=\"delivered\"} ";
    let delivered =
        page.lines().find_map(|line| line.strip_prefix(delivered)).unwrap().parse::<f64>().unwrap();
    daemon.stop().await;
    let (first, last) = (&seen[0], &seen[seen.len() - 1]);
    println!("{hours} hours in {:?}, {delivered} delivered; {first:?} became {last:?}", begun.elapsed());
    assert!(
        hours > 24 && delivered > 100.0,
        "too little happened to tell: {hours} hours, {delivered} delivered"
    );
    stays(&seen, "memory", 48 << 20, |held| held.memory);
    stays(&seen, "open files", 16, |held| held.files);
    stays(&seen, "threads", 8, |held| held.threads);
    let longest = seen.iter().map(|held| held.log).max().unwrap();
    assert!(longest < 128 << 20, "the log grew to {longest} bytes");
}

/// The most of the last third is not beyond the most of the first third by more than may come and go.
fn stays(seen: &[Held], what: &str, may_vary: u64, figure: impl Fn(&Held) -> u64) {
    let third = seen.len() / 3;
    let most = |part: &[Held]| part.iter().map(&figure).max().unwrap_or_default();
    let (before, after) = (most(&seen[..third]), most(&seen[seen.len() - third..]));
    println!("{what}: at most {before}, then at most {after}");
    assert!(after <= before + may_vary, "{what} grew from {before} to {after}");
}

async fn an_hour_goes_by(home: &Home, daemon: &Daemon, hour: i64) {
    let now = Timestamp(crate::home::at("2027-01-10T08:00:00Z").0 + hour * HOUR);
    home.clock.set(now);
    daemon.shared.schedules_changed.notify_one();
    let address: SocketAddr = daemon.address;
    let rows = (0..CUSTOMERS).filter(|number| (number + usize::try_from(hour).unwrap()) % 25 == 0);
    let events = rows.clone().fold(String::new(), |mut rows, number| {
        let amount = (number * 7919 + usize::try_from(hour).unwrap()) % 100;
        writeln!(rows, r#"{{"type": "order", "customer": "c{number}", "at": "{now}", "amount": {amount}}}"#)
            .unwrap();
        rows
    });
    assert_eq!(ask(address, "POST /v1/events", &events).await.0, 200);
    if hour % 24 == 0 {
        let file = rows.fold("id,customer,at,amount\n".to_owned(), |mut rows, number| {
            writeln!(rows, "f{hour}-{number},c{number},{now},5\nbad,c{number},never,5").unwrap();
            rows
        });
        fs::write(home.path(&format!("inbox/orders-{hour}.csv")), file).unwrap();
        let edited = fs::read_to_string(home.path("policies/all.toml")).unwrap();
        let (from, to) = if hour % 48 == 0 { ("> 1'", "> 2'") } else { ("> 2'", "> 1'") };
        home.edit(&edited.replace(from, to));
    }
    for look in ["GET /v1/status", "GET /metrics", "GET /readyz"] {
        ask(address, look, "").await;
    }
    let due = Timestamp(now.0 / HOUR * HOUR);
    while hour > 0 && daemon.shared.runs().last.is_none_or(|last| last.now < due) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Readers that relieve one another: at every moment one of them holds the store still.
fn keep_reading(home: &Home, over: &Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    let (store, over) = (home.path("guanxi.db"), Arc::clone(over));
    tokio::task::spawn_blocking(move || {
        while !over.load(Ordering::Relaxed) {
            let archive = Archive::open_read_only(&store).unwrap();
            let snapshot = archive.snapshot().unwrap();
            archive.counts().unwrap();
            std::thread::sleep(Duration::from_millis(70));
            drop(snapshot);
        }
    })
}
