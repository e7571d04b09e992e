//! `[guard.NAME]`: what holds touches back. One file for each kind.

pub(crate) mod blast_radius;
pub(crate) mod block;
pub(crate) mod cap;
pub(crate) mod capacity;
pub(crate) mod holdout;
pub(crate) mod hours;

use super::about;
use super::action::{RawAction, reference};
use super::channel::RawChannel;
use super::segment::optional;
use crate::policy::codes;
use crate::policy::compiled::{About, Effect, Guard, GuardKind};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::raw::{At, Constraint, Declared, Form, Key, Place, Reader, Sink, Table, form, key, takes};

/// Keys of `[guard.NAME]`. A guard's `tags` are those of actions.
pub(crate) static KEYS: &[Key] = &[
    key(
        "channels",
        takes("list of channels", Form::List(0, &Form::Name)),
        "Narrows it to actions on these. Default all.",
    ),
    key("actions", takes("list of actions", Form::List(0, &Form::Name)), "Narrows it to these. Default all."),
    key("audience", form::CONDITION, "Narrows it to these customers. Default all."),
    key(
        "block",
        form::table(&block::PART),
        "Holds touches back while a condition holds. Asked first, and again just before each attempt to send.",
    ),
    key(
        "holdout",
        form::table(&holdout::PART),
        "Leaves out a fixed share of customers: the control group of reports. Cooldowns and steps run for them \
         as if sent.",
    ),
    key(
        "hours",
        form::table(&hours::PART),
        "Holds sending, never evaluation, until it is open. Asked again just before each attempt to send.",
    ),
    key(
        "cap",
        form::table(&cap::PART),
        "Most touches per customer, rolling. Those of an action that was removed count as any over its channel.",
    ),
    key(
        "capacity",
        form::table(&capacity::PART),
        "Places for the touches of a day, week or month; those beyond wait.",
    ),
    key(
        "blast_radius",
        form::table(&blast_radius::PART),
        "Touches of a run that makes unusually many within 24 hours wait for `guanxi runs approve`. Each counts once: \
         when block and holdout let it through for the first time, whichever run made it.",
    ),
];

/// What holds among the keys of `[guard.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[Constraint::One(&KINDS)];

/// What a guard needs exactly one of.
const KINDS: [&str; 6] = ["block", "holdout", "hours", "cap", "capacity", "blast_radius"];

const EFFECTS: [(&str, Effect); 2] = [("drop", Effect::Drop), ("wait", Effect::Wait)];

/// As written.
pub(crate) struct RawGuard {
    name: String,
    place: Place,
    about: About,
    pub(crate) enabled: bool,
    channels: Vec<At<String>>,
    actions: Vec<At<String>>,
    tags: Vec<At<String>>,
    audience: Option<Formula>,
    kind: Option<RawKind>,
}

enum RawKind {
    Block(block::RawBlock),
    Hours(hours::RawHours),
    Capacity(capacity::RawCapacity),
    /// One without expressions.
    Plain(GuardKind),
}

/// Reads all guards, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawGuard> {
    let tables = declared.get("guard").into_iter().flatten();
    tables.map(|(name, table)| read_one(name, table, sink)).collect()
}

fn read_one(name: &str, table: &At<Table>, sink: &Sink<'_>) -> RawGuard {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let kinds = KINDS.iter().filter(|kind| reader.entry(kind).is_some()).count();
    if kinds != 1 {
        let says = if kinds == 0 { "says nothing to guard by" } else { "says several things to guard by" };
        reader
            .problem(&codes::together::GUARD_KIND, format!("`guard.{name}` {says}"))
            .help(format!("a guard has exactly one of {}", KINDS.join(", ")))
            .report();
    }
    RawGuard {
        name: name.to_owned(),
        place: table.place.clone(),
        about: head.about,
        enabled: head.enabled,
        channels: reader.words("channels"),
        actions: reader.words("actions"),
        tags: reader.words("tags"),
        audience: Formula::read(&reader, "audience"),
        kind: kind(name, &reader),
    }
}

fn kind(name: &str, reader: &Reader<'_>) -> Option<RawKind> {
    // All are read, so that what is wrong in any is told.
    let block = reader.table("block").map(|table| RawKind::Block(block::read(&table)));
    let hours = reader.table("hours").map(|table| RawKind::Hours(hours::read(&table)));
    let capacity = reader.table("capacity").map(|table| RawKind::Capacity(capacity::read(&table)));
    let holdout = reader.table("holdout").and_then(|table| holdout::check(name, &table));
    let cap = reader.table("cap").and_then(|table| cap::check(&table));
    let blast = reader.table("blast_radius");
    let blast = blast.and_then(|table| blast_radius::check(&table));
    let plain = holdout
        .map(GuardKind::Holdout)
        .or_else(|| cap.map(GuardKind::Cap))
        .or_else(|| blast.map(GuardKind::BlastRadius));
    block.or(hours).or(capacity).or_else(|| plain.map(RawKind::Plain))
}

/// Reads `effect`.
fn effect(reader: &Reader<'_>) -> Effect {
    reader.choice("effect", &EFFECTS).map_or(Effect::Drop, |effect| effect.value)
}

impl RawGuard {
    /// Checks it against the channels and actions, which are in order of their indices.
    pub(crate) fn check(
        self,
        channels: &[RawChannel],
        actions: &[RawAction],
        context: Context<'_>,
    ) -> Option<Guard> {
        let applies = self.applies(channels, actions, context);
        let audience = optional(self.audience.as_ref(), context, &Expected::Bool);
        let kind = match self.kind {
            None => None,
            Some(RawKind::Plain(kind)) => Some(kind),
            Some(RawKind::Block(block)) => block.check(context).map(GuardKind::Block),
            Some(RawKind::Hours(hours)) => hours.check(context).map(GuardKind::Hours),
            Some(RawKind::Capacity(capacity)) => {
                let asked = applies.iter().flatten().filter_map(|&index| actions.get(index));
                capacity.check(asked, context).map(GuardKind::Capacity)
            }
        };
        Some(Guard {
            name: self.name.as_str().into(),
            about: self.about,
            actions: applies?,
            audience: audience.ok()?,
            kind: kind?,
        })
    }

    /// The enabled actions it is asked about; `None` where a name in it is wrong.
    fn applies(
        &self,
        channels: &[RawChannel],
        actions: &[RawAction],
        context: Context<'_>,
    ) -> Option<Vec<usize>> {
        let known_channels = || channels.iter().map(|channel| (channel.name.as_str(), channel.enabled));
        let known_actions = || actions.iter().map(|action| (action.name.as_str(), action.enabled));
        let named = self.channels.iter().map(|name| reference(name, "channel", known_channels(), context));
        let named: Vec<bool> = named.map(|found| found.is_some()).collect();
        let listed = self.actions.iter().map(|name| reference(name, "action", known_actions(), context));
        let listed: Vec<bool> = listed.map(|found| found.is_some()).collect();
        let tagged: Vec<bool> = self.tags.iter().map(|tag| is_tag(tag, actions, context)).collect();
        if [named, listed, tagged].into_iter().flatten().any(|is_known| !is_known) {
            return None;
        }
        let is_in = |names: &[At<String>], name: &str| {
            names.is_empty() || names.iter().any(|known| known.value == name)
        };
        let applies = |action: &RawAction| {
            let channel = action.channel.as_ref().map_or("", |channel| channel.value.as_str());
            let tags = &action.about.tags;
            action.enabled
                && is_in(&self.channels, channel)
                && is_in(&self.actions, &action.name)
                && (self.tags.is_empty() || tags.iter().any(|tag| is_in(&self.tags, tag)))
        };
        let found: Vec<usize> = actions
            .iter()
            .enumerate()
            .filter(|(_, action)| applies(action))
            .map(|(index, _)| index)
            .collect();
        if found.is_empty() && context.enabled {
            context
                .sink
                .problem(
                    &codes::together::GUARDS_NOTHING,
                    &self.place,
                    format!("`guard.{}` is asked about no action", self.name),
                )
                .help("an action counts where `channels`, `actions` and `tags` all allow it")
                .report();
        }
        Some(found)
    }
}

/// Whether any action has a tag; reports one that none has.
fn is_tag(tag: &At<String>, actions: &[RawAction], context: Context<'_>) -> bool {
    let mut tags: Vec<&str> =
        actions.iter().flat_map(|action| &action.about.tags).map(String::as_str).collect();
    if tags.contains(&tag.value.as_str()) {
        return true;
    }
    tags.sort_unstable();
    tags.dedup();
    context
        .sink
        .problem(
            &codes::together::UNKNOWN_REFERENCE,
            &tag.place,
            format!("no action has the tag `{}`", tag.value),
        )
        .nearest(&tag.value, &tags, true)
        .report();
    false
}
