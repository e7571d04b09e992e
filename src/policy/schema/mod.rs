//! The JSON Schema (draft-07) of policy files, for editors: made of the table of kinds and keys that the
//! reader and the reference go by.
//!
//! Editors see one file at a time, and not what expressions mean: what the schema rejects does not load,
//! but not all that it lets through does. A table may be spread over files; of one that here has only
//! free tables (`payload`, `columns`, `fields` …) the rest is taken to stand elsewhere.

mod constraint;
mod example;
mod form;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use self::example::Examples;
use super::kind::{KINDS, Kind};
use super::raw::{Constraint, Form, Key};

/// The schema of `*.toml` under the policies folder.
#[must_use]
pub fn schema() -> Value {
    let mut properties = Map::new();
    let mut definitions = Map::new();
    for kind in KINDS {
        let of_kind = definition(kind);
        let of_all = if kind.single {
            of_kind
        } else {
            definitions.insert(kind.name.to_owned(), of_kind);
            json!({
                "description": kind.meaning,
                "type": "object",
                "propertyNames": form::declared_name(),
                "additionalProperties": { "$ref": format!("#/definitions/{}", kind.name) },
            })
        };
        properties.insert(kind.name.to_owned(), of_all);
    }
    file("Policies of guanxi", &properties, definitions)
}

/// The schema of files that have these keys.
pub(crate) fn document(title: &str, keys: &[Key]) -> Value {
    let properties = keys.iter().map(|key| (key.name.to_owned(), property(key, &Examples::default())));
    file(title, &properties.collect(), Map::new())
}

fn file(title: &str, properties: &Map<String, Value>, mut definitions: Map<String, Value>) -> Value {
    if !definitions.is_empty() {
        definitions.insert(form::ZONES.to_owned(), form::zones());
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    })
}

fn definition(kind: &Kind) -> Value {
    let examples = Examples::of(kind);
    let keys: Vec<&Key> = kind.keys.iter().chain(kind.common()).collect();
    table(Some(kind.meaning), &keys, kind.constraints, &examples, false.into())
}

/// The schema of a table with these keys, and of the values of all others.
fn table(
    description: Option<&str>,
    keys: &[&Key],
    constraints: &[Constraint],
    examples: &Examples,
    others: Value,
) -> Value {
    let mut schema = Map::new();
    if let Some(description) = description {
        schema.insert("description".to_owned(), description.into());
    }
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key, examples))).collect();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    schema.insert("additionalProperties".to_owned(), others);
    let needed: Vec<&str> = keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    let free: Vec<&str> =
        keys.iter().filter(|key| matches!(key.takes.form, Form::Map(..))).map(|key| key.name).collect();
    constraint::add(&mut schema, &needed, &free, constraints);
    if !needed.is_empty() {
        schema.insert("x-taplo".to_owned(), json!({ "initKeys": needed }));
    }
    Value::Object(schema)
}

fn property(key: &Key, examples: &Examples) -> Value {
    let within = examples.within(key.name);
    let Value::Object(mut rule) = form::schema(&key.takes.form, &within) else { return Value::Bool(true) };
    let is_table = key.takes.form.part().is_some();
    let takes = if is_table { String::new() } else { format!("\n\nTakes: {}.", key.takes.words) };
    let example = examples.line(key.name).map(|example| format!("\n\nFor instance: `{example}`"));
    let description = format!("{}{takes}{}", key.meaning, example.unwrap_or_default());
    let mut schema = Map::from_iter([("description".to_owned(), Value::from(description))]);
    schema.append(&mut rule);
    Value::Object(schema)
}
