//! `[customer.fields]` and `[event.NAME]`: what is stored of customers and of what happens to them.

use std::collections::{BTreeMap, BTreeSet};

use super::{about, field};
use crate::model::schema::{EventShape, FieldShape};
use crate::policy::names::{EVENT_FIELD, KnownEvent, check_name};
use crate::policy::raw::{At, Declared, Form, Key, MapKeys, Place, Reader, Sink, Table, form, key, takes};

/// Keys of `[customer]`.
pub(crate) static CUSTOMER_KEYS: &[Key] = &[key(
    "fields",
    takes("table", Form::Map(MapKeys::Fields, &field::FORM)),
    "One entry a field; may stand in several files, which add up.",
)];

/// Keys of `[event.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("fields", takes("table", Form::Map(MapKeys::Fields, &field::FORM)), "One entry a field."),
    key(
        "everyone",
        form::FLAG,
        "Happens to nobody in particular: every customer has it, `where` picks whom it concerns. Default false.",
    ),
];

/// Customer fields by name, and where each is declared, those in error included.
pub(crate) type Fields = (Vec<FieldShape>, BTreeMap<String, Place>);

/// Reads and checks `[customer.fields]`.
pub(crate) fn customer(table: Option<&At<Table>>, sink: &Sink<'_>) -> Fields {
    let Some(table) = table else { return Fields::default() };
    let reader = Reader::new(sink, &table.value, &table.place, CUSTOMER_KEYS, &[]);
    let Some((_, fields)) = reader.plain_table("fields") else { return Fields::default() };
    read_fields(fields, "field of the customer", sink)
}

fn read_fields(table: &Table, what: &str, sink: &Sink<'_>) -> Fields {
    let mut shapes = Vec::new();
    let mut places = BTreeMap::new();
    for entry in &table.entries {
        let is_named = check_name(&entry.key, what, sink);
        let shape = field::check(entry, sink);
        places.insert(entry.key.value.clone(), entry.key.place.clone());
        shapes.extend(shape.filter(|_| is_named));
    }
    shapes.sort_by(|a: &FieldShape, b| a.name.cmp(&b.name));
    (shapes, places)
}

/// Reads and checks all event kinds: those that count by name, then `touch`, then the others.
pub(crate) fn events(declared: &Declared, sink: &Sink<'_>) -> Vec<KnownEvent> {
    let tables = declared.get("event").into_iter().flatten();
    let read: Vec<KnownEvent> = tables.map(|(name, table)| event(name, table, sink)).collect();
    let touch = KnownEvent { shape: EventShape::touch(), enabled: true, broken: BTreeSet::new() };
    let (mut events, disabled): (Vec<_>, Vec<_>) = read.into_iter().partition(|event| event.enabled);
    events.push(touch);
    events.extend(disabled);
    events
}

fn event(name: &str, table: &At<Table>, sink: &Sink<'_>) -> KnownEvent {
    let head = about::read(sink, table, KEYS);
    let everyone = head.reader.flag("everyone").unwrap_or(false);
    let (fields, places) = head
        .reader
        .plain_table("fields")
        .map(|(_, fields)| read_fields(fields, EVENT_FIELD, sink))
        .unwrap_or_default();
    let broken =
        places.into_keys().filter(|name| !fields.iter().any(|field| *field.name == **name)).collect();
    let shape = EventShape { name: name.into(), everyone, fields, heard: false };
    KnownEvent { shape, enabled: head.enabled, broken }
}
