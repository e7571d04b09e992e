use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::emit::file::rows;
use crate::emit::testing::{OpenGate, file};
use crate::emit::{ChannelStatus, Dispatcher, Gate, OutboxStore, StoreError};
use crate::policy::compiled::{File, FileFormat};

const DAY_FILE: &str = "out/calls-2027-03-01.csv";

/// A store whose owner dies at its n-th visit, before or after the work.
struct Dying {
    store: Store,
    visits: AtomicUsize,
    dies_at: usize,
    after_the_work: bool,
}

impl OutboxStore for Dying {
    fn visit<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static,
    {
        let visit = self.visits.fetch_add(1, Ordering::SeqCst);
        let works = visit < self.dies_at || (visit == self.dies_at && self.after_the_work);
        let done = works.then(|| work(&mut self.store.lock().unwrap(), &OpenGate));
        let told = visit < self.dies_at;
        std::future::ready(match done {
            Some(done) if told => done,
            _ => Err(StoreError::Closed),
        })
    }
}

/// A store in which a touch is cancelled just before the n-th visit.
struct Cancelling {
    store: Store,
    visits: AtomicUsize,
    at: usize,
}

impl OutboxStore for Cancelling {
    fn visit<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static,
    {
        let mut archive = self.store.lock().unwrap();
        if self.visits.fetch_add(1, Ordering::SeqCst) == self.at {
            archive.end("tch_000", TouchState::Cancelled, "no longer so", NOW).unwrap();
        }
        std::future::ready(work(&mut archive, &OpenGate))
    }
}

fn calls(file: &File) -> Channel {
    channel("calls", ChannelKind::File(file.clone()))
}

fn drain<S: OutboxStore>(store: S, folder: &Path, file: &File, now: Timestamp) -> ChannelStatus {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = Arc::new(SetClock::at(now));
    let dispatcher = Dispatcher::new(store, outside(&clock, folder));
    runtime.block_on(dispatcher.drain_due(&[calls(file)], ZONE)).remove("calls").unwrap()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder.join("out")) else { return BTreeMap::new() };
    entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn csv() -> File {
    file(FileFormat::Csv, &["id", "customer", "name"])
}

#[test]
fn touches_of_one_day_are_appended_in_order_under_one_header() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    queue(&store, &touches("calls", 0..2));
    assert_eq!(drain(Arc::clone(&store), folder.path(), &csv(), NOW).delivered, 2);
    queue(&store, &touches("calls", 2..3));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW.plus(3_600_000));
    let text = fs::read_to_string(folder.path().join(DAY_FILE)).unwrap();
    assert_eq!(text, "id,customer,name\ntch_000,c0,Acme\ntch_001,c1,Acme\ntch_002,c2,Acme\n");
    queue(&store, &touches("calls", 3..4));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW.plus(86_400_000));
    let next_day = fs::read_to_string(folder.path().join("out/calls-2027-03-02.csv")).unwrap();
    assert_eq!(next_day, "id,customer,name\ntch_003,c3,Acme\n");
    assert_eq!(state(&store, "tch_003").0, TouchState::Delivered);
}

#[test]
fn a_file_that_someone_changed_is_left_alone() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    let path = folder.path().join(DAY_FILE);
    queue(&store, &touches("calls", 0..1));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW);
    fs::write(&path, "mine").unwrap();
    for number in 1..3 {
        queue(&store, &touches("calls", number..number + 1));
        drain(Arc::clone(&store), folder.path(), &csv(), NOW);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let second = fs::read_to_string(folder.path().join("out/calls-2027-03-01.2.csv")).unwrap();
    assert_eq!(second, "id,customer,name\ntch_001,c1,Acme\ntch_002,c2,Acme\n");
}

#[test]
fn a_file_that_was_taken_away_begins_anew_and_one_that_is_not_ours_is_left_alone() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    let path = folder.path().join(DAY_FILE);
    queue(&store, &touches("calls", 0..1));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW);
    fs::remove_file(&path).unwrap();
    queue(&store, &touches("calls", 1..2));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW);
    assert_eq!(fs::read_to_string(&path).unwrap(), "id,customer,name\ntch_001,c1,Acme\n");

    let next_day = folder.path().join("out/calls-2027-03-02.csv");
    fs::write(&next_day, "foreign\n").unwrap();
    queue(&store, &touches("calls", 2..3));
    drain(Arc::clone(&store), folder.path(), &csv(), NOW.plus(86_400_000));
    assert_eq!(fs::read_to_string(&next_day).unwrap(), "foreign\n");
    assert!(folder.path().join("out/calls-2027-03-02.2.csv").exists());
}

#[test]
fn a_folder_that_cannot_be_written_is_told_and_the_touches_wait() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    fs::write(folder.path().join("out"), "a file where the folder should be").unwrap();
    queue(&store, &touches("calls", 0..1));
    let status = drain(Arc::clone(&store), folder.path(), &csv(), NOW);
    assert!(status.trouble.unwrap().contains(DAY_FILE));
    assert_eq!(state(&store, "tch_000").0, TouchState::Queued);
    fs::remove_file(folder.path().join("out")).unwrap();
    assert_eq!(drain(Arc::clone(&store), folder.path(), &csv(), NOW).delivered, 1);
}

#[test]
fn what_is_cancelled_before_its_write_is_planned_is_not_written() {
    for at in 0..5 {
        let (store, folder) = (store(), TempDir::new().unwrap());
        queue(&store, &touches("calls", 0..2));
        let cancelling = Cancelling { store: Arc::clone(&store), visits: AtomicUsize::new(0), at };
        assert_eq!(drain(cancelling, folder.path(), &csv(), NOW).delivered, 1, "{at}");
        let text = fs::read_to_string(folder.path().join(DAY_FILE)).unwrap();
        assert_eq!(text, "id,customer,name\ntch_001,c1,Acme\n", "{at}");
        assert_eq!(state(&store, "tch_000").0, TouchState::Cancelled);
    }
}

#[test]
fn what_failed_before_the_channel_became_a_file_is_written_too() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    queue(&store, &touches("calls", 0..2));
    assert!(store.lock().unwrap().retry("tch_000", NOW, "the receiver answered 500").unwrap());
    assert_eq!(drain(Arc::clone(&store), folder.path(), &csv(), NOW).delivered, 2);
    assert_eq!(state(&store, "tch_000").0, TouchState::Delivered);
}

#[test]
fn what_was_under_way_when_the_program_died_and_the_channel_became_a_file_is_written() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    queue(&store, &touches("calls", 0..2));
    {
        let mut archive = store.lock().unwrap();
        let number = archive.touch("tch_000").unwrap().unwrap().number;
        let change = archive.change_outbox().unwrap();
        change.begin_attempts(&[number]).unwrap();
        change.commit().unwrap();
    }
    assert_eq!(drain(Arc::clone(&store), folder.path(), &csv(), NOW).delivered, 2);
    assert_eq!(state(&store, "tch_000").0, TouchState::Delivered);
}

#[test]
fn what_a_channel_that_is_no_more_had_planned_is_finished() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    queue(&store, &touches("calls", 0..1));
    // Looking for orphans, what was under way, open writes, due touches, the file's length, the plan; then no more.
    let dying =
        Dying { store: Arc::clone(&store), visits: AtomicUsize::new(0), dies_at: 5, after_the_work: true };
    drain(dying, folder.path(), &csv(), NOW);
    assert_eq!(store.lock().unwrap().open_file_writes().unwrap().len(), 1);
    write_in_part(&store, folder.path(), 0.5);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outside = outside(&Arc::new(SetClock::at(NOW)), folder.path());
    let status = runtime.block_on(Dispatcher::new(Arc::clone(&store), outside).drain_due(&[], ZONE));
    assert!(status.is_empty());
    let text = fs::read_to_string(folder.path().join(DAY_FILE)).unwrap();
    assert_eq!(text, "id,customer,name\ntch_000,c0,Acme\n");
    assert_eq!(state(&store, "tch_000").0, TouchState::Delivered);
}

/// The midnight that begins March 2027 in the policy's zone, which is the afternoon before in UTC.
const MIDNIGHT: Timestamp = Timestamp(1_803_830_400_000);

/// Touches that were due the day before.
fn due_before(numbers: std::ops::Range<i64>) -> Vec<Touch> {
    let mut touches = touches("calls", numbers);
    for touch in &mut touches {
        touch.due = touch.due.plus(-2 * 86_400_000);
    }
    touches
}

#[test]
fn the_day_of_a_file_is_that_of_the_policys_zone() {
    let (store, folder) = (store(), TempDir::new().unwrap());
    let monthly = File { path: "out/{channel}-{month}.csv".to_owned(), ..csv() };
    for (number, now) in [(0, MIDNIGHT.plus(-1)), (1, MIDNIGHT), (2, MIDNIGHT.plus(86_400_000))] {
        queue(&store, &due_before(2 * number..2 * number + 1));
        drain(Arc::clone(&store), folder.path(), &csv(), now);
        queue(&store, &due_before(2 * number + 1..2 * number + 2));
        drain(Arc::clone(&store), folder.path(), &monthly, now);
    }
    let names: Vec<String> = files(folder.path())
        .keys()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let days = ["calls-2027-02-28.csv", "calls-2027-03-01.csv", "calls-2027-03-02.csv"];
    assert_eq!(names, [&days[..1], &["calls-2027-02.csv"], &days[1..], &["calls-2027-03.csv"]].concat());
}

#[test]
fn a_crash_at_midnight_leaves_each_row_once_and_what_was_planned_in_the_file_of_its_day() {
    for (dies_at, after_the_work) in (0..8).flat_map(|visit| [(visit, false), (visit, true)]) {
        for part in [0.0, 0.4, 1.0] {
            let (store, folder) = (store(), TempDir::new().unwrap());
            queue(&store, &due_before(0..3));
            let dying =
                Dying { store: Arc::clone(&store), visits: AtomicUsize::new(0), dies_at, after_the_work };
            drain(dying, folder.path(), &csv(), MIDNIGHT.plus(-1));
            let planned = store.lock().unwrap().open_file_writes().unwrap().len();
            let done = state(&store, "tch_000").0 == TouchState::Delivered;
            write_in_part(&store, folder.path(), part);
            queue(&store, &due_before(3..5));
            drain(Arc::clone(&store), folder.path(), &csv(), MIDNIGHT);
            let day =
                |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap_or_default();
            let (old, new) =
                ("tch_000,c0,Acme\ntch_001,c1,Acme\ntch_002,c2,Acme\n", "tch_003,c3,Acme\ntch_004,c4,Acme\n");
            let header = "id,customer,name\n";
            let expected = if planned > 0 || done {
                (format!("{header}{old}"), format!("{header}{new}"))
            } else {
                (String::new(), format!("{header}{old}{new}"))
            };
            let found = (day("calls-2027-02-28.csv"), day("calls-2027-03-01.csv"));
            assert_eq!(found, expected, "dead at visit {dies_at}, {part} written");
            assert_eq!(files(folder.path()).len(), 1 + usize::from(planned > 0 || done));
        }
    }
}

/// What someone else does to the file while the program is down.
#[derive(Clone, Copy, Debug)]
enum Foreign {
    Nothing,
    Append,
    Replace,
    CutOff,
}

fn foreign() -> impl Strategy<Value = Foreign> {
    prop_oneof![Just(Foreign::Nothing), Just(Foreign::Append), Just(Foreign::Replace), Just(Foreign::CutOff)]
}

/// Whatever was written of the planned write when the machine stopped.
fn write_in_part(store: &Store, folder: &Path, part: f64) {
    let open = store.lock().unwrap().open_file_writes().unwrap();
    for write in open {
        let path = folder.join(&write.path);
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if length == write.offset {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
            let held = (write.content.len() as f64 * part) as usize;
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut bytes = fs::read(&path).unwrap_or_default();
            bytes.extend_from_slice(&write.content[..held]);
            fs::write(&path, bytes).unwrap();
        }
    }
}

/// Returns the file as it then is, if it was changed.
fn meddle(folder: &Path, foreign: Foreign) -> Option<Vec<u8>> {
    let path = folder.join(DAY_FILE);
    let before = fs::read(&path).ok().filter(|bytes| !bytes.is_empty())?;
    let after = match foreign {
        Foreign::Nothing => return None,
        Foreign::Append => [before.as_slice(), b"#foreign#"].concat(),
        Foreign::Replace => b"#foreign#".to_vec(),
        Foreign::CutOff => before[..before.len() - 1].to_vec(),
    };
    fs::write(&path, &after).unwrap();
    Some(after)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_stands_in_the_files_exactly_once_wherever_the_program_dies(
        earlier in 0_i64..3,
        later in 1_i64..5,
        names in prop::collection::vec("[a,\"=\n]{0,4}", 8),
        jsonl in any::<bool>(),
        dies_at in 0_usize..10,
        after_the_work in any::<bool>(),
        part in 0.0..=1.0_f64,
        foreign in foreign(),
    ) {
        let (store, folder) = (store(), TempDir::new().unwrap());
        let format = if jsonl { FileFormat::JsonLines } else { FileFormat::Csv };
        let file = File { format, ..csv() };
        let mut touches = touches("calls", 0..earlier + later);
        for (touch, name) in touches.iter_mut().zip(&names) {
            touch.payload.insert("name".to_owned(), name.as_str().into());
        }
        let (first, second) = touches.split_at(usize::try_from(earlier).unwrap());
        queue(&store, first);
        drain(Arc::clone(&store), folder.path(), &file, NOW);
        queue(&store, second);
        let dying = Dying { store: Arc::clone(&store), visits: AtomicUsize::new(0), dies_at, after_the_work };
        drain(dying, folder.path(), &file, NOW);
        write_in_part(&store, folder.path(), part);
        let open = !store.lock().unwrap().open_file_writes().unwrap().is_empty();
        let before = files(folder.path());
        let changed = meddle(folder.path(), foreign);
        drain(Arc::clone(&store), folder.path(), &file, NOW);

        let after = files(folder.path());
        let header = rows::header(&file).unwrap();
        for touch in &touches {
            prop_assert_eq!(state(&store, &touch.id).0, TouchState::Delivered);
            let row = rows::row(&file, &touch.outgoing().unwrap()).unwrap();
            let count = |bytes: &[u8]| bytes.windows(row.len()).filter(|window| *window == row).count();
            let found: usize = after.values().map(|bytes| count(bytes)).sum();
            let lost = changed.as_ref().is_some_and(|changed| {
                before.values().map(|bytes| count(bytes)).sum::<usize>() > count(changed)
            });
            // What someone else took away of a finished write stays away; all else stands there once.
            let expected = usize::from(!lost || (open && second.contains(touch)));
            prop_assert_eq!(found, expected, "{}", touch.id);
        }
        let main = after.get(&folder.path().join(DAY_FILE));
        match &changed {
            // Cutting off the end of an unfinished write is no change that anyone could tell.
            Some(_) if open && matches!(foreign, Foreign::CutOff) => {}
            Some(changed) => prop_assert_eq!(main, Some(changed)),
            None => prop_assert!(after.len() == 1),
        }
        for (path, bytes) in &after {
            if changed.is_none() || *path != folder.path().join(DAY_FILE) {
                prop_assert!(bytes.starts_with(&header));
            }
        }
        if let (None, Some(main)) = (&changed, main) {
            let mut whole = header.clone();
            for touch in &touches {
                whole.extend(rows::row(&file, &touch.outgoing().unwrap()).unwrap());
            }
            prop_assert_eq!(main, &whole);
        }
    }
}
