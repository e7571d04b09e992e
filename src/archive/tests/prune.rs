//! What is too old goes, what something still needs stays.

use super::*;
use crate::model::enrolment::Enrolment;
use crate::model::event::Taken;
use crate::model::time::DAY;

fn run(archive: &mut Archive, now: i64) -> i64 {
    let run = NewRun {
        now: Timestamp(now),
        started: Timestamp(now),
        schedule: "once".to_owned(),
        policy_version: "v1".to_owned(),
    };
    archive
        .begin_run(&run)
        .unwrap()
        .finish(&RunTotals { finished: Timestamp(now), ..RunTotals::default() })
        .unwrap()
}

/// Takes all away that is older, some rows at a time; returns what went.
fn prune(archive: &mut Archive, events: Option<i64>, history: Option<i64>, rows: usize) -> RowCounts {
    let keep = Keep { events: events.map(Timestamp), history: history.map(Timestamp) };
    let mut pruning = archive.begin_pruning(keep, Timestamp(0)).unwrap();
    while archive.prune(&mut pruning, rows).unwrap() {}
    pruning.removed().clone()
}

fn ids(archive: &Archive, table: &str) -> Vec<String> {
    let mut statement = archive.connection.prepare(&format!("SELECT id FROM {table} ORDER BY id")).unwrap();
    let ids = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    ids.map(|id| match id.unwrap() {
        rusqlite::types::Value::Text(id) => id,
        other => format!("{other:?}"),
    })
    .collect()
}

fn enrolment(event: &str, ended: Option<Timestamp>) -> Enrolment {
    Enrolment {
        number: 1,
        next: None,
        ended,
        base: Timestamp(1),
        offset: 0,
        distance: 0,
        started: Timestamp(1),
        identity: None,
        event: Some(event.into()),
        reason: None,
    }
}

#[test]
fn old_events_go_a_few_at_a_time_and_are_counted_and_their_customers_marked() {
    for rows in [1, 2, 3, 100] {
        let mut archive = archive();
        for number in 0..10 {
            let customer = format!("c{}", number % 3);
            order(&mut archive, 1, &format!("o{number}"), &customer, 10 * number, 1.0);
        }
        archive.connection.execute("UPDATE customer SET changed = 0", []).unwrap();
        let removed = prune(&mut archive, Some(40), None, rows);
        assert_eq!(removed, RowCounts::from([("event_order".to_owned(), 4)]));
        assert_eq!(ids(&archive, "event_order"), ["o4", "o5", "o6", "o7", "o8", "o9"], "{rows} at a time");
        assert_eq!(archive.counts().unwrap().events[1], ("order".to_owned(), 6));
        let marked = "SELECT count(*) FROM customer WHERE changed = 1";
        assert_eq!(archive.connection.query_row(marked, [], |row| row.get::<_, i64>(0)).unwrap(), 3);
        assert!(is_sound(&archive));
    }
}

#[test]
fn an_event_stays_that_nobody_took_yet_or_an_enrolment_goes_by() {
    let mut schema = schema();
    schema.events[ORDER].heard = true;
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(Arc::new(schema)).unwrap();
    for (id, customer) in [("enrolled", "a"), ("ended", "b"), ("waits", "c"), ("free", "d")] {
        order(&mut archive, 5, id, customer, 1, 1.0);
    }
    archive.connection.execute("DELETE FROM arrival WHERE id <> 'waits'", []).unwrap();
    let mut writer = archive
        .begin_run(&NewRun {
            now: Timestamp(5),
            started: Timestamp(5),
            schedule: String::new(),
            policy_version: String::new(),
        })
        .unwrap();
    writer.enrolment("a", "care", &enrolment("enrolled", None)).unwrap();
    writer.enrolment("b", "care", &enrolment("ended", Some(Timestamp(4)))).unwrap();
    writer.finish(&RunTotals::default()).unwrap();
    assert_eq!(prune(&mut archive, Some(10), None, 100).get("event_order"), Some(&2));
    assert_eq!(ids(&archive, "event_order"), ["enrolled", "waits"]);
    assert_eq!(prune(&mut archive, Some(10), Some(7), 100).get("arrival"), None, "it came in third, at 7");
    let removed = prune(&mut archive, Some(10), Some(8), 100);
    assert_eq!((removed.get("arrival"), removed.get("event_order")), (Some(&1), Some(&1)));
    assert_eq!(ids(&archive, "event_order"), ["enrolled"]);
}

#[test]
fn an_event_that_comes_in_again_is_no_news_and_known_since_does_not_move() {
    let mut schema = schema();
    schema.events[ORDER].heard = true;
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(Arc::new(schema)).unwrap();
    let arrivals = |archive: &Archive| ids(archive, "arrival");
    order(&mut archive, 100, "old", "a", 1, 1.0);
    order(&mut archive, 100, "new", "a", 90, 1.0);
    prune(&mut archive, Some(50), Some(1_000), 10);
    assert_eq!((ids(&archive, "event_order"), arrivals(&archive)), (vec!["new".to_owned()], vec![]));
    assert_eq!(order(&mut archive, 101, "old", "a", 1, 1.0), Outcome::New);
    assert!(arrivals(&archive).is_empty());
    prune(&mut archive, Some(50), Some(1_000), 10);
    // A correction that moves the only event left makes it be counted anew.
    order(&mut archive, 102, "new", "a", 95, 1.0);
    assert_eq!(facts(&archive, 200).known_since, [1]);
    order(&mut archive, 103, "newer", "b", 92, 1.0);
    order(&mut archive, 104, "newer", "b", 98, 1.0);
    assert_eq!(facts(&archive, 200).known_since, [1, 98], "who came later is");
}

#[test]
fn the_runs_and_transitions_that_later_ones_go_on_from_stay() {
    let mut archive = archive();
    for now in [10, 40, 20, 30] {
        run(&mut archive, now);
    }
    archive.connection.execute("UPDATE run SET approval = 'waiting' WHERE id = 1", []).unwrap();
    for number in 1..=3 {
        let sql = "INSERT INTO transition VALUES (?1, 'a', 'tier', NULL, NULL, 'data', ?1, 1)";
        archive.connection.execute(sql, [number]).unwrap();
    }
    let removed = prune(&mut archive, None, Some(1_000), 1);
    assert_eq!((removed.get("run"), removed.get("transition")), (Some(&1), Some(&2)));
    let kept: Vec<i64> = archive.runs(10).unwrap().iter().map(|run| run.id).collect();
    assert_eq!(kept, [4, 2, 1], "the last, the one for the latest time, the one that waits");
    assert_eq!(
        (archive.last_run_now().unwrap(), archive.last_transition().unwrap()),
        (Some(Timestamp(40)), 3)
    );
    assert_eq!(run(&mut archive, 50), 5);
}

#[test]
fn a_file_is_forgotten_only_when_all_it_held_is_and_the_last_of_a_source_never() {
    let mut archive = archive();
    for (at, source, hash) in [(1, "orders", "x"), (2, "orders", "y"), (3, "orders", "z"), (4, "people", "p")]
    {
        let mut ingest = archive.ingest(Timestamp(at)).unwrap();
        ingest.record_file(source, hash, 1).unwrap();
        ingest.commit().unwrap();
    }
    prune(&mut archive, None, Some(10), 1);
    prune(&mut archive, Some(2), Some(10), 1);
    let seen =
        |archive: &Archive, source: &str, hash: &str| archive.file_seen(source, hash, Repeat::Ever).unwrap();
    assert!(!seen(&archive, "orders", "x") && seen(&archive, "orders", "y"));
    prune(&mut archive, Some(10), Some(10), 1);
    assert!(!seen(&archive, "orders", "y") && seen(&archive, "orders", "z") && seen(&archive, "people", "p"));
}

#[test]
fn it_is_done_once_a_day_and_a_clock_that_ran_ahead_costs_nothing() {
    let mut archive = archive();
    assert_eq!(archive.prune_due(Timestamp(9 * DAY)).unwrap(), None, "nothing was decided yet");
    run(&mut archive, 5 * DAY);
    let done = |archive: &mut Archive, now: i64| {
        let due = archive.prune_due(Timestamp(now)).unwrap();
        let mut pruning = archive.begin_pruning(Keep::default(), Timestamp(now)).unwrap();
        while archive.prune(&mut pruning, 1).unwrap() {}
        due.map(|by| by.0)
    };
    assert_eq!(done(&mut archive, 6 * DAY), Some(5 * DAY), "by the last run");
    assert_eq!(archive.prune_due(Timestamp(7 * DAY - 1)).unwrap(), None);
    run(&mut archive, 1_000 * DAY);
    assert_eq!(done(&mut archive, 1_000 * DAY), Some(6 * DAY), "by the day before");
    assert_eq!(done(&mut archive, 8 * DAY), Some(8 * DAY), "the clock is right again");
    archive.remember_taken("trigger.x", Taken { arrival: 0, transition: 0, at: Timestamp(0) }).unwrap();
    assert_eq!(done(&mut archive, 9 * DAY), Some(8 * DAY));
}

#[test]
fn a_store_that_takes_no_writes_stops_it_and_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("guanxi.db")).unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    order(&mut archive, 1, "o", "c", 1, 1.0);
    let mut pruning =
        archive.begin_pruning(Keep { events: Some(Timestamp(5)), history: None }, Timestamp(9)).unwrap();
    archive.connection.execute_batch("PRAGMA query_only = ON").unwrap();
    let mut failed = false;
    for _ in 0..9 {
        failed |= archive.prune(&mut pruning, 10).is_err();
    }
    assert!(failed && pruning.removed().is_empty());
    archive.connection.execute_batch("PRAGMA query_only = OFF").unwrap();
    while archive.prune(&mut pruning, 10).unwrap() {}
    assert_eq!(pruning.removed().get("event_order"), Some(&1));
}
