//! `[trigger.NAME]`: fires actions when a condition becomes true, for events, and on changes of place.

mod event;
mod moves;
mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::shape::RawShape;
use super::about;
use super::action::{RawAction, reference};
use super::occasions::Rule;
use super::segment::optional;
use super::value::fields_used;
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{About, Backlog, Shape, Trigger};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Known, Scope, Target};
use crate::policy::raw::{
    At, Constraint, Content, Declared, Form, Key, Reader, Sink, Table, form, key, takes,
};
use crate::policy::version::{self, UsedVersions};

/// Keys of `[trigger.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("when", form::CONDITION, "Fires when it becomes true; an unsent touch is cancelled when it stops."),
    key("on", form::EVENT, "Instead: fires for each such event."),
    key("where", form::EVENT_CONDITION, "Which of these events. Default all."),
    key(
        "times",
        takes("whole number from 2", Form::Whole(2, event::MOST_TIMES)),
        "Only for every so manieth of events alike: 3 fires for the third, then counting starts anew.",
    ),
    key(
        "unless",
        form::EVENT,
        "Only where none of this kind followed in time; an answer stored before the touch is queued cancels it.",
    ),
    key(
        "same",
        takes("field of the event", Form::Word),
        "What events alike share; with `unless`, what the answer must share.",
    ),
    key(
        "within",
        form::DURATION,
        "How close events alike must lie; with `unless`, how long the answer may take, from the event's time as it was last corrected to.",
    ),
    key(
        "moves",
        takes("segment, tier, quadrant, or customer field of text or choice", Form::Name),
        "Instead: fires when it changes. What came and went between two runs didn't happen.",
    ),
    key(
        "direction",
        takes("up or down", Form::Words(&["up", "down"])),
        "Which way along an ordered tier; no level ranks lowest.",
    ),
    key(
        "from",
        takes("list of places or texts", Form::List(0, &Form::Word)),
        "Only from one of these; \"missing\" is no place, a segment has \"true\" and \"false\".",
    ),
    key("to", takes("list of places or texts", Form::List(0, &Form::Word)), "Only to one of these."),
    key("audience", form::CONDITION, "Narrows it to these customers. Default all."),
    key("cause", takes("text", Form::Word), "Free word, carried in `because`."),
    key(
        "severity",
        takes("low, normal or high", Form::Words(&["low", "normal", "high"])),
        "Carried in `because`.",
    ),
    key(
        "cooldown",
        form::DURATION,
        "Not again for this long. With `when`, true again within it fires at its end if it still is; events and moves within it are noted.",
    ),
    key(
        "backlog",
        takes("skip or fire", Form::Words(&["skip", "fire"])),
        "What becomes of what was already so when first seen, and of what only an edit moved. Default \"skip\".",
    ),
    key(
        "grace",
        form::DURATION,
        "An event or move that is older than this when found is noted, not fired. Default \"7d\".",
    ),
    key("actions", takes("list of actions", Form::List(1, &Form::Name)), "What it fires.").needed(),
];

/// What holds among the keys of `[trigger.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[
    Constraint::One(&["when", "on", "moves"]),
    Constraint::Needs("where", &["on"]),
    Constraint::Needs("times", &["on"]),
    Constraint::Needs("unless", &["on"]),
    Constraint::Needs("same", &["times", "unless"]),
    Constraint::Needs("within", &["times", "unless"]),
    Constraint::Needs("times", &["within"]),
    Constraint::Needs("unless", &["within"]),
    Constraint::Excludes("times", "unless"),
    Constraint::Needs("direction", &["moves"]),
    Constraint::Needs("from", &["moves"]),
    Constraint::Needs("to", &["moves"]),
    Constraint::Excludes("when", "grace"),
];

/// What decides when it fires. Another cooldown or action is no other condition: what becomes true under
/// either still fires.
const DECIDING: &[&str] = &[
    "when",
    "on",
    "where",
    "times",
    "unless",
    "same",
    "within",
    "moves",
    "direction",
    "from",
    "to",
    "audience",
];

/// As written.
pub(crate) struct RawTrigger {
    pub(crate) name: String,
    about: About,
    pub(crate) enabled: bool,
    shape: Option<RawShape>,
    audience: Option<Formula>,
    cause: Option<String>,
    severity: Option<String>,
    cooldown: Option<Duration>,
    backlog: Backlog,
    grace: Duration,
    /// What it fires.
    pub(crate) actions: Vec<At<String>>,
    own: String,
}

/// Reads all triggers, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawTrigger> {
    let tables = declared.get("trigger").into_iter().flatten();
    tables.map(|(name, table)| read_one(name, table, sink)).collect()
}

fn read_one(name: &str, table: &At<Table>, sink: &Sink<'_>) -> RawTrigger {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let severities = [("low", "low"), ("normal", "normal"), ("high", "high")];
    let backlogs = [("skip", Backlog::Skip), ("fire", Backlog::Fire)];
    RawTrigger {
        name: name.to_owned(),
        about: head.about,
        enabled: head.enabled,
        shape: RawShape::read(&reader),
        audience: Formula::read(&reader, "audience"),
        cause: reader.word("cause").map(|cause| cause.value),
        severity: reader.choice("severity", &severities).map(|severity| severity.value.to_owned()),
        cooldown: reader.duration("cooldown").map(|cooldown| cooldown.value),
        backlog: reader.choice("backlog", &backlogs).map_or(Backlog::Skip, |backlog| backlog.value),
        grace: reader.duration("grace").map_or(Duration::days(7), |grace| grace.value),
        actions: read_actions(&reader),
        own: version::of_keys("trigger", &table.value, DECIDING),
    }
}

fn read_actions(reader: &Reader<'_>) -> Vec<At<String>> {
    let actions = reader.words("actions");
    match reader.entry("actions") {
        None => reader.missing("actions"),
        Some(entry) if matches!(&entry.node.content, Content::Array(items) if items.is_empty()) => {
            reader
                .sink
                .problem(&codes::table::EMPTY, &entry.node.place, "a trigger needs at least one action")
                .report();
        }
        Some(_) => {}
    }
    actions
}

impl RawTrigger {
    /// What it fires, and for which events.
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            table: format!("trigger.{}", self.name),
            event: self.shape.as_ref().and_then(|shape| shape.event()).map(str::to_owned),
            actions: self.actions.iter().map(|action| action.value.clone()).collect(),
        }
    }

    /// Checks it against the actions, which are in order of their indices.
    pub(crate) fn check(
        self,
        actions: &[RawAction],
        declared: &Declared,
        versions: &BTreeMap<String, Arc<str>>,
        context: Context<'_>,
    ) -> Option<Trigger> {
        let shape = self.shape.as_ref().and_then(|shape| shape.check(context));
        let audience = optional(self.audience.as_ref(), context, &Expected::Bool);
        let names = || actions.iter().map(|action| (action.name.as_str(), action.enabled));
        let indices: Vec<Option<usize>> =
            self.actions.iter().map(|name| reference(name, "action", names(), context)).collect();
        let (version, uses) = self.version(declared, versions, context);
        let (shape, audience) = (shape?, audience.ok()?);
        self.warn_never_fires(&shape, audience.as_ref(), context);
        Some(Trigger {
            name: self.name.as_str().into(),
            about: self.about,
            version,
            uses,
            shape,
            audience,
            cause: self.cause,
            severity: self.severity,
            cooldown: self.cooldown,
            backlog: self.backlog,
            grace: self.grace,
            actions: indices.into_iter().collect::<Option<_>>()?,
        })
    }

    fn warn_never_fires(&self, shape: &Shape, audience: Option<&Expression>, context: Context<'_>) {
        let (Shape::When(when), Some(RawShape::When(fires))) = (shape, &self.shape) else { return };
        let (Some(audience), Some(place)) = (audience, &self.audience) else { return };
        // That one of the two never holds is said of it alone.
        let is_odd = !context.can_be(&[when], &[]) || !context.can_be(&[audience], &[]);
        if !is_odd && !context.can_be(&[when, audience], &[]) {
            context
                .sink
                .problem(
                    &codes::together::NEVER_FIRES,
                    &place.text.place,
                    "nobody in this audience can meet `when`",
                )
                .related(&fires.text.place, "when it fires")
                .report();
        }
    }

    fn version(
        &self,
        declared: &Declared,
        versions: &BTreeMap<String, Arc<str>>,
        context: Context<'_>,
    ) -> (Arc<str>, UsedVersions) {
        let Context { known, sink, .. } = context;
        let mut parts = UsedVersions::new();
        let of_shape = self.shape.iter().flat_map(|shape| shape.formulas(known));
        let formulas: Vec<(&Formula, Scope)> =
            of_shape.chain(self.audience.iter().map(|audience| (audience, Scope::Customer))).collect();
        let mut values: Vec<usize> = self.shape.iter().filter_map(|shape| shape.class(known)).collect();
        for (formula, scope) in &formulas {
            for (path, _) in formula.paths(sink) {
                if let Target::Value(index) = known.target(*scope, &path) {
                    values.push(index);
                }
            }
        }
        for value in values.into_iter().filter_map(|index| known.values.get(index)) {
            let version = versions.get(&*value.name).map(ToString::to_string).unwrap_or_default();
            parts.insert(format!("value.{}", value.name), version);
        }
        for event in self.shape.iter().flat_map(RawShape::events) {
            parts.insert(format!("event.{event}"), version::declaration(declared, "event", event));
        }
        let formulas: Vec<&Formula> = formulas.into_iter().map(|(formula, _)| formula).collect();
        fields_used(&formulas, declared, known, sink, &mut parts);
        (version::of_uses(&self.own, &parts), parts)
    }
}

/// The index of a segment, tier or quadrant of a name.
fn class(name: &str, known: &Known) -> Option<usize> {
    let index = known.value(name)?;
    known.values.get(index)?.is_class().then_some(index)
}
