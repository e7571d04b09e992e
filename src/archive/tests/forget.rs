use super::*;
use crate::model::Bitmap;
use crate::model::cut::{CutPoint, Figure};
use crate::model::standing::{ClassDecision, PendingClock};
use crate::model::touch::TouchState;
use crate::model::trigger::{TriggerMemory, TriggerRecord};

const KEY: [u8; 32] = [7; 32];
const ID: &str = "unmistakable-客户";

/// Gives a customer a row in every table that can have one.
pub(super) fn live(archive: &mut Archive, id: &str) {
    let mut heard = schema();
    heard.events[ORDER].heard = true;
    heard.customer[0].watched = true;
    archive.adopt(Arc::new(heard)).unwrap();
    let set = |archive: &mut Archive, text: &str| {
        let mut ingest = archive.ingest(Timestamp(1)).unwrap();
        ingest.customer(id, &[Change::Set(Value::text(text))]).unwrap();
        ingest.commit().unwrap();
    };
    set(archive, "before");
    order(archive, 1, &format!("order of {id}"), id, 1, 1.0);
    for now in [10, 20] {
        let first = now == 10;
        let mut run = archive.begin_run(&super::delivery::new_run()).unwrap();
        let batch = facts(run.archive(), now);
        let rows = batch.len();
        let row = batch.ids.iter().position(|known| known == id).unwrap();
        let decision = ClassDecision {
            place: vec![u16::from(first); rows],
            first: Bitmap::filled(rows, first),
            changed: Bitmap::filled(rows, !first),
        };
        let row = u32::try_from(row).unwrap();
        let clock = PendingClock { row, class: 1, to: 0, since: Timestamp(now) };
        run.place(&batch, &[Some(decision.clone()), Some(decision)], &[clock], Timestamp(now), &[]).unwrap();
        let memory = TriggerMemory { truth: true, rises: 2, fired: Some(Timestamp(now)), held: false };
        let names = ["overdue".to_owned(), "other".to_owned()];
        run.remember_triggers(&batch, &names, &[TriggerRecord { row, trigger: 0, memory }]).unwrap();
        let (queued, sent) = (format!("queued {now} {id}"), format!("sent {now} {id}"));
        for touch in [&queued, &sent] {
            let mut touch = super::delivery::touch(touch, id, 5, TouchState::Queued);
            touch.payload.insert("name".to_owned(), id.into());
            run.touch(&touch, Timestamp(now)).unwrap();
        }
        run.cut_point(&CutPoint {
            value: "best".into(),
            part: "".into(),
            version: "v".into(),
            as_of: Timestamp(now),
            population: 1,
            figure: Figure::Best(Some((1.0, id.into()))),
        })
        .unwrap();
        run.finish(&RunTotals::default()).unwrap();
        archive.delivered(&[&sent], Timestamp(now + 1)).unwrap();
    }
    set(archive, "after");
}

/// The tables that hold a text anywhere.
pub(super) fn holding(archive: &Archive, text: &str) -> Vec<String> {
    let names = |sql: &str, of: &str| -> Vec<String> {
        let mut statement = archive.connection.prepare(sql).unwrap();
        let names = statement
            .query_map(rusqlite::params_from_iter(Some(of).filter(|of| !of.is_empty())), |row| row.get(0));
        names.unwrap().collect::<rusqlite::Result<_>>().unwrap()
    };
    let mut found = Vec::new();
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", "") {
        for column in names("SELECT name FROM pragma_table_info(?1)", &table) {
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS BLOB), CAST(?1 AS BLOB)) > 0)"
            );
            if archive.connection.query_row(&sql, [text], |row| row.get(0)).unwrap() {
                found.push(table.clone());
                break;
            }
        }
    }
    found
}

/// Gives a customer a row in those of the tables in which it has none yet.
pub(super) fn fill(archive: &Archive, tables: &[String], id: &str) {
    let held = holding(archive, id);
    for table in tables.iter().filter(|table| !held.contains(table)) {
        let columns = super::super::forget::columns(&archive.connection, table).unwrap();
        let values: Vec<&str> =
            columns.iter().map(|column| if column == "customer" { "?1" } else { "1" }).collect();
        let sql = format!(
            "INSERT INTO \"{table}\" (\"{}\") VALUES ({})",
            columns.join("\", \""),
            values.join(", ")
        );
        archive.connection.execute(&sql, [id]).unwrap();
    }
}

fn forget(archive: &mut Archive, id: &str) -> RowCounts {
    let person = archive.person(id).unwrap();
    archive.forget(&person, &KEY, Timestamp(100)).unwrap()
}

#[test]
fn nothing_of_a_forgotten_customer_is_left_in_any_table_or_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let mut archive = Archive::open(&path).unwrap();
    live(&mut archive, "somebody else");
    live(&mut archive, ID);
    // A table of tomorrow.
    archive.connection.execute_batch("CREATE TABLE later (number INTEGER, customer TEXT)").unwrap();
    let owned = super::super::forget::owned_tables(&archive.connection).unwrap();
    fill(&archive, &owned, ID);
    let held = holding(&archive, ID);
    assert!(owned.iter().all(|table| held.contains(table)), "{owned:?} {held:?}");
    let others = holding(&archive, "somebody else");
    let erased = forget(&mut archive, ID);
    assert_eq!(holding(&archive, ID), Vec::<String>::new());
    assert_eq!(
        holding(&archive, "somebody else"),
        others.iter().filter(|table| *table != "cut_point").cloned().collect::<Vec<_>>()
    );
    let counted = |table: &str| erased.get(table).copied().unwrap_or(0);
    assert_eq!(
        (counted("customer"), counted("event_order"), counted("touch"), counted("outbox")),
        (1, 1, 4, 2)
    );
    assert!(is_sound(&archive));
    archive.checkpoint().unwrap();
    drop(archive);
    let bytes = std::fs::read(&path).unwrap();
    let needle = ID.as_bytes();
    assert!(!bytes.windows(needle.len()).any(|window| window == needle), "erased is not only let go");
}

#[test]
fn counts_go_down_with_the_forgotten() {
    let mut archive = archive();
    live(&mut archive, "stays");
    live(&mut archive, ID);
    let places = |archive: &Archive| archive.place_counts(0).unwrap();
    assert_eq!(places(&archive), [(0, 2)]);
    forget(&mut archive, ID);
    let counts = archive.counts().unwrap();
    assert_eq!((counts.customers, counts.events[1].1, counts.events[2].1), (1, 1, 2));
    assert_eq!(places(&archive), [(0, 1)]);
    assert!(
        archive.due("crm", Timestamp(1_000), 10).unwrap().iter().all(|due| &*due.touch.customer == "stays")
    );
}

#[test]
fn a_forgotten_customer_does_not_come_back_by_any_way_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.db");
    let mut archive = Archive::open(&path).unwrap();
    live(&mut archive, ID);
    forget(&mut archive, ID);
    for _ in 0..2 {
        let mut ingest = archive.ingest(Timestamp(200)).unwrap();
        let row = |id, customer| EventRow { id, customer, at: Timestamp(5), fields: &[] };
        assert_eq!(ingest.customer(ID, &[]).unwrap(), Outcome::Forgotten);
        assert_eq!(ingest.event(ORDER, &row("o1", ID)).unwrap(), Outcome::Forgotten);
        assert_eq!(ingest.event(ORDER, &row("o2", "other")).unwrap(), Outcome::New);
        assert_eq!(ingest.event(ORDER, &row("o3", ID)).unwrap(), Outcome::Forgotten);
        assert_eq!(ingest.event(NOTICE, &row("n", "")).unwrap(), Outcome::New);
        assert_eq!((ingest.counts().forgotten, ingest.counts().customers_made), (3, 1));
        drop(ingest);
        assert_eq!(holding(&archive, ID), Vec::<String>::new());
        drop(archive);
        archive = Archive::open(&path).unwrap();
        archive.adopt(Arc::new(schema())).unwrap();
    }
}

#[test]
fn the_trace_of_the_forgotten_hangs_on_a_key_that_the_store_was_given_once() {
    let mut archive = archive();
    live(&mut archive, "one");
    live(&mut archive, "two");
    forget(&mut archive, "one");
    let person = archive.person("two").unwrap();
    archive.forget(&person, &[9; 32], Timestamp(101)).unwrap();
    let identities = archive.identities().unwrap();
    assert!(
        identities.is_forgotten("one") && identities.is_forgotten("two") && !identities.is_forgotten("three")
    );
    let traces: Vec<Vec<u8>> = archive
        .connection
        .prepare("SELECT trace FROM forgotten")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert!(traces.len() == 2 && traces.iter().all(|trace| trace.len() == 32));
    let audit: Vec<(i64, String, String)> = archive
        .connection
        .prepare("SELECT at, what, detail FROM audit ORDER BY number")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!((audit.len(), audit[0].0, &*audit[0].1), (2, 100, "forget"));
    assert!(audit[0].2.contains("customer 1") && !audit[0].2.contains("one"), "{}", audit[0].2);
}

#[test]
fn numbers_of_transitions_are_not_used_again_after_the_last_was_forgotten() {
    let mut archive = archive();
    live(&mut archive, ID);
    let last = archive.last_transition().unwrap();
    forget(&mut archive, ID);
    assert_eq!(archive.last_transition().unwrap(), last);
    live(&mut archive, "next");
    let mut found = Vec::new();
    assert!(archive.transitions_since(last, "tier", 10, &mut found).unwrap());
    assert_eq!(&*found[0].transition.customer, "next");
}

#[test]
fn nothing_is_forgotten_while_a_touch_is_on_its_way_into_a_file_and_it_can_be_withdrawn() {
    let mut archive = archive();
    live(&mut archive, ID);
    let touch = format!("queued 10 {ID}");
    let plan = FilePlan { channel: "crm", path: "f.csv", offset: 0, content: b"row\n", touches: &[&touch] };
    let write = archive.plan_file_write(&plan, Timestamp(30)).unwrap();
    let person = archive.person(ID).unwrap();
    assert_eq!(archive.touches_being_written(&person).unwrap(), std::slice::from_ref(&touch));
    let refused = archive.forget(&person, &KEY, Timestamp(40));
    assert!(matches!(refused, Err(ArchiveError::BeingWritten { touches: 1 })));
    assert!(archive.person(ID).unwrap().known);
    archive.withdraw_from_file_write(write, b"", &[&touch], "forgotten", Timestamp(50)).unwrap();
    assert_eq!(archive.touch(&touch).unwrap().unwrap().touch.state, TouchState::Cancelled);
    assert!(archive.open_file_writes().unwrap()[0].touches.is_empty());
    archive.forget(&person, &KEY, Timestamp(60)).unwrap();
    assert_eq!(archive.complete_file_write(write, Timestamp(70)).unwrap(), 0);
}
