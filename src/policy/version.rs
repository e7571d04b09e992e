//! Versions: hashes over what tables say, whatever their layout, order and comments.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::expression;
use super::kind::KINDS;
use super::raw::{At, Content, Declared, Form, Table, form};

/// Keys that are for people only, or say what is so anyway, and change no decision.
const NO_MATTER: &[&str] = &["title", "description", "owner", "tags", "label", "enabled"];

/// The version of a whole policy set.
pub(crate) fn of_set(declared: &Declared, scripts: &BTreeMap<String, String>) -> Arc<str> {
    let mut text = String::new();
    for (kind, tables) in declared {
        for (name, table) in tables {
            part(&mut text, kind);
            part(&mut text, name);
            write_table(&mut text, &table.value, &|key| form_of(kind, key), &[]);
            if *kind == "function" {
                write_order(&mut text, &table.value);
            }
        }
    }
    for (name, script) in scripts {
        part(&mut text, name);
        part(&mut text, &super::script::meaning(script));
    }
    hash(&text)
}

/// What a table decides by, without what is for people only.
pub(crate) fn of_table(kind: &str, table: &Table) -> String {
    let mut text = String::new();
    write_table(&mut text, table, &|key| form_of(kind, key), NO_MATTER);
    text
}

/// What some keys of a table say.
pub(crate) fn of_keys(kind: &str, table: &Table, keys: &[&str]) -> String {
    let mut text = String::new();
    let of_key = |key: &&str| table.entries.iter().find(|entry| entry.key.value == *key);
    for entry in keys.iter().filter_map(of_key) {
        part(&mut text, &entry.key.value);
        write_content(&mut text, &entry.node.content, form_of(kind, &entry.key.value), NO_MATTER);
    }
    text
}

/// What a function's table decides by: the order of its parameters too.
pub(crate) fn of_function(table: &Table) -> String {
    let mut text = of_table("function", table);
    write_order(&mut text, table);
    text
}

fn write_order(out: &mut String, table: &Table) {
    if let Some(Content::Table(takes)) = table.get("takes").map(|takes| &takes.node.content) {
        for entry in &takes.entries {
            part(out, &entry.key.value);
        }
    }
}

/// What something uses: by kind and name (`value.pyramid`, `field.phone`) what that goes by.
pub type UsedVersions = BTreeMap<String, String>;

/// The version of something: its own definition and all it uses.
pub(crate) fn of_uses(own: &str, uses: &UsedVersions) -> Arc<str> {
    with_uses(own, uses.iter().map(|(name, version)| (name.as_str(), version.as_str())))
}

/// The version of something: its own definition and, by name, all it uses.
pub(crate) fn with_uses<'a>(own: &str, uses: impl IntoIterator<Item = (&'a str, &'a str)>) -> Arc<str> {
    let mut text = String::new();
    part(&mut text, own);
    for (name, version) in uses {
        part(&mut text, name);
        part(&mut text, version);
    }
    hash(&text)
}

/// The canonical text of one declared table, for those that use it.
pub(crate) fn declaration(declared: &Declared, kind: &str, name: &str) -> String {
    declared
        .get(kind)
        .and_then(|tables| tables.get(name))
        .map(|At { value, .. }| of_table(kind, value))
        .unwrap_or_default()
}

/// The canonical text of one value that is no expression.
pub(crate) fn of_content(content: &Content) -> String {
    let mut text = String::new();
    write_content(&mut text, content, None, NO_MATTER);
    text
}

fn hash(text: &str) -> Arc<str> {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(12);
    for byte in digest.iter().take(6) {
        // Writing to a string never fails.
        let _ = write!(hex, "{byte:02x}");
    }
    hex.into()
}

fn part(out: &mut String, text: &str) {
    let _ = write!(out, "{}:{text}", text.len());
}

/// What a key takes in the tables of a kind; its layout is none of an expression's meaning.
fn form_of(kind: &str, key: &str) -> Option<&'static Form> {
    KINDS.iter().find(|known| known.name == kind).and_then(|kind| form::of_key(kind.keys, key))
}

fn write_table(
    out: &mut String,
    table: &Table,
    form_of: &dyn Fn(&str) -> Option<&'static Form>,
    without: &[&str],
) {
    let mut entries: Vec<_> = table.entries.iter().collect();
    entries.sort_by(|a, b| a.key.value.cmp(&b.key.value));
    out.push('{');
    for entry in entries {
        let key = entry.key.value.as_str();
        if without.contains(&key) {
            continue;
        }
        part(out, key);
        let without = if matches!(key, "data" | "fields") { &[] } else { without };
        write_content(out, &entry.node.content, form_of(key), without);
    }
    out.push('}');
}

fn write_content(out: &mut String, content: &Content, form: Option<&'static Form>, without: &[&str]) {
    match content {
        Content::Text(text) => {
            out.push('t');
            match form {
                Some(form) if form.is_expression(text) => part(out, &expression::meaning(text)),
                _ => part(out, text),
            }
        }
        Content::Integer(integer) => {
            let _ = write!(out, "n{integer};");
        }
        Content::Float(float) => {
            let _ = write!(out, "n{float};");
        }
        Content::Bool(flag) => out.push(if *flag { '1' } else { '0' }),
        Content::Datetime(datetime) => {
            out.push('d');
            part(out, datetime);
        }
        Content::Array(items) => {
            out.push('[');
            for item in items {
                write_content(out, &item.content, form, without);
            }
            out.push(']');
        }
        Content::Table(table) => {
            write_table(out, table, &|key| form.and_then(|form| form.under(key)), without);
        }
    }
}
