//! Telling another store what a store knows, in the order in which it became known.

use super::*;

/// A store into which one import brought what had happened before its first run, at 100, and others came later.
fn known() -> Archive {
    let mut archive = archive();
    let mut ingest = archive.ingest(Timestamp(90)).unwrap();
    ingest.customer("ann", &[Change::Set(Value::text("first"))]).unwrap();
    ingest.customer("eve", &[]).unwrap();
    let fields = [Some(Value::Number(20.0)), Some(Value::text("paid"))];
    for (id, at) in [("o1", 10), ("o2", 50), ("o3", 95)] {
        ingest.event(ORDER, &EventRow { id, customer: "ann", at: Timestamp(at), fields: &fields }).unwrap();
    }
    let staff = [Some(Value::text("bob"))];
    ingest.event(NOTICE, &EventRow { id: "n1", customer: "", at: Timestamp(30), fields: &staff }).unwrap();
    ingest.commit().unwrap();
    let run = NewRun {
        now: Timestamp(100),
        started: Timestamp(100),
        schedule: "first".to_owned(),
        policy_version: "v".to_owned(),
    };
    let totals =
        RunTotals { finished: Timestamp(100), customers: 2, transitions: 0, touches: 0, cancelled: 0 };
    archive.begin_run(&run).unwrap().finish(&totals).unwrap();
    order(&mut archive, 200, "o4", "ann", 60, 30.0);
    order(&mut archive, 300, "o5", "dan", 290, 40.0);
    archive
}

fn chronicle() -> (Chronicle, Archive) {
    let copy = known().scratch_copy(&mut |_, _| {}).unwrap();
    let mut to = Archive::scratch().unwrap();
    to.adopt(Arc::new(schema())).unwrap();
    (Chronicle::begin(copy).unwrap(), to)
}

fn orders(archive: &Archive) -> Vec<String> {
    let mut statement = archive.connection.prepare("SELECT id FROM event_order ORDER BY id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn the_first_import_is_known_as_it_happened_and_the_rest_as_it_arrived() {
    let (mut chronicle, mut to) = chronicle();
    assert_eq!(chronicle.first().unwrap(), Some(Timestamp(10)));
    let mut told_at = |until| {
        chronicle.tell(&mut to, Timestamp(until)).unwrap();
        orders(&to)
    };
    assert_eq!(told_at(9), [""; 0]);
    assert_eq!(told_at(49), ["o1"]);
    // `o3` was in the first import: it was known when that came, though it was to happen later.
    assert_eq!(told_at(90), ["o1", "o2", "o3"]);
    assert_eq!(told_at(199), ["o1", "o2", "o3"]);
    assert_eq!(told_at(200), ["o1", "o2", "o3", "o4"]);
    assert_eq!(told_at(1_000), ["o1", "o2", "o3", "o4", "o5"]);
}

#[test]
fn told_to_the_end_another_store_knows_the_same() {
    let (mut chronicle, mut to) = chronicle();
    let mut told = Told::default();
    for until in [20, 95, 250, 400] {
        let more = chronicle.tell(&mut to, Timestamp(until)).unwrap();
        told.customers += more.customers;
        told.first_load += more.first_load;
        told.arrived += more.arrived;
    }
    assert_eq!(told, Told { customers: 3, first_load: 4, arrived: 2 });
    let all = |archive: &Archive| {
        let facts = facts(archive, 1_000);
        let ids: Vec<String> = facts.ids.iter().map(str::to_owned).collect();
        let since = facts.known_since.clone();
        (ids, since, events(&facts, &schema(), ORDER), events(&facts, &schema(), NOTICE))
    };
    assert_eq!(all(&to), all(&known()));
    assert!(is_sound(&to));
}

#[test]
fn the_next_of_a_kind_is_found_ahead_of_it() {
    let (mut chronicle, mut to) = chronicle();
    assert_eq!(chronicle.next_of(&[NOTICE]).unwrap(), Some(Timestamp(30)));
    chronicle.tell(&mut to, Timestamp(100)).unwrap();
    assert_eq!(chronicle.next_of(&[NOTICE]).unwrap(), None);
    assert_eq!(chronicle.next_of(&[NOTICE, ORDER]).unwrap(), Some(Timestamp(200)));
    assert_eq!(chronicle.next_of(&[]).unwrap(), None);
}

#[test]
fn touches_are_not_told_since_the_other_store_makes_its_own() {
    let mut copy = known();
    let mut ingest = copy.ingest(Timestamp(400)).unwrap();
    let fields = vec![None; EventShape::touch().fields.len()];
    let row = EventRow { id: "t1", customer: "ann", at: Timestamp(350), fields: &fields };
    ingest.event(TOUCH, &row).unwrap();
    ingest.commit().unwrap();
    let mut to = archive();
    Chronicle::begin(copy).unwrap().tell(&mut to, Timestamp(1_000)).unwrap();
    assert_eq!(to.event(TOUCH, "t1").unwrap(), None);
    assert_eq!(orders(&to).len(), 5);
}
