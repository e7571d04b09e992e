//! A test's customers and events into the store.

use toml::{Table, Value as Toml};

use super::PolicyTestError;
use crate::archive::{Archive, Change, EventRow, Ingest};
use crate::model::{Date, FieldShape, Schema, Timestamp, Type, Value};

/// Takes rows in as if they arrived at an instant. Events without an id go by their `list` and number.
pub(super) fn take_in(
    archive: &mut Archive,
    customers: &[Table],
    events: &[Table],
    arrived: Timestamp,
    list: &str,
) -> Result<(), PolicyTestError> {
    let schema = archive.schema().clone();
    let mut ingest = archive.ingest(arrived)?;
    for row in customers {
        let changes = fields(&schema.customer, row, &["id"])?
            .into_iter()
            .map(|value| value.map_or(Change::Keep, Change::Set))
            .collect::<Vec<_>>();
        ingest.customer(text(row, "id", "a customer")?, &changes)?;
    }
    for (number, row) in events.iter().enumerate() {
        take_in_event(&mut ingest, &schema, row, &format!("{list}-{}", number + 1), arrived)?;
    }
    ingest.commit()?;
    Ok(())
}

fn take_in_event(
    ingest: &mut Ingest<'_>,
    schema: &Schema,
    row: &Table,
    unnamed: &str,
    arrived: Timestamp,
) -> Result<(), PolicyTestError> {
    let kind = text(row, "type", "an event")?;
    let event = schema.event(kind).and_then(|index| Some((index, schema.events.get(index)?)));
    let Some((index, shape)) = event else {
        let known: Vec<&str> = schema.events.iter().map(|event| &*event.name).collect();
        return Err(misfit(format!("event type `{kind}` is not declared; known are {}", known.join(", "))));
    };
    let values = fields(&shape.fields, row, &["type", "id", "customer", "at"])?;
    let at = match row.get("at") {
        Some(at) => instant(at)?,
        None => arrived,
    };
    let customer = if shape.everyone { "" } else { text(row, "customer", "an event")? };
    let id = row.get("id").and_then(Toml::as_str).unwrap_or(unnamed);
    ingest.event(index, &EventRow { id, customer, at, fields: &values })?;
    Ok(())
}

/// One value a declared field, in the schema's order.
fn fields(shapes: &[FieldShape], row: &Table, own: &[&str]) -> Result<Vec<Option<Value>>, PolicyTestError> {
    if let Some(unknown) = row
        .keys()
        .find(|key| !own.contains(&key.as_str()) && !shapes.iter().any(|shape| *shape.name == ***key))
    {
        return Err(misfit(format!("`{unknown}` is no declared field")));
    }
    shapes.iter().map(|shape| row.get(&*shape.name).map(|cell| value(cell, shape)).transpose()).collect()
}

fn value(cell: &Toml, shape: &FieldShape) -> Result<Value, PolicyTestError> {
    let found = match (&shape.ty, cell) {
        (Type::Number, Toml::Integer(number)) => Value::number(float(*number)),
        (Type::Number, Toml::Float(number)) => Value::number(*number),
        (Type::Bool, Toml::Boolean(flag)) => Some(Value::Bool(*flag)),
        (Type::Text, Toml::String(text)) => Some(Value::text(text.as_str())),
        (Type::Choice(words), Toml::String(text)) => {
            words.iter().any(|word| **word == **text).then(|| Value::text(text.as_str()))
        }
        (Type::Date, Toml::String(text)) => Date::parse(text).map(Value::Date),
        (Type::Date, Toml::Datetime(date)) => Date::parse(&date.to_string()).map(Value::Date),
        (Type::Time, cell) => instant(cell).ok().map(Value::Time),
        _ => None,
    };
    found.ok_or_else(|| misfit(format!("`{} = {cell}`: the field is a {}", shape.name, shape.ty)))
}

#[expect(clippy::cast_precision_loss, reason = "the language has one number type, a 64-bit float")]
pub(super) const fn float(number: i64) -> f64 {
    number as f64
}

/// Reads RFC 3339, as text or as a TOML date-time.
pub(super) fn instant(cell: &Toml) -> Result<Timestamp, PolicyTestError> {
    let text = match cell {
        Toml::String(text) => text.clone(),
        other => other.to_string(),
    };
    Timestamp::parse_rfc3339(&text)
        .ok_or_else(|| misfit(format!("`{text}` is no time; write one like 2027-03-01T09:00:00+08:00")))
}

fn text<'row>(row: &'row Table, key: &str, what: &str) -> Result<&'row str, PolicyTestError> {
    row.get(key).and_then(Toml::as_str).ok_or_else(|| misfit(format!("{what} needs `{key}`, a text")))
}

pub(super) fn misfit(what: String) -> PolicyTestError {
    PolicyTestError::Misfit(what)
}
