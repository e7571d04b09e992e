//! One set of tables out of many files: how tables are spread over files means nothing.

use std::collections::BTreeMap;

use super::sink::Sink;
use super::tree::{At, Content, Entry, Node, Table};
use crate::policy::codes;
use crate::policy::kind::{KINDS, Kind};
use crate::policy::names::check_name;

/// All tables of a policy set by kind and name; `settings` and `customer` have the empty name.
pub(crate) type Declared = BTreeMap<&'static str, BTreeMap<String, At<Table>>>;

/// Joins the tables of all files.
pub(crate) fn merge(files: Vec<Table>, sink: &Sink<'_>) -> Declared {
    let mut declared = Declared::new();
    for entry in files.into_iter().flat_map(|file| file.entries) {
        let Some(kind) = known(&entry, sink) else { continue };
        let Some((head, table)) = as_table(entry, sink) else { continue };
        let of_kind = declared.entry(kind.name).or_default();
        if kind.single {
            add(of_kind, String::new(), At { value: table, place: head.place }, kind, sink);
            continue;
        }
        for entry in table.entries {
            let Some((name, table)) = as_table(entry, sink) else { continue };
            // What has a wrong name is checked all the same, and found by what uses it.
            check_name(&name, kind.name, sink);
            add(of_kind, name.value, At { value: table, place: name.place }, kind, sink);
        }
    }
    declared
}

fn known(entry: &Entry, sink: &Sink<'_>) -> Option<&'static Kind> {
    let name = entry.key.value.as_str();
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        sink.problem(&codes::table::UNKNOWN_KIND, &entry.key.place, format!("`{name}` is no kind of table"))
            .nearest(name, &names, false)
            .report();
        // What is written for a slip is checked as what it was meant to be.
        let near = super::suggest::nearest(name, names.iter().copied());
        return KINDS.iter().find(|kind| Some(kind.name) == near);
    };
    Some(kind)
}

fn as_table(entry: Entry, sink: &Sink<'_>) -> Option<(At<String>, Table)> {
    match entry.node.content {
        Content::Table(table) => Some((entry.key, table)),
        other => {
            let name = &entry.key.value;
            let message = format!("`{name}` must be a table, not {}", other.description());
            sink.problem(&codes::table::WRONG_TYPE, &entry.node.place, message)
                .help(format!("tables are written [kind.name]; `{name} = …` says something else"))
                .report();
            None
        }
    }
}

fn add(
    of_kind: &mut BTreeMap<String, At<Table>>,
    name: String,
    table: At<Table>,
    kind: &Kind,
    sink: &Sink<'_>,
) {
    let said = if name.is_empty() { kind.name.to_owned() } else { format!("{}.{name}", kind.name) };
    match of_kind.get_mut(&name) {
        Some(present) => join(present, table, &said, sink),
        None => {
            of_kind.insert(name, table);
        }
    }
}

/// Adds sub-tables; two tables that both have keys of their own are two declarations.
fn join(present: &mut At<Table>, added: At<Table>, said: &str, sink: &Sink<'_>) {
    let of_its_own = |table: &Table| table.entries.iter().any(|entry| !is_table(&entry.node));
    if of_its_own(&present.value) && of_its_own(&added.value) {
        twice(said, &added, present, sink);
        return;
    }
    for entry in added.value.entries {
        let path = format!("{said}.{}", entry.key.value);
        let Some(same) = present.value.entries.iter_mut().find(|known| known.key.value == entry.key.value)
        else {
            present.value.entries.push(entry);
            continue;
        };
        match (&mut same.node.content, entry.node.content) {
            (Content::Table(known), Content::Table(fields)) if path == "customer.fields" => {
                add_fields(known, fields, sink);
            }
            _ => twice(&path, &At { value: (), place: entry.key.place }, &same.key, sink),
        }
    }
}

fn add_fields(known: &mut Table, fields: Table, sink: &Sink<'_>) {
    for field in fields.entries {
        match known.get(&field.key.value) {
            Some(same) => twice(&format!("customer.fields.{}", field.key.value), &field.key, &same.key, sink),
            None => known.entries.push(field),
        }
    }
}

fn twice<A, B>(said: &str, again: &At<A>, first: &At<B>, sink: &Sink<'_>) {
    sink.problem(&codes::table::TWICE, &again.place, format!("`{said}` is declared twice"))
        .label("declared again")
        .related(&first.place, "first declared here")
        .help("keep one of the two, or give one another name")
        .report();
}

fn is_table(node: &Node) -> bool {
    matches!(node.content, Content::Table(_))
}
