//! `[source.NAME]`: files that are imported.

use std::collections::BTreeMap;

use chrono::format::{Item, StrftimeItems};
use chrono_tz::Tz;

use super::settings::timezone;
use super::{about, constant, path};
use crate::model::Type;
use crate::policy::codes;
use crate::policy::columns::Columns;
use crate::policy::compiled::{Into, Mapping, Origin, Source, Target};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula, disabled};
use crate::policy::names::Known;
use crate::policy::raw::{
    At, Content, Declared, Entry, Form, Key, MapKeys, Node, Part, Place, Reader, Sink, Table, form, key,
    nearest, takes,
};

/// Keys of `[source.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("into", takes("\"customer\" or \"event.KIND\"", Form::Matching(r"customer|event\.[a-z][a-z0-9_]*")), "What rows become. Customers are merged by id.").needed(),
    key(
        "path",
        takes("text", Form::Word),
        "With `*` and `?` in its last part; .csv or .jsonl, each also .gz; relative to the data folder.",
    ).needed(),
    key("encoding", takes("text", Form::Word), "How the bytes are read, as in \"gbk\". Default UTF-8."),
    key(
        "columns",
        takes("table", Form::Map(MapKeys::Names, &Form::Either(&[Form::Word, Form::Table(&COLUMN_PART)]))),
        "Per target (`id`, `customer`, `at`, a field) a column's name, or `{ value = 'expression over the raw columns' }`, which gives the target's type; for `at` also text, read like a column.",
    ).needed(),
    key("constants", takes("table", Form::Map(MapKeys::Names, &Form::Constant)), "Targets that are the same for every row."),
    key("time_format", takes("strftime format", Form::Matching(".*%.*")), "How times are written. Default RFC 3339, or a date."),
    key("timezone", form::ZONE, "Of times without an offset. Default that of `[settings]`."),
    key("when", takes("condition over the raw columns", Form::Expression), "Only rows for which it holds."),
];

/// Keys of a column written as a table.
static COLUMN: &[Key] = &[key("value", form::EXPRESSION, "An expression over the raw columns.").needed()];

/// A column written as a table.
static COLUMN_PART: Part = Part { title: "a column", keys: COLUMN, constraints: &[] };

const ENDINGS: &[&str] = &[".csv", ".jsonl", ".csv.gz", ".jsonl.gz"];

/// Reads and checks all sources that count, by name.
pub(crate) fn check(declared: &Declared, known: &Known, zone: Tz, sink: &Sink<'_>) -> Vec<Source> {
    let tables = declared.get("source").into_iter().flatten();
    tables.filter_map(|(name, table)| check_one(name, table, known, zone, sink)).collect()
}

fn check_one(name: &str, table: &At<Table>, known: &Known, zone: Tz, sink: &Sink<'_>) -> Option<Source> {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let context = Context { sink, known, enabled: head.enabled };
    let columns = Columns::new(&known.functions);
    let into = into(&reader, context);
    let path = reader.required("path", reader.word("path")).filter(|path| check_path(path, sink));
    let encoding = encoding(&reader);
    let time_format = time_format(&reader);
    let filter = Formula::read(&reader, "when").map(|when| {
        when.check_calls(context);
        when.check_names(&columns, &Expected::Bool, sink)
    });
    if reader.entry("columns").is_none() {
        reader.missing("columns");
    }
    let mappings = into.map(|into| mappings(into, &reader, context, &columns)).unwrap_or_default();
    let zone = timezone(&reader).unwrap_or(zone);
    if !head.enabled {
        return None;
    }
    Some(Source {
        name: name.into(),
        into: into?,
        path: path::normal(&path?.value),
        encoding,
        columns: mappings,
        time_format,
        timezone: zone,
        filter: filter.flatten(),
        raw: columns.into_names(),
    })
}

fn into(reader: &Reader<'_>, context: Context<'_>) -> Option<Into> {
    let text = reader.required("into", reader.word("into"))?;
    if text.value == "customer" {
        return Some(Into::Customer);
    }
    let events: Vec<String> = context
        .known
        .events
        .iter()
        .filter(|event| &*event.shape.name != crate::model::schema::TOUCH_EVENT)
        .map(|event| format!("event.{}", event.shape.name))
        .collect();
    if let Some(kind) = text.value.strip_prefix("event.")
        && events.contains(&text.value)
        && let Some(index) = context.known.event(kind)
    {
        let is_enabled = context.known.events.get(index).is_some_and(|event| event.enabled);
        if context.enabled && !is_enabled {
            disabled(context.sink, &text.place, &text.value);
        }
        return Some(Into::Event(index));
    }
    let names: Vec<&str> = events.iter().map(String::as_str).chain(["customer"]).collect();
    context
        .sink
        .problem(
            &codes::together::UNKNOWN_REFERENCE,
            &text.place,
            format!("rows can't become `{}`", text.value),
        )
        .nearest(&text.value, &names, true)
        .report();
    None
}

fn check_path(path: &At<String>, sink: &Sink<'_>) -> bool {
    if !path::check(path, sink) {
        return false;
    }
    let folders = path.value.rsplit_once('/').map_or("", |(folders, _)| folders);
    if folders.contains(['*', '?']) {
        path::bad(path, "has `*` or `?` in a folder", sink);
        return false;
    }
    if !ENDINGS.iter().any(|ending| path.value.ends_with(ending)) {
        path::bad(path, "ends with none of .csv, .jsonl, .csv.gz, .jsonl.gz", sink);
        return false;
    }
    true
}

fn encoding(reader: &Reader<'_>) -> Option<String> {
    let text = reader.word("encoding")?;
    if encoding_rs::Encoding::for_label(text.value.as_bytes()).is_none() {
        reader
            .sink
            .problem(&codes::table::ENCODING, &text.place, format!("`{}` is no encoding", text.value))
            .help("use a label of the WHATWG encoding standard: \"utf-8\", \"gbk\", \"gb18030\", \"windows-1252\" …")
            .report();
        return None;
    }
    Some(text.value)
}

fn time_format(reader: &Reader<'_>) -> Option<String> {
    let text = reader.word("time_format")?;
    let is_valid =
        text.value.contains('%') && !StrftimeItems::new(&text.value).any(|item| matches!(item, Item::Error));
    if !is_valid {
        reader
            .sink
            .problem(&codes::table::TIME_FORMAT, &text.place, format!("`{}` is no time format", text.value))
            .help("year, month, day, hour and minute are %Y %m %d %H %M, as in \"%Y-%m-%d %H:%M\"")
            .report();
        return None;
    }
    Some(text.value)
}

/// The targets of a source with their types, by name.
fn targets(into: Into, known: &Known) -> BTreeMap<String, (Target, Type)> {
    let mut targets = BTreeMap::from([("id".to_owned(), (Target::Id, Type::Text))]);
    let fields = match into {
        Into::Customer => known.fields.as_slice(),
        Into::Event(index) => {
            let Some(event) = known.events.get(index) else { return targets };
            if !event.shape.everyone {
                targets.insert("customer".to_owned(), (Target::Customer, Type::Text));
            }
            targets.insert("at".to_owned(), (Target::At, Type::Time));
            event.shape.fields.as_slice()
        }
    };
    for (index, field) in fields.iter().enumerate() {
        targets.insert(field.name.to_string(), (Target::Field(index), field.ty.clone()));
    }
    targets
}

fn is_broken(into: Into, name: &str, known: &Known) -> bool {
    match into {
        Into::Customer => known.field_places.contains_key(name),
        Into::Event(index) => known.events.get(index).is_some_and(|event| event.broken.contains(name)),
    }
}

fn mappings(into: Into, reader: &Reader<'_>, context: Context<'_>, columns: &Columns<'_>) -> Vec<Mapping> {
    let targets = targets(into, context.known);
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let mut mappings = Vec::new();
    for key in ["columns", "constants"] {
        let Some((_, table)) = reader.plain_table(key) else { continue };
        for entry in &table.entries {
            let name = entry.key.value.as_str();
            let Some((target, ty)) = targets.get(name) else {
                if !is_broken(into, name, context.known) {
                    unknown_target(entry, &targets, context.sink);
                    let near = nearest(name, targets.keys().map(String::as_str));
                    seen.extend(near.map(|near| (near.to_owned(), entry.key.place.clone())));
                }
                continue;
            };
            if let Some(first) = seen.get(name) {
                context
                    .sink
                    .problem(
                        &codes::together::TARGET_TWICE,
                        &entry.key.place,
                        format!("`{name}` is filled twice"),
                    )
                    .related(first, "filled here")
                    .help("keep one of the two")
                    .report();
                continue;
            }
            seen.insert(name.to_owned(), entry.key.place.clone());
            let from = if key == "columns" {
                column(name, &entry.node, ty, context, columns)
            } else {
                constant::read(context.sink, name, &entry.node, ty).map(Origin::Constant)
            };
            mappings.extend(from.map(|from| Mapping { target: *target, from }));
        }
    }
    required(into, reader, &seen, &targets);
    mappings
}

fn unknown_target(entry: &Entry, targets: &BTreeMap<String, (Target, Type)>, sink: &Sink<'_>) {
    let names: Vec<&str> = targets.keys().map(String::as_str).collect();
    let name = entry.key.value.as_str();
    sink.problem(&codes::together::TARGET, &entry.key.place, format!("there is no field `{name}` to fill"))
        .nearest(name, &names, false)
        .report();
}

fn required(
    into: Into,
    reader: &Reader<'_>,
    seen: &BTreeMap<String, Place>,
    targets: &BTreeMap<String, (Target, Type)>,
) {
    let Some(columns) = reader.entry("columns") else { return };
    let names: &[&str] = match into {
        Into::Customer => &["id"],
        Into::Event(_) => &["customer", "at"],
    };
    for name in names.iter().filter(|name| targets.contains_key(**name) && !seen.contains_key(**name)) {
        reader
            .sink
            .problem(&codes::together::TARGET_MISSING, &columns.key.place, format!("nothing fills `{name}`"))
            .help(format!("name the column that holds it: `{name} = \"…\"`"))
            .report();
    }
}

fn column(name: &str, node: &Node, ty: &Type, context: Context<'_>, columns: &Columns<'_>) -> Option<Origin> {
    let sink = context.sink;
    match &node.content {
        Content::Text(column) if column.is_empty() => {
            sink.problem(&codes::table::EMPTY, &node.place, format!("the column of `{name}` has no name"))
                .report();
            None
        }
        Content::Text(column) => Some(Origin::Column(columns.index(column))),
        Content::Table(table) => {
            let reader = Reader::new(sink, table, &node.place, COLUMN, &[]);
            let formula = reader.required("value", Formula::read(&reader, "value"))?;
            formula.check_calls(context);
            let expression = formula.check_names(columns, &Expected::Any, sink)?;
            let given = &expression.root.ty;
            let is_read = name == "at" && *given == Type::Text;
            let fits = is_read || given == ty || (ty.is_textual() && given.is_textual());
            if !fits {
                let place = &formula.text.place;
                sink.problem(
                    &codes::together::TARGET_TYPE,
                    place,
                    format!("`{name}` is {ty}, but this gives {given}"),
                )
                .help(format!("give {ty}; a column by its name alone is read as {ty}"))
                .report();
                return None;
            }
            Some(Origin::Value(expression))
        }
        other => {
            let message =
                format!("`{name}` must be a column's name or {{ value = '…' }}, not {}", other.description());
            sink.problem(&codes::table::WRONG_TYPE, &node.place, message).report();
            None
        }
    }
}
