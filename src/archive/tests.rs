//! The rules of the store, each by what is seen from outside.

mod adoption;
mod arrivals;
mod chronicle;
mod delivery;
mod facts;
mod faults;
mod field_changes;
mod forget;
mod ingest;
mod kept;
mod lines;
mod log;
mod merge;
mod prune;
mod redeliver;
mod review;
mod runs;
mod scratch;
mod speed;
mod turns;

use std::sync::Arc;

use super::*;
use crate::model::facts::{CadenceRequest, ClassRequest, EventRequest, FactBatch, FactRequest};
use crate::model::{ClassShape, EventShape, FieldShape, Schema, Timestamp, Type, Value};

fn field(name: &str, ty: Type) -> FieldShape {
    FieldShape::new(name, ty)
}

fn choice(names: &[&str]) -> Type {
    Type::Choice(names.iter().map(|&name| Arc::from(name)).collect())
}

fn event(name: &str, everyone: bool, fields: Vec<FieldShape>) -> EventShape {
    EventShape { name: name.into(), everyone, fields, heard: false }
}

/// Customers of every type, orders, something that happens to everyone, and two classes.
fn schema() -> Schema {
    Schema {
        customer: vec![
            field("arrived", Type::Text),
            field("birthday", Type::Date),
            field("group", Type::Number),
            FieldShape { default: Some(Value::Bool(false)), ..field("order", Type::Bool) },
            field("seen", Type::Time),
        ],
        events: vec![
            event("notice", true, vec![field("staff", Type::Text)]),
            event(
                "order",
                false,
                vec![field("amount", Type::Number), field("status", choice(&["paid", "cancelled"]))],
            ),
            EventShape::touch(),
        ],
        classes: vec![
            ClassShape { name: "as_of".into(), places: None },
            ClassShape { name: "tier".into(), places: Some(["top".into(), "rest".into()].into()) },
        ],
    }
}

const NOTICE: usize = 0;
const ORDER: usize = 1;
const TOUCH: usize = 2;

fn archive() -> Archive {
    let mut archive = Archive::open_in_memory().unwrap();
    archive.adopt(Arc::new(schema())).unwrap();
    archive
}

/// Everything of every customer.
fn all() -> FactRequest {
    let every = |event: usize, fields: usize| EventRequest {
        event,
        fields: (0..fields).collect(),
        ids: false,
        after: None,
    };
    FactRequest {
        customer: (0..5).collect(),
        events: vec![every(NOTICE, 1), every(ORDER, 2), every(TOUCH, 7)],
        classes: (0..2).map(|class| ClassRequest { class, previous: true }).collect(),
        triggers: vec!["overdue".to_owned(), "other".to_owned()],
        conditions: vec![1, 2],
        cadences: vec![CadenceRequest { name: "care".into(), ..CadenceRequest::default() }],
    }
}

fn facts(archive: &Archive, now: i64) -> FactBatch {
    let mut batch = FactBatch::default();
    archive.next_batch(&all(), Timestamp(now), None, &mut batch).unwrap();
    batch
}

fn order(archive: &mut Archive, arrived: i64, id: &str, customer: &str, at: i64, amount: f64) -> Outcome {
    let mut ingest = archive.ingest(Timestamp(arrived)).unwrap();
    let fields = [Some(Value::Number(amount)), Some(Value::text("paid"))];
    let row = EventRow { id, customer, at: Timestamp(at), fields: &fields };
    let outcome = ingest.event(ORDER, &row).unwrap();
    ingest.commit().unwrap();
    outcome
}

/// The events of one kind as (customer, at, first field).
fn events(batch: &FactBatch, schema: &Schema, kind: usize) -> Vec<(String, i64, Option<Value>)> {
    let events = batch.events[kind].as_ref().unwrap();
    assert_eq!(events.offsets.len(), batch.len() + 1);
    assert_eq!(*events.offsets.last().unwrap() as usize, events.at.len());
    let mut rows = Vec::new();
    for (customer, id) in batch.ids.iter().enumerate() {
        for row in events.offsets[customer] as usize..events.offsets[customer + 1] as usize {
            let column = events.fields[0].as_ref().unwrap();
            let value = column.value(row, &schema.events[kind].fields[0].ty, &batch.dictionary);
            #[expect(clippy::cast_possible_truncation, reason = "test times are small")]
            rows.push((id.to_owned(), events.at[row] as i64, value));
        }
    }
    rows
}

fn is_sound(archive: &Archive) -> bool {
    let answer: String =
        archive.connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    answer == "ok"
}
