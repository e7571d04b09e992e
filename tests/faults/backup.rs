//! Copies of the store, made while it is written to.

use super::*;

/// What no store may hold: parts of a run without the run, or a count that was left behind.
const HALVES: [&str; 4] = [
    "SELECT count(*) FROM touch WHERE run NOT IN (SELECT id FROM run)",
    "SELECT count(*) FROM run WHERE outcome = 'committed' AND touches <> (SELECT count(*) FROM touch \
     WHERE touch.run = run.id AND queued IS NOT NULL)",
    "SELECT count(*) FROM outbox WHERE touch NOT IN (SELECT id FROM touch WHERE state = 'queued')",
    "SELECT count(*) FROM tally WHERE name = 'event_order' AND rows <> (SELECT count(*) FROM event_order)",
];

#[test]
fn copies_made_during_constant_writes_are_sound_and_hold_whole_runs() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let mut runs = Vec::new();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut number = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                assert!(daemon.order(number, number + 5).0);
                number += 5;
                std::thread::sleep(Duration::from_millis(20));
            }
            number
        });
        for number in 0..12 {
            let file = format!("copy{number}.db");
            let made = home.json(&["backup", &file, "--json"]);
            assert_eq!(made["check"], "integrity_check");
            let copy = Connection::open(home.path(&file)).unwrap();
            let count = |query: &str| copy.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
            let said: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(said, "ok");
            for half in HALVES {
                assert_eq!(count(half), 0, "{half}");
            }
            runs.push(count("SELECT count(*) FROM run"));
            std::thread::sleep(Duration::from_millis(250));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(writing.join().unwrap() > 0);
    });
    assert!(runs.first() < runs.last(), "nothing was run meanwhile: {runs:?}");
    assert!(runs.is_sorted());
    drop(daemon);
    // A copy is a store.
    fs::copy(home.path("copy11.db"), home.path("store/other.db")).unwrap();
    let output = home.command(&["once", "--json"]).env("GUANXI_STORE", "store/other.db").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_copy_takes_no_place_that_is_taken_and_leaves_nothing_where_it_fails() {
    let home = Home::new();
    home.json(&["once", "--json"]);
    fs::write(home.path("there"), "mine").unwrap();
    let refused = |arguments: &[&str], words: &str| {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
    };
    refused(&["backup", "there"], "there exists: name another file, or replace it with --force");
    assert_eq!(fs::read_to_string(home.path("there")).unwrap(), "mine");
    refused(&["backup", "store/guanxi.db", "--force"], "is the store itself");
    refused(&["backup", "nowhere/copy.db"], "nowhere/copy.db.part can't be written");
    refused(&["backup", "copy.db", "--store", "there"], "is not a guanxi store");
    refused(&["backup", "copy.db", "--store", "absent.db"], "there is no store absent.db");
    fs::write(home.path("there-wal"), "of another").unwrap();
    home.json(&["backup", "there", "--force", "--json"]);
    assert!(!home.path("there-wal").exists());
    let copy = Connection::open(home.path("there")).unwrap();
    let mode: String = copy.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete", "one file that needs none beside it");
    let left: Vec<PathBuf> =
        fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_none_or(|ending| ending != "part")), "{left:?}");
    home.assert_sound();
}

#[test]
fn a_copy_that_meets_a_full_disk_or_a_damaged_store_is_not_made() {
    if !may_mount("backup::a_copy_that_meets_a_full_disk_or_a_damaged_store_is_not_made") {
        return;
    }
    let home = Home::new();
    home.drop_orders("orders.csv", 0, 3_000);
    home.json(&["once", "--json"]);
    mount(&home.path("out"), "size=100k");
    let output = home.run(&["backup", "out/copy.db"]);
    assert_eq!(output.status.code(), Some(70), "{}", said(&output));
    assert!(said(&output).contains("make room there"), "{}", said(&output));
    assert_eq!(fs::read_dir(home.path("out")).unwrap().count(), 0);

    let path = home.path("store/guanxi.db");
    // A page that is in use: nobody would miss what a free one held.
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'event_order'";
    let store = rusqlite::Connection::open(&path).unwrap();
    let page = store.query_row(root, [], |row| row.get::<_, u32>(0)).unwrap();
    let page = usize::try_from(page).unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[(page - 1) * 4_096..page * 4_096].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let output = home.run(&["backup", "copy.db"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is damaged") && !home.path("copy.db").exists(), "{}", said(&output));
}
