//! From text to [`Compiled`], with every problem on the way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::codes;
use super::compiled::{
    Action, Cadence, Calendar, Channel, Compiled, Guard, Moved, Moves, Schedule, Settings, Shape, Start,
    Trigger,
};
use super::diagnostic::{Code, Diagnostic};
use super::files::Files;
use super::follow::{drop_follow_ups, drop_reasoning};
use super::formula::Context;
use super::kind::occasions::Rules;
use super::kind::value::Values;
use super::kind::{
    action, cadence, calendar, channel, event, function, guard, schedule, settings, source, trigger, value,
};
use super::names::{Known, schema};
use super::raw::{Declared, Sink, merge, parse};
use super::script::Function;
use super::tags::Tags;
use super::version;
use crate::model::Schema;

/// What loading a policy set gave.
#[derive(Debug)]
pub struct Outcome {
    /// The checked set; `None` where any problem is an error.
    pub compiled: Option<Compiled>,
    /// Every problem, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads and checks a policy set. Reports every problem, not only the first.
#[must_use]
pub fn load(files: &Files) -> Outcome {
    let sink = Sink::new(files);
    let tables =
        files.policies.iter().map(|(file, text)| parse(&Arc::from(file.as_str()), text, &sink)).collect();
    let declared = merge(tables, &sink);
    let version = version::of_set(&declared, &files.scripts);
    let compiled = check(&declared, files, version, &sink);
    let is_valid = !sink.has_errors();
    let mut diagnostics = sink.into_found();
    drop_follow_ups(&mut diagnostics, files);
    drop_reasoning(&mut diagnostics);
    Outcome { compiled: compiled.filter(|_| is_valid), diagnostics }
}

fn check(declared: &Declared, files: &Files, version: Arc<str>, sink: &Sink<'_>) -> Option<Compiled> {
    let single = |kind: &str| declared.get(kind).and_then(|tables| tables.get(""));
    let (settings, retain) = settings::check(single("settings"), sink);
    let (fields, field_places) = event::customer(single("customer"), sink);
    let mut known = Known {
        fields,
        field_places,
        events: event::events(declared, sink),
        tags: Tags::of_actions(declared),
        functions: function::check(declared, files, sink),
        calendars: calendar::check(declared, sink),
        ..Known::default()
    };
    let raw = value::read(declared, &known, sink);
    let values = value::check(raw, declared, &mut known, sink);
    let sources = source::check(declared, &known, settings.timezone, sink);
    let acting = check_acting(declared, &known, &values, &settings, sink);
    if sink.has_errors() {
        return None;
    }
    warn_unused_values(&known, sink);
    let Acting { channels, actions, triggers, cadences, guards, schedules } = acting;
    let schema = listening(schema(&known, values.classes), &triggers, &cadences, &schedules);
    let compiled = Compiled {
        version,
        settings,
        schema: Arc::new(schema),
        functions: functions(&known),
        values: values.definitions,
        sources,
        channels,
        actions,
        triggers,
        cadences,
        schedules,
        calendars: calendars(&known),
        guards,
    };
    retain.check(&compiled, sink);
    Some(compiled)
}

/// Those that count, in order of their indices.
fn calendars(known: &Known) -> Vec<Calendar> {
    let enabled = known.calendars.iter().filter(|known| known.enabled);
    enabled.map(|known| known.calendar.clone()).collect()
}

/// The schema, in which the events and fields are marked that a table waits for.
fn listening(
    mut schema: Schema,
    triggers: &[Trigger],
    cadences: &[Cadence],
    schedules: &[Schedule],
) -> Schema {
    let of_triggers = triggers.iter().filter_map(|trigger| Some(trigger.happening()?.event));
    let of_schedules = schedules.iter().flat_map(|schedule| match &schedule.start {
        Start::Events(events) => events.as_slice(),
        Start::Times { .. } => &[],
    });
    for event in of_triggers.chain(cadences.iter().filter_map(Cadence::event)).chain(of_schedules.copied()) {
        if let Some(event) = schema.events.get_mut(event) {
            event.heard = true;
        }
    }
    for trigger in triggers {
        if let Shape::Moves(Moves { what: Moved::Field(field), .. }) = trigger.shape
            && let Some(field) = schema.customer.get_mut(field)
        {
            field.watched = true;
        }
    }
    schema
}

/// Those that count, in order of their indices.
fn functions(known: &Known) -> Vec<Arc<Function>> {
    let enabled = known.functions.iter().filter(|function| function.enabled);
    enabled.filter_map(|function| function.function.clone()).collect()
}

/// What acts.
struct Acting {
    channels: Vec<Channel>,
    actions: Vec<Action>,
    triggers: Vec<Trigger>,
    cadences: Vec<Cadence>,
    guards: Vec<Guard>,
    schedules: Vec<super::compiled::Schedule>,
}

fn check_acting(
    declared: &Declared,
    known: &Known,
    values: &Values,
    settings: &Settings,
    sink: &Sink<'_>,
) -> Acting {
    let mut channels = channel::read(declared, sink);
    let mut actions = action::read(declared, sink);
    let mut triggers = trigger::read(declared, sink);
    let mut cadences = cadence::read(declared, sink);
    let guards = guard::read(declared, sink);
    let schedules = schedule::read(declared, settings.timezone, sink);
    // Those that count come first: what is left of the indices afterwards.
    channels.sort_by_key(|channel| !channel.enabled);
    actions.sort_by_key(|action| !action.enabled);
    triggers.sort_by_key(|trigger| !trigger.enabled);
    cadences.sort_by_key(|cadence| !cadence.enabled);
    check_columns(&channels, &actions, sink);
    let unused = unused(&channels, &actions, &triggers, &cadences);
    let names = schedule::Tables {
        triggers: triggers.iter().map(|trigger| (trigger.name.clone(), trigger.enabled)).collect(),
        cadences: cadences.iter().map(|cadence| (cadence.name.clone(), cadence.enabled)).collect(),
    };
    let of_triggers = triggers.iter().filter(|trigger| trigger.enabled).map(trigger::RawTrigger::rule);
    let of_cadences = cadences.iter().filter(|cadence| cadence.enabled).map(cadence::RawCadence::rule);
    let rules = Rules::new(of_triggers.chain(of_cadences).collect(), &actions);
    let context = |enabled| Context { sink, known, enabled };
    let schedules = kept(
        schedules,
        |schedule| schedule.enabled,
        |schedule, enabled| schedule.check(&names, context(enabled)),
    );
    let triggers = kept(
        triggers,
        |trigger| trigger.enabled,
        |trigger, enabled| trigger.check(&actions, declared, &values.versions, context(enabled)),
    );
    let cadences = kept(
        cadences,
        |cadence| cadence.enabled,
        |cadence, enabled| cadence.check(&actions, declared, &values.versions, context(enabled)),
    );
    let guards = kept(
        guards,
        |guard| guard.enabled,
        |guard, enabled| guard.check(&channels, &actions, context(enabled)),
    );
    let actions = kept(
        actions,
        |action| action.enabled,
        |action, enabled| action.check(&channels, &rules, context(enabled)),
    );
    let channels =
        kept(channels, |channel| channel.enabled, |channel, enabled| channel.check(&rules, context(enabled)));
    if !sink.has_errors() {
        for (code, place, message, help) in unused {
            sink.problem(code, &place, message).help(help).report();
        }
    }
    Acting { channels, actions, triggers, cadences, guards, schedules }
}

/// Checks all, keeps those that count.
fn kept<R, C>(raw: Vec<R>, enabled: impl Fn(&R) -> bool, check: impl Fn(R, bool) -> Option<C>) -> Vec<C> {
    raw.into_iter()
        .filter_map(|raw| {
            let enabled = enabled(&raw);
            check(raw, enabled).filter(|_| enabled)
        })
        .collect()
}

/// Reports columns of CSV files that no action on the channel fills.
fn check_columns(channels: &[channel::RawChannel], actions: &[action::RawAction], sink: &Sink<'_>) {
    for channel in channels {
        let on_channel: Vec<&action::RawAction> = actions
            .iter()
            .filter(|action| action.channel.as_ref().is_some_and(|name| name.value == channel.name))
            .collect();
        for column in channel.columns.iter().filter(|_| !on_channel.is_empty()) {
            let name = column.value.as_str();
            let is_filled = ["id", "customer", "action", "due"].contains(&name)
                || channel.payload.has(name)
                || on_channel.iter().any(|action| action.payload.has(name));
            if !is_filled {
                sink.problem(
                    &codes::together::COLUMN,
                    &column.place,
                    format!("nothing fills the column `{name}`"),
                )
                .help(format!("add `{name}` to the payload of an action on this channel"))
                .report();
            }
        }
    }
}

/// Reports metrics, ledgers and scores that nothing uses.
fn warn_unused_values(known: &Known, sink: &Sink<'_>) {
    let used = known.used.borrow();
    for (index, value) in known.values.iter().enumerate() {
        if let Some(place) = value.wants_use.as_ref().filter(|_| value.enabled && !used.contains(&index)) {
            sink.problem(
                &codes::together::UNUSED_VALUE,
                place,
                format!("nothing uses the {} `{}`", value.kind, value.name),
            )
            .help("use it or remove it; if people look at it, say `tags = [\"report\"]`")
            .report();
        }
    }
}

type Unused = (&'static Code, super::raw::Place, String, &'static str);

fn unused(
    channels: &[channel::RawChannel],
    actions: &[action::RawAction],
    triggers: &[trigger::RawTrigger],
    cadences: &[cadence::RawCadence],
) -> Vec<Unused> {
    let by_triggers = triggers.iter().flat_map(|trigger| &trigger.actions).map(|name| name.value.as_str());
    let fired: BTreeSet<&str> =
        by_triggers.chain(cadences.iter().flat_map(cadence::RawCadence::actions)).collect();
    let taken: BTreeSet<&str> =
        actions.iter().filter_map(|action| action.channel.as_ref()).map(|name| name.value.as_str()).collect();
    let actions = actions
        .iter()
        .filter(|action| action.enabled && !fired.contains(action.name.as_str()))
        .map(|action| {
            let message = format!("nothing fires the action `{}`", action.name);
            (
                &codes::together::UNUSED_ACTION,
                action.place.clone(),
                message,
                "name it in the `actions` of a trigger or as the `action` of a step",
            )
        });
    let channels = channels
        .iter()
        .filter(|channel| channel.enabled && !taken.contains(channel.name.as_str()))
        .map(|channel| {
            let message = format!("no action goes out by the channel `{}`", channel.name);
            (
                &codes::together::UNUSED_CHANNEL,
                channel.place.clone(),
                message,
                "name it as the `channel` of an action",
            )
        });
    actions.chain(channels).collect()
}
