//! Figures, not rules: `cargo test --release --lib archive::tests::speed -- --ignored --nocapture`.
#![expect(clippy::print_stderr, reason = "figures are for the one who asks for them")]

use std::time::Instant;

use super::*;

/// A store on disk with so many customers of ten orders each, in order; says how long the import took.
fn filled(customers: u32) -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let mut archive = Archive::open(&folder.path().join("guanxi.db")).unwrap();
    let mut schema = schema();
    let more = [("cost", Type::Number), ("day", Type::Date), ("paid", Type::Bool), ("product", Type::Text)];
    schema.events[ORDER].fields.extend(more.map(|(name, ty)| field(name, ty)));
    archive.adopt(Arc::new(schema)).unwrap();
    let start = Instant::now();
    let mut ingest = archive.ingest(Timestamp(4_000_000_000_000)).unwrap();
    let product: Vec<Value> = (0..50).map(|number| Value::text(format!("product-{number}"))).collect();
    for customer in 0..customers {
        let name = format!("c{customer:07}");
        for order in 0..10_u32 {
            let mixed = (customer * 10 + order).wrapping_mul(2_654_435_761);
            let id = format!("o{mixed:010}");
            let fields = [
                Some(Value::Number(f64::from(mixed % 10_000) / 100.0)),
                Some(Value::text(if mixed % 9 == 0 { "cancelled" } else { "paid" })),
                Some(Value::Number(f64::from(mixed % 77))),
                Some(Value::Date(crate::model::Date(15_000 + i32::try_from(mixed % 2_000).unwrap()))),
                Some(Value::Bool(mixed % 3 == 0)),
                product.get(mixed as usize % 50).cloned(),
            ];
            let at = Timestamp(1_300_000_000_000 + i64::from(order) * 1_000_000_000);
            ingest.event(ORDER, &EventRow { id: &id, customer: &name, at, fields: &fields }).unwrap();
        }
    }
    ingest.commit().unwrap();
    eprintln!("import of {} events: {:?}", customers * 10, start.elapsed());
    (folder, archive)
}

#[test]
#[ignore = "a measurement"]
fn import_speed() {
    let (_folder, _archive) = filled(40_000);
}

#[test]
#[ignore = "a measurement"]
fn scan_speed_beside_a_bare_select() {
    let (_folder, archive) = filled(100_000);
    let events = vec![EventRequest { event: ORDER, fields: (0..6).collect(), ids: false, after: None }];
    let request = FactRequest { customer: (0..5).collect(), events, ..FactRequest::default() };
    for round in 0..3 {
        let start = Instant::now();
        let sum = bare(&archive);
        let select = start.elapsed();
        let start = Instant::now();
        let (mut batch, mut after, mut rows) = (FactBatch::default(), None::<String>, 0);
        let now = Timestamp(5_000_000_000_000);
        while archive.next_batch(&request, now, after.as_deref(), &mut batch).unwrap() {
            rows += batch.events[ORDER].as_ref().unwrap().at.len();
            after = batch.ids.get(batch.len() - 1).map(str::to_owned);
        }
        let facts = start.elapsed();
        let ratio = facts.as_secs_f64() / select.as_secs_f64();
        eprintln!("round {round}: {rows} events, select {select:?}, batches {facts:?}: {ratio:.2} ({sum})");
    }
}

/// Every value of every row through rusqlite, nothing kept.
fn bare(archive: &Archive) -> i64 {
    use rusqlite::types::ValueRef;
    let mut sum = 0;
    for (sql, columns) in [
        ("SELECT id, known_since, \"_arrived\", birthday, \"group\", \"order\", seen FROM customer", 7),
        ("SELECT customer, at, amount, status, cost, day, paid, product FROM event_order", 8),
    ] {
        let mut statement = archive.connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                sum += match row.get_ref(column).unwrap() {
                    ValueRef::Integer(integer) => integer & 1,
                    ValueRef::Text(text) => i64::try_from(text.len()).unwrap(),
                    _ => 1,
                };
            }
        }
    }
    sum
}

#[test]
#[ignore = "a measurement"]
fn first_run_speed() {
    use crate::model::standing::ClassDecision;
    let (_folder, mut archive) = filled(100_000);
    let now = Timestamp(5_000_000_000_000);
    let classes = (0..2).map(|class| ClassRequest { class, previous: false }).collect();
    let request = FactRequest { classes, ..FactRequest::default() };
    for round in 0..2 {
        let start = Instant::now();
        let run = NewRun { now, started: now, schedule: String::new(), policy_version: String::new() };
        let mut run = archive.begin_run(&run).unwrap();
        let (mut batch, mut after) = (FactBatch::default(), None::<String>);
        while run.archive().next_batch(&request, now, after.as_deref(), &mut batch).unwrap() {
            let decision = Some(ClassDecision {
                place: vec![1; batch.len()],
                first: crate::model::Bitmap::filled(batch.len(), round == 0),
                changed: crate::model::Bitmap::filled(batch.len(), false),
            });
            let decisions = [decision.clone(), decision];
            run.place(&batch, &decisions, &[], now, &[]).unwrap();
            after = batch.ids.get(batch.len() - 1).map(str::to_owned);
        }
        run.finish(&RunTotals::default()).unwrap();
        eprintln!("run {round} over 100,000 customers: {:?}", start.elapsed());
    }
}
