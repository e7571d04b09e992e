//! What a touch says: templates filled with what is known of the customer.

use std::fmt;
use std::sync::Arc;

use chrono::{SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use minijinja::value::{Object, ObjectRepr, ValueKind as JinjaKind};
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value as Jinja};
use serde_json::{Map, Value as Json};

use crate::model::{Timestamp, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Data, PayloadContent, PayloadEntry, ValueKind};

/// A part of a payload that could not be filled; it is left empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload `{key}` is left empty: {why}")]
pub struct PayloadProblem {
    /// The key.
    pub key: String,
    /// What the template engine says.
    pub why: String,
}

/// All templates of a policy set, ready to be filled.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Prepares the templates of every action and channel.
    ///
    /// # Errors
    /// Where a template does not parse, which the checks rule out.
    pub fn new(policy: &Compiled) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_formatter(format);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let payloads = policy.channels.iter().map(|channel| &channel.payload);
        for entries in payloads.chain(policy.actions.iter().map(|action| &action.payload)) {
            for entry in entries {
                add_templates(&mut environment, &entry.content)?;
            }
        }
        Ok(Self { environment })
    }

    /// Fills the entries in; later ones replace earlier ones of the same key. What can't be filled is
    /// empty and added to `problems`.
    #[must_use]
    pub fn fill<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a PayloadEntry>,
        context: &Jinja,
        problems: &mut Vec<PayloadProblem>,
    ) -> Map<String, Json> {
        let mut payload = Map::new();
        for entry in entries {
            let content = self.content(&entry.key, &entry.content, context, problems);
            payload.insert(entry.key.to_string(), content);
        }
        payload
    }

    fn content(
        &self,
        key: &str,
        content: &PayloadContent,
        context: &Jinja,
        problems: &mut Vec<PayloadProblem>,
    ) -> Json {
        match content {
            PayloadContent::Constant(constant) => constant.clone(),
            PayloadContent::Table(entries) => Json::Object(self.fill(entries, context, problems)),
            PayloadContent::List(items) => {
                items.iter().map(|item| self.content(key, item, context, problems)).collect()
            }
            PayloadContent::Template(template) => {
                let filled =
                    self.environment.get_template(&template.text).and_then(|found| found.render(context));
                Json::String(filled.unwrap_or_else(|error| {
                    problems.push(PayloadProblem { key: key.to_owned(), why: error.to_string() });
                    String::new()
                }))
            }
        }
    }
}

/// A template goes by its own text, so that equal ones are parsed once.
fn add_templates(environment: &mut Environment<'static>, content: &PayloadContent) -> Result<(), Error> {
    match content {
        PayloadContent::Constant(_) => Ok(()),
        PayloadContent::Template(template) => {
            environment.add_template_owned(template.text.to_string(), template.text.to_string())
        }
        PayloadContent::Table(entries) => {
            entries.iter().try_for_each(|entry| add_templates(environment, &entry.content))
        }
        PayloadContent::List(items) => items.iter().try_for_each(|item| add_templates(environment, item)),
    }
}

/// Missing is empty; a whole number has no fraction: `{{ days | round }}` says `12`, not `12.0`.
fn format(output: &mut Output<'_>, state: &State<'_, '_>, value: &Jinja) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    if value.kind() == JinjaKind::Number
        && let Ok(number) = f64::try_from(value.clone())
    {
        return write!(output, "{number}").map_err(Error::from);
    }
    minijinja::escape_formatter(output, state, value)
}

/// A plain value as templates see it; missing is `none`.
#[must_use]
pub fn plain(value: Option<&Value>, timezone: Tz) -> Jinja {
    match value {
        None => Jinja::from(()),
        Some(Value::Number(number)) => whole(*number).map_or_else(|| Jinja::from(*number), Jinja::from),
        Some(Value::Text(text)) => Jinja::from(&**text),
        Some(Value::Bool(flag)) => Jinja::from(*flag),
        Some(Value::Date(day)) => Jinja::from(day.to_string()),
        Some(Value::Time(at)) => Jinja::from(local_time(*at, timezone)),
    }
}

/// RFC 3339 with the zone's offset, whole seconds.
#[must_use]
pub fn local_time(at: Timestamp, timezone: Tz) -> String {
    Utc.timestamp_millis_opt(at.0).single().map_or_else(
        || at.to_string(),
        |at| at.with_timezone(&timezone).to_rfc3339_opts(SecondsFormat::Secs, false),
    )
}

fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

/// A value of the policy as templates see it: a class carries its place's title and data.
#[must_use]
pub fn of_kind(kind: &ValueKind, value: Option<&Value>, timezone: Tz) -> Jinja {
    let (title, data) = match (kind, value) {
        (ValueKind::Segment(segment), Some(Value::Bool(true))) => (None, &segment.data),
        (ValueKind::Tier(tier), Some(Value::Text(name))) => {
            match tier.levels.iter().find(|level| level.name == *name) {
                Some(level) => (Some(&level.title), &level.data),
                None => return plain(value, timezone),
            }
        }
        (ValueKind::Quadrant(quadrant), Some(Value::Text(name))) => {
            match quadrant.cells.iter().find(|cell| cell.name == *name) {
                Some(cell) => (Some(&cell.title), &cell.data),
                None => return plain(value, timezone),
            }
        }
        _ => return plain(value, timezone),
    };
    let name = value.map(Value::to_string).unwrap_or_default();
    let title = title.filter(|title| !title.is_empty()).cloned().unwrap_or_else(|| name.clone());
    Jinja::from_object(ClassPlace { name, title, data: data_object(data, timezone) })
}

fn data_object(data: &Data, timezone: Tz) -> Jinja {
    data.iter().map(|(key, value)| (key.to_string(), plain(Some(value), timezone))).collect()
}

/// A place in a class: prints as its name, and has `name`, `title` and `data`.
#[derive(Debug)]
struct ClassPlace {
    name: String,
    title: String,
    data: Jinja,
}

impl Object for ClassPlace {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        match key.as_str()? {
            "name" => Some(Jinja::from(self.name.as_str())),
            "title" => Some(Jinja::from(self.title.as_str())),
            "data" => Some(self.data.clone()),
            _ => None,
        }
    }

    fn render(self: &Arc<Self>, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::compiled::Template;

    fn fill(text: &str, context: &Jinja) -> (Json, Vec<PayloadProblem>) {
        let content = PayloadContent::Template(Template { text: text.into(), names: Vec::new() });
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_formatter(format);
        add_templates(&mut environment, &content).unwrap();
        let entries = [PayloadEntry { key: "k".into(), content }];
        let mut problems = Vec::new();
        let mut payload = Templates { environment }.fill(&entries, context, &mut problems);
        (payload.remove("k").unwrap_or_default(), problems)
    }

    fn context(name: &str, value: Jinja) -> Jinja {
        std::iter::once((name, value)).collect()
    }

    #[test]
    fn whole_numbers_have_no_fraction_and_missing_is_empty() {
        let days = context("days", plain(Some(&Value::Number(12.4)), Tz::UTC));
        assert_eq!(fill("{{ days | round }} days", &days).0, "12 days");
        assert_eq!(fill("{{ days }}", &days).0, "12.4");
        assert_eq!(fill("[{{ other }}]", &days).0, "[]");
        assert_eq!(fill("[{{ days }}]", &context("days", plain(None, Tz::UTC))).0, "[]");
    }

    #[test]
    fn what_cannot_be_filled_is_empty_and_said() {
        let (filled, problems) = fill("{{ days | round }}", &context("days", plain(None, Tz::UTC)));
        assert_eq!(filled, "");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }

    #[test]
    fn a_time_is_written_in_the_zone() {
        let at = Value::Time(Timestamp(0));
        let shown = fill("{{ at }}", &context("at", plain(Some(&at), chrono_tz::Asia::Shanghai))).0;
        assert_eq!(shown, "1970-01-01T08:00:00+08:00");
    }

    #[test]
    fn a_class_prints_its_name_and_has_title_and_data() {
        let place = Jinja::from_object(ClassPlace {
            name: "key".into(),
            title: "关键客户".into(),
            data: data_object(&Data::from([("visits".into(), Value::Number(12.0))]), Tz::UTC),
        });
        let (filled, problems) =
            fill("{{ pyramid }}: {{ pyramid.title }}, {{ pyramid.data.visits }}", &context("pyramid", place));
        assert_eq!((filled, problems), ("key: 关键客户, 12".into(), vec![]));
    }
}
