//! Constants in a file: TOML values as values of the language.

use crate::model::{Date, Timestamp, Type, Value};
use crate::policy::codes;
use crate::policy::raw::{Content, Node, Sink};

/// A TOML value as what it is by itself; `None` for lists, tables and what is no value.
pub(crate) fn own(content: &Content) -> Option<Value> {
    match content {
        Content::Text(text) => Some(Value::text(text.as_str())),
        Content::Integer(integer) => Value::number(*integer as f64),
        Content::Float(float) => Value::number(*float),
        Content::Bool(flag) => Some(Value::Bool(*flag)),
        Content::Datetime(text) => Date::parse(text)
            .map(Value::Date)
            .or_else(|| Timestamp::parse_rfc3339(&text.replace(' ', "T")).map(Value::Time)),
        Content::Array(_) | Content::Table(_) => None,
    }
}

/// A TOML value as one of a type; dates and times may be written as text.
fn of_type(content: &Content, ty: &Type) -> Option<Value> {
    match (ty, content) {
        (Type::Date, Content::Text(text)) => Date::parse(text).map(Value::Date),
        (Type::Time, Content::Text(text)) => Timestamp::parse_rfc3339(text).map(Value::Time),
        (Type::Choice(words), Content::Text(text)) => {
            words.iter().find(|word| ***word == **text).map(|word| Value::Text(word.clone()))
        }
        (Type::Choice(_), _) => None,
        _ => own(content).filter(|value| value.kind() == *ty),
    }
}

/// Reads a constant that must be of a type, and reports it where it is not.
pub(crate) fn read(sink: &Sink<'_>, key: &str, node: &Node, ty: &Type) -> Option<Value> {
    let found = of_type(&node.content, ty);
    if found.is_none() {
        let said = match &node.content {
            Content::Text(text) => format!("\"{text}\""),
            other => other.description().to_owned(),
        };
        let report = sink.problem(
            &codes::table::BAD_CONSTANT,
            &node.place,
            format!("`{key}` must be {}, not {said}", wanted(ty)),
        );
        match (ty, &node.content) {
            (Type::Choice(words), Content::Text(text)) => {
                let words: Vec<&str> = words.iter().map(|word| &**word).collect();
                report.nearest(text, &words, true).report();
            }
            _ => report.report(),
        }
    }
    found
}

const fn wanted(ty: &Type) -> &'static str {
    match ty {
        Type::Number => "a number",
        Type::Text => "text",
        Type::Bool => "true or false",
        Type::Date => "a date, as in 2027-03-01",
        Type::Time => "a time with its offset, as in 2027-03-01T09:00:00+08:00",
        Type::Choice(_) => "one of its declared words",
    }
}
