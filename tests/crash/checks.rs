//! What must hold of the store at any moment, and of all that went out at the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

/// The one figure that a query gives.
pub(crate) fn figure(store: &Connection, query: &str) -> usize {
    let figure: i64 = store.query_row(query, [], |row| row.get(0)).unwrap();
    usize::try_from(figure).unwrap()
}

/// What must give 0 whenever the store is looked at.
const NEVER: [&str; 8] = [
    // Of a run all is there, or nothing.
    "SELECT count(*) FROM touch WHERE run NOT IN (SELECT id FROM run WHERE outcome = 'committed')",
    "SELECT count(*) FROM transition WHERE run NOT IN (SELECT id FROM run WHERE outcome = 'committed')",
    "SELECT count(*) FROM run LEFT JOIN (SELECT run, count(*) AS made FROM touch GROUP BY run) AS touches
     ON touches.run = run.id WHERE run.touches <> coalesce(made, 0)",
    // The outbox has what is queued, and all of it.
    "SELECT count(*) FROM outbox WHERE touch NOT IN (SELECT id FROM touch WHERE state = 'queued')",
    "SELECT count(*) FROM touch WHERE state = 'queued' AND id NOT IN (SELECT touch FROM outbox)",
    // Nothing fires twice.
    "SELECT count(*) FROM (SELECT 1 FROM touch GROUP BY customer, action HAVING count(*) > 1)",
    "SELECT count(*) FROM (SELECT 1 FROM enrolment GROUP BY customer, cadence HAVING count(*) > 1)",
    // What is delivered is an event once.
    "SELECT count(*) FROM event_touch WHERE id NOT IN (SELECT id FROM touch WHERE state = 'delivered')",
];

pub(crate) fn never_twice_and_never_half(store: &Connection) {
    for query in NEVER {
        assert_eq!(figure(store, query), 0, "{query}");
    }
}

/// What a kill left, looked at in a copy, so that it is the daemon that recovers the store: whether rows of a file were
/// announced and not confirmed.
pub(crate) fn after_a_kill(home: &Path, answered: usize) -> bool {
    let copy = home.join("copy");
    fs::create_dir_all(&copy).unwrap();
    for ending in ["", "-wal"] {
        let name = format!("guanxi.db{ending}");
        if home.join(&name).exists() {
            fs::copy(home.join(&name), copy.join(&name)).unwrap();
        }
    }
    let store = Connection::open(copy.join("guanxi.db")).unwrap();
    let sound: String = store.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    never_twice_and_never_half(&store);
    let posted = figure(&store, "SELECT count(*) FROM event_order WHERE id GLOB 'p*'");
    assert!(posted >= answered, "{answered} events were answered for, {posted} are stored");
    let announced = figure(&store, "SELECT count(*) FROM file_write") > 0;
    drop(store);
    fs::remove_dir_all(copy).unwrap();
    announced
}

/// How often each id stands in a file.
pub(crate) fn counted(ids: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// Everything in a folder's files; none where there is no folder.
pub(crate) fn contents(folder: &Path) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}
