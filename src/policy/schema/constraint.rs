//! What holds among the keys of a table, as JSON Schema.
//!
//! Each rule is put such that validators point at the key that is wrong and name the others.

use serde_json::{Map, Value, json};

use crate::policy::raw::Constraint;

/// Adds what is needed and what holds among keys. `free` are the tables that may stand alone.
pub(super) fn add(
    schema: &mut Map<String, Value>,
    needed: &[&str],
    free: &[&str],
    constraints: &[Constraint],
) {
    let mut complete = Map::new();
    if !needed.is_empty() {
        complete.insert("required".to_owned(), json!(needed));
    }
    let mut rules: Vec<Value> = Vec::new();
    let mut dependencies: Vec<(&str, Value)> = Vec::new();
    for constraint in constraints {
        match *constraint {
            Constraint::One(keys) => {
                some(&mut complete, keys);
                for (number, key) in keys.iter().enumerate() {
                    let others = keys.iter().skip(number + 1);
                    dependencies.extend(others.map(|other| (*key, bars(other, &exclude(key, other)))));
                }
            }
            Constraint::Some(keys) => some(&mut complete, keys),
            Constraint::Excludes(key, other) => dependencies.push((key, bars(other, &exclude(key, other)))),
            Constraint::Needs(key, [other]) => dependencies.push((key, json!({ "required": [other] }))),
            Constraint::Needs(key, others) => dependencies.push((key, any_of(others))),
            Constraint::Where { key, words, other, needed } => rules.push(depends(key, words, other, needed)),
        }
    }
    if !complete.is_empty() {
        if free.is_empty() {
            schema.append(&mut complete);
        } else {
            let alone = json!({ "minProperties": 1, "propertyNames": { "enum": free } });
            rules.push(json!({ "if": alone, "else": complete }));
        }
    }
    add_dependencies(schema, dependencies);
    if !rules.is_empty() {
        schema.insert("allOf".to_owned(), rules.into());
    }
}

fn add_dependencies(schema: &mut Map<String, Value>, dependencies: Vec<(&str, Value)>) {
    let mut by_key: Map<String, Value> = Map::new();
    for (key, rule) in dependencies {
        let known = by_key.remove(key);
        by_key.insert(key.to_owned(), known.map_or(rule.clone(), |known| json!({ "allOf": [known, rule] })));
    }
    if !by_key.is_empty() {
        schema.insert("dependencies".to_owned(), by_key.into());
    }
}

fn some(complete: &mut Map<String, Value>, keys: &[&str]) {
    if let Value::Object(mut any) = any_of(keys) {
        complete.append(&mut any);
    }
}

fn any_of(keys: &[&str]) -> Value {
    let each: Vec<Value> = keys.iter().map(|key| json!({ "required": [key] })).collect();
    json!({ "anyOf": each })
}

fn exclude(key: &str, other: &str) -> String {
    format!("`{key}` and `{other}` exclude each other")
}

/// A key that must not be there. What a validator prints of the rule is why.
fn bars(key: &str, why: &str) -> Value {
    json!({ "properties": { key: { "not": { "description": why } } } })
}

fn depends(key: &str, words: &[&str], other: &str, needed: bool) -> Value {
    let is_one = json!({ "required": [key], "properties": { key: { "enum": words } } });
    let is_there = json!({ "required": [key] });
    let why = format!("`{other}` goes with {} as `{key}`", words.join(" or "));
    let elsewhere = json!({ "if": is_there, "then": bars(other, &why) });
    if needed {
        json!({ "if": is_one, "then": { "required": [other] }, "else": elsewhere })
    } else {
        json!({ "if": is_one, "else": elsewhere })
    }
}
