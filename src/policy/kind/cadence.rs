//! `[cadence.NAME]`: steps in time for everybody in an audience.

mod anchor;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::anchor::RawAnchor;
use self::step::RawStep;
use super::about;
use super::action::RawAction;
use super::metric::event;
use super::occasions::Rule;
use super::segment::optional;
use super::value::fields_used;
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{About, Anchor, Cadence, CadenceGoal, Reenter, Repeat};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Scope, Target};
use crate::policy::raw::{
    At, Constraint, Declared, Form, Key, Part, Place, Reader, Sink, Table, form, key, takes,
};
use crate::policy::version::{self, UsedVersions};

/// What times count from; the days of a calendar look like an expression.
const ANCHOR: Form = Form::Either(&[Form::Words(&["enrolment"]), Form::Expression]);

/// Keys of `[cadence.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "audience",
        form::CONDITION,
        "Who is enrolled. Who leaves it is no longer; unsent touches are cancelled. Default everybody.",
    ),
    key(
        "anchor",
        takes("\"enrolment\", a date or time by expression, or \"CALENDAR.DAYS\"", ANCHOR),
        "What its times count from. Default \"enrolment\"; with `on`, when the event happened. \
         A date counts from local midnight, and whole days after it or before it by the calendar. \
         An anchor that moves takes unsent steps along; moved by less than 30 days it is the same cycle, else another enrolment.",
    ),
    key(
        "on",
        form::EVENT,
        "One enrolment for each such event of who is in the audience when the event is first seen; `anchor` may be a date or time field of it. \
         What is corrected of the event later, its date too, moves nothing.",
    ),
    key("where", form::EVENT_CONDITION, "Which of these events. Default all."),
    key(
        "repeat",
        takes("duration or \"yearly\"", Form::Either(&[Form::Duration, Form::Words(&["yearly"])])),
        "Cycle n starts at start + n × repeat. \"yearly\" is for dates and times; 29 February falls on the 28th. Default: once. \
         Edited, the cycle in progress keeps its start and its touches; the next follow at the new distance. Counted from a date, \
         the cycle that starts nearest takes its place, and a date that was over begins again.",
    ),
    key("stagger", form::FIXED, "Spreads enrolments over this long, fixed per customer."),
    key("stop_when", form::CONDITION, "Ends the enrolment, as leaving the audience does."),
    key(
        "reenter",
        takes("never, always or duration", Form::Either(&[Form::Words(&["never", "always"]), Form::Duration])),
        "Whether another enrolment may follow, or how long after the end. Default \"never\". Not asked for dates and events.",
    ),
    key(
        "grace",
        form::DURATION,
        "A step found later than this is recorded as missed, not sent; one that was due before the enrolment \
         is not the customer's. Default \"1d\".",
    ),
    key("goal", form::table(&GOAL_PART), "What counts as success in the report."),
    key(
        "step",
        takes("list of tables, `[[cadence.NAME.step]]`", Form::Tables(1, &step::PART)),
        "What is done in each cycle. Steps go by their `id`: one added to a running cycle is due for those not past it by more \
         than `grace`, and not for those whose last step had passed and was sent, one taken out is never sent, one moved takes its unsent touch along and stays sent where it was sent, \
         one renamed is another.",
    ).needed(),
];

/// What holds among the keys of `[cadence.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] =
    &[Constraint::Needs("where", &["on"]), Constraint::Excludes("on", "reenter")];

/// Keys of `goal`.
pub(crate) static GOAL: &[Key] = &[
    key("event", form::EVENT, "The event that is hoped for.").needed(),
    key("within", form::DURATION, "How long after a touch it counts.").needed(),
];

/// `goal` as a part of a cadence.
static GOAL_PART: Part = Part { title: "goal", keys: GOAL, constraints: &[] };

/// Keys by which it decides.
const DECIDING: &[&str] =
    &["audience", "anchor", "on", "where", "repeat", "stagger", "stop_when", "reenter", "grace", "step"];

/// As written.
pub(crate) struct RawCadence {
    pub(crate) name: String,
    about: About,
    pub(crate) enabled: bool,
    audience: Option<Formula>,
    anchor: RawAnchor,
    repeat: Option<At<Repeat>>,
    stagger: i64,
    stop_when: Option<Formula>,
    reenter: Reenter,
    grace: Duration,
    goal: Option<RawGoal>,
    steps: Vec<RawStep>,
    own: String,
}

struct RawGoal {
    event: Option<At<String>>,
    within: Option<Duration>,
}

/// Reads all cadences, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawCadence> {
    let tables = declared.get("cadence").into_iter().flatten();
    tables.map(|(name, table)| read_one(name, table, sink)).collect()
}

fn read_one(name: &str, table: &At<Table>, sink: &Sink<'_>) -> RawCadence {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let anchor = RawAnchor::read(&reader);
    if !anchor.is_enrolment() {
        reader.useless("reenter", "a date or an event enrols anew by itself");
    }
    if !anchor.can_stagger() {
        reader.useless("stagger", "its times count from a date of the customer's or of a calendar");
    }
    if anchor.is_calendar() {
        reader.useless("repeat", "each of the calendar's days begins a cycle");
    }
    RawCadence {
        name: name.to_owned(),
        about: head.about,
        enabled: head.enabled,
        audience: Formula::read(&reader, "audience"),
        anchor,
        repeat: repeat(&reader),
        stagger: reader.entry("stagger").and_then(|_| reader.fixed("stagger")).unwrap_or(0),
        stop_when: Formula::read(&reader, "stop_when"),
        reenter: reenter(&reader),
        grace: reader.duration("grace").map_or(Duration::days(1), |grace| grace.value),
        goal: reader.table("goal").map(|goal| RawGoal {
            event: goal.required("event", goal.word("event")),
            within: goal.required("within", goal.duration("within").map(|within| within.value)),
        }),
        steps: step::read(&reader),
        own: version::of_keys("cadence", &table.value, DECIDING),
    }
}

fn repeat(reader: &Reader<'_>) -> Option<At<Repeat>> {
    let text = reader.entry("repeat").and_then(|_| reader.text("repeat"))?;
    if text.value == "yearly" {
        return Some(At { value: Repeat::Yearly, place: text.place });
    }
    let duration = reader.duration("repeat")?;
    if duration.value.is_zero() {
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, &duration.place, "`repeat` must be longer than nothing")
            .report();
        return None;
    }
    Some(At { value: Repeat::Every(duration.value), place: duration.place })
}

fn reenter(reader: &Reader<'_>) -> Reenter {
    let Some(text) = reader.entry("reenter").and_then(|_| reader.text("reenter")) else {
        return Reenter::Never;
    };
    match text.value.as_str() {
        "never" => Reenter::Never,
        "always" => Reenter::Always,
        _ => reader.duration("reenter").map_or(Reenter::Never, |after| Reenter::After(after.value)),
    }
}

impl RawCadence {
    /// The actions its steps take.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| step.action.as_ref()).map(|action| action.value.as_str())
    }

    /// What its steps do, and for which events.
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            table: format!("cadence.{}", self.name),
            event: self.event().map(str::to_owned),
            actions: self.actions().map(str::to_owned).collect(),
        }
    }

    /// The event kind it enrols for.
    fn event(&self) -> Option<&str> {
        self.anchor.on().map(|on| on.value.as_str())
    }

    /// Checks it against the actions, which are in order of their indices.
    pub(crate) fn check(
        self,
        actions: &[RawAction],
        declared: &Declared,
        versions: &BTreeMap<String, Arc<str>>,
        context: Context<'_>,
    ) -> Option<Cadence> {
        let audience = optional(self.audience.as_ref(), context, &Expected::Bool);
        let stop_when = optional(self.stop_when.as_ref(), context, &Expected::Bool);
        let anchor = self.anchor.check(context);
        let goal = self.goal.as_ref().map(|goal| goal.check(context));
        let steps: Vec<_> = self.steps.iter().map(|step| step.check(actions, context)).collect();
        let can_be_before = self.check_times(anchor.as_ref(), context);
        let (version, uses) = self.version(declared, versions, context);
        if let (Some(repeat), true) = (&self.repeat, can_be_before) {
            step::warn_overlap(&self.steps, repeat, context);
        }
        Some(Cadence {
            name: self.name.as_str().into(),
            about: self.about,
            version,
            uses,
            audience: audience.ok()?,
            anchor: anchor?,
            repeat: self.repeat.map(|repeat| repeat.value),
            stagger: self.stagger,
            stop_when: stop_when.ok()?,
            reenter: self.reenter,
            grace: self.grace,
            goal: goal.map_or(Some(None), |goal| goal.map(Some))?,
            steps: steps.into_iter().collect::<Option<_>>()?,
        })
    }

    /// Reports what only a date allows where its times count from an enrolment.
    fn check_times(&self, anchor: Option<&Anchor>, context: Context<'_>) -> bool {
        let from = match anchor {
            None => return false,
            Some(Anchor::Enrolment) => "an enrolment",
            Some(Anchor::Event { field: None, .. }) => "an event that has happened",
            Some(_) => return true,
        };
        let mut sound = true;
        let mut report = |place: &Place, what: &str| {
            sound = false;
            context
                .sink
                .problem(
                    &codes::together::NEEDS_DATE,
                    place,
                    format!("{what}, but its times count from {from}"),
                )
                .help("count from a date or time: `anchor = 'contract_end'`")
                .report();
        };
        if let (Some(repeat), Some(Anchor::Enrolment)) = (&self.repeat, anchor)
            && repeat.value == Repeat::Yearly
        {
            report(&repeat.place, "`yearly` is the day of a date");
        }
        for before in self.steps.iter().filter_map(RawStep::before) {
            report(before, "nothing is done before it is known");
        }
        sound
    }

    fn version(
        &self,
        declared: &Declared,
        versions: &BTreeMap<String, Arc<str>>,
        context: Context<'_>,
    ) -> (Arc<str>, UsedVersions) {
        let Context { known, sink, .. } = context;
        let over_customer = self.audience.iter().chain(&self.stop_when).chain(self.anchor.value());
        let over_customer = over_customer.chain(self.steps.iter().filter_map(|step| step.when.as_ref()));
        let mut formulas: Vec<(&Formula, Scope)> =
            over_customer.map(|formula| (formula, Scope::Customer)).collect();
        let event = self.event().and_then(|event| known.event(event));
        if let (Some(filter), Some(event)) = (self.anchor.filter(), event) {
            formulas.push((filter, Scope::Event(event)));
        }
        let mut parts = UsedVersions::new();
        for (formula, scope) in &formulas {
            for (path, _) in formula.paths(sink) {
                if let Target::Value(index) = known.target(*scope, &path)
                    && let Some(value) = known.values.get(index)
                {
                    let version = versions.get(&*value.name).map(ToString::to_string).unwrap_or_default();
                    parts.insert(format!("value.{}", value.name), version);
                }
            }
        }
        if let Some(event) = self.event() {
            parts.insert(format!("event.{event}"), version::declaration(declared, "event", event));
        }
        if let Some(days) = self.anchor.listed(known) {
            parts.insert(
                "days".to_owned(),
                days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            );
        }
        let formulas: Vec<&Formula> = formulas.into_iter().map(|(formula, _)| formula).collect();
        fields_used(&formulas, declared, known, sink, &mut parts);
        (version::of_uses(&self.own, &parts), parts)
    }
}

impl RawGoal {
    fn check(&self, context: Context<'_>) -> Option<CadenceGoal> {
        let event = event(self.event.as_ref(), context);
        Some(CadenceGoal { event: event?, within: self.within? })
    }
}
