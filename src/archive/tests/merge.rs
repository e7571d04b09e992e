use super::delivery::touch as some_touch;
use super::forget::{fill, holding, live};
use super::*;
use crate::model::touch::TouchState;

fn customer(archive: &mut Archive, id: &str, arrived: i64, text: Option<&str>, group: Option<f64>) {
    let set = |value: Option<Value>| value.map_or(Change::Keep, Change::Set);
    let changes = [set(text.map(Value::text)), Change::Keep, set(group.map(Value::Number))];
    let mut ingest = archive.ingest(Timestamp(arrived)).unwrap();
    ingest.customer(id, &changes).unwrap();
    ingest.commit().unwrap();
}

#[test]
fn the_new_ones_fields_win_and_the_old_ones_fill_what_is_missing() {
    let mut archive = archive();
    customer(&mut archive, "old", 5, Some("old"), Some(1.0));
    customer(&mut archive, "new", 9, Some("new"), None);
    order(&mut archive, 10, "o1", "old", 3, 1.0);
    order(&mut archive, 10, "o2", "new", 7, 2.0);
    archive.merge("old", "new", Timestamp(20)).unwrap();
    let batch = facts(&archive, 100);
    assert_eq!(batch.ids.iter().collect::<Vec<_>>(), ["new"]);
    assert_eq!(batch.known_since, [3], "the earlier of both");
    let field = |index: usize| {
        let ty = &schema().customer[index].ty;
        batch.customer[index].as_ref().unwrap().value(0, ty, &batch.dictionary)
    };
    assert_eq!((field(0), field(2)), (Some(Value::text("new")), Some(Value::Number(1.0))));
    let orders: Vec<i64> = events(&batch, &schema(), ORDER).iter().map(|event| event.1).collect();
    assert_eq!(orders, [3, 7], "one history");
    let counts = archive.counts().unwrap();
    assert_eq!((counts.customers, counts.events[1].1), (1, 2));
}

#[test]
fn later_rows_of_the_old_one_are_the_new_ones_also_after_it_was_merged_again() {
    let mut archive = archive();
    for (id, at) in [("a", 1), ("b", 2), ("c", 3)] {
        order(&mut archive, 5, &format!("order {id}"), id, at, 1.0);
    }
    archive.merge("a", "b", Timestamp(20)).unwrap();
    archive.merge("b", "c", Timestamp(21)).unwrap();
    assert_eq!(order(&mut archive, 30, "order a", "a", 1, 1.0), Outcome::Same, "the same file once more");
    assert_eq!(order(&mut archive, 30, "late", "a", 4, 9.0), Outcome::New);
    customer(&mut archive, "b", 31, Some("text"), None);
    let batch = facts(&archive, 100);
    assert_eq!(batch.ids.iter().collect::<Vec<_>>(), ["c"]);
    assert_eq!(events(&batch, &schema(), ORDER).len(), 4);
    let person = archive.person("a").unwrap();
    assert_eq!((person.ids.as_slice(), person.known), (&["c", "a", "b"].map(str::to_owned)[..], true));
    archive.forget(&person, &[1; 32], Timestamp(40)).unwrap();
    for id in ["a", "b", "c"] {
        assert_eq!(order(&mut archive, 50, "again", id, 4, 9.0), Outcome::Forgotten, "{id}");
    }
}

#[test]
fn nothing_of_the_old_one_is_left_but_its_name() {
    let mut archive = archive();
    live(&mut archive, "the old one");
    live(&mut archive, "the new one");
    let owned = super::super::forget::owned_tables(&archive.connection).unwrap();
    fill(&archive, &owned, "the old one");
    archive.merge("the old one", "the new one", Timestamp(50)).unwrap();
    for table in &owned {
        let named = format!("SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE customer = 'the old one')");
        let named: bool = archive.connection.query_row(&named, [], |row| row.get(0)).unwrap();
        assert!(!named, "{table}");
    }
    let audit: String =
        archive.connection.query_row("SELECT detail FROM audit", [], |row| row.get(0)).unwrap();
    assert!(audit.contains("event_order 1") && !audit.contains("one"), "{audit}");
    assert!(holding(&archive, "the old one").contains(&"alias".to_owned()));
    assert_eq!(archive.place_counts(0).unwrap(), [(0, 1)], "counted once");
    assert!(is_sound(&archive));
}

#[test]
fn what_was_true_of_either_is_no_news_and_what_both_had_coming_comes_once() {
    let mut archive = archive();
    order(&mut archive, 1, "o1", "old", 1, 1.0);
    order(&mut archive, 1, "o2", "new", 1, 1.0);
    let mut run = archive.begin_run(&super::delivery::new_run()).unwrap();
    let about_event = |mut touch: crate::model::touch::Touch| {
        touch.event = Some("order".into());
        touch
    };
    run.touch(&some_touch("t1", "old", 5, TouchState::Queued), Timestamp(5)).unwrap();
    run.touch(&some_touch("t2", "new", 5, TouchState::Waiting), Timestamp(5)).unwrap();
    run.touch(&about_event(some_touch("t3", "old", 5, TouchState::Queued)), Timestamp(5)).unwrap();
    run.touch(&some_touch("t4", "old", 5, TouchState::Delivered), Timestamp(5)).unwrap();
    run.finish(&RunTotals::default()).unwrap();
    let memory = "INSERT INTO trigger_memory (customer, trigger, truth, rises, fired, held) VALUES \
        ('old', 'both', 1, 5, 100, 0), ('new', 'both', 0, 2, NULL, 1), ('old', 'one', 1, 3, 7, 0)";
    archive.connection.execute(memory, []).unwrap();
    let known = "INSERT INTO trigger_number (number, name) VALUES (1, 'one'), (2, 'both'); \
        INSERT INTO standing_since (customer, _seen, _marks) VALUES ('old', 1, '1 2'), ('new', 1, NULL)";
    archive.connection.execute_batch(known).unwrap();
    let moved = archive.merge("old", "new", Timestamp(50)).unwrap();
    let marks = archive.connection.query_row("SELECT customer, _marks FROM standing_since", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    assert_eq!(marks.unwrap(), ("new".to_owned(), "2 1".to_owned()));
    assert_eq!((moved["cancelled"], moved["touch"]), (1, 3));
    let state = |id: &str| {
        let row = archive.touch(id).unwrap().unwrap();
        assert_eq!(&*row.touch.customer, "new");
        row.touch.state
    };
    assert_eq!(
        ["t1", "t2", "t3", "t4"].map(state),
        [TouchState::Cancelled, TouchState::Waiting, TouchState::Queued, TouchState::Delivered]
    );
    assert_eq!(archive.due("crm", Timestamp(1_000), 10).unwrap().len(), 1);
    let remembered: Vec<(String, bool, i64, Option<i64>)> = archive
        .connection
        .prepare(
            "SELECT trigger, truth, rises, fired FROM trigger_memory WHERE customer = 'new' ORDER BY trigger",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(remembered, [("both".to_owned(), true, 5, Some(100)), ("one".to_owned(), true, 3, Some(7))]);
}

#[test]
fn nonsense_is_refused_and_changes_nothing() {
    let mut archive = archive();
    for id in ["a", "b", "c"] {
        order(&mut archive, 1, id, id, 1, 1.0);
    }
    archive.merge("a", "b", Timestamp(5)).unwrap();
    let refused = |archive: &mut Archive, old: &str, new: &str| {
        archive.merge(old, new, Timestamp(9)).unwrap_err().to_string()
    };
    assert!(refused(&mut archive, "c", "c").contains("itself"));
    assert!(refused(&mut archive, "c", "nobody").contains("no customer `nobody`"));
    assert!(refused(&mut archive, "nobody", "c").contains("no customer `nobody`"));
    assert!(refused(&mut archive, "c", "a").contains("`a` was merged into `b`"));
    assert!(refused(&mut archive, "a", "b").contains("`a` was merged into `b`"));
    assert_eq!(archive.counts().unwrap().customers, 2);
    let lines: i64 =
        archive.connection.query_row("SELECT count(*) FROM audit", [], |row| row.get(0)).unwrap();
    assert_eq!(lines, 1);
}

/// Customer, cadence, identity, next, ended.
type EnrolmentRow = (String, String, String, Option<i64>, Option<i64>);

#[test]
fn of_two_enrolments_in_one_cadence_the_new_ones_goes_on_and_touches_keep_their_identity() {
    let mut archive = archive();
    order(&mut archive, 1, "o1", "old", 1, 1.0);
    order(&mut archive, 1, "o2", "new", 1, 1.0);
    archive
        .connection
        .execute_batch(
            "INSERT INTO enrolment (customer, cadence, number, next, base, \"offset\", distance, started) VALUES
                ('old', 'care', 1, 9, 0, 0, 0, 0), ('new', 'care', 1, 8, 0, 0, 0, 0), ('old', 'alone', 1, 7, 0, 0, 0, 0);",
        )
        .unwrap();
    archive.merge("old", "new", Timestamp(50)).unwrap();
    let enrolments: Vec<EnrolmentRow> = archive
        .connection
        .prepare("SELECT customer, cadence, identity, next, ended FROM enrolment ORDER BY cadence, identity")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let row = |cadence: &str, identity: &str, next: Option<i64>, ended: Option<i64>| {
        ("new".to_owned(), cadence.to_owned(), identity.to_owned(), next, ended)
    };
    assert_eq!(
        enrolments,
        [
            row("alone", "old", Some(7), None),
            row("care", "", Some(8), None),
            row("care", "old", None, Some(50))
        ]
    );
}
