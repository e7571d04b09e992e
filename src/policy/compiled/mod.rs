//! The checked policy set: what every other module runs by.

mod action;
mod cadence;
mod calendar;
mod guard;
mod source;
mod trigger;
mod value;

use std::sync::Arc;

use chrono_tz::Tz;

pub use action::{
    Action, Channel, ChannelKind, File, FileFormat, PLACE, PayloadContent, PayloadEntry, Retry, Template,
    Webhook,
};
pub use cadence::{Anchor, Cadence, CadenceGoal, CadenceStep, Offset, Reenter, Repeat};
pub use calendar::Calendar;
pub use guard::{
    BlastRadius, Block, Cap, Capacity, CapacityPeriod, Effect, Guard, GuardKind, Holdout, Hours, Reserve,
};
pub use source::{Into, Mapping, Origin, Source, Target};
pub use trigger::{Alike, Awaited, Backlog, Direction, Happening, Moved, Moves, Shape, Trigger};
pub use value::{
    Axis, Best, Cell, Data, Entry, Fades, Ledger, Level, Metric, Quadrant, Rank, Segment, Share, Split, Take,
    Tier, Unless, ValueDefinition, ValueKind, Window,
};

use super::expression::tree::{Expression, Reference};
use super::script::Function;
use crate::model::{Duration, Schema, Type};

/// A policy set that passed every check.
#[derive(Debug)]
pub struct Compiled {
    /// Hash over the parsed content of all files: 12 hexadecimal digits.
    pub version: Arc<str>,
    /// `[settings]`.
    pub settings: Settings,
    /// The shape of the archive.
    pub schema: Arc<Schema>,
    /// Functions from scripts, by name.
    pub functions: Vec<Arc<Function>>,
    /// Metrics, ledgers, scores, segments, tiers and quadrants, each after all it uses; otherwise by name.
    pub values: Vec<ValueDefinition>,
    /// By name.
    pub sources: Vec<Source>,
    /// By name.
    pub channels: Vec<Channel>,
    /// By name.
    pub actions: Vec<Action>,
    /// By name.
    pub triggers: Vec<Trigger>,
    /// By name.
    pub cadences: Vec<Cadence>,
    /// By name.
    pub schedules: Vec<Schedule>,
    /// By name.
    pub calendars: Vec<Calendar>,
    /// By name.
    pub guards: Vec<Guard>,
}

/// `[settings]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What local days and hours mean.
    pub timezone: Tz,
    /// How old cut points may get.
    pub refresh: Duration,
    /// How long what happened is kept.
    pub retain: Retain,
}

/// How long what happened is kept; for good where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retain {
    /// Events, from when they happened.
    pub events: Option<Duration>,
    /// Transitions, runs, what touches said once they have ended, rejected rows.
    pub history: Option<Duration>,
}

/// What every table may say of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// For people; the name where empty.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// Free words.
    pub tags: Vec<String>,
}

/// `[schedule.NAME]`.
#[derive(Debug)]
pub struct Schedule {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// What makes it run.
    pub start: Start,
    /// What is evaluated.
    pub evaluate: Scope,
}

/// What makes a schedule run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The time.
    Times {
        /// Six fields, seconds first, weekdays by name; as the `cron` crate reads it.
        cron: String,
        /// What the fields mean.
        timezone: Tz,
        /// What becomes of runs missed while down.
        catch_up: CatchUp,
    },
    /// Events of these kinds, indices of [`Schema::events`]: the customers they happened to are evaluated soon after
    /// they arrived.
    Events(Vec<usize>),
}

/// What a run evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All classes, triggers and cadences.
    Everything,
    /// Indices of values, triggers and cadences; what they use comes along.
    Some {
        /// In [`Compiled::values`].
        values: Vec<usize>,
        /// In [`Compiled::triggers`].
        triggers: Vec<usize>,
        /// In [`Compiled::cadences`].
        cadences: Vec<usize>,
    },
}

impl Scope {
    /// Whether a run of it looks at any trigger or cadence; one that does not only places customers.
    #[must_use]
    pub const fn makes_touches(&self) -> bool {
        match self {
            Self::Everything => true,
            Self::Some { triggers, cadences, .. } => !triggers.is_empty() || !cadences.is_empty(),
        }
    }
}

/// What becomes of runs missed while down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// One run.
    Latest,
    /// Each, in order.
    All,
    /// None.
    None,
}

impl Compiled {
    /// The index of a value by name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<usize> {
        self.values.iter().position(|value| &*value.name == name)
    }

    /// What a bare name of a value or customer field stands for.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<(Reference, Type)> {
        if let Some(index) = self.value(name) {
            return Some((Reference::Value(index), self.values.get(index)?.ty.clone()));
        }
        let index = self.schema.customer_field(name)?;
        Some((Reference::Customer(index), self.schema.customer.get(index)?.ty.clone()))
    }

    /// A value or customer field by name, as an expression.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Expression> {
        let (reference, ty) = self.resolve(name)?;
        Some(Expression::of_name(name, reference, ty))
    }
}
