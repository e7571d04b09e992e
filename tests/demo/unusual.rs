//! A slip of the pen in a policy reaches nobody of the demo's customers before somebody has approved it.

use std::fs;
use std::path::Path;

use guanxi::demo::policies;
use serde_json::Value;
use tempfile::TempDir;

use crate::life::{command, life};

/// Writes to everybody who has ordered within a year.
const SLIP: &str = r#"
[trigger.slip]
title    = "Everybody, and not only who is late"
when     = 'orders_12m > 0'
audience = '!opted_out'
backlog  = "fire"
actions  = ["slip_message"]
[action.slip_message]
channel = "messages"
tags    = ["care"]
"#;
/// The Monday after the demo, when messages may go.
const MONDAY: &str = "2027-01-04T10:00:00Z";

/// The demo's store with the shipped policies and the slip, after a run; the run that waits for approval.
fn after_the_slip() -> (TempDir, i64) {
    let home = tempfile::tempdir().unwrap();
    fs::copy(life().store(), home.path().join("guanxi.db")).unwrap();
    let write = |folder: &str, path: &str, text: &str| {
        let path = home.path().join(folder).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (path, text) in policies::FILES {
        write("policies", path, text);
    }
    for (path, text) in policies::SCRIPTS {
        write("scripts", path, text);
    }
    write("policies", "slip.toml", SLIP);
    command(home.path(), &["once", "--now", MONDAY]);
    let runs: Value = serde_json::from_str(&command(home.path(), &["runs", "--json"])).unwrap();
    let waiting: Vec<&Value> =
        runs.as_array().unwrap().iter().filter(|run| run["approval"] == "waiting").collect();
    assert_eq!(waiting.len(), 1, "{runs:#}");
    let run = waiting[0]["id"].as_i64().unwrap();
    (home, run)
}

/// How many touches of the slip are in a state, held for approval or not.
fn touches(home: &Path, holds: &str) -> i64 {
    let store = rusqlite::Connection::open(home.join("guanxi.db")).unwrap();
    let question = format!("SELECT count(*) FROM touch WHERE name = 'slip' AND {holds}");
    store.query_row(&question, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_run_that_would_reach_far_more_than_usual_waits_and_goes_when_it_is_approved() {
    let (home, run) = after_the_slip();
    let home = home.path();
    let held = touches(home, "state = 'waiting' AND hold IS NOT NULL");
    assert!(held > 1_000, "{held} are held");
    assert_eq!(touches(home, "queued IS NOT NULL"), 0);
    let said = command(home, &["runs", "approve", &run.to_string(), "--now", MONDAY]);
    assert!(said.contains("approved"), "{said}");
    command(home, &["once", "--now", "2027-01-05T10:00:00Z"]);
    assert_eq!(touches(home, "hold IS NOT NULL"), 0);
    let gone = touches(home, "state = 'delivered'");
    assert!(gone > 1_000, "{gone} of {held} went, the others got a message this week");
}

#[test]
fn a_run_that_is_rejected_reaches_nobody_and_later_runs_go_on() {
    let (home, run) = after_the_slip();
    let home = home.path();
    let others = || -> i64 {
        let store = rusqlite::Connection::open(home.join("guanxi.db")).unwrap();
        let question = "SELECT count(*) FROM touch WHERE name <> 'slip' AND state = 'delivered'";
        store.query_row(question, [], |row| row.get(0)).unwrap()
    };
    let said = command(home, &["runs", "reject", &run.to_string(), "--now", MONDAY]);
    assert!(said.contains("cancelled for good"), "{said}");
    let before = others();
    command(home, &["once", "--now", "2027-01-05T10:00:00Z"]);
    assert_eq!(touches(home, "(state = 'waiting' OR queued IS NOT NULL)"), 0);
    assert!(others() > before, "what is due the day after goes");
}
