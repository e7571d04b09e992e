//! `[[cadence.NAME.step]]`: what is done in each cycle.

use std::collections::BTreeMap;

use crate::model::Duration;
use crate::model::time::DAY;
use crate::policy::codes;
use crate::policy::compiled::{CadenceStep, Offset, Repeat};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::kind::action::{RawAction, reference};
use crate::policy::kind::clock;
use crate::policy::kind::segment::optional;
use crate::policy::names::check_form;
use crate::policy::raw::{At, Constraint, Content, Form, Key, Part, Place, Reader, form, key, takes};

/// Keys of a step.
pub(crate) static KEYS: &[Key] = &[
    key(
        "id",
        takes("text", Form::Name),
        "Its identity: never sent twice in a cycle, whatever is edited around it.",
    )
    .needed(),
    key("after", form::DURATION, "How long after the start of the cycle. Default \"0d\"."),
    key("before", form::DURATION, "Instead, where times count from a date: how long before it."),
    key(
        "at",
        form::CLOCK,
        "The first such local time not before the offset; one that daylight saving skips is the moment after the gap.",
    ),
    key("action", takes("action", Form::Name), "What is done.").needed(),
    key(
        "when",
        form::CONDITION,
        "Asked once, when the step is due; where it fails the step is recorded as suppressed.",
    ),
];

/// A step as a part of a cadence.
pub(crate) static PART: Part =
    Part { title: "a step", keys: KEYS, constraints: &[Constraint::Excludes("after", "before")] };

/// As written.
pub(super) struct RawStep {
    id: Option<At<String>>,
    after: Option<At<Duration>>,
    before: Option<At<Duration>>,
    at: Option<u16>,
    /// What it does.
    pub(super) action: Option<At<String>>,
    /// When it is done.
    pub(super) when: Option<Formula>,
}

/// Reads all steps of a cadence.
pub(super) fn read(reader: &Reader<'_>) -> Vec<RawStep> {
    let Some(entry) = reader.entry("step") else {
        reader.missing("step");
        return Vec::new();
    };
    let Content::Array(items) = &entry.node.content else {
        reader.wrong(entry, "a list of tables, as under `[[cadence.NAME.step]]`");
        return Vec::new();
    };
    if items.is_empty() {
        reader
            .sink
            .problem(&codes::table::EMPTY, &entry.node.place, "a cadence needs at least one step")
            .report();
    }
    let mut steps = Vec::new();
    for item in items {
        match &item.content {
            Content::Table(table) => {
                steps.push(read_one(&Reader::new(reader.sink, table, &item.place, KEYS, &[])));
            }
            other => {
                let message = format!("a step must be a table, not {}", other.description());
                reader.sink.problem(&codes::table::WRONG_TYPE, &item.place, message).report();
            }
        }
    }
    check_ids(&steps, reader);
    steps
}

fn read_one(reader: &Reader<'_>) -> RawStep {
    reader.excludes("after", "before", "a step has one place in the cycle");
    RawStep {
        id: reader.required("id", reader.word("id")).filter(|id| check_form(id, reader.sink)),
        after: reader.duration("after"),
        before: reader.duration("before"),
        // The end of a day is the midnight that begins the next.
        at: reader.entry("at").and_then(|_| clock::read(reader, "at")).map(|at| at % clock::DAY),
        action: reader.required("action", reader.word("action")),
        when: Formula::read(reader, "when"),
    }
}

fn check_ids(steps: &[RawStep], reader: &Reader<'_>) {
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for id in steps.iter().filter_map(|step| step.id.as_ref()) {
        match seen.get(id.value.as_str()) {
            Some(first) => reader
                .sink
                .problem(
                    &codes::together::SAME_NAME,
                    &id.place,
                    format!("`{}` is the id of two steps", id.value),
                )
                .related(first, "the first")
                .help("a step is never sent twice in a cycle: give each its own id")
                .report(),
            None => {
                seen.insert(&id.value, &id.place);
            }
        }
    }
}

impl RawStep {
    /// Where it says `before`.
    pub(super) fn before(&self) -> Option<&Place> {
        self.before.as_ref().map(|before| &before.place)
    }

    /// Checks it against the actions, which are in order of their indices.
    pub(super) fn check(&self, actions: &[RawAction], context: Context<'_>) -> Option<CadenceStep> {
        let when = optional(self.when.as_ref(), context, &Expected::Bool);
        let names = actions.iter().map(|action| (action.name.as_str(), action.enabled));
        let action = self.action.as_ref().and_then(|name| reference(name, "action", names, context));
        let offset = match (&self.before, &self.after) {
            (Some(before), _) => Offset::Before(before.value),
            (None, Some(after)) => Offset::After(after.value),
            (None, None) => Offset::After(Duration::Fixed(0)),
        };
        let id = self.id.as_ref()?.value.as_str().into();
        Some(CadenceStep { id, offset, at: self.at, action: action?, when: when.ok()? })
    }
}

/// Warns of steps that fall into the next cycle.
pub(super) fn warn_overlap(steps: &[RawStep], repeat: &At<Repeat>, context: Context<'_>) {
    let distance = match repeat.value {
        Repeat::Every(every) => length(every, 31),
        Repeat::Yearly => 366 * DAY,
    };
    for step in steps {
        let Some(offset) = step.after.as_ref().or(step.before.as_ref()) else { continue };
        if length(offset.value, 28) > distance {
            context
                .sink
                .problem(
                    &codes::together::CYCLES_OVERLAP,
                    &offset.place,
                    "this step falls into the next cycle, whose steps go on beside it",
                )
                .related(&repeat.place, "cycles follow each other at this distance")
                .help("make `repeat` longer, or the step earlier")
                .report();
        }
    }
}

/// The length of a duration whose months have so many days.
fn length(duration: Duration, days: i64) -> i64 {
    match duration {
        Duration::Months(months) => i64::from(months) * days * DAY,
        Duration::Fixed(fixed) => fixed,
    }
}
