//! The forms of values, as JSON Schema.

use serde_json::{Map, Value, json};

use super::example::Examples;
use crate::policy::names;
use crate::policy::raw::form::Bounds;
use crate::policy::raw::{Form, MapKeys, Part};

/// Where the names of time zones stand among the definitions.
pub(super) const ZONES: &str = "timezone";

const NAME: &str = "^[a-z][a-z0-9_]*$";
const DURATION: &str = "^[0-9]+(s|m|h|d|w|mo|y)$";
const FIXED: &str = "^0*[1-9][0-9]*[smhdw]$";
const CLOCK: &str = "^(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$";
const DATE: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
const INSTANT: &str =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})$";
/// Above 0 and up to 100, with up to four decimals.
const SHARE: &str = "^\\s*(100(\\.0{0,4})?|0?[1-9][0-9](\\.[0-9]{0,4})?|0{0,2}[1-9](\\.[0-9]{0,4})?|0{1,3}\\.[0-9]{0,3}[1-9][0-9]{0,3})\\s*%\\s*$";

/// The schema of a value.
pub(super) fn schema(form: &Form, examples: &Examples) -> Value {
    match form {
        Form::Text => json!({ "type": "string" }),
        Form::Word | Form::Expression => text_like("\\S"),
        Form::Matching(pattern) => text_like(&format!("^(?:{pattern})$")),
        Form::Name => text_like(NAME),
        Form::Zone => json!({ "$ref": format!("#/definitions/{ZONES}") }),
        Form::Clock => text_like(CLOCK),
        Form::Share => text_like(SHARE),
        Form::Duration => text_like(DURATION),
        Form::Fixed => text_like(FIXED),
        Form::Date => dated(DATE, &["date"]),
        Form::Instant => dated(INSTANT, &["date-time"]),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Number(bounds) => number(bounds),
        Form::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Form::Words(words) => json!({ "type": "string", "enum": words }),
        Form::Constant => {
            let kinds = ["string", "number", "boolean"].map(|kind| json!({ "type": kind }));
            let times = ["date", "date-time", "date-time-local"].map(time);
            let forms: Vec<Value> = kinds.into_iter().chain(times).collect();
            json!({ "anyOf": forms })
        }
        Form::Anything => Value::Bool(true),
        Form::Either(forms) => {
            let forms: Vec<Value> = forms.iter().map(|form| schema(form, examples)).collect();
            json!({ "anyOf": forms })
        }
        Form::List(least, form) => list(*least, schema(form, examples)),
        Form::Table(part) => part_of(part, examples, false.into()),
        Form::Tables(least, part) => list(*least, part_of(part, examples, false.into())),
        Form::Rows(part) => list(0, part_of(part, examples, schema(&Form::Constant, examples))),
        Form::Map(keys, form) => map(*keys, &schema(form, examples)),
    }
}

fn part_of(part: &Part, examples: &Examples, others: Value) -> Value {
    super::table(None, &part.keys.iter().collect::<Vec<_>>(), part.constraints, examples, others)
}

/// A date or time as text of a pattern or, as some editors tell it from text, as TOML writes it.
fn dated(pattern: &str, formats: &[&str]) -> Value {
    let mut forms = vec![text_like(pattern)];
    forms.extend(formats.iter().map(|format| time(format)));
    json!({ "anyOf": forms })
}

fn time(format: &str) -> Value {
    json!({ "type": "string", "format": format })
}

fn text_like(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn number(bounds: &Bounds) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), Value::from("number"))]);
    let limits = [("exclusiveMinimum", bounds.above), ("minimum", bounds.least), ("maximum", bounds.most)];
    for (word, limit) in limits {
        if let Some(limit) = limit {
            schema.insert(word.to_owned(), limit.into());
        }
    }
    Value::Object(schema)
}

fn list(least: usize, items: Value) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), Value::from("array")), ("items".to_owned(), items)]);
    if least > 0 {
        schema.insert("minItems".to_owned(), least.into());
    }
    Value::Object(schema)
}

fn map(keys: MapKeys, values: &Value) -> Value {
    let mut schema = Map::from_iter([("type".to_owned(), Value::from("object"))]);
    match keys {
        MapKeys::Any => None,
        MapKeys::Names => Some(json!({ "pattern": NAME })),
        MapKeys::Fields => Some(declared_name()),
    }
    .map(|names| schema.insert("propertyNames".to_owned(), names));
    schema.insert("additionalProperties".to_owned(), values.clone());
    Value::Object(schema)
}

/// A name that a table or a field may have.
pub(super) fn declared_name() -> Value {
    let taken: Vec<&str> = names::taken().collect();
    json!({ "pattern": NAME, "not": { "enum": taken } })
}

/// All time zones. What a validator says of one that is none does not list them all.
pub(super) fn zones() -> Value {
    let zones: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    json!({ "anyOf": [{ "type": "string", "enum": zones }] })
}
