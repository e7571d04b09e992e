//! Fields of the customer and of events.

use std::sync::Arc;

use super::constant;
use crate::model::schema::FieldShape;
use crate::model::{Type, Value};
use crate::policy::codes;
use crate::policy::raw::{
    Constraint, Content, Entry, Form, Key, Part, Place, Reader, Sink, Table, form, key, nearest, takes,
};

/// Keys of a field written as a table.
pub(crate) static KEYS: &[Key] = &[
    key("type", takes("number, text, bool, date, time or choice", Form::Words(TYPES)), "What it holds.")
        .needed(),
    key("of", takes("list of texts", Form::List(1, &Form::Word)), "The words of a choice."),
    key("default", takes("a value of the type", Form::Constant), "What a row without the field counts as."),
    key("min", form::NUMBER, "Least number allowed."),
    key("max", form::NUMBER, "Greatest number allowed."),
    key("personal", form::FLAG, "Masked in logs and, by default, on screens. Default false."),
    key("title", form::TEXT, "For people; the name where absent."),
    key("description", form::TEXT, "What it means."),
    key("unit", form::TEXT, "Unit of a number, for people."),
];

/// A field written as a table.
pub(crate) static PART: Part = Part {
    title: "a field",
    keys: KEYS,
    constraints: &[
        Constraint::Where { key: "type", words: &["choice"], other: "of", needed: true },
        Constraint::Where { key: "type", words: &["number"], other: "min", needed: false },
        Constraint::Where { key: "type", words: &["number"], other: "max", needed: false },
    ],
};

/// A field: its type, or a table.
pub(crate) static FORM: Form = Form::Either(&[Form::Words(PLAIN_TYPES), Form::Table(&PART)]);

/// The types.
const TYPES: &[&str] = &["number", "text", "bool", "date", "time", "choice"];

/// Those that need nothing more.
pub(super) const PLAIN_TYPES: &[&str] = &["number", "text", "bool", "date", "time"];

/// Reads and checks one field; `None` where its type can't be told.
pub(crate) fn check(entry: &Entry, sink: &Sink<'_>) -> Option<FieldShape> {
    match &entry.node.content {
        Content::Text(word) => {
            let ty = plain_type(word, &entry.node.place, sink)?;
            Some(FieldShape::new(name(entry), ty))
        }
        Content::Table(table) => from_table(entry, table, sink),
        other => {
            let message =
                format!("`{}` must be a type or a table, not {}", entry.key.value, other.description());
            sink.problem(&codes::table::WRONG_TYPE, &entry.node.place, message)
                .help("as in `name = \"text\"` or `stage = { type = \"choice\", of = [\"new_lead\", \"client\"] }`")
                .report();
            None
        }
    }
}

fn name(entry: &Entry) -> Arc<str> {
    entry.key.value.as_str().into()
}

/// A type by its name alone.
pub(crate) fn plain_type(word: &str, place: &Place, sink: &Sink<'_>) -> Option<Type> {
    match word {
        "number" => Some(Type::Number),
        "text" => Some(Type::Text),
        "bool" => Some(Type::Bool),
        "date" => Some(Type::Date),
        "time" => Some(Type::Time),
        "choice" => {
            sink.problem(&codes::table::MISSING_KEY, place, "a choice needs its words")
                .help("write `{ type = \"choice\", of = [\"…\", \"…\"] }`")
                .report();
            None
        }
        _ => {
            let usual = match word {
                "string" | "str" => Some("text"),
                "int" | "integer" | "float" | "decimal" => Some("number"),
                "boolean" => Some("bool"),
                "datetime" | "timestamp" => Some("time"),
                "enum" => Some("choice"),
                _ => nearest(word, TYPES.iter().copied()),
            };
            let report = sink
                .problem(&codes::table::NOT_A_WORD, place, format!("`{word}` is no type"))
                .suggest(usual.map(|usual| format!("\"{usual}\"")));
            match usual {
                Some(usual) => report.help(format!("did you mean `{usual}`?")).report(),
                None => report.help(format!("valid here: {}", TYPES.join(", "))).report(),
            }
            None
        }
    }
}

fn from_table(entry: &Entry, table: &Table, sink: &Sink<'_>) -> Option<FieldShape> {
    let reader = Reader::new(sink, table, &entry.key.place, KEYS, &[]);
    for text in ["title", "description", "unit"] {
        reader.text(text);
    }
    let personal = reader.flag("personal").unwrap_or(false);
    let ty = field_type(&reader)?;
    let (min, max) = bounds(&reader, &ty);
    let default = reader.entry("default").and_then(|default| {
        let value = constant::read(sink, "default", &default.node, &ty)?;
        is_within(&reader, &value, min, max, &default.node.place).then_some(value)
    });
    Some(FieldShape { personal, default, min, max, ..FieldShape::new(name(entry), ty) })
}

fn field_type(reader: &Reader<'_>) -> Option<Type> {
    let word = reader.required("type", reader.text("type"))?;
    if word.value == "choice" {
        let words = reader.words("of");
        if reader.entry("of").is_none() {
            reader.missing("of");
            return None;
        }
        if words.is_empty() {
            if let Some(entry) = reader.entry("of")
                && matches!(&entry.node.content, Content::Array(items) if items.is_empty())
            {
                reader
                    .sink
                    .problem(&codes::table::EMPTY, &entry.node.place, "a choice needs at least one word")
                    .report();
            }
            return None;
        }
        return Some(Type::Choice(words.into_iter().map(|word| Arc::from(word.value)).collect()));
    }
    reader.useless("of", "only a choice has words");
    plain_type(&word.value, &word.place, reader.sink)
}

fn bounds(reader: &Reader<'_>, ty: &Type) -> (Option<f64>, Option<f64>) {
    if *ty != Type::Number {
        reader.useless("min", "only a number has bounds");
        reader.useless("max", "only a number has bounds");
        return (None, None);
    }
    let (min, max) = (reader.number("min"), reader.number("max"));
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        reader
            .sink
            .problem(
                &codes::table::OUT_OF_RANGE,
                &max.place,
                format!("`max` is less than `min` ({})", min.value),
            )
            .related(&min.place, "the least allowed")
            .report();
        return (None, None);
    }
    (min.map(|min| min.value), max.map(|max| max.value))
}

fn is_within(reader: &Reader<'_>, value: &Value, min: Option<f64>, max: Option<f64>, place: &Place) -> bool {
    let Value::Number(number) = value else { return true };
    let fits = min.is_none_or(|min| *number >= min) && max.is_none_or(|max| *number <= max);
    if !fits {
        reader
            .sink
            .problem(
                &codes::table::OUT_OF_RANGE,
                place,
                format!("the default {number} is outside `min` and `max`"),
            )
            .report();
    }
    fits
}
