use super::*;
use crate::model::event::{Arrival, ArrivalMark, Event};
use crate::model::facts::BATCH;

/// A store in which somebody waits for orders and touches.
fn hearing() -> Archive {
    let mut schema = schema();
    schema.events[ORDER].heard = true;
    schema.events[TOUCH].heard = true;
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(Arc::new(schema)).unwrap();
    archive
}

const fn mark(number: i64, at: i64) -> ArrivalMark {
    ArrivalMark { number, at: Timestamp(at) }
}

/// What is due of a kind, as (number, id).
fn due(archive: &Archive, event: &str, since: ArrivalMark, now: i64) -> Vec<(i64, String)> {
    let mut arrivals = DueArrivals::new(event, since, Timestamp(now));
    let (mut chunk, mut all) = (Vec::new(), Vec::new());
    while arrivals.next(archive, &mut chunk).unwrap() {
        assert!(chunk.len() <= BATCH);
        all.extend(chunk.iter().map(|arrival: &Arrival| (arrival.number, arrival.id.to_string())));
    }
    all
}

fn pairs(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|&(number, id)| (number, id.to_owned())).collect()
}

fn arrived(archive: &Archive, id: &str) -> i64 {
    archive
        .connection
        .query_row("SELECT arrived FROM event_order WHERE id = ?1", [id], |row| row.get(0))
        .unwrap()
}

fn prune(archive: &mut Archive, heard: &[(&str, ArrivalMark)]) -> u64 {
    let run = NewRun {
        now: Timestamp(5),
        started: Timestamp(5),
        schedule: "once".to_owned(),
        policy_version: "v1".to_owned(),
    };
    let mut run = archive.begin_run(&run).unwrap();
    let pruned = run.prune_arrivals(heard).unwrap();
    run.finish(&RunTotals::default()).unwrap();
    pruned
}

#[test]
fn only_new_events_of_kinds_that_are_heard_arrive() {
    let mut archive = hearing();
    let mut ingest = archive.ingest(Timestamp(10)).unwrap();
    let row = EventRow { id: "n", customer: "", at: Timestamp(5), fields: &[] };
    ingest.event(NOTICE, &row).unwrap();
    ingest.commit().unwrap();
    order(&mut archive, 20, "o1", "c", 15, 1.0);
    order(&mut archive, 30, "o1", "c", 15, 1.0);
    order(&mut archive, 40, "o1", "c", 15, 2.0);
    order(&mut archive, 50, "o2", "c", 16, 2.0);
    assert_eq!(due(&archive, "order", mark(0, 0), 100), pairs(&[(1, "o1"), (2, "o2")]));
    assert_eq!(due(&archive, "notice", mark(0, 0), 100), []);
    assert_eq!(archive.last_arrival().unwrap(), 2);
}

#[test]
fn due_is_what_came_in_since_and_what_has_happened_since() {
    let mut archive = hearing();
    order(&mut archive, 10, "past", "c", 5, 1.0);
    order(&mut archive, 11, "later", "c", 50, 1.0);
    order(&mut archive, 12, "soon", "c", 20, 1.0);
    assert_eq!(due(&archive, "order", mark(0, 0), 12), pairs(&[(1, "past")]), "the others don't exist yet");
    assert_eq!(due(&archive, "order", mark(3, 12), 19), []);
    assert_eq!(due(&archive, "order", mark(3, 12), 20), pairs(&[(3, "soon")]));
    assert_eq!(due(&archive, "order", mark(3, 20), 49), []);
    order(&mut archive, 50, "new", "c", 49, 1.0);
    assert_eq!(due(&archive, "order", mark(3, 19), 50), pairs(&[(3, "soon"), (2, "later"), (4, "new")]));
    // A run that catches up decides for a time at which what has come in had not happened yet.
    assert_eq!(due(&archive, "order", mark(0, 0), 4), []);
    assert_eq!(due(&archive, "order", mark(4, 4), 5), pairs(&[(1, "past")]));
}

#[test]
fn more_arrivals_than_one_batch_come_in_order_without_a_gap() {
    let mut archive = hearing();
    let ids: Vec<String> = (0..=2 * BATCH).map(|number| format!("o{number:05}")).collect();
    for at in [5, 50] {
        let mut ingest = archive.ingest(Timestamp(10)).unwrap();
        for id in &ids {
            let id = format!("{id}-{at}");
            ingest
                .event(ORDER, &EventRow { id: &id, customer: "c", at: Timestamp(at), fields: &[] })
                .unwrap();
        }
        ingest.commit().unwrap();
    }
    let expected = |at: i64, first: i64| -> Vec<(i64, String)> {
        (first..).zip(&ids).map(|(number, id)| (number, format!("{id}-{at}"))).collect()
    };
    let half = i64::try_from(ids.len()).unwrap();
    assert_eq!(due(&archive, "order", mark(0, 0), 10), expected(5, 1));
    assert_eq!(due(&archive, "order", mark(2 * half, 10), 50), expected(50, half + 1));
    let both = [expected(5, 1), expected(50, half + 1)].concat();
    assert_eq!(due(&archive, "order", mark(half, 4), 50), both, "those that came before come first");
}

#[test]
fn a_correction_moves_an_arrival_and_is_none() {
    let mut archive = hearing();
    order(&mut archive, 10, "o", "a", 5, 1.0);
    order(&mut archive, 20, "o", "b", 6, 1.0);
    let mut chunk = Vec::new();
    DueArrivals::new("order", mark(0, 0), Timestamp(20)).next(&archive, &mut chunk).unwrap();
    let expected = Arrival { number: 1, id: "o".into(), customer: "b".into(), at: Timestamp(6) };
    assert_eq!(chunk, [expected]);
    assert_eq!(due(&archive, "order", mark(1, 20), 30), [], "who has taken it is not told again");
    prune(&mut archive, &[("order", mark(1, 20))]);
    order(&mut archive, 30, "o", "c", 7, 1.0);
    assert_eq!(due(&archive, "order", mark(0, 0), 30), [], "one that everybody has taken stays away");
    assert_eq!(archive.last_arrival().unwrap(), 1);
}

#[test]
fn an_event_dated_too_late_by_mistake_is_due_once_it_is_corrected() {
    let mut archive = hearing();
    order(&mut archive, 10, "o", "c", 9_000, 1.0);
    assert_eq!(due(&archive, "order", mark(0, 0), 10), []);
    order(&mut archive, 20, "o", "c", 9, 1.0);
    assert_eq!(due(&archive, "order", mark(1, 10), 20), pairs(&[(2, "o")]));
    assert_eq!(due(&archive, "order", mark(2, 20), 10_000), []);
}

#[test]
fn what_everybody_has_taken_goes_and_numbers_are_not_used_again() {
    let mut archive = hearing();
    for (id, at) in [("a", 5), ("b", 500), ("c", 6)] {
        order(&mut archive, 10, id, "x", at, 1.0);
    }
    assert_eq!(prune(&mut archive, &[("order", mark(2, 10))]), 1);
    assert_eq!(due(&archive, "order", mark(0, 0), 600), pairs(&[(2, "b"), (3, "c")]));
    assert_eq!(prune(&mut archive, &[("touch", mark(3, 10))]), 2, "nobody hears orders any more");
    order(&mut archive, 20, "d", "x", 7, 1.0);
    assert_eq!(due(&archive, "order", mark(3, 10), 20), pairs(&[(4, "d")]));
}

#[test]
fn an_import_that_fails_makes_no_arrival() {
    let mut archive = hearing();
    let mut ingest = archive.ingest(Timestamp(10)).unwrap();
    ingest.event(ORDER, &EventRow { id: "o", customer: "c", at: Timestamp(5), fields: &[] }).unwrap();
    drop(ingest);
    assert_eq!((archive.last_arrival().unwrap(), due(&archive, "order", mark(0, 0), 20)), (0, Vec::new()));
    order(&mut archive, 10, "o", "c", 5, 1.0);
    assert_eq!(due(&archive, "order", mark(0, 0), 20), pairs(&[(1, "o")]));
}

#[test]
fn each_import_arrives_after_the_one_before_though_the_clock_stands_still_or_goes_back() {
    let mut archive = hearing();
    for (clock, id, customer) in [(100, "a", "x"), (100, "b", "y"), (40, "c", "z"), (200, "d", "z")] {
        order(&mut archive, clock, id, customer, 1_000, 1.0);
    }
    assert_eq!(["a", "b", "c", "d"].map(|id| arrived(&archive, id)), [100, 101, 102, 200]);
    let known: Vec<i64> = facts(&archive, 2_000).known_since;
    assert_eq!(known, [100, 100, 40], "since when a customer is known is read off the clock");
}

#[test]
fn a_delivered_touch_arrives_where_somebody_waits_for_it() {
    let mut archive = hearing();
    order(&mut archive, 10, "o", "c", 5, 1.0);
    let touch = super::delivery::touch("t1", "c", 5, crate::model::touch::TouchState::Queued);
    let mut run = archive.begin_run(&super::delivery::new_run()).unwrap();
    run.touch(&touch, Timestamp(5)).unwrap();
    run.finish(&RunTotals::default()).unwrap();
    archive.delivered(&["t1"], Timestamp(20)).unwrap();
    archive.delivered(&["t1"], Timestamp(30)).unwrap();
    assert_eq!(due(&archive, "touch", mark(0, 0), 20), pairs(&[(2, "t1")]));
    assert_eq!(archive.event(TOUCH, "t1").unwrap().unwrap().at, Timestamp(20));
}

#[test]
fn single_events_come_with_all_their_values() {
    let mut archive = archive();
    for (id, at) in [("a", 10), ("b", 20), ("c", 30)] {
        order(&mut archive, 5, id, "x", at, 2.5);
    }
    let fields = vec![Some(Value::Number(2.5)), Some(Value::text("paid"))];
    let expected = Event { id: "b".into(), customer: "x".into(), at: Timestamp(20), fields };
    assert_eq!(archive.event(ORDER, "b").unwrap(), Some(expected));
    assert_eq!(archive.event(ORDER, "z").unwrap(), None);
    assert!(matches!(archive.event(9, "b"), Err(ArchiveError::Unknown { .. })));
    let ids = |customer: &str, range: (std::ops::Bound<Timestamp>, std::ops::Bound<Timestamp>)| {
        let events = archive.events_of(ORDER, customer, range).unwrap();
        events.iter().map(|event| event.id.to_string()).collect::<String>()
    };
    let (included, excluded) = (std::ops::Bound::Included, std::ops::Bound::Excluded);
    assert_eq!(ids("x", (included(Timestamp(10)), included(Timestamp(30)))), "abc");
    assert_eq!(ids("x", (excluded(Timestamp(10)), excluded(Timestamp(30)))), "b");
    assert_eq!(ids("x", (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded)), "abc");
    assert_eq!(ids("y", (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded)), "");
}

#[test]
fn adopting_a_schema_that_differs_in_who_listens_writes_nothing() {
    let mut archive = archive();
    let before = archive.connection.total_changes();
    let version = |archive: &Archive| -> i64 {
        archive.connection.pragma_query_value(None, "schema_version", |row| row.get(0)).unwrap()
    };
    let made = version(&archive);
    let mut schema = schema();
    schema.events[ORDER].heard = true;
    schema.customer[0].watched = true;
    archive.adopt(Arc::new(schema)).unwrap();
    assert_eq!((archive.connection.total_changes(), version(&archive)), (before, made));
}
