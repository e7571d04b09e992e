//! `[trigger.NAME]`: fires actions when a condition becomes true.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::about;
use super::action::{RawAction, reference};
use super::segment::optional;
use super::value::fields_used;
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{About, Backlog, Trigger};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Scope, Target};
use crate::policy::raw::{At, Content, Declared, Key, Sink, key, later};
use crate::policy::version;

/// Keys of `[trigger.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("when", "condition", "Fires when it becomes true; an unsent touch is cancelled when it stops."),
    key("audience", "condition", "Narrows it."),
    key("cause", "text", "Free word, carried in `because`."),
    key("severity", "low, normal or high", "Carried in `because`."),
    key(
        "cooldown",
        "duration",
        "Not again for this long; true again within it: fires at its end if it still is.",
    ),
    key(
        "backlog",
        "skip or fire",
        "What becomes of what was already true when first seen. Default \"skip\".",
    ),
    key("actions", "list of actions", "What it fires."),
    later("on"),
    later("where"),
    later("times"),
    later("same"),
    later("within"),
    later("unless"),
    later("moves"),
    later("direction"),
    later("from"),
    later("to"),
    later("grace"),
];

/// As written.
pub(crate) struct RawTrigger {
    pub(crate) name: String,
    about: About,
    pub(crate) enabled: bool,
    when: Option<Formula>,
    audience: Option<Formula>,
    cause: Option<String>,
    severity: Option<String>,
    cooldown: Option<Duration>,
    backlog: Backlog,
    /// What it fires.
    pub(crate) actions: Vec<At<String>>,
    /// What decides when it is true. Another cooldown or action is no other condition: what becomes true under
    /// either still fires.
    own: String,
}

/// Reads all triggers, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawTrigger> {
    let tables = declared.get("trigger").into_iter().flatten();
    tables.map(|(name, table)| read_one(name, table, sink)).collect()
}

fn read_one(name: &str, table: &At<crate::policy::raw::Table>, sink: &Sink<'_>) -> RawTrigger {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let when = Formula::read(&reader, "when");
    if reader.entry("when").is_none() && !reader.has_later() {
        reader.missing("when");
    }
    let actions = reader.words("actions");
    match reader.entry("actions") {
        None => reader.missing("actions"),
        Some(entry) if matches!(&entry.node.content, Content::Array(items) if items.is_empty()) => {
            sink.problem(&codes::table::EMPTY, &entry.node.place, "a trigger needs at least one action")
                .report();
        }
        Some(_) => {}
    }
    let severities = [("low", "low"), ("normal", "normal"), ("high", "high")];
    let backlogs = [("skip", Backlog::Skip), ("fire", Backlog::Fire)];
    RawTrigger {
        name: name.to_owned(),
        about: head.about,
        enabled: head.enabled,
        when,
        audience: Formula::read(&reader, "audience"),
        cause: reader.word("cause").map(|cause| cause.value),
        severity: reader.choice("severity", &severities).map(|severity| severity.value.to_owned()),
        cooldown: reader.duration("cooldown").map(|cooldown| cooldown.value),
        backlog: reader.choice("backlog", &backlogs).map_or(Backlog::Skip, |backlog| backlog.value),
        actions,
        own: version::of_keys(&table.value, &["when", "audience"]),
    }
}

impl RawTrigger {
    /// Checks it against the actions, which are in order of their indices.
    pub(crate) fn check(
        self,
        actions: &[RawAction],
        declared: &Declared,
        versions: &BTreeMap<String, Arc<str>>,
        context: Context<'_>,
    ) -> Option<Trigger> {
        let when = self.when.as_ref().and_then(|when| when.check(context, Scope::Customer, &Expected::Bool));
        let audience = optional(self.audience.as_ref(), context, &Expected::Bool);
        let names = || actions.iter().map(|action| (action.name.as_str(), action.enabled));
        let indices: Vec<Option<usize>> =
            self.actions.iter().map(|name| reference(name, "action", names(), context)).collect();
        let version = self.version(declared, versions, context);
        let (when, audience) = (when?, audience.ok()?);
        self.warn_never_fires(&when, audience.as_ref(), context);
        Some(Trigger {
            name: self.name.as_str().into(),
            about: self.about,
            version,
            when,
            audience,
            cause: self.cause,
            severity: self.severity,
            cooldown: self.cooldown,
            backlog: self.backlog,
            actions: indices.into_iter().collect::<Option<_>>()?,
        })
    }

    fn warn_never_fires(&self, when: &Expression, audience: Option<&Expression>, context: Context<'_>) {
        let (Some(audience), Some(place), Some(fires)) = (audience, &self.audience, &self.when) else {
            return;
        };
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
    ) -> Arc<str> {
        let formulas: Vec<&Formula> = self.when.iter().chain(&self.audience).collect();
        let mut parts = BTreeMap::new();
        for (path, _) in formulas.iter().flat_map(|formula| formula.paths(context.sink)) {
            if let Target::Value(index) = context.known.target(Scope::Customer, &path)
                && let Some(value) = context.known.values.get(index)
            {
                let version = versions.get(&*value.name).map(ToString::to_string).unwrap_or_default();
                parts.insert(format!("value.{}", value.name), version);
            }
        }
        fields_used(&formulas, declared, context.known, context.sink, &mut parts);
        version::with_uses(&self.own, parts.iter().map(|(name, version)| (name.as_str(), version.as_str())))
    }
}
