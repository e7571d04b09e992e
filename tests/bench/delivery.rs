//! Deliveries by webhook against a bare reqwest loop that posts the same bodies.
//!
//! `cargo bench --bench delivery` queues 20,000 touches in a store on disk and delivers them, signed, as the daemon
//! does: the dispatcher on the thread that owns the store, the guards asked again before each attempt, every outcome
//! noted. The loop posts the same bodies unsigned to the same receiver (in this process, on a thread of its own), with
//! as many requests at once, and notes nothing. Both go in turns; medians of five. `-- --touches 5000` makes it
//! smaller.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use guanxi::archive::{Archive, Change, NewRun, RunTotals};
use guanxi::daemon::deliver::WriterOutbox;
use guanxi::daemon::state::Store;
use guanxi::daemon::writer::Writer;
use guanxi::emit::{Dispatcher, Outside, message};
use guanxi::engine::Engine;
use guanxi::intake::Inbox;
use guanxi::model::touch::{Because, Touch, TouchState};
use guanxi::model::{Timestamp, Value};
use guanxi::policy::{Compiled, Files, load, render};
use guanxi::ports::Clock;
use guanxi::ports::system::{SystemClock, SystemEntropy, SystemEnvironment};
use reqwest::header::CONTENT_TYPE;

const ROUNDS: usize = 5;
const DAY: i64 = 86_400_000;

fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("nobody chose before");
    let receiver = receiver();
    let count = touches_wanted();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for concurrency in [8, 64] {
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let touches = touches(count, round);
            let bodies: Vec<Bytes> = touches.iter().map(body).collect();
            let size = bodies.iter().map(Bytes::len).sum::<usize>() / count.max(1);
            bare.push(rate(count, runtime.block_on(post_all(receiver, bodies, concurrency))));
            ours.push(rate(count, runtime.block_on(deliver_all(receiver, &touches, concurrency))));
            if round == 0 {
                println!("{count} touches, bodies of {size} bytes, {concurrency} requests at once");
            }
        }
        let (bare, ours) = (median(bare), median(ours));
        println!("  bare reqwest loop     {bare:>8.0} a second");
        println!("  deliveries            {ours:>8.0} a second   {:.0} %", ours / bare * 100.0);
    }
}

fn touches_wanted() -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--touches");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(20_000)
}

/// Takes everything that is posted.
fn receiver() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener that waits for none");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let take = |body: Bytes| async move {
                if body.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::NO_CONTENT }
            };
            axum::serve(listener, axum::Router::new().route("/in", post(take))).await.expect("a receiver");
        });
    });
    address
}

/// What a user would write instead: so many workers, one request each, over one client.
async fn post_all(receiver: SocketAddr, bodies: Vec<Bytes>, concurrency: usize) -> Duration {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let (bodies, next) = (Arc::new(bodies), Arc::new(AtomicUsize::new(0)));
    let url = format!("http://{receiver}/in");
    let begin = Instant::now();
    let workers: Vec<_> = (0..concurrency)
        .map(|_| {
            let (client, bodies, next, url) =
                (client.clone(), Arc::clone(&bodies), Arc::clone(&next), url.clone());
            tokio::spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request =
                        client.post(&url).header(CONTENT_TYPE, "application/json").body(body.clone());
                    let answer = request.send().await.expect("an answer");
                    assert!(answer.status().is_success(), "{}", answer.status());
                    answer.bytes().await.expect("the answer's body");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
    begin.elapsed()
}

async fn deliver_all(receiver: SocketAddr, touches: &[Touch], concurrency: usize) -> Duration {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let policy = policy(receiver, concurrency);
    let mut archive = Archive::open(&folder.path().join("guanxi.db")).expect("a store");
    fill(&mut archive, &policy, touches);
    let engine = Engine::new(Arc::clone(&policy), Arc::new(SystemClock)).expect("an engine");
    let store = Store { archive, engine, inbox: Inbox::new(folder.path()) };
    let (writer, ended) = Writer::start(store).expect("a thread");
    let mut dispatcher = Dispatcher::new(WriterOutbox(writer), outside(folder.path()));
    let board = dispatcher.board();
    let delivered = || board.read().get("crm").map_or(0, |status| status.delivered);
    let begin = Instant::now();
    dispatcher.configure(&policy.channels, policy.settings.timezone);
    while usize::try_from(delivered()) != Ok(touches.len()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Ends when everything is noted.
    dispatcher.shutdown().await;
    let time = begin.elapsed();
    assert!(ended.await.is_err(), "the store is closed");
    let archive = Archive::open(&folder.path().join("guanxi.db")).expect("the store");
    assert_eq!(archive.depth("crm").expect("a depth").queued, 0, "everything was noted");
    time
}

fn outside(data_folder: &Path) -> Outside {
    Outside {
        clock: Arc::new(SystemClock),
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        environment: Arc::new(SystemEnvironment),
        data_folder: data_folder.to_owned(),
    }
}

fn policy(receiver: SocketAddr, concurrency: usize) -> Arc<Compiled> {
    let text = include_str!("delivery.toml")
        .replace("RECEIVER", &receiver.to_string())
        .replace("CONCURRENCY", &concurrency.to_string());
    let mut files = Files::default();
    files.policies.insert("delivery.toml".to_owned(), text);
    let outcome = load(&files);
    assert!(outcome.compiled.is_some(), "{}", render(&outcome.diagnostics, &files, false));
    Arc::new(outcome.compiled.expect("a policy set"))
}

/// Takes the customers in and queues the touches, in one run.
fn fill(archive: &mut Archive, policy: &Compiled, touches: &[Touch]) {
    archive.adopt(policy.schema.clone()).expect("the schema fits");
    let mut ingest = archive.ingest(Timestamp(0)).expect("an import");
    for touch in touches {
        ingest.customer(&touch.customer, &[Change::Set(Value::Bool(false))]).expect("a customer");
    }
    ingest.commit().expect("the customers stay");
    let now = SystemClock.now();
    let run = NewRun {
        now,
        started: now,
        schedule: "bench".to_owned(),
        policy_version: policy.version.to_string(),
    };
    let mut run = archive.begin_run(&run).expect("a run");
    for touch in touches {
        assert!(run.touch(touch, touch.made).expect("a touch"));
    }
    run.finish(&RunTotals { finished: now, ..RunTotals::default() }).expect("the run stays");
    archive.checkpoint().expect("the log is emptied");
}

fn touches(count: usize, round: usize) -> Vec<Touch> {
    let now = SystemClock.now();
    let payload = serde_json::json!({
        "name": "Acme Limited", "manager": "J. Doe", "days": 61, "value": 1_234.5,
        "reason": "No order for two months: 61 days without an order",
    });
    let payload = payload.as_object().cloned().unwrap_or_default();
    let because = Because {
        kind: "trigger".to_owned(),
        name: "quiet".to_owned(),
        title: "No order for two months".to_owned(),
        step: None,
        event: None,
        cause: Some("natural".to_owned()),
        severity: Some("low".to_owned()),
        from: None,
        to: None,
    };
    (0..count)
        .map(|number| Touch {
            id: format!("tch_{round}{number:023}").into(),
            customer: format!("customer-{:06}", number.wrapping_mul(7_919) % count).into(),
            action: "note".into(),
            channel: "crm".into(),
            because: because.clone(),
            occurrence: number.to_string(),
            event: None,
            due: now.plus(-DAY),
            expires: now.plus(DAY),
            made: now.plus(-DAY),
            queued: None,
            effort: 1.0,
            priority: 0.0,
            state: TouchState::Queued,
            reason: String::new(),
            policy_version: "0123456789ab".into(),
            payload: payload.clone(),
        })
        .collect()
}

fn body(touch: &Touch) -> Bytes {
    message::body(&touch.outgoing().expect("texts"), touch.made).expect("a body").into()
}

fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
