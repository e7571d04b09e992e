//! Whole deliveries: a store, a dispatcher, receivers and files.

mod connections;
mod file;
mod gate;
mod liars;
mod lines;
mod receiver;
mod signed;
mod webhook;

use std::sync::{Arc, Mutex};

use super::dispatcher::Outside;
use super::testing::touch;
use crate::archive::{Archive, NewRun, RunTotals};
use crate::model::touch::{Touch, TouchState};
use crate::model::{EventShape, Schema, Timestamp};
use crate::policy::compiled::{About, Channel, ChannelKind};
use crate::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};

/// 2027-03-01T09:00:00+08:00.
const NOW: Timestamp = Timestamp(1_803_862_800_000);
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Shanghai;

type Store = Arc<Mutex<Archive>>;

fn store() -> Store {
    let mut archive = Archive::open_in_memory().unwrap();
    let schema = Schema { events: vec![EventShape::touch()], ..Schema::default() };
    archive.adopt(Arc::new(schema)).unwrap();
    Arc::new(Mutex::new(archive))
}

/// Queues touches at [`NOW`] in one run.
fn queue(store: &Store, touches: &[Touch]) {
    let mut archive = store.lock().unwrap();
    let run = NewRun {
        now: NOW,
        started: NOW,
        schedule: "once".to_owned(),
        policy_version: "0123456789ab".to_owned(),
    };
    let mut writer = archive.begin_run(&run).unwrap();
    for touch in touches {
        assert!(writer.touch(touch, NOW).unwrap());
    }
    writer.finish(&RunTotals { finished: NOW, ..RunTotals::default() }).unwrap();
}

/// Touches `tch_<from>` … of `channel`, each due a little later than the one before, all by [`NOW`].
fn touches(channel: &str, numbers: std::ops::Range<i64>) -> Vec<Touch> {
    let mut due = Vec::new();
    for number in numbers {
        let mut touch = touch(&format!("tch_{number:03}"), &format!("c{number}"));
        touch.channel = channel.into();
        touch.occurrence = number.to_string();
        touch.due = NOW.plus(number - 1_000);
        touch.expires = NOW.plus(604_800_000);
        due.push(touch);
    }
    due
}

fn state(store: &Store, id: &str) -> (TouchState, String) {
    let row = store.lock().unwrap().touch(id).unwrap().unwrap();
    (row.touch.state, row.touch.reason)
}

fn channel(name: &str, kind: ChannelKind) -> Channel {
    Channel { name: name.into(), about: About::default(), kind, payload: Vec::new() }
}

/// The outside with time set by hand.
fn outside(clock: &Arc<SetClock>, data_folder: &std::path::Path) -> Outside {
    Outside {
        clock: Arc::clone(clock) as Arc<dyn crate::ports::Clock>,
        wall: Arc::clone(clock) as Arc<dyn crate::ports::Clock>,
        entropy: Arc::new(SeededEntropy::new(7)),
        environment: Arc::new(SetEnvironment::default()),
        data_folder: data_folder.to_owned(),
    }
}
