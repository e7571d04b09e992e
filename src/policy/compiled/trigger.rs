//! Triggers: what makes them fire, for whom, and what they fire.

use std::sync::Arc;

use super::{About, Unless};
use crate::model::Duration;
use crate::policy::expression::tree::Expression;
use crate::policy::version::UsedVersions;

/// `[trigger.NAME]`.
#[derive(Debug)]
pub struct Trigger {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Hash over its conditions and all they use, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// What its conditions use.
    pub uses: UsedVersions,
    /// What makes it fire.
    pub shape: Shape,
    /// Narrows it.
    pub audience: Option<Expression>,
    /// Free word.
    pub cause: Option<String>,
    /// `low`, `normal` or `high`.
    pub severity: Option<String>,
    /// Not again for this long.
    pub cooldown: Option<Duration>,
    /// What becomes of what was already so when the trigger, or the customer, was first seen.
    pub backlog: Backlog,
    /// An event or a move found later than this is noted, not fired.
    pub grace: Duration,
    /// Indices in [`Compiled::actions`](super::Compiled::actions).
    pub actions: Vec<usize>,
}

/// What makes a trigger fire.
#[derive(Debug)]
pub enum Shape {
    /// A condition becomes true.
    When(Expression),
    /// An event.
    Event(Happening),
    /// The so manieth event alike.
    Times(Happening, Alike),
    /// An event that no other followed in time.
    Awaited(Happening, Awaited),
    /// A change of place, or of a field.
    Moves(Moves),
}

/// The events that concern a trigger.
#[derive(Debug)]
pub struct Happening {
    /// Their kind, index in [`Schema::events`](crate::model::Schema::events).
    pub event: usize,
    /// Which of them: over the event.
    pub filter: Option<Expression>,
}

/// How many events make one occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The so manieth fires.
    pub times: u32,
    /// The field in which they are alike.
    pub same: Option<usize>,
    /// Milliseconds within which all of them lie.
    pub within: i64,
}

/// What must follow an event, and by when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// What counts as the answer.
    pub answer: Unless,
    /// How long it is awaited.
    pub within: Duration,
}

/// The changes that concern a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Of what.
    pub what: Moved,
    /// Its name, as transitions carry it.
    pub name: Arc<str>,
    /// The names it may hold where they are declared, an ordered tier's from the top.
    pub places: Arc<[Arc<str>]>,
    /// Only up or down an ordered tier.
    pub direction: Option<Direction>,
    /// Only from one of these, if any is named; `None` is no place.
    pub from: Vec<Option<Arc<str>>>,
    /// Only to one of these, if any is named.
    pub to: Vec<Option<Arc<str>>>,
}

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// A segment, tier or quadrant: index in [`Compiled::values`](super::Compiled::values).
    Class(usize),
    /// A customer field: index in [`Schema::customer`](crate::model::Schema::customer).
    Field(usize),
}

/// Which way along an ordered tier; no level ranks lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To a higher level.
    Up,
    /// To a lower one.
    Down,
}

/// What becomes of what was already so at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Noted, not fired.
    Skip,
    /// Fired.
    Fire,
}

impl Trigger {
    /// The events it fires for, where it does.
    #[must_use]
    pub const fn happening(&self) -> Option<&Happening> {
        match &self.shape {
            Shape::Event(happening) | Shape::Times(happening, _) | Shape::Awaited(happening, _) => {
                Some(happening)
            }
            Shape::When(_) | Shape::Moves(_) => None,
        }
    }
}

impl Moves {
    /// Whether a change from one name to another is among them.
    #[must_use]
    pub fn includes(&self, from: Option<&str>, to: Option<&str>) -> bool {
        let named = |names: &[Option<Arc<str>>], name: Option<&str>| {
            names.is_empty() || names.iter().any(|known| known.as_deref() == name)
        };
        let goes = match self.direction {
            None => true,
            Some(Direction::Up) => self.rank(to) < self.rank(from),
            Some(Direction::Down) => self.rank(to) > self.rank(from),
        };
        from != to && goes && named(&self.from, from) && named(&self.to, to)
    }

    /// The place from the top; no place, or one the policy no longer has, comes last.
    fn rank(&self, name: Option<&str>) -> usize {
        let place = name.and_then(|name| self.places.iter().position(|place| **place == *name));
        place.unwrap_or(self.places.len())
    }
}
