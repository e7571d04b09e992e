//! A source for one import, made from pairs `field=Column`.

use std::sync::Arc;

use chrono_tz::Tz;
use thiserror::Error;

use super::nearest::nearest;
use crate::model::schema::TOUCH_EVENT;
use crate::model::{FieldShape, Schema};
use crate::policy::Compiled;
use crate::policy::compiled::{Into, Mapping, Origin, Source, Target};

/// How the file of a one-off import is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdHoc {
    /// Pairs of field (or `id`, `customer`, `at`) and column of the file.
    pub maps: Vec<(String, String)>,
    /// chrono's strftime for times; RFC 3339 or a date where absent.
    pub time_format: Option<String>,
    /// The zone of times without an offset; the policy set's where absent.
    pub timezone: Option<Tz>,
    /// A label of the WHATWG encoding standard; UTF-8 where absent.
    pub encoding: Option<String>,
}

/// Why pairs make no source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MapError {
    /// Neither `customer` nor an event kind.
    #[error("`{target}` is neither `customer` nor a declared event{}", meant(nearest.as_deref()))]
    UnknownTarget {
        /// As asked.
        target: String,
        /// The most similar.
        nearest: Option<String>,
    },
    /// Only the engine records these.
    #[error("`{TOUCH_EVENT}` events are recorded by the engine alone")]
    EngineEvent,
    /// No such field.
    #[error("{target} has no field `{field}`{}", meant(nearest.as_deref()))]
    UnknownField {
        /// `customer` or the event kind.
        target: String,
        /// As asked.
        field: String,
        /// The most similar.
        nearest: Option<String>,
    },
    /// A field is filled twice.
    #[error("`{field}` is mapped twice")]
    Twice {
        /// The field.
        field: String,
    },
    /// The file has no such column.
    #[error("the file has no column `{column}`{}; its columns are: {}", meant(nearest.as_deref()), columns.join(", "))]
    UnknownColumn {
        /// As asked.
        column: String,
        /// The most similar.
        nearest: Option<String>,
        /// All columns of the file.
        columns: Vec<String>,
    },
    /// What every row needs comes from nowhere.
    #[error("say which column holds `{field}`: --map {field}=COLUMN")]
    Needed {
        /// `id`, `customer` or `at`.
        field: &'static str,
    },
}

/// A source for one import into `target` (`customer` or an event kind). What no pair names is taken
/// from the column of its own name, if the file has one; `columns` are those of a CSV file's header
/// ([`columns_of`](super::columns_of)), `None` for JSON lines, which have none.
///
/// # Errors
/// When the target, a field or a column doesn't exist, or what every row needs is not mapped.
pub fn ad_hoc(
    policy: &Compiled,
    target: &str,
    columns: Option<&[String]>,
    settings: &AdHoc,
) -> Result<Source, MapError> {
    let into = target_of(&policy.schema, target)?;
    let targets = targets(&policy.schema, into);
    for (index, (field, column)) in settings.maps.iter().enumerate() {
        if !targets.iter().any(|(name, _)| name == field) {
            let nearest = nearest(field, targets.iter().map(|(name, _)| *name));
            return Err(MapError::UnknownField { target: target.to_owned(), field: field.clone(), nearest });
        }
        if settings.maps.iter().take(index).any(|(earlier, _)| earlier == field) {
            return Err(MapError::Twice { field: field.clone() });
        }
        if let Some(columns) = columns.filter(|columns| !columns.contains(column)) {
            return Err(MapError::UnknownColumn {
                column: column.clone(),
                nearest: nearest(column, columns.iter().map(String::as_str)),
                columns: columns.to_vec(),
            });
        }
    }
    let mut raw: Vec<Arc<str>> = Vec::new();
    let mut mappings = Vec::new();
    for (name, target) in targets {
        let mapped = settings.maps.iter().find(|(field, _)| field == name).map(|(_, column)| column.as_str());
        let own = columns.is_none_or(|columns| columns.iter().any(|column| column == name)).then_some(name);
        if let Some(column) = mapped.or(own) {
            let index = raw.iter().position(|known| &**known == column).unwrap_or_else(|| {
                raw.push(column.into());
                raw.len() - 1
            });
            mappings.push(Mapping { target, from: Origin::Column(index) });
        } else if let Some(field) = needed(into, target) {
            return Err(MapError::Needed { field });
        }
    }
    Ok(Source {
        name: format!("import {target}").into(),
        into,
        path: String::new(),
        encoding: settings.encoding.clone(),
        columns: mappings,
        time_format: settings.time_format.clone(),
        timezone: settings.timezone.unwrap_or(policy.settings.timezone),
        filter: None,
        raw,
    })
}

fn target_of(schema: &Schema, target: &str) -> Result<Into, MapError> {
    if target == "customer" {
        return Ok(Into::Customer);
    }
    if target == TOUCH_EVENT {
        return Err(MapError::EngineEvent);
    }
    schema.event(target).map(Into::Event).ok_or_else(|| {
        let kinds = schema.events.iter().map(|event| &*event.name).filter(|name| *name != TOUCH_EVENT);
        let nearest = nearest(target, kinds.chain(["customer"]));
        MapError::UnknownTarget { target: target.to_owned(), nearest }
    })
}

/// Everything that a row may fill, by name.
fn targets(schema: &Schema, into: Into) -> Vec<(&str, Target)> {
    let (own, shapes): (Vec<(&str, Target)>, &[FieldShape]) = match into {
        Into::Customer => (vec![("id", Target::Id)], &schema.customer),
        Into::Event(kind) => {
            let Some(event) = schema.events.get(kind) else { return Vec::new() };
            let mut own = vec![("id", Target::Id), ("at", Target::At)];
            if !event.everyone {
                own.push(("customer", Target::Customer));
            }
            (own, &event.fields)
        }
    };
    let fields = shapes.iter().enumerate().map(|(index, field)| (&*field.name, Target::Field(index)));
    own.into_iter().chain(fields).collect()
}

/// The name of a target that every row needs.
fn needed(into: Into, target: Target) -> Option<&'static str> {
    match (into, target) {
        (Into::Customer, Target::Id) => Some("id"),
        (Into::Event(_), Target::Customer) => Some("customer"),
        (Into::Event(_), Target::At) => Some("at"),
        _ => None,
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(" (did you mean `{nearest}`?)")).unwrap_or_default()
}
