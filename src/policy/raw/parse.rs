//! From the text of one file to its tree.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::sink::Sink;
use super::tree::{At, Content, Entry, Node, Place, Table};
use crate::policy::codes;

/// Reads a file. What TOML can't make sense of is reported and left out.
pub(crate) fn parse(file: &Arc<str>, text: &str, sink: &Sink<'_>) -> Table {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut last_line = None;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = text.get(..span.start).map(|before| before.matches('\n').count());
        if line.is_some() && line == last_line {
            continue;
        }
        last_line = line;
        let place = Place { file: file.clone(), start: span.start, end: span.end };
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let report = sink.problem(&codes::toml::TOML, &place, message);
        if error.message().contains("duplicate key") {
            report.label("said before").help("keep one of the two").report();
        } else {
            report.help("text stands in quotes, keys in bare words, tables in [brackets]").report();
        }
    }
    table(file, root.get_ref())
}

fn table(file: &Arc<str>, table: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: At { value: key.get_ref().to_string(), place: place(file, key) },
            node: node(file, value),
        })
        .collect();
    entries.sort_by_key(|entry| (entry.key.place.start, entry.key.place.end));
    Table { entries }
}

fn node(file: &Arc<str>, value: &Spanned<DeValue<'_>>) -> Node {
    Node { content: content(file, value.get_ref()), place: place(file, value) }
}

fn content(file: &Arc<str>, value: &DeValue<'_>) -> Content {
    match value {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).map_or_else(
            |_| Content::Float(integer.as_str().parse().unwrap_or(f64::INFINITY)),
            Content::Integer,
        ),
        DeValue::Float(float) => Content::Float(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Content::Bool(*flag),
        DeValue::Datetime(datetime) => Content::Datetime(datetime.to_string()),
        DeValue::Array(items) => Content::Array(items.iter().map(|item| node(file, item)).collect()),
        DeValue::Table(inner) => Content::Table(table(file, inner)),
    }
}

fn place<T>(file: &Arc<str>, spanned: &Spanned<T>) -> Place {
    let span = spanned.span();
    Place { file: file.clone(), start: span.start, end: span.end }
}
