//! Touches of one customer leave one after another; what had begun when the program died is known.

use std::path::Path;
use std::sync::Arc;

use super::receiver::{Receiver, Reply};
use super::*;
use crate::archive::Delivery;
use crate::care::release::{GuardName, Said};
use crate::emit::testing::webhook;
use crate::emit::{ChannelState, Dispatcher, Gate, GateError, OwnStore};
use crate::policy::compiled::Webhook;
use crate::ports::system::SystemClock;

const OK: Reply = Reply::Status(200, "");

/// Touches of one customer, all due.
fn of_one(numbers: std::ops::Range<i64>) -> Vec<Touch> {
    let mut touches = touches("crm", numbers);
    for touch in &mut touches {
        touch.customer = "one".into();
    }
    touches
}

fn ids(receiver: &mut Receiver) -> Vec<String> {
    receiver.rest().iter().map(|request| request.id().to_owned()).collect()
}

async fn drain(store: &Store, clock: &Arc<SetClock>, url: &str) {
    let dispatcher = Dispatcher::new(Arc::clone(store), outside(clock, Path::new(".")));
    let channel = channel("crm", ChannelKind::Webhook(webhook(url)));
    dispatcher.drain_due(&[channel], ZONE).await;
}

#[tokio::test]
async fn a_retry_holds_back_the_same_customers_later_touches_and_nobody_elses() {
    let mut receiver =
        Receiver::start(|number, _| if number == 0 { Reply::Status(500, "") } else { OK }).await;
    let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
    queue(&store, &of_one(0..4));
    drain(&store, &clock, &receiver.url).await;
    assert_eq!(ids(&mut receiver), ["tch_000"]);
    queue(&store, &touches("crm", 10..40));
    drain(&store, &clock, &receiver.url).await;
    assert_eq!(receiver.rest().len(), 30, "the others do not wait");
    clock.set(NOW.plus(10));
    drain(&store, &clock, &receiver.url).await;
    assert_eq!(ids(&mut receiver), ["tch_000", "tch_001", "tch_002", "tch_003"]);
}

#[tokio::test]
async fn the_next_leaves_when_the_one_before_is_dead_dropped_or_over() {
    let mut receiver = Receiver::start(|_, _| Reply::Status(500, "")).await;
    let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
    let mut touches = of_one(0..4);
    touches[1].expires = NOW.plus(39);
    queue(&store, &touches);
    for attempt in 0..5 {
        clock.set(NOW.plus(attempt * 10));
        drain(&store, &clock, &receiver.url).await;
    }
    assert_eq!(state(&store, "tch_000").0, TouchState::Dead);
    assert_eq!(state(&store, "tch_001").0, TouchState::Expired, "its time was over meanwhile");
    let mut sent = ids(&mut receiver);
    sent.dedup();
    assert_eq!(sent, ["tch_000", "tch_002"]);
    store.lock().unwrap().end("tch_002", TouchState::Cancelled, "dropped", NOW).unwrap();
    drain(&store, &clock, &receiver.url).await;
    assert_eq!(ids(&mut receiver), ["tch_003"]);
}

#[tokio::test]
async fn a_dead_touch_queued_again_is_attempted_again_from_none() {
    let mut receiver = Receiver::start(|_, _| Reply::Status(500, "")).await;
    let (store, clock) = (store(), Arc::new(SetClock::at(NOW)));
    queue(&store, &of_one(0..1));
    for attempt in 0..5 {
        clock.set(NOW.plus(attempt * 10));
        drain(&store, &clock, &receiver.url).await;
    }
    assert_eq!(ids(&mut receiver).len(), 5);
    assert!(store.lock().unwrap().requeue("tch_000", NOW.plus(60)).unwrap());
    for attempt in 6..12 {
        clock.set(NOW.plus(attempt * 10));
        drain(&store, &clock, &receiver.url).await;
    }
    assert_eq!(ids(&mut receiver).len(), 5);
    assert_eq!(state(&store, "tch_000").0, TouchState::Dead);
}

/// Drops everything.
struct Closed;

impl Gate for Closed {
    fn ask(&self, _: &Archive, due: &[&Delivery], _: Timestamp) -> Result<Vec<Said>, GateError> {
        let guard = GuardName { name: "consent".into(), kind: "block" };
        Ok(vec![Said::Drops { guard, reason: "`opted_out` holds".to_owned() }; due.len()])
    }
}

#[test]
fn what_is_dropped_after_the_program_died_during_its_attempt_says_that_it_may_have_arrived() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let store = store();
    let mut both = by_real_time(of_one(0..2));
    both[1].customer = "another".into();
    both[1].due = Timestamp(4_000_000_000_000);
    queue(&store, &both);
    let first = runtime();
    let (receiver, dispatcher) = first.block_on(async {
        let mut receiver = Receiver::start(|_, _| Reply::Hang).await;
        let mut dispatcher = Dispatcher::new(Arc::clone(&store), real_time());
        let channel = channel("crm", ChannelKind::Webhook(webhook(&receiver.url)));
        dispatcher.configure(&[channel], ZONE);
        receiver.next().await;
        (receiver, dispatcher)
    });
    first.shutdown_background();
    drop((receiver, dispatcher));
    runtime().block_on(async {
        let guarded = OwnStore { archive: Arc::clone(&store), gate: Arc::new(Closed) };
        let clock = Arc::new(SetClock::at(Timestamp(4_000_000_000_000)));
        let dispatcher = Dispatcher::new(guarded, outside(&clock, Path::new(".")));
        let channel = channel("crm", ChannelKind::Webhook(webhook("http://127.0.0.1:1/")));
        dispatcher.drain_due(&[channel], ZONE).await;
    });
    let may_have = "`opted_out` holds; an attempt had begun and its end is not known: it may have arrived";
    assert_eq!(state(&store, "tch_000"), (TouchState::Suppressed, may_have.to_owned()));
    assert_eq!(state(&store, "tch_001"), (TouchState::Suppressed, "`opted_out` holds".to_owned()));
}

fn real_time() -> Outside {
    let clock = Arc::new(SystemClock);
    let mut outside = outside(&Arc::new(SetClock::at(NOW)), Path::new("."));
    outside.clock = clock.clone();
    outside.wall = clock;
    outside
}

/// Due long ago by the real time, and never over.
fn by_real_time(mut touches: Vec<Touch>) -> Vec<Touch> {
    for touch in &mut touches {
        touch.due = Timestamp(touch.due.0 - NOW.0);
        touch.expires = Timestamp(i64::MAX);
    }
    touches
}

#[tokio::test]
async fn a_stopped_channel_stays_so_over_a_reload_and_goes_on_when_it_is_edited() {
    let mut gone = Receiver::start(|_, _| Reply::Status(410, "")).await;
    let mut back = Receiver::start(|_, _| OK).await;
    let store = store();
    queue(&store, &by_real_time(touches("crm", 0..1)));
    let mut dispatcher = Dispatcher::new(Arc::clone(&store), real_time());
    let kind = |url: &str| ChannelKind::Webhook(webhook(url));
    let stopped = |dispatcher: &Dispatcher<Store>| {
        matches!(dispatcher.board().read()["crm"].state, ChannelState::Stopped(_))
    };
    dispatcher.configure(&[channel("crm", kind(&gone.url))], ZONE);
    gone.next().await;
    while !stopped(&dispatcher) {
        tokio::task::yield_now().await;
    }
    dispatcher.configure(&[channel("crm", kind(&gone.url))], ZONE);
    dispatcher.waker().wake();
    assert!(stopped(&dispatcher));
    dispatcher.configure(&[channel("crm", kind(&back.url))], ZONE);
    assert_eq!(back.next().await.id(), "tch_000");
    assert!(gone.rest().is_empty());
    dispatcher.shutdown().await;
    assert_eq!(state(&store, "tch_000").0, TouchState::Delivered);
}

#[tokio::test]
async fn what_was_delivered_is_noted_before_the_dispatcher_ends_and_the_rest_is_not_touched() {
    let mut receiver = Receiver::start(|_, _| OK).await;
    let store = store();
    queue(&store, &by_real_time(touches("crm", 0..400)));
    let mut dispatcher = Dispatcher::new(Arc::clone(&store), real_time());
    let settings = Webhook { concurrency: 8, ..webhook(&receiver.url) };
    dispatcher.configure(&[channel("crm", ChannelKind::Webhook(settings))], ZONE);
    for _ in 0..100 {
        receiver.next().await;
    }
    dispatcher.shutdown().await;
    let arrived = 100 + receiver.rest().len();
    let archive = store.lock().unwrap();
    let noted = |word: &str| {
        archive
            .touches(
                &crate::archive::TouchFilter { state: TouchState::parse(word), ..Default::default() },
                1_000,
            )
            .unwrap()
            .len()
    };
    assert_eq!((noted("delivered"), noted("queued")), (arrived, 400 - arrived));
    let free = archive.due_first("crm", NOW, 1_000).unwrap();
    assert_eq!(free.len(), 400 - arrived, "what did not leave can");
    assert!(free.iter().all(|delivery| !delivery.may_have_arrived));
}
