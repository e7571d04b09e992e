//! A trigger, cadence, guard or action of a customer: whether it applies, and what fails where it does not.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;

use super::happened::{EXAMPLES, EventRow};
use super::trace::{Part, Tracer};
use super::value::{Condition, Teller};
use crate::archive::{ArchiveError, TouchFilter, TouchRow};
use crate::care::guard::Verdict;
use crate::engine::{EngineError, GuardSaying};
use crate::model::Timestamp;
use crate::model::event::Event;
use crate::policy::compiled::Happening;

/// How many touches of a rule are shown.
const TOUCHES: usize = 5;

/// A trigger, cadence, guard or action, for one customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleTree {
    /// `trigger`, `cadence`, `guard` or `action`.
    pub kind: &'static str,
    /// As declared.
    pub name: Arc<str>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether it has hold of the customer now: a trigger's condition holds, a cadence has the customer enrolled, a
    /// guard holds touches back.
    pub applies: bool,
    /// Why, the weightiest first; where it does not apply, what stands against it.
    pub why: Vec<Reason>,
    /// Its expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// What a trigger remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// The latest events or moves it goes by, latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub occasions: Vec<Occasion>,
    /// The customer's enrolments in a cadence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enrolments: Vec<EnrolmentTree>,
    /// What it does, and what the guards would say of that now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionNow>,
    /// The latest touches of it, latest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<TouchTree>,
    /// The fields and values it uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Arc<str>>,
}

/// One reason why a rule applies or does not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// What it is: `audience`, `when`, `cooldown`, `backlog`, `grace`, `enrolled`, `reenter` …
    pub about: &'static str,
    /// In words.
    pub says: String,
    /// Until when, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The parts of a condition that decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// What a trigger remembers of the customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Memory {
    /// Whether its condition held at the last run that asked.
    pub holds: bool,
    /// How often it rose, or how many occasions there were.
    pub times: u32,
    /// When it last fired.
    pub fired: Option<Timestamp>,
    /// Whether a rise waits for the end of the cooldown.
    pub held_back: bool,
}

/// An event or a move that a trigger or cadence goes by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Occasion {
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Arc<str>>,
    /// When it happened; nothing for a move, which has its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The run that made a move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<i64>,
    /// From where to where a move went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Move>,
    /// Whether it is one that the rule goes by.
    pub counts: bool,
    /// The condition on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Part>,
    /// Until when its answer is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaited_until: Option<Timestamp>,
    /// What else is to be said of it: that it was answered, or found too late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A change of place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The place left.
    pub from: Option<Arc<str>>,
    /// The place taken.
    pub to: Option<Arc<str>>,
}

/// An enrolment with what comes next of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnrolmentTree {
    /// The cadence.
    pub cadence: Arc<str>,
    /// The how-manieth it is.
    pub number: u32,
    /// The event it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Arc<str>>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// Its next steps, in order of time.
    pub next: Vec<StepTree>,
}

/// A step that comes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepTree {
    /// The step.
    pub step: Arc<str>,
    /// Its action.
    pub action: Arc<str>,
    /// When it is due.
    pub due: Timestamp,
}

/// What guards say now of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionNow {
    /// The action.
    pub action: Arc<str>,
    /// In the order in which they are asked.
    pub guards: Vec<Saying>,
}

/// What one guard says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saying {
    /// The guard.
    pub guard: Arc<str>,
    /// Its kind.
    pub kind: &'static str,
    /// `passes`, `waits`, `drops`; `of_the_run` where it is asked about all touches of a run together.
    pub verdict: &'static str,
    /// Why it does not pass.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When it may say something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A touch, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TouchTree {
    /// Its id.
    pub id: Arc<str>,
    /// The action.
    pub action: Arc<str>,
    /// `trigger.overdue` or `cadence.care_611`.
    pub because: String,
    /// The cadence step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// When it was due.
    pub due: Timestamp,
    /// Where it is in its life.
    pub state: &'static str,
    /// Since when.
    pub state_at: Timestamp,
    /// Why it is there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What guards said of it, oldest first, as they noted it.
    pub verdicts: Json,
}

impl Reason {
    pub(super) fn new(about: &'static str, says: impl Into<String>) -> Self {
        Self { about, says: says.into(), until: None, parts: Vec::new() }
    }

    pub(super) fn until(self, until: Timestamp) -> Self {
        Self { until: Some(until), ..self }
    }

    /// A condition that fails, or holds, with the parts that decide.
    pub(super) fn condition(about: &'static str, condition: &Condition) -> Self {
        let holds = condition.part.holds == Some(true);
        let mut parts = Vec::new();
        condition.part.decisive(&mut parts);
        let says = if holds { "holds" } else { "does not hold" };
        Self {
            about,
            says: says.to_owned(),
            until: None,
            parts: parts.into_iter().map(Part::alone).collect(),
        }
    }
}

impl Part {
    /// The part without what is within.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { parts: Vec::new(), ..self.clone() }
    }
}

impl From<GuardSaying> for Saying {
    fn from(said: GuardSaying) -> Self {
        let (verdict, reason, until) = match said.verdict {
            None => ("of_the_run", String::new(), None),
            Some(Verdict::Passes) => ("passes", String::new(), None),
            Some(Verdict::Waits { reason, until }) => ("waits", reason, until),
            Some(Verdict::Drops { reason }) => ("drops", reason, None),
        };
        Self { guard: said.guard, kind: said.kind, verdict, reason, until }
    }
}

impl TouchTree {
    pub(super) fn of(row: &TouchRow) -> Self {
        let touch = &row.touch;
        Self {
            id: touch.id.clone(),
            action: touch.action.clone(),
            because: format!("{}.{}", touch.because.kind, touch.because.name),
            step: touch.because.step.clone(),
            due: touch.due,
            state: touch.state.as_str(),
            state_at: row.state_at,
            reason: touch.reason.clone(),
            verdicts: serde_json::from_str(&row.verdicts).unwrap_or_default(),
        }
    }
}

impl Teller<'_> {
    /// What the guards say now of some actions.
    pub(super) fn actions(&self, actions: &[usize]) -> Result<Vec<ActionNow>, EngineError> {
        let subject = self.subject;
        let said =
            self.engine.guards_say(self.archive, &subject.id, actions, subject.moment.now, self.cuts)?;
        let name = |action: &usize| self.policy().actions.get(*action).map(|action| action.name.clone());
        Ok(actions
            .iter()
            .zip(said)
            .filter_map(|(action, guards)| {
                Some(ActionNow {
                    action: name(action)?,
                    guards: guards.into_iter().map(Saying::from).collect(),
                })
            })
            .collect())
    }

    /// The customer's latest touches for which something holds.
    pub(super) fn touches(
        &self,
        limit: usize,
        wanted: impl Fn(&TouchRow) -> bool,
    ) -> Result<Vec<TouchTree>, ArchiveError> {
        const LOOKED_AT: usize = 200;
        let filter = TouchFilter { customer: Some(&self.subject.id), ..TouchFilter::default() };
        let rows = self.archive.touches(&filter, LOOKED_AT)?;
        Ok(rows.iter().filter(|row| wanted(row)).take(limit).map(TouchTree::of).collect())
    }

    /// The latest touches of a table.
    pub(super) fn touches_of(&self, kind: &str, name: &str) -> Result<Vec<TouchTree>, ArchiveError> {
        self.touches(TOUCHES, |row| row.touch.because.kind == kind && row.touch.because.name == name)
    }

    /// The latest events that a rule goes by, or would but for its condition on them.
    pub(super) fn events(&self, happening: &Happening) -> Result<Vec<(Event, Occasion)>, ArchiveError> {
        let subject = self.subject;
        let now = subject.moment.now;
        let mut events = self.archive.events_of(happening.event, &subject.id, ..=now)?;
        let latest = events.split_off(events.len().saturating_sub(EXAMPLES));
        let tell = |event: Event| {
            let row = EventRow { event: &event, subject };
            let tracer = Tracer {
                row: &row,
                moment: &subject.moment,
                schema: &self.policy().schema,
                event: Some(happening.event),
            };
            let filter = happening.filter.as_ref().map(|filter| tracer.expression(filter));
            let occasion = Occasion {
                id: Some(event.id.clone()),
                at: Some(event.at),
                run: None,
                moved: None,
                counts: filter.as_ref().is_none_or(|filter| filter.holds == Some(true)),
                r#where: filter,
                awaited_until: None,
                note: None,
            };
            (event, occasion)
        };
        Ok(latest.into_iter().rev().map(tell).collect())
    }
}
