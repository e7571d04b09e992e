//! Disks that are full and stores that others hold.

use std::time::Duration;

use super::*;
use crate::model::trigger::RuleMemory;

fn on_disk() -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("guanxi.db")).unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    (folder, archive)
}

fn room(archive: &Archive, more: i64) {
    let pages: i64 = archive.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let set = archive.connection.pragma_update_and_check(None, "max_page_count", pages + more, |_| Ok(()));
    set.unwrap();
}

/// Takes in so many orders in one import.
fn orders(archive: &mut Archive, count: i64) -> Result<IngestCounts> {
    let mut ingest = archive.ingest(Timestamp(1))?;
    for number in 0..count {
        let id = format!("o{number:05}");
        let fields = [Some(Value::Number(1.0)), None];
        ingest.event(ORDER, &EventRow { id: &id, customer: &id, at: Timestamp(number), fields: &fields })?;
    }
    ingest.record_file("orders", "hash", 1)?;
    ingest.commit()
}

fn new_run() -> NewRun {
    NewRun {
        now: Timestamp(5),
        started: Timestamp(5),
        schedule: "once".to_owned(),
        policy_version: "v1".to_owned(),
    }
}

/// Everything a long run writes first.
fn run(archive: &mut Archive) -> Result<i64> {
    let mut run = archive.begin_run(&new_run())?;
    for number in 0..5_000 {
        let name = format!("rule {number:05}");
        run.rule(&RuleMemory {
            name,
            version: "v".into(),
            first_seen: Timestamp(1),
            last_run: Timestamp(1),
            run: 1,
            policy_version: String::new(),
        })?;
    }
    run.finish(&RunTotals::default())
}

#[test]
fn a_full_disk_undoes_an_import_or_a_run_and_both_go_on_when_there_is_room() {
    let (_folder, mut archive) = on_disk();
    room(&archive, 8);
    let told = orders(&mut archive, 5_000).unwrap_err().to_string();
    assert!(told.ends_with("make room where the store is"), "{told}");
    assert_eq!(archive.counts().unwrap().customers, 0);
    assert!(!archive.file_seen("orders", "hash", Repeat::Ever).unwrap());
    assert!(run(&mut archive).is_err());
    assert_eq!(archive.runs(10).unwrap().len(), 0);
    assert_eq!(archive.rules().unwrap().len(), 0);
    room(&archive, 100_000);
    assert_eq!(orders(&mut archive, 5_000).unwrap().new, 5_000);
    run(&mut archive).unwrap();
    assert_eq!(archive.counts().unwrap().customers, 5_000);
    assert!(is_sound(&archive));
}

#[test]
fn a_store_that_another_program_writes_to_is_waited_for_and_then_told() {
    let (folder, mut archive) = on_disk();
    archive.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("guanxi.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for told in [orders(&mut archive, 1).unwrap_err(), run(&mut archive).unwrap_err()] {
        assert!(told.to_string().contains("another program has it open"), "{told}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(orders(&mut archive, 1).unwrap().new, 1);
    run(&mut archive).unwrap();
}

#[test]
fn going_back_to_a_set_that_was_there_needs_no_write() {
    let (folder, mut archive) = on_disk();
    archive.connection.busy_timeout(Duration::from_millis(20)).unwrap();
    let mut edited = schema();
    edited.customer.push(field("colour", Type::Text));
    archive.adopt(Arc::new(edited.clone())).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("guanxi.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    assert_eq!(archive.schema().customer.len(), schema().customer.len());
    edited.customer.push(field("size", Type::Number));
    assert!(archive.adopt(Arc::new(edited)).is_err(), "a new field does");
    assert_eq!(archive.schema().customer.len(), schema().customer.len());
}

#[test]
fn a_store_whose_file_was_taken_away_keeps_nothing_until_it_is_back() {
    let (folder, mut archive) = on_disk();
    let (path, away) = (folder.path().join("guanxi.db"), folder.path().join("away.db"));
    orders(&mut archive, 1).unwrap();
    std::fs::rename(&path, &away).unwrap();
    for told in [orders(&mut archive, 3).unwrap_err(), run(&mut archive).unwrap_err()] {
        assert!(told.to_string().contains("its file was deleted, moved or replaced"), "{told}");
    }
    std::fs::write(&path, "").unwrap();
    assert!(orders(&mut archive, 3).is_err(), "another file is in its place");
    std::fs::rename(&away, &path).unwrap();
    assert_eq!(orders(&mut archive, 3).unwrap().new, 2);
    run(&mut archive).unwrap();
    assert!(is_sound(&archive));
}
