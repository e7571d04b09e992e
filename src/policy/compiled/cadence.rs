//! A cadence: steps in time for everybody in an audience.

use std::sync::Arc;

use super::About;
use crate::model::{Date, Duration};
use crate::policy::expression::tree::Expression;
use crate::policy::version::UsedVersions;

/// `[cadence.NAME]`.
#[derive(Debug)]
pub struct Cadence {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Hash over its definition and all it uses, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// What it uses.
    pub uses: UsedVersions,
    /// Who is enrolled; everybody where absent.
    pub audience: Option<Expression>,
    /// What its times count from.
    pub anchor: Anchor,
    /// What follows the last step.
    pub repeat: Option<Repeat>,
    /// Enrolments are spread over so many milliseconds.
    pub stagger: i64,
    /// Ends the enrolment.
    pub stop_when: Option<Expression>,
    /// Whether an enrolment may follow one that ended.
    pub reenter: Reenter,
    /// A step found later than this is not sent.
    pub grace: Duration,
    /// What counts as success.
    pub goal: Option<CadenceGoal>,
    /// In declared order.
    pub steps: Vec<CadenceStep>,
}

impl Cadence {
    /// The kind of event it enrols for, index in [`Schema::events`](crate::model::Schema::events).
    #[must_use]
    pub const fn event(&self) -> Option<usize> {
        match self.anchor {
            Anchor::Event { event, .. } => Some(event),
            _ => None,
        }
    }
}

/// What the times of a cadence count from.
#[derive(Clone, Debug)]
pub enum Anchor {
    /// The run that finds the customer in the audience.
    Enrolment,
    /// A date or time of the customer's.
    Value(Expression),
    /// Each of these days, in order.
    Days {
        /// As written, for people: `cn.spring_festival`.
        name: Arc<str>,
        /// In ascending order.
        days: Arc<[Date]>,
    },
    /// One enrolment for each event of a kind.
    Event {
        /// Index in [`Schema::events`](crate::model::Schema::events).
        event: usize,
        /// Which of them count.
        filter: Option<Expression>,
        /// The date or time field of the event that times count from; when it happened where absent.
        field: Option<usize>,
    },
}

/// How a cadence goes on after a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Cycle n starts this long n times over after the first.
    Every(Duration),
    /// On the anchor's day in each year.
    Yearly,
}

/// Whether an enrolment may follow one that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reenter {
    /// None.
    Never,
    /// At the next run.
    Always,
    /// This long after the end.
    After(Duration),
}

/// `goal = { event = "order", within = "30d" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CadenceGoal {
    /// Index in [`Schema::events`](crate::model::Schema::events).
    pub event: usize,
    /// How long after a touch it counts.
    pub within: Duration,
}

/// One step of each cycle.
#[derive(Clone, Debug)]
pub struct CadenceStep {
    /// Its identity within the cadence.
    pub id: Arc<str>,
    /// How far from the start of the cycle.
    pub offset: Offset,
    /// The local time of day not before the offset, in minutes since midnight.
    pub at: Option<u16>,
    /// Index in [`Compiled::actions`](super::Compiled::actions).
    pub action: usize,
    /// Asked when it is due.
    pub when: Option<Expression>,
}

/// How far a step is from the start of its cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// This long after it.
    After(Duration),
    /// This long before it.
    Before(Duration),
}
