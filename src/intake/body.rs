//! Rows over HTTP: one JSON object, an array of objects, or one object a line.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde_json::{Map, Value as Json};

use super::cell::{Cell, Values};
use super::chunk::{Chunk, Filling};
use super::equal_rows::EqualRows;
use super::error::BodyError;
use super::mapping::made_id;
use super::nearest::nearest;
use super::report::{BodyReport, ROW_ERRORS, Reason, RowError};
use super::rows::not_json;
use super::times::Times;
use crate::archive::Archive;
use crate::model::schema::TOUCH_EVENT;
use crate::model::{EventShape, FieldShape, Schema, Timestamp};
use crate::policy::Compiled;
use crate::policy::compiled::Into;

/// What the rows of a body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `{"id": …, field: …}`.
    Customers,
    /// `{"type": "order", "id"?, "customer", "at"?, field: …}`.
    Events,
}

/// A field to blame, if one is, and the reason.
type Refused = (Option<String>, Reason);

/// Takes in the rows of a body: all valid ones are stored, in one transaction, when this returns.
///
/// An event without `at` happened `now`. One without `id` gets one made of its time and a hash of its
/// content, so that the same body sent again changes nothing if it says `at`.
///
/// # Errors
/// When the body as a whole can't be read, or nothing can be stored.
pub fn body(
    archive: &mut Archive,
    policy: &Compiled,
    kind: BodyKind,
    bytes: &[u8],
    now: Timestamp,
) -> Result<BodyReport, BodyError> {
    let rows = split(bytes)?;
    let mut report = BodyReport::default();
    let mut intake = Intake {
        schema: &policy.schema,
        values: Values::new(Times::new(None, policy.settings.timezone), "UTF-8"),
        now,
        chunks: BTreeMap::new(),
    };
    for (index, row) in rows.into_iter().enumerate() {
        report.tally.rows += 1;
        let taken = row.map_err(|reason| (None, reason)).and_then(|row| match kind {
            BodyKind::Customers => intake.customer(&row),
            BodyKind::Events => intake.event(&row),
        });
        if let Err((field, reason)) = taken {
            report.tally.rejected += 1;
            if report.errors.len() < ROW_ERRORS {
                report.errors.push(RowError { index, field, reason });
            }
        }
    }
    if intake.chunks.is_empty() {
        return Ok(report);
    }
    let mut ingest = archive.ingest(now)?;
    for (_, mut chunk) in intake.chunks {
        finish(&mut chunk);
        chunk.store(&mut ingest, &mut report.tally)?;
    }
    ingest.commit()?;
    Ok(report)
}

/// Tells equal events apart and puts rows in order.
fn finish(chunk: &mut Chunk) {
    let hashes: Vec<u64> = chunk.hashes().collect();
    let mut numbers = Vec::new();
    EqualRows::count(&mut HashMap::new(), &hashes, &mut numbers);
    chunk.number(&numbers);
    chunk.sort();
}

/// Rows, each an object or the reason why it isn't one.
type Row = Result<Map<String, Json>, Reason>;

/// Takes a body apart.
fn split(bytes: &[u8]) -> Result<Vec<Row>, BodyError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii();
    match bytes.first() {
        None => Err(BodyError::Empty),
        Some(b'[') => {
            let rows: Vec<Json> =
                serde_json::from_slice(bytes).map_err(|error| BodyError::NotJson(error.to_string()))?;
            Ok(rows.into_iter().map(object).collect())
        }
        Some(_) => {
            // A single object may be spread over lines; anything else has a row a line.
            if let Ok(Json::Object(row)) = serde_json::from_slice(bytes) {
                return Ok(vec![Ok(row)]);
            }
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            let parse =
                |line| serde_json::from_slice(line).map_err(|error| not_json(&error)).and_then(object);
            Ok(lines.map(parse).collect())
        }
    }
}

fn object(row: Json) -> Row {
    if let Json::Object(row) = row { Ok(row) } else { Err(Reason::NotObject) }
}

/// Rows on their way into the store, a chunk a kind.
struct Intake<'policy> {
    schema: &'policy Schema,
    values: Values,
    now: Timestamp,
    /// By event kind; customers under `None`.
    chunks: BTreeMap<Option<usize>, Chunk>,
}

impl Intake<'_> {
    fn customer(&mut self, row: &Map<String, Json>) -> Result<(), Refused> {
        let shapes = &self.schema.customer;
        known(row, shapes, &["id"])?;
        let id = given_id(&self.values, row, "id")?.ok_or((Some("id".to_owned()), Reason::Missing))?;
        let chunk = self.chunks.entry(None).or_insert_with(|| Chunk::new(Into::Customer, shapes.len()));
        let mut filling = chunk.row();
        filling.id(&id, None);
        fields(&mut self.values, row, shapes, &mut filling)?;
        filling.keep();
        Ok(())
    }

    fn event(&mut self, row: &Map<String, Json>) -> Result<(), Refused> {
        let (kind, shape) = self.kind(row)?;
        known(row, &shape.fields, &["type", "id", "customer", "at"])?;
        let customer = self.whose(row, shape)?;
        let at =
            self.values.time(Cell::of(row.get("at"))).map_err(|reason| (Some("at".to_owned()), reason))?;
        let (at, civil) = at.map_or_else(
            || (self.now, self.values.times.civil(self.now)),
            |moment| (moment.at, moment.civil),
        );
        let mut id = String::new();
        let hash = if let Some(given) = given_id(&self.values, row, "id")? {
            id = given;
            None
        } else {
            Some(made_id(civil, &content(row), &mut id))
        };
        let width = shape.fields.len();
        let chunk = self.chunks.entry(Some(kind)).or_insert_with(|| Chunk::new(Into::Event(kind), width));
        let mut filling = chunk.row();
        filling.id(&id, hash);
        filling.customer(&customer);
        filling.at(at);
        fields(&mut self.values, row, &shape.fields, &mut filling)?;
        filling.keep();
        Ok(())
    }

    fn whose(&self, row: &Map<String, Json>, shape: &EventShape) -> Result<String, Refused> {
        let blame = || Some("customer".to_owned());
        match given_id(&self.values, row, "customer")? {
            Some(_) if shape.everyone => Err((blame(), Reason::NobodyInParticular)),
            None if shape.everyone => Ok(String::new()),
            Some(customer) => Ok(customer),
            None => Err((blame(), Reason::Missing)),
        }
    }
}

impl<'policy> Intake<'policy> {
    fn kind(&self, row: &Map<String, Json>) -> Result<(usize, &'policy EventShape), Refused> {
        let blame = || Some("type".to_owned());
        let name = match row.get("type") {
            None | Some(Json::Null) => return Err((blame(), Reason::Missing)),
            Some(Json::String(name)) => name.clone(),
            Some(other) => other.to_string(),
        };
        if name == TOUCH_EVENT {
            return Err((blame(), Reason::EngineEvent));
        }
        let schema = self.schema;
        let found = schema.event(&name).and_then(|kind| schema.events.get(kind).map(|shape| (kind, shape)));
        found.ok_or_else(|| {
            let kinds = schema.events.iter().map(|event| &*event.name).filter(|kind| *kind != TOUCH_EVENT);
            let nearest = nearest(&name, kinds);
            (blame(), Reason::UnknownEvent(name, nearest))
        })
    }
}

/// An id by its key, where the row has one.
fn given_id(values: &Values, row: &Map<String, Json>, key: &str) -> Result<Option<String>, Refused> {
    let mut scratch = String::new();
    let id =
        values.id(Cell::of(row.get(key)), &mut scratch).map_err(|reason| (Some(key.to_owned()), reason))?;
    Ok(id.map(str::to_owned))
}

/// Refuses a row with a key that means nothing.
fn known(row: &Map<String, Json>, shapes: &[FieldShape], own: &[&str]) -> Result<(), Refused> {
    let names = || own.iter().copied().chain(shapes.iter().map(|shape| &*shape.name));
    match row.keys().find(|key| !names().any(|name| name == key.as_str())) {
        None => Ok(()),
        Some(key) => Err((Some(key.clone()), Reason::UnknownField(nearest(key, names())))),
    }
}

/// Reads the declared fields.
fn fields(
    values: &mut Values,
    row: &Map<String, Json>,
    shapes: &[FieldShape],
    filling: &mut Filling<'_>,
) -> Result<(), Refused> {
    for (index, shape) in shapes.iter().enumerate() {
        let cell = Cell::of(row.get(&*shape.name));
        let value = values.field(cell, shape).map_err(|reason| (Some(shape.name.to_string()), reason))?;
        filling.field(index, value, matches!(cell, Cell::Null));
    }
    Ok(())
}

/// A row's content whatever the order of its keys.
fn content(row: &Map<String, Json>) -> Vec<u8> {
    let sorted: BTreeMap<&String, &Json> = row.iter().collect();
    serde_json::to_vec(&sorted).unwrap_or_default()
}
