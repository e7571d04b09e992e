//! What a touch says: templates filled with what is known of the customer.

use chrono::{SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use minijinja::value::ValueKind as JinjaKind;
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value as Jinja};
use serde_json::{Map, Value as Json};

use crate::model::event::Event;
use crate::model::{EventShape, Timestamp, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Data, PayloadContent, PayloadEntry, ValueDefinition, ValueKind};

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

/// Missing is empty; truth is `true` or `false` as in expressions; a whole number has no fraction: `{{ days | round }}` says `12`, not `12.0`.
fn format(output: &mut Output<'_>, state: &State<'_, '_>, value: &Jinja) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Ok(());
    }
    if value.kind() == JinjaKind::Bool {
        return write!(output, "{}", value.is_true()).map_err(Error::from);
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

/// An event as templates see it, as it concerns a customer.
#[must_use]
pub fn event(shape: &EventShape, event: &Event, customer: &str, timezone: Tz) -> Jinja {
    let own = [
        ("id", Jinja::from(&*event.id)),
        ("customer", Jinja::from(customer)),
        ("at", Jinja::from(local_time(event.at, timezone))),
    ];
    let fields = shape.fields.iter().zip(&event.fields);
    let fields = fields.map(|(field, value)| (&*field.name, plain(value.as_ref(), timezone)));
    own.into_iter().chain(fields).collect()
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

/// The place that a value gives as templates see it, `title` and `data`; undefined outside of all places.
#[must_use]
pub fn place(definition: &ValueDefinition, value: Option<&Value>, timezone: Tz) -> Jinja {
    let name = value.map(Value::to_string).unwrap_or_default();
    let place = match (&definition.kind, value) {
        (ValueKind::Segment(segment), Some(Value::Bool(true))) => {
            Some((&*definition.name, &definition.about.title, &segment.data))
        }
        (ValueKind::Tier(tier), _) => tier
            .levels
            .iter()
            .find(|level| *level.name == *name)
            .map(|level| (&*level.name, &level.title, &level.data)),
        (ValueKind::Quadrant(quadrant), _) => quadrant
            .cells
            .iter()
            .find(|cell| *cell.name == *name)
            .map(|cell| (&*cell.name, &cell.title, &cell.data)),
        _ => None,
    };
    let Some((name, title, data)) = place else { return Jinja::UNDEFINED };
    let title = if title.is_empty() { name } else { title };
    [("title", Jinja::from(title)), ("data", data_object(data, timezone))].into_iter().collect()
}

fn data_object(data: &Data, timezone: Tz) -> Jinja {
    data.iter().map(|(key, value)| (key.to_string(), plain(Some(value), timezone))).collect()
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
}
