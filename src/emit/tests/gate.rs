//! Guards asked just before each attempt, on both kinds of channel.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::receiver::{Receiver, Reply};
use super::*;
use crate::archive::{Delivery, FilePlan};
use crate::care::release::{ASKED_AGAIN, GuardName, Said};
use crate::emit::testing::{file, webhook};
use crate::emit::{ChannelStatus, Dispatcher, Gate, GateError, OwnStore};
use crate::policy::compiled::{FileFormat, Webhook};

const OK: Reply = Reply::Status(200, "");

/// Says of each touch what the script has for its id, else that it may leave.
#[derive(Default)]
struct Script {
    says: Mutex<BTreeMap<String, Said>>,
    broken: Mutex<bool>,
    asked: Mutex<Vec<Vec<String>>>,
}

impl Gate for Script {
    fn ask(&self, _: &Archive, due: &[&Delivery], _: Timestamp) -> Result<Vec<Said>, GateError> {
        if *self.broken.lock().unwrap() {
            return Err(GateError("on purpose".into()));
        }
        let ids: Vec<String> = due.iter().map(|delivery| delivery.touch.id.to_string()).collect();
        let says = self.says.lock().unwrap();
        let said = ids.iter().map(|id| says.get(id).cloned().unwrap_or(Said::Passes)).collect();
        self.asked.lock().unwrap().push(ids);
        Ok(said)
    }
}

impl Script {
    fn say(&self, id: &str, said: Said) {
        self.says.lock().unwrap().insert(id.to_owned(), said);
    }

    fn breaks(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }
}

fn guard(name: &str, kind: &'static str) -> GuardName {
    GuardName { name: name.into(), kind }
}

fn drops() -> Said {
    Said::Drops { guard: guard("consent", "block"), reason: "`opted_out` holds".to_owned() }
}

fn waits(until: Option<Timestamp>) -> Said {
    Said::Waits { guard: Some(guard("night", "hours")), reason: "closed".to_owned(), until }
}

/// A channel of either kind, where it delivers to, and its guards.
struct Way {
    channel: Channel,
    store: Store,
    script: Arc<Script>,
    clock: Arc<SetClock>,
    folder: TempDir,
    receiver: Receiver,
}

impl Way {
    async fn new(is_file: bool) -> Self {
        let receiver = Receiver::start(|_, _| OK).await;
        let kind = if is_file {
            ChannelKind::File(file(FileFormat::Csv, &["id"]))
        } else {
            ChannelKind::Webhook(Webhook { concurrency: 1, ..webhook(&receiver.url) })
        };
        Self {
            channel: channel("crm", kind),
            store: store(),
            script: Arc::default(),
            clock: Arc::new(SetClock::at(NOW)),
            folder: TempDir::new().unwrap(),
            receiver,
        }
    }

    /// Delivers what is due so long after [`NOW`].
    async fn drain(&self, after: i64) -> ChannelStatus {
        self.clock.set(NOW.plus(after));
        let store = OwnStore { archive: Arc::clone(&self.store), gate: Arc::clone(&self.script) as _ };
        let dispatcher = Dispatcher::new(store, outside(&self.clock, self.folder.path()));
        dispatcher.drain_due(std::slice::from_ref(&self.channel), ZONE).await.remove("crm").unwrap()
    }

    /// Plans the write of one touch, with a file where the folder should be.
    fn plan_what_cannot_be_written(&self) {
        queue(&self.store, &touches("crm", 0..1));
        let (path, content) = ("out/calls-2027-03-01.csv", b"id\ntch_000\n");
        let plan = FilePlan { channel: "crm", path, offset: 0, content, touches: &["tch_000"] };
        self.store.lock().unwrap().plan_file_write(&plan, NOW).unwrap();
        fs::write(self.folder.path().join("out"), "in the way").unwrap();
    }

    /// The ids that arrived, in order.
    fn arrived(&mut self) -> Vec<String> {
        let path = self.folder.path().join("out/calls-2027-03-01.csv");
        let rows = fs::read_to_string(path).unwrap_or_default();
        let requests = self.receiver.rest();
        let ids = requests.iter().map(|request| request.id().to_owned());
        rows.lines().skip(1).map(str::to_owned).chain(ids).collect()
    }
}

#[tokio::test]
async fn what_a_guard_drops_just_before_sending_is_suppressed_and_says_why() {
    for is_file in [false, true] {
        let mut way = Way::new(is_file).await;
        queue(&way.store, &touches("crm", 0..2));
        way.script.say("tch_000", drops());
        let status = way.drain(0).await;
        assert_eq!((status.delivered, status.suppressed), (1, 1));
        assert_eq!(way.arrived(), ["tch_001"]);
        let reason = "`opted_out` holds".to_owned();
        assert_eq!(state(&way.store, "tch_000"), (TouchState::Suppressed, reason));
        assert_eq!(way.store.lock().unwrap().depth("crm").unwrap().queued, 0);
    }
}

#[tokio::test]
async fn what_a_guard_holds_leaves_once_it_opens_and_holds_nobody_back() {
    const HOUR: i64 = 3_600_000;
    for is_file in [false, true] {
        let mut way = Way::new(is_file).await;
        // More than are asked about together.
        queue(&way.store, &touches("crm", 0..900));
        for number in 0..898 {
            way.script.say(&format!("tch_{number:03}"), waits(Some(NOW.plus(HOUR))));
        }
        let status = way.drain(0).await;
        assert_eq!((status.delivered, status.put_off), (2, 898), "{is_file}");
        assert_eq!(way.arrived().len(), 2);
        assert!(way.script.asked.lock().unwrap().len() < 30, "many are asked about together");
        assert_eq!(state(&way.store, "tch_000"), (TouchState::Queued, "closed".to_owned()));
        way.script.says.lock().unwrap().clear();
        assert_eq!(way.drain(HOUR - 1).await.delivered, 0, "not before it opens");
        assert_eq!(way.drain(HOUR).await.delivered, 898);
        assert_eq!(state(&way.store, "tch_000"), (TouchState::Delivered, String::new()));
    }
}

#[tokio::test]
async fn what_waits_for_an_answer_is_asked_again_in_a_quarter_of_an_hour() {
    for is_file in [false, true] {
        let mut way = Way::new(is_file).await;
        queue(&way.store, &touches("crm", 0..1));
        way.script.say("tch_000", waits(None));
        assert_eq!(way.drain(0).await.put_off, 1);
        way.script.say("tch_000", Said::Passes);
        way.drain(ASKED_AGAIN - 1).await;
        assert!(way.arrived().is_empty());
        assert_eq!(way.drain(ASKED_AGAIN).await.delivered, 1);
    }
}

#[tokio::test]
async fn what_is_put_off_beyond_its_expiry_expires_on_time() {
    for is_file in [false, true] {
        let mut way = Way::new(is_file).await;
        let mut touches = touches("crm", 0..1);
        touches[0].expires = NOW.plus(1_000);
        queue(&way.store, &touches);
        way.script.say("tch_000", waits(Some(NOW.plus(3_600_000))));
        assert_eq!(way.drain(0).await.put_off, 1);
        assert_eq!(way.drain(1_000).await.expired, 0);
        assert_eq!(way.drain(1_001).await.expired, 1);
        assert!(way.arrived().is_empty());
        let (state, reason) = state(&way.store, "tch_000");
        assert_eq!(state, TouchState::Expired);
        assert!(reason.ends_with("; it waited for guard.night: closed"), "{reason}");
    }
}

#[tokio::test]
async fn nothing_leaves_while_guards_cannot_be_asked_and_the_channel_says_so() {
    for is_file in [false, true] {
        let mut way = Way::new(is_file).await;
        queue(&way.store, &touches("crm", 0..2));
        way.script.breaks(true);
        let status = way.drain(0).await;
        assert_eq!((status.delivered, status.failures.len()), (0, 0));
        assert!(status.trouble.unwrap().starts_with("the guards can't be asked: on purpose"));
        assert!(way.arrived().is_empty());
        assert_eq!(state(&way.store, "tch_000").0, TouchState::Queued);
        way.script.breaks(false);
        let status = way.drain(0).await;
        assert_eq!((status.delivered, status.trouble), (2, None));
    }
}

#[tokio::test]
async fn a_touch_dropped_between_two_attempts_says_that_it_was_attempted() {
    let mut receiver = Receiver::start(|_, _| Reply::Hang).await;
    let mut way = Way::new(false).await;
    way.channel.kind = ChannelKind::Webhook(Webhook { timeout: 100, ..webhook(&receiver.url) });
    queue(&way.store, &touches("crm", 0..1));
    assert_eq!(way.drain(0).await.failures["timeout"], 1);
    way.script.say("tch_000", drops());
    assert_eq!(way.drain(10).await.suppressed, 1);
    assert_eq!(receiver.rest().len(), 1);
    let reason = "`opted_out` holds; attempts that failed: 1, the last: no answer in time".to_owned();
    assert_eq!(state(&way.store, "tch_000"), (TouchState::Suppressed, reason));
}

#[tokio::test]
async fn what_was_held_is_held_by_none_once_it_leaves_whatever_comes_of_the_attempt() {
    let mut way = Way::new(false).await;
    let receiver = Receiver::start(|_, _| Reply::Status(500, "")).await;
    way.channel.kind = ChannelKind::Webhook(webhook(&receiver.url));
    queue(&way.store, &touches("crm", 0..1));
    way.script.say("tch_000", waits(Some(NOW.plus(10))));
    way.drain(0).await;
    assert_eq!(state(&way.store, "tch_000").1, "closed");
    way.script.say("tch_000", Said::Passes);
    assert_eq!(way.drain(10).await.failures["status"], 1);
    assert_eq!(state(&way.store, "tch_000"), (TouchState::Queued, String::new()));
}

#[tokio::test]
async fn what_stands_in_a_planned_write_is_as_good_as_sent() {
    let mut way = Way::new(true).await;
    way.plan_what_cannot_be_written();
    assert!(way.drain(0).await.trouble.unwrap().contains("can't be written"));
    way.script.say("tch_000", drops());
    fs::remove_file(way.folder.path().join("out")).unwrap();
    assert_eq!(way.drain(1_000).await.delivered, 1);
    assert_eq!(way.arrived(), ["tch_000"]);
}

/// What is written of a channel that is edited into another kind.
#[tokio::test]
async fn a_planned_write_of_a_channel_made_a_webhook_is_still_the_files_to_deliver() {
    let mut way = Way::new(true).await;
    way.plan_what_cannot_be_written();
    way.drain(0).await;
    queue(&way.store, &touches("crm", 1..2));
    let kind = std::mem::replace(&mut way.channel.kind, ChannelKind::Webhook(webhook(&way.receiver.url)));
    assert!(matches!(kind, ChannelKind::File(_)));
    assert_eq!(way.drain(1_000).await.delivered, 1);
    assert_eq!(way.arrived(), ["tch_001"], "the other may stand in the file by now");
    fs::remove_file(way.folder.path().join("out")).unwrap();
    way.drain(2_000).await;
    assert_eq!(way.arrived(), ["tch_000"], "which is finished as soon as it can be");
    assert_eq!(state(&way.store, "tch_000").0, TouchState::Delivered);
}

#[tokio::test]
async fn a_channel_edited_while_its_write_fails_delivers_each_touch_one_way() {
    let mut way = Way::new(true).await;
    way.plan_what_cannot_be_written();
    queue(&way.store, &touches("crm", 1..2));
    let store = OwnStore { archive: Arc::clone(&way.store), gate: Arc::clone(&way.script) as _ };
    let mut dispatcher = Dispatcher::new(store, outside(&way.clock, way.folder.path()));
    let board = dispatcher.board();
    let trouble = || board.read().get("crm").and_then(|status| status.trouble.clone()).unwrap_or_default();
    dispatcher.configure(std::slice::from_ref(&way.channel), ZONE);
    soon(|| trouble().contains("can't be written")).await;

    way.channel.kind = ChannelKind::Webhook(webhook(&way.receiver.url));
    dispatcher.configure(std::slice::from_ref(&way.channel), ZONE);
    assert_eq!(way.receiver.next().await.id(), "tch_001");
    soon(|| state(&way.store, "tch_001").0 == TouchState::Delivered).await;
    assert_eq!(state(&way.store, "tch_000").0, TouchState::Queued);
    fs::remove_file(way.folder.path().join("out")).unwrap();
    // Not to wait until it is tried again.
    dispatcher.configure(std::slice::from_ref(&way.channel), ZONE);
    soon(|| state(&way.store, "tch_000").0 == TouchState::Delivered).await;
    dispatcher.shutdown().await;
    assert_eq!(way.arrived(), ["tch_000"], "in the file, and over the webhook no more");
}

/// Waits until something holds, which must be soon.
async fn soon(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("it happens");
}
