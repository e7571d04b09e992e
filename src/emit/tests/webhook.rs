use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::receiver::{Receiver, Reply};
use super::*;
use crate::emit::testing::webhook;
use crate::emit::{ChannelState, ChannelStatus, Dispatcher, message};
use crate::policy::compiled::Webhook;
use crate::ports::system::SystemClock;

const OK: Reply = Reply::Status(200, "");

fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::at(NOW))
}

/// Delivers what is due by the clock over one channel `crm`.
async fn drain(store: &Store, clock: &Arc<SetClock>, settings: Webhook) -> ChannelStatus {
    let dispatcher = Dispatcher::new(Arc::clone(store), outside(clock, Path::new(".")));
    let channel = channel("crm", ChannelKind::Webhook(settings));
    dispatcher.drain_due(&[channel], ZONE).await.remove("crm").unwrap()
}

/// HMAC-SHA256 by its definition.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn a_touch_is_posted_signed_and_delivered() {
    let mut receiver = Receiver::start(|_, _| OK).await;
    let store = store();
    let touches = touches("crm", 0..1);
    queue(&store, &touches);
    let mut settings = webhook(&receiver.url);
    settings.secrets = vec!["whsec_c2VjcmV0".to_owned(), "whsec_b2xk".to_owned()];
    settings.headers.insert("x-team".to_owned(), "care".to_owned());
    let status = drain(&store, &clock(), settings).await;
    assert_eq!((status.delivered, status.trouble), (1, None));
    assert_eq!(state(&store, "tch_000").0, TouchState::Delivered);

    let request = receiver.next().await;
    assert_eq!(request.line, "POST /in HTTP/1.1");
    assert_eq!(request.body, message::body(&touches[0].outgoing().unwrap(), NOW).unwrap());
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["x-team"], "care");
    assert!(request.headers["user-agent"].starts_with("guanxi/"));
    assert_eq!(request.headers["webhook-timestamp"], (NOW.0 / 1_000).to_string());
    let signed = [format!("tch_000.{}.", NOW.0 / 1_000).as_bytes(), &request.body].concat();
    let expected = [&b"secret"[..], b"old"].map(|key| format!("v1,{}", STANDARD.encode(hmac(key, &signed))));
    assert_eq!(request.headers["webhook-signature"], expected.join(" "));
}

#[tokio::test]
async fn a_failed_attempt_is_repeated_with_the_same_id_and_bytes_also_after_a_restart() {
    let mut receiver =
        Receiver::start(|number, _| if number == 0 { Reply::Status(500, "") } else { OK }).await;
    let (store, clock) = (store(), clock());
    queue(&store, &touches("crm", 0..1));
    let status = drain(&store, &clock, webhook(&receiver.url)).await;
    assert_eq!(status.failures["status"], 1);
    assert_eq!(status.trouble.as_deref(), Some("the receiver answered 500: said"));
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
    clock.set(NOW.plus(10));
    assert_eq!(drain(&store, &clock, webhook(&receiver.url)).await.delivered, 1);
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.id(), second.id());
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn retry_after_is_obeyed_to_the_millisecond() {
    let receiver =
        Receiver::start(|number, _| if number == 0 { Reply::Status(429, "retry-after: 7") } else { OK });
    let mut receiver = receiver.await;
    let (store, clock) = (store(), clock());
    queue(&store, &touches("crm", 0..1));
    drain(&store, &clock, webhook(&receiver.url)).await;
    clock.set(NOW.plus(6_999));
    drain(&store, &clock, webhook(&receiver.url)).await;
    assert_eq!(receiver.rest().len(), 1);
    clock.set(NOW.plus(7_000));
    assert_eq!(drain(&store, &clock, webhook(&receiver.url)).await.delivered, 1);
}

#[tokio::test]
async fn gone_stops_the_channel_and_its_touches_wait() {
    let mut receiver = Receiver::start(|_, _| Reply::Status(410, "")).await;
    let store = store();
    queue(&store, &touches("crm", 0..3));
    let settings = Webhook { concurrency: 1, ..webhook(&receiver.url) };
    let status = drain(&store, &clock(), settings).await;
    assert!(matches!(status.state, ChannelState::Stopped(reason) if reason.contains("410")));
    assert_eq!(receiver.rest().len(), 1);
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
    assert_eq!(state(&store, "tch_002").0, TouchState::Queued);
}

#[tokio::test]
async fn no_answer_a_broken_answer_and_a_redirect_are_failures_of_their_own_kind() {
    for (reply, word) in [
        (Reply::Hang, "timeout"),
        (Reply::Close, "broken"),
        (Reply::Status(302, "location: http://127.0.0.1:1/"), "redirect"),
    ] {
        let mut receiver = Receiver::start(move |_, _| reply).await;
        let store = store();
        queue(&store, &touches("crm", 0..1));
        let settings = Webhook { timeout: 200, ..webhook(&receiver.url) };
        let status = drain(&store, &clock(), settings).await;
        assert_eq!(status.failures.get(word), Some(&1), "{status:?}");
        assert_eq!(receiver.rest().len(), 1);
        assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
    }
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_told_without_the_address() {
    let store = store();
    queue(&store, &touches("crm", 0..1));
    let status = drain(&store, &clock(), webhook("http://127.0.0.1:1/?key=hidden")).await;
    assert_eq!(status.failures["connect"], 1);
    assert!(!status.trouble.unwrap().contains("hidden"));
}

#[tokio::test]
async fn attempts_run_out_and_the_touch_is_dead() {
    let mut receiver = Receiver::start(|_, _| Reply::Status(500, "")).await;
    let (store, clock) = (store(), clock());
    queue(&store, &touches("crm", 0..1));
    for attempt in 0..7 {
        clock.set(NOW.plus(attempt * 10));
        drain(&store, &clock, webhook(&receiver.url)).await;
    }
    assert_eq!(receiver.rest().len(), 5);
    let (state, reason) = state(&store, "tch_000");
    assert_eq!(state, TouchState::Dead);
    assert_eq!(reason, "5 attempts failed; the last: the receiver answered 500: said");
}

#[tokio::test]
async fn an_expired_touch_is_not_sent() {
    let mut receiver = Receiver::start(|_, _| OK).await;
    let store = store();
    let mut touches = touches("crm", 0..2);
    touches[0].expires = NOW.plus(-1);
    queue(&store, &touches);
    let status = drain(&store, &clock(), webhook(&receiver.url)).await;
    assert_eq!((status.delivered, status.expired), (1, 1));
    assert_eq!(receiver.rest().len(), 1);
    assert_eq!(state(&store, "tch_000").0, TouchState::Expired);
}

#[tokio::test]
async fn a_missing_variable_makes_the_channel_unavailable_and_its_touches_wait() {
    let store = store();
    queue(&store, &touches("crm", 0..1));
    let status = drain(&store, &clock(), webhook("${CRM_URL}")).await;
    let reason = "url: the environment variable CRM_URL is not set".to_owned();
    assert_eq!(status.state, ChannelState::Unavailable(reason));
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
}

#[tokio::test]
async fn first_attempts_leave_in_order_of_due_time_and_failures_do_not_hold_them_back() {
    let mut receiver =
        Receiver::start(|_, request| if request.id() == "tch_000" { Reply::Status(500, "") } else { OK })
            .await;
    let store = store();
    queue(&store, &touches("crm", 0..150));
    let settings = Webhook { concurrency: 1, ..webhook(&receiver.url) };
    assert_eq!(drain(&store, &clock(), settings).await.delivered, 149);
    let ids: Vec<String> = receiver.rest().iter().map(|request| request.id().to_owned()).collect();
    let expected: Vec<String> = (0..150).map(|number| format!("tch_{number:03}")).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_backlog_of_retries_does_not_hold_back_a_first_attempt_nor_the_other_way_round() {
    for concurrency in [1, 2] {
        let mut receiver =
            Receiver::start(|number, _| if number < 20 { Reply::Status(500, "") } else { OK }).await;
        let (store, clock) = (store(), clock());
        let settings = Webhook { concurrency, ..webhook(&receiver.url) };
        queue(&store, &touches("crm", 0..20));
        drain(&store, &clock, settings.clone()).await;
        assert_eq!(receiver.rest().len(), 20);
        clock.set(NOW.plus(1_000));
        queue(&store, &touches("crm", 20..40));
        assert_eq!(drain(&store, &clock, settings).await.delivered, 40);
        let ids: Vec<String> = receiver.rest().iter().map(|request| request.id().to_owned()).collect();
        let first = ids.iter().position(|id| id == "tch_020").unwrap();
        let retry = ids.iter().position(|id| id.as_str() < "tch_020").unwrap();
        assert!(first < concurrency, "{ids:?}");
        assert!(concurrency == 1 || retry < 4, "{ids:?}");
    }
}

#[tokio::test]
async fn many_touches_are_each_sent_once_within_the_concurrency() {
    let mut receiver = Receiver::start(|_, _| OK).await;
    let store = store();
    queue(&store, &touches("crm", 0..300));
    let settings = Webhook { concurrency: 8, ..webhook(&receiver.url) };
    assert_eq!(drain(&store, &clock(), settings).await.delivered, 300);
    let mut ids: Vec<String> = receiver.rest().iter().map(|request| request.id().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 300);
}

#[tokio::test]
async fn the_rate_is_kept() {
    let receiver = Receiver::start(|_, _| OK).await;
    let store = store();
    queue(&store, &touches("crm", 0..11));
    let settings = Webhook { rate: Some(50.0), ..webhook(&receiver.url) };
    let begun = tokio::time::Instant::now();
    assert_eq!(drain(&store, &clock(), settings).await.delivered, 11);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(195));
}

/// Time runs for these: a dispatcher waits by itself.
fn running(store: &Store) -> Dispatcher<Store> {
    let clock = Arc::new(SystemClock);
    let mut outside = outside(&Arc::new(SetClock::at(NOW)), Path::new("."));
    outside.clock = clock.clone();
    outside.wall = clock;
    Dispatcher::new(Arc::clone(store), outside)
}

fn never_expiring(channel: &str, numbers: std::ops::Range<i64>) -> Vec<Touch> {
    let mut touches = touches(channel, numbers);
    for touch in &mut touches {
        touch.due = Timestamp(touch.due.0 - NOW.0);
        touch.expires = Timestamp(i64::MAX);
    }
    touches
}

#[tokio::test]
async fn a_hanging_channel_and_a_failing_touch_hold_nobody_back() {
    let mut slow = Receiver::start(|_, _| Reply::Hang).await;
    let mut fast = Receiver::start(|number, _| if number == 0 { Reply::Status(500, "") } else { OK }).await;
    let store = store();
    queue(&store, &never_expiring("slow", 0..1));
    queue(&store, &never_expiring("fast", 1..4));
    let mut dispatcher = running(&store);
    let kind = |url: &str| ChannelKind::Webhook(Webhook { concurrency: 1, ..webhook(url) });
    dispatcher.configure(&[channel("slow", kind(&slow.url)), channel("fast", kind(&fast.url))], ZONE);
    slow.next().await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(fast.next().await.id().to_owned());
    }
    ids.sort();
    assert_eq!(ids, ["tch_001", "tch_001", "tch_002", "tch_003"]);
}

#[tokio::test]
async fn what_is_queued_later_leaves_when_the_lane_is_woken_and_an_edited_channel_takes_over() {
    let mut old = Receiver::start(|_, _| OK).await;
    let mut new = Receiver::start(|_, _| OK).await;
    let store = store();
    let mut dispatcher = running(&store);
    let kind = |url: &str| ChannelKind::Webhook(webhook(url));
    dispatcher.configure(&[channel("crm", kind(&old.url))], ZONE);
    queue(&store, &never_expiring("crm", 0..1));
    dispatcher.waker().wake();
    assert_eq!(old.next().await.id(), "tch_000");
    dispatcher.configure(&[channel("crm", kind(&new.url))], ZONE);
    queue(&store, &never_expiring("crm", 1..2));
    dispatcher.waker().wake();
    assert_eq!(new.next().await.id(), "tch_001");
    dispatcher.shutdown().await;
    assert_eq!(state(&store, "tch_001").0, TouchState::Delivered);
    assert!(old.rest().is_empty());
}
