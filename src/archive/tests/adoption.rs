use super::*;
use crate::archive::migrate::migrate_to;

fn with_field(name: &str, ty: Type) -> Arc<Schema> {
    Arc::new(Schema { customer: vec![field(name, ty)], events: vec![EventShape::touch()], classes: vec![] })
}

fn store() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    (folder, path)
}

fn add_customer(archive: &mut Archive, value: Value) {
    let mut ingest = archive.ingest(Timestamp(1)).unwrap();
    ingest.customer("c", &[Change::Set(value)]).unwrap();
    ingest.commit().unwrap();
}

#[test]
fn fields_are_added_and_those_no_longer_declared_stay() {
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(with_field("old", Type::Number)).unwrap();
    add_customer(&mut archive, Value::Number(4.0));
    archive.adopt(with_field("new", Type::Text)).unwrap();
    add_customer(&mut archive, Value::text("x"));
    let row: (f64, String) = archive
        .connection
        .query_row("SELECT old, new FROM customer", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(row, (4.0, "x".to_owned()));
}

#[test]
fn a_changed_type_is_refused_with_a_remedy_unless_nothing_would_be_lost() {
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(with_field("field", Type::Number)).unwrap();
    archive.adopt(with_field("field", Type::Date)).unwrap();
    archive.adopt(with_field("field", Type::Text)).unwrap();
    add_customer(&mut archive, Value::text("x"));
    archive.adopt(with_field("field", choice(&["x", "y"]))).unwrap();
    let error = archive.adopt(with_field("field", Type::Bool)).unwrap_err();
    assert!(matches!(error, ArchiveError::TypeChanged { .. }));
    let text = error.to_string();
    assert!(text.contains("customer field field is stored as choice, the policy now says bool"), "{text}");
    assert_eq!(*archive.schema().customer[0].name, *"field");
    assert_eq!(archive.schema().customer[0].ty, choice(&["x", "y"]), "the schema before stays in force");
}

#[test]
fn a_kind_that_happened_to_customers_cannot_happen_to_everyone() {
    let mut archive = archive();
    order(&mut archive, 1, "o", "c", 1, 1.0);
    let mut schema = schema();
    schema.events[ORDER].everyone = true;
    assert!(matches!(archive.adopt(Arc::new(schema)), Err(ArchiveError::TypeChanged { .. })));
}

#[test]
fn what_a_policy_declares_comes_back_after_reopening() {
    let (_folder, path) = store();
    let mut archive = Archive::open(&path).unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    order(&mut archive, 1, "o", "c", 1, 1.0);
    drop(archive);
    let mut archive = Archive::open(&path).unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    assert_eq!(facts(&archive, 5).len(), 1);
    let settings: (String, i64) = (
        archive.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap(),
        archive.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap(),
    );
    assert_eq!(settings, ("wal".to_owned(), 2), "every commit is on disk");
    assert!(is_sound(&archive));
}

#[test]
fn one_process_writes_and_others_look() {
    let (_folder, path) = store();
    assert!(matches!(Archive::open_read_only(&path), Err(ArchiveError::NoStore { .. })));
    let mut writer = Archive::open(&path).unwrap();
    let refused = Archive::open(&path).unwrap_err();
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    let mut reader = Archive::open_read_only(&path).unwrap();
    reader.adopt(Arc::new(schema())).unwrap();
    assert!(facts(&reader, 5).is_empty(), "what is not stored yet reads as missing");
    writer.adopt(Arc::new(schema())).unwrap();
    reader.adopt(Arc::new(schema())).unwrap();
    let snapshot = reader.snapshot().unwrap();
    order(&mut writer, 1, "o", "c", 1, 1.0);
    assert!(facts(&reader, 5).is_empty(), "a snapshot stands still");
    drop(snapshot);
    assert_eq!(facts(&reader, 5).len(), 1);
    drop(writer);
    assert_eq!(facts(&Archive::open_read_only(&path).unwrap(), 5).len(), 1);
    assert!(Archive::open(&path).is_ok(), "the lock goes with its holder");
}

#[test]
fn a_store_of_the_first_version_gets_what_it_lacks() {
    let (_folder, path) = store();
    let connection = rusqlite::Connection::open(&path).unwrap();
    migrate_to(&connection, 0, 1).unwrap();
    drop(connection);
    assert!(matches!(Archive::open_read_only(&path), Err(ArchiveError::Older { found: 1, .. })));
    let mut archive = Archive::open(&path).unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    assert_eq!(archive.place_counts(0).unwrap(), []);
}

#[test]
fn what_waited_for_approval_of_its_run_in_an_older_store_is_let_go_by_it() {
    let (_folder, path) = store();
    let connection = rusqlite::Connection::open(&path).unwrap();
    // The last version in which a guard's name was what held a touch.
    migrate_to(&connection, 0, 10).unwrap();
    connection
        .execute_batch(
            "INSERT INTO run (id, now, started, finished, schedule, policy_version, outcome, error, customers, \
             transitions, touches, cancelled, approval) \
             VALUES (7, 0, 0, 0, '', '', 'committed', '', 0, 0, 0, 0, 'waiting'); \
             INSERT INTO touch (id, customer, action, channel, kind, name, because, occurrence, due, expires, \
             priority, state, state_at, reason, policy_version, payload, run, hold) \
             VALUES ('t', 'c', '', '', '', '', '{}', '', 0, 0, 0, 'waiting', 0, '', '', '{}', 7, 'blast');",
        )
        .unwrap();
    drop(connection);
    let mut archive = Archive::open(&path).unwrap();
    assert_eq!(archive.approve_run(7).unwrap(), Said::Done(1));
}

#[test]
fn a_store_of_before_marks_has_them_from_what_triggers_remember() {
    let (_folder, path) = store();
    let connection = rusqlite::Connection::open(&path).unwrap();
    migrate_to(&connection, 0, 17).unwrap();
    connection
        .execute_batch(
            "INSERT INTO standing_since (customer, _seen) VALUES ('a', 1), ('b', 1); \
             INSERT INTO trigger_memory (customer, trigger, truth, rises, fired, held) VALUES \
             ('a', 'lapsing', 1, 1, NULL, 0), ('a', 'quiet', 1, 1, NULL, 1), ('a', 'was', 0, 2, NULL, 0);",
        )
        .unwrap();
    drop(connection);
    let archive = Archive::open(&path).unwrap();
    let found =
        |sql: &str| -> Option<String> { archive.connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    let of = |name: &str| {
        let sql = format!("SELECT CAST(number AS TEXT) FROM trigger_number WHERE name = '{name}'");
        found(&sql).unwrap()
    };
    let marks = format!("{} {}h", of("lapsing"), of("quiet"));
    assert_eq!(found("SELECT _marks FROM standing_since WHERE customer = 'a'"), Some(marks));
    assert_eq!(found("SELECT _marks FROM standing_since WHERE customer = 'b'"), None);
}

#[test]
fn a_newer_store_and_a_foreign_file_are_refused_and_not_touched() {
    let (_folder, path) = store();
    let archive = Archive::open(&path).unwrap();
    archive.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(archive);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(Archive::open(&path), Err(ArchiveError::Newer { found: 99, .. })));
    assert!(matches!(Archive::open_read_only(&path), Err(ArchiveError::Newer { found: 99, .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);

    std::fs::write(&path, "name,amount\nthis is no database at all, but a long enough line of text\n")
        .unwrap();
    assert!(matches!(Archive::open(&path), Err(ArchiveError::NotAStore { .. })));
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(other);
    assert!(matches!(Archive::open(&path), Err(ArchiveError::NotAStore { .. })));
}
