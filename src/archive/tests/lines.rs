//! The lines in which a customer's queued touches stand on a channel.

use super::delivery::{new_run, touch, with_touches};
use super::*;
use crate::archive::migrate::migrate_to;
use crate::model::touch::{Touch, TouchState};

fn queued(id: &str, customer: &str, due: i64) -> Touch {
    Touch { expires: Timestamp(1_000_000), ..touch(id, customer, due, TouchState::Queued) }
}

/// What may be attempted, first attempts and then retries.
fn in_turn(archive: &Archive) -> Vec<String> {
    let now = Timestamp(1_000);
    let first = archive.due_first("crm", now, 99).unwrap();
    let again = archive.due_again("crm", now, 99).unwrap();
    first.iter().chain(&again).map(|delivery| delivery.touch.id.to_string()).collect()
}

pub(super) fn change(archive: &mut Archive, work: impl FnOnce(&OutboxChange<'_>)) {
    let change = archive.change_outbox().unwrap();
    work(&change);
    change.commit().unwrap();
}

fn begin(archive: &mut Archive, id: &str) {
    let number = archive.touch(id).unwrap().unwrap().number;
    change(archive, |change| change.begin_attempts(&[number]).unwrap());
}

fn queue(archive: &mut Archive, touch: &Touch) {
    let mut run = archive.begin_run(&new_run()).unwrap();
    assert!(run.touch(touch, Timestamp(9)).unwrap());
    run.finish(&RunTotals::default()).unwrap();
}

fn attempted(archive: &Archive, id: &str) -> bool {
    let sql = "SELECT attempted FROM touch WHERE id = ?1";
    archive.connection.query_row(sql, [id], |row| row.get(0)).unwrap()
}

#[test]
fn of_one_customer_the_first_by_due_time_and_id_goes_first_and_the_next_once_it_is_over() {
    let touches =
        [queued("3", "a", 30), queued("2", "a", 20), queued("1", "a", 30), queued("other", "b", 40)];
    let mut archive = with_touches(&touches);
    assert_eq!(in_turn(&archive), ["2", "other"]);
    begin(&mut archive, "2");
    assert_eq!(in_turn(&archive), ["other"], "it is under way");
    archive.retry("2", Timestamp(2_000), "500").unwrap();
    assert_eq!(in_turn(&archive), ["other"], "it waits for a retry");
    assert_eq!(archive.next_in_turn("crm").unwrap(), Some(Timestamp(40)));
    archive.end("2", TouchState::Dead, "gave up", Timestamp(50)).unwrap();
    assert_eq!(in_turn(&archive), ["1", "other"]);
    begin(&mut archive, "1");
    archive.delivered(&["1"], Timestamp(51)).unwrap();
    assert_eq!(in_turn(&archive), ["3", "other"]);
}

#[test]
fn one_queued_later_goes_first_where_it_was_due_earlier_and_what_is_under_way_goes_on() {
    let mut archive = with_touches(&[queued("late", "a", 20), queued("last", "a", 30)]);
    queue(&mut archive, &queued("early", "a", 10));
    assert_eq!(in_turn(&archive), ["early"]);
    archive.delivered(&["early"], Timestamp(40)).unwrap();
    begin(&mut archive, "late");
    queue(&mut archive, &queued("earlier", "a", 5));
    assert_eq!(in_turn(&archive), ["earlier"]);
    archive.retry("late", Timestamp(100), "500").unwrap();
    assert_eq!(in_turn(&archive), ["earlier"]);
    begin(&mut archive, "earlier");
    archive.delivered(&["earlier"], Timestamp(41)).unwrap();
    assert_eq!(in_turn(&archive), ["late"]);
}

#[test]
fn a_dead_touch_that_is_queued_again_takes_its_place_with_no_attempts() {
    let mut archive = with_touches(&[queued("1", "a", 10), queued("2", "a", 20)]);
    archive.retry("1", Timestamp(11), "500").unwrap();
    archive.end("1", TouchState::Dead, "gave up", Timestamp(12)).unwrap();
    assert_eq!(in_turn(&archive), ["2"]);
    assert!(archive.requeue("1", Timestamp(13)).unwrap());
    let first = archive.due_first("crm", Timestamp(13), 9).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!((&*first[0].touch.id, first[0].attempts, first[0].may_have_arrived), ("1", 0, true));
}

#[test]
fn channels_have_lines_of_their_own() {
    let other = Touch { channel: "sms".into(), ..queued("2", "a", 20) };
    let archive = with_touches(&[queued("1", "a", 10), other]);
    assert_eq!(in_turn(&archive), ["1"]);
    assert_eq!(archive.due_first("sms", Timestamp(99), 9).unwrap().len(), 1);
}

#[test]
fn customers_who_are_joined_stand_in_one_line() {
    let mut archive = with_touches(&[queued("1", "a", 10), queued("2", "b", 5), queued("3", "a", 3)]);
    for touch in ["1", "3"] {
        let about = "UPDATE touch SET event = 'order' WHERE id = ?1";
        archive.connection.execute(about, [touch]).unwrap();
    }
    archive.merge("a", "b", Timestamp(20)).unwrap();
    assert_eq!(in_turn(&archive), ["3"]);
    archive.delivered(&["3"], Timestamp(21)).unwrap();
    assert_eq!(in_turn(&archive), ["2"]);
    archive.delivered(&["2"], Timestamp(22)).unwrap();
    assert_eq!(in_turn(&archive), ["1"]);
}

#[test]
fn what_was_under_way_when_the_program_died_may_have_arrived() {
    let mut archive = with_touches(&[queued("1", "a", 10), queued("2", "a", 20), queued("3", "b", 20)]);
    begin(&mut archive, "1");
    assert_eq!(in_turn(&archive), ["3"]);
    change(&mut archive, |change| assert_eq!(change.recover("crm").unwrap(), 1));
    let first = archive.due_first("crm", Timestamp(99), 9).unwrap();
    let known: Vec<(&str, bool)> =
        first.iter().map(|delivery| (&*delivery.touch.id, delivery.may_have_arrived)).collect();
    assert_eq!(known, [("1", true), ("3", false)]);
    begin(&mut archive, "3");
    change(&mut archive, |change| change.give_back(&["3"]).unwrap());
    assert_eq!(in_turn(&archive), ["1", "3"]);
    assert!(!attempted(&archive, "3"), "nothing was sent");
}

#[test]
fn what_ends_while_it_is_under_way_may_have_arrived_unless_it_did() {
    let mut archive = with_touches(&[queued("1", "a", 10), queued("2", "b", 20)]);
    begin(&mut archive, "1");
    begin(&mut archive, "2");
    archive.end("1", TouchState::Cancelled, "no longer", Timestamp(30)).unwrap();
    archive.delivered(&["2"], Timestamp(31)).unwrap();
    assert_eq!((attempted(&archive, "1"), attempted(&archive, "2")), (true, false));
}

#[test]
fn a_look_reads_what_it_takes_from_an_index_and_sorts_no_backlog() {
    let archive = with_touches(&[queued("1", "a", 10)]);
    for sql in [
        outbox::in_turn_sql("first"),
        outbox::in_turn_sql("again"),
        outbox::next_sql(&["first", "again"]),
        outbox::all_sql(),
    ] {
        let plan = plan_of(&archive, &sql);
        assert!(plan.contains("INDEX outbox_due (channel=? AND turn=?"), "{plan}");
        assert!(!plan.contains("SCAN outbox") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

fn plan_of(archive: &Archive, sql: &str) -> String {
    let mut statement = archive.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for parameter in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(parameter, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>(3).unwrap();
        plan.push('\n');
    }
    plan
}

/// Puts a touch into a store of an older version, as its columns were then.
fn insert_touch(connection: &rusqlite::Connection, id: &str, customer: &str, due: i64, state: &str) {
    connection
        .execute(
            "INSERT INTO touch (id, customer, action, channel, kind, name, because, occurrence, due, expires, \
             priority, state, state_at, reason, policy_version, payload, run) VALUES (?1, ?2, 'call', 'crm', \
             'trigger', 'overdue', '{\"kind\":\"trigger\",\"name\":\"overdue\",\"title\":\"\"}', ?1, ?3, 999, \
             0, ?4, 0, '', 'v', '{}', 1)",
            rusqlite::params![id, customer, due, state],
        )
        .unwrap();
}

#[test]
fn the_outbox_of_an_older_store_is_brought_into_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    migrate_to(&connection, 0, 13).unwrap();
    for (id, customer, due, attempts) in [("1", "a", 10, 0), ("2", "a", 5, 3), ("3", "b", 7, 0)] {
        insert_touch(&connection, id, customer, due, "queued");
        connection
            .execute(
                "INSERT INTO outbox (touch, channel, queued, attempts, next_attempt) VALUES (?1, 'crm', 1, ?2, 50)",
                rusqlite::params![id, attempts],
            )
            .unwrap();
    }
    drop(connection);
    let archive = Archive::open(&path).unwrap();
    assert_eq!(in_turn(&archive), ["3", "2"]);
}

#[test]
fn what_an_older_store_was_sending_stays_under_way_and_its_touches_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    migrate_to(&connection, 0, 18).unwrap();
    let touches = [("x", 10, "queued"), ("a", 10, "queued"), ("b", 5, "dead"), ("c", 1, "delivered")];
    for (id, due, state) in touches {
        insert_touch(&connection, id, "a", due, state);
    }
    connection
        .execute_batch(
            "INSERT INTO outbox (touch, channel, customer, due, queued, attempts, next_attempt) \
             VALUES ('x', 'crm', 'a', 10, 1, 2, 50), ('a', 'crm', 'a', 10, 1, 0, 10); \
             UPDATE outbox SET turn = 'leaving' WHERE touch = 'a';",
        )
        .unwrap();
    drop(connection);
    let mut archive = Archive::open(&path).unwrap();
    assert!(in_turn(&archive).is_empty(), "one is under way, the other behind it");
    change(&mut archive, |change| assert_eq!(change.recover("crm").unwrap(), 1));
    assert_eq!(in_turn(&archive), ["a"]);
    archive.delivered(&["a"], Timestamp(60)).unwrap();
    assert_eq!(in_turn(&archive), ["x"]);
    assert_eq!(archive.due("crm", Timestamp(60), 9).unwrap()[0].attempts, 2);
    assert_eq!(archive.dead().unwrap(), [("crm".to_owned(), 1)]);
    let counts = archive.counts().unwrap().touches;
    let counts: Vec<(TouchState, u64)> = counts.iter().map(|count| (count.state, count.count)).collect();
    assert_eq!(counts, [(TouchState::Dead, 1), (TouchState::Delivered, 2), (TouchState::Queued, 1)]);
}

#[test]
fn the_lines_of_an_older_store_are_known_as_such_and_who_stands_alone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    migrate_to(&connection, 0, 19).unwrap();
    for (id, customer, due) in [("1", "a", 10), ("2", "a", 5), ("3", "b", 7)] {
        insert_touch(&connection, id, customer, due, "queued");
        connection
            .execute(
                "INSERT INTO outbox (number, touch, channel, customer, due, queued, attempts, next_attempt) \
                 SELECT number, id, channel, customer, due, 1, 0, due FROM touch WHERE id = ?1",
                [id],
            )
            .unwrap();
    }
    drop(connection);
    let mut archive = Archive::open(&path).unwrap();
    assert_eq!(in_turn(&archive), ["2", "3"]);
    let shared = "SELECT group_concat(touch) FROM (SELECT touch FROM outbox WHERE shared = 1 ORDER BY touch)";
    let shared: String = archive.connection.query_row(shared, [], |row| row.get(0)).unwrap();
    assert_eq!(shared, "1,2");
    archive.delivered(&["2"], Timestamp(60)).unwrap();
    assert_eq!(in_turn(&archive), ["3", "1"]);
}
