//! Receivers that lie, on loopback: each gets what the interface says, the others go on undisturbed, and what was not
//! delivered comes again with the same id and the same bytes.

use std::path::Path;
use std::sync::Arc;

use super::receiver::{Receiver, Reply};
use super::*;
use crate::emit::testing::webhook;
use crate::emit::{ChannelStatus, Dispatcher};
use crate::policy::compiled::Webhook;

const OK: Reply = Reply::Status(200, "");
/// For an attempt, milliseconds.
const TIMEOUT: i64 = 400;

/// Delivers what is due over a channel that lies and one that doesn't.
async fn drain(store: &Store, clock: &Arc<SetClock>, liar: &str, good: &str) -> ChannelStatus {
    let dispatcher = Dispatcher::new(Arc::clone(store), outside(clock, Path::new(".")));
    let kind = |url: &str| ChannelKind::Webhook(Webhook { timeout: TIMEOUT, ..webhook(url) });
    let channels = [channel("good", kind(good)), channel("liar", kind(liar))];
    let mut board = dispatcher.drain_due(&channels, ZONE).await;
    assert_eq!(board["good"].failures.values().sum::<u64>(), 0, "the other goes on undisturbed");
    board.remove("liar").unwrap()
}

fn queue_both(store: &Store) {
    queue(store, &touches("liar", 0..1));
    queue(store, &touches("good", 1..21));
}

/// The first request gets a lie, the next an answer: how the first failed, in a word and in words.
async fn fails(lie: Reply) -> (&'static str, String) {
    let mut liar = Receiver::start(move |number, _| if number == 0 { lie } else { OK }).await;
    let mut good = Receiver::start(|_, _| OK).await;
    let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
    queue_both(&store);
    let status = drain(&store, &clock, &liar.url, &good.url).await;
    assert_eq!(good.rest().len(), 20);
    assert_eq!(status.delivered, 0, "{status:?}");
    assert_eq!(status.failures.values().sum::<u64>(), 1, "{status:?}");
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);

    clock.set(NOW.plus(10));
    assert_eq!(drain(&store, &clock, &liar.url, &good.url).await.delivered, 1);
    let requests = liar.rest();
    assert_eq!(requests.len(), 2, "no attempt is repeated by itself, no redirect followed");
    assert_eq!(requests[0].id(), requests[1].id());
    assert_eq!(requests[0].body, requests[1].body);
    assert!(good.rest().is_empty(), "nothing twice");
    (*status.failures.keys().next().unwrap(), status.trouble.unwrap())
}

/// Every request gets a lie that is a delivery all the same.
async fn delivers(lie: Reply) {
    let mut liar = Receiver::start(move |_, _| lie).await;
    let good = Receiver::start(|_, _| OK).await;
    let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
    queue_both(&store);
    queue(&store, &touches("liar", 21..24));
    let status = drain(&store, &clock, &liar.url, &good.url).await;
    assert_eq!((status.delivered, status.trouble), (4, None));
    let mut ids: Vec<String> = liar.rest().iter().map(|request| request.id().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, ["tch_000", "tch_021", "tch_022", "tch_023"], "each once");
}

fn status(failure: &str) -> (&'static str, String) {
    ("status", failure.to_owned())
}

fn timeout() -> (&'static str, String) {
    ("timeout", "no answer in time".to_owned())
}

#[tokio::test]
async fn one_that_answers_500_is_tried_again() {
    assert_eq!(fails(Reply::Status(500, "")).await, status("the receiver answered 500: said"));
}

#[tokio::test]
async fn one_that_is_busy_is_tried_again() {
    let busy = Reply::Status(503, "retry-after: 0");
    assert_eq!(fails(busy).await, status("the receiver answered 503: said"));
    let busy = Reply::Status(429, "retry-after: nonsense");
    assert_eq!(fails(busy).await, status("the receiver answered 429: said"));
}

#[tokio::test]
async fn one_that_says_nothing_has_timed_out() {
    assert_eq!(fails(Reply::Hang).await, timeout());
}

#[tokio::test]
async fn one_that_drips_its_head_has_timed_out() {
    assert_eq!(fails(Reply::Drip("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await, timeout());
}

#[tokio::test]
async fn one_that_drips_its_body_has_said_200() {
    delivers(Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")).await;
    delivers(Reply::Endless("HTTP/1.1 204 No Content\r\n\r\n")).await;
}

#[tokio::test]
async fn one_whose_body_never_ends_has_said_200() {
    delivers(Reply::Endless("HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n")).await;
    delivers(Reply::Endless("HTTP/1.1 200 OK\r\n\r\n")).await;
}

#[tokio::test]
async fn one_whose_head_never_ends_breaks() {
    let (word, reason) = fails(Reply::Endless("HTTP/1.1 200 OK\r\nx: ")).await;
    assert_eq!(word, "broken", "{reason}");
}

#[tokio::test]
async fn one_that_closes_before_or_in_the_middle_of_its_answer_breaks() {
    for lie in ["", "HTTP", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let (word, reason) = fails(Reply::Bytes(lie)).await;
        assert_eq!(word, "broken", "{lie}: {reason}");
        assert!(reason.starts_with("the connection broke: "), "{reason}");
    }
}

#[tokio::test]
async fn one_that_is_no_http_breaks() {
    for lie in
        ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 banana\r\n\r\n", "\0\0\0\0\r\n\r\n"]
    {
        let (word, reason) = fails(Reply::Bytes(lie)).await;
        assert_eq!(word, "broken", "{lie}: {reason}");
    }
}

#[tokio::test]
async fn one_that_redirects_is_not_followed() {
    for (code, to) in [
        (301, "location: /elsewhere"),
        (302, "location: http://127.0.0.1:1/"),
        (307, "location: /in"),
        (308, "location: file:///etc/passwd"),
        (307, "location: http://169.254.169.254/latest/meta-data"),
        (300, "x: no location"),
    ] {
        let (word, reason) = fails(Reply::Status(code, to)).await;
        let said = format!("the receiver answered {code}, a redirect, which is not followed: said");
        assert_eq!((word, reason), ("redirect", said));
    }
}

#[tokio::test]
async fn one_that_says_continue_first_is_heard_to_the_end() {
    let rest =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    delivers(Reply::Bytes(rest)).await;
    let never = Reply::Drip("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(fails(never).await, timeout());
    let (word, reason) = fails(Reply::Bytes("HTTP/1.1 100 Continue\r\n\r\n")).await;
    assert_eq!(word, "broken", "{reason}");
}

#[tokio::test]
async fn one_that_changes_the_protocol_has_not_taken_it() {
    let (_, reason) = fails(Reply::Bytes("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")).await;
    assert!(reason.contains("101") || reason.contains("upgrade"), "{reason}");
}

#[tokio::test]
async fn one_with_a_wrong_length_is_taken_at_its_status_and_spoils_no_other_answer() {
    delivers(Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort")).await;
    delivers(Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 500 x\r\n\r\n")).await;
    let (word, reason) =
        fails(Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok")).await;
    assert_eq!(word, "broken", "{reason}");
}

#[tokio::test]
async fn one_that_is_not_there_or_has_no_address_is_told_so() {
    let good = Receiver::start(|_, _| OK).await;
    for url in ["http://127.0.0.1:1/", "http://nobody.invalid/"] {
        let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
        queue_both(&store);
        let status = drain(&store, &clock, url, &good.url).await;
        assert_eq!(status.failures["connect"], 1);
        assert!(status.trouble.unwrap().starts_with("no connection: "));
    }
}
