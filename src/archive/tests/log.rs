//! The write-ahead log is cut back also where readers relieve one another, though not from under one who looks at
//! an old moment.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

fn write_much(archive: &mut Archive, round: u64) {
    let mut ingest = archive.ingest(Timestamp(0)).unwrap();
    for number in 0..2_000 {
        ingest.customer(&format!("{round}-{number}-{}", "x".repeat(200)), &[]).unwrap();
    }
    ingest.commit().unwrap();
}

fn log_length(store: &Path) -> u64 {
    fs::metadata(store.with_extension("db-wal")).unwrap().len()
}

#[test]
fn the_log_is_cut_back_between_readers_and_waits_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    let mut archive = Archive::open(&store).unwrap();
    write_much(&mut archive, 0);
    let old = Archive::open_read_only(&store).unwrap();
    let moment = old.snapshot().unwrap();
    write_much(&mut archive, 1);
    assert!(!archive.cut_log(Duration::from_millis(20)).unwrap(), "one looks at an old moment");
    assert_eq!(old.counts().unwrap().customers, 2_000, "which stays as it is");
    drop(moment);
    write_much(&mut archive, 2);
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let reader = Archive::open_read_only(&store).unwrap();
                    let moment = reader.snapshot().unwrap();
                    std::thread::sleep(Duration::from_millis(30));
                    drop(moment);
                }
            });
        }
        let cut = (0..50).any(|_| archive.cut_log(Duration::from_millis(500)).unwrap());
        over.store(true, Ordering::Relaxed);
        assert!(cut);
    });
    assert_eq!(log_length(&store), 0);
}
