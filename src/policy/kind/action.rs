//! `[action.NAME]`: what goes out to a customer.

use super::about;
use super::channel::RawChannel;
use super::occasions::Rules;
use super::payload::RawPayload;
use crate::model::{Duration, Type, Value};
use crate::policy::codes;
use crate::policy::compiled::{About, Action};
use crate::policy::expression::tree::{Node, NodeKind};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula, disabled};
use crate::policy::names::Scope;
use crate::policy::raw::{At, Content, Declared, Form, Key, Place, Reader, Sink, form, key, takes};

/// Keys of `[action.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("channel", takes("channel", Form::Name), "How it goes out.").needed(),
    key(
        "priority",
        takes("number or expression", Form::Either(&[Form::Number(form::ANY), Form::Expression])),
        "Higher first where something is scarce. Default 0.",
    ),
    key(
        "effort",
        takes("number", Form::Number(form::above(0.0))),
        "Places it takes of a capacity, above 0. Default 1.",
    ),
    key("expires", form::DURATION, "Not sent later than this after it was due. Default \"7d\"."),
    key(
        "payload",
        form::PAYLOAD,
        "Strings are minijinja templates over every value of the customer, `id`, `because`, `due` and, for what fires on events, `event.FIELD`; laid over the channel's.",
    ),
];

/// As written.
pub(crate) struct RawAction {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) about: About,
    pub(crate) enabled: bool,
    pub(crate) channel: Option<At<String>>,
    priority: Option<Priority>,
    pub(crate) effort: f64,
    expires: Duration,
    pub(crate) payload: RawPayload,
}

enum Priority {
    Number(At<f64>),
    Formula(Formula),
}

/// Reads all actions, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawAction> {
    let tables = declared.get("action").into_iter().flatten();
    tables
        .map(|(name, table)| {
            let head = about::read(sink, table, KEYS);
            let reader = head.reader;
            RawAction {
                name: name.clone(),
                place: table.place.clone(),
                about: head.about,
                enabled: head.enabled,
                channel: reader.required("channel", reader.word("channel")),
                priority: priority(&reader),
                effort: effort(&reader),
                expires: reader.duration("expires").map_or(Duration::days(7), |expires| expires.value),
                payload: RawPayload::read(&reader),
            }
        })
        .collect()
}

fn priority(reader: &Reader<'_>) -> Option<Priority> {
    let entry = reader.entry("priority")?;
    match entry.node.content {
        Content::Text(_) => Formula::read(reader, "priority").map(Priority::Formula),
        _ => reader.number("priority").map(Priority::Number),
    }
}

fn effort(reader: &Reader<'_>) -> f64 {
    let Some(effort) = reader.number("effort") else { return 1.0 };
    if effort.value <= 0.0 {
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, &effort.place, "`effort` must be above 0")
            .help("leave the action out of the capacity's guard where it takes no place")
            .report();
    }
    effort.value
}

impl Priority {
    fn check(&self, context: Context<'_>) -> Option<Expression> {
        match self {
            Self::Formula(formula) => formula.check(context, Scope::Customer, &Expected::Number),
            Self::Number(number) => {
                let text = number.value.to_string();
                let span = 0..text.len();
                let kind = NodeKind::Literal(Value::Number(number.value));
                Some(Expression { text: text.into(), root: Node { kind, ty: Type::Number, span } })
            }
        }
    }
}

impl RawAction {
    /// Checks it against the channels, which are in order of their indices, and against what fires it.
    pub(crate) fn check(
        self,
        channels: &[RawChannel],
        rules: &Rules,
        context: Context<'_>,
    ) -> Option<Action> {
        let channel = self.channel.as_ref().and_then(|name| {
            let names = channels.iter().map(|channel| (channel.name.as_str(), channel.enabled));
            reference(name, "channel", names, context)
        });
        let priority = self.priority.as_ref().map(|priority| priority.check(context));
        let payload = self.payload.check(&rules.of_action(&self.name), context);
        let priority = match priority {
            None => None,
            Some(priority) => Some(priority?),
        };
        Some(Action {
            name: self.name.as_str().into(),
            about: self.about,
            channel: channel?,
            priority,
            effort: self.effort,
            expires: self.expires,
            payload: payload?,
        })
    }
}

/// The index of a table by its name; reports one that is not there or does not count.
pub(crate) fn reference<'a>(
    name: &At<String>,
    kind: &str,
    tables: impl Iterator<Item = (&'a str, bool)>,
    context: Context<'_>,
) -> Option<usize> {
    let tables: Vec<(&str, bool)> = tables.collect();
    let Some(index) = tables.iter().position(|(known, _)| *known == name.value) else {
        let names: Vec<&str> = tables.iter().map(|(known, _)| *known).collect();
        context
            .sink
            .problem(
                &codes::together::UNKNOWN_REFERENCE,
                &name.place,
                format!("there is no {kind} `{}`", name.value),
            )
            .nearest(&name.value, &names, true)
            .report();
        return None;
    };
    let is_enabled = tables.get(index).is_some_and(|(_, enabled)| *enabled);
    if context.enabled && !is_enabled {
        disabled(context.sink, &name.place, &format!("{kind}.{}", name.value));
    }
    Some(index)
}
