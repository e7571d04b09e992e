//! Which of the shapes a trigger has, and the keys that belong to it.

use super::event::RawEvent;
use super::moves::RawMoves;
use crate::policy::codes;
use crate::policy::compiled::Shape;
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::{Known, Scope};
use crate::policy::raw::Reader;

/// The shape of a trigger as written.
pub(super) enum RawShape {
    When(Formula),
    Event(Box<RawEvent>),
    Moves(RawMoves),
}

const OF_EVENTS: &[&str] = &["where", "times", "unless", "same", "within"];
const OF_MOVES: &[&str] = &["direction", "from", "to"];

impl RawShape {
    /// Reads the shape; reports none, more than one, and keys of another.
    pub(super) fn read(reader: &Reader<'_>) -> Option<Self> {
        let is_there = |key: &&str| reader.entry(key).is_some();
        let shapes: Vec<&str> = ["when", "on", "moves"].into_iter().filter(is_there).collect();
        match *shapes.as_slice() {
            [] => {
                let message = "what makes it fire is missing: `when`, `on` or `moves`";
                let help = "add a condition under `when`, an event kind under `on`, or a class or field under `moves`";
                reader.problem(&codes::table::MISSING_KEY, message).help(help).report();
                None
            }
            [shape] => Self::read_one(shape, reader),
            [first, ref others @ ..] => {
                for other in others {
                    let help = "a trigger has one shape: make two triggers of it, or narrow it by `audience`";
                    reader.excludes(first, other, help);
                }
                None
            }
        }
    }

    fn read_one(shape: &str, reader: &Reader<'_>) -> Option<Self> {
        let useless = |keys: &[&str], why| keys.iter().for_each(|key| reader.useless(key, why));
        if shape != "on" {
            useless(OF_EVENTS, "it belongs to `on`");
        }
        if shape != "moves" {
            useless(OF_MOVES, "it belongs to `moves`");
        }
        match shape {
            "when" => {
                useless(&["grace"], "a condition holds or not, only events and moves grow old");
                Formula::read(reader, "when").map(Self::When)
            }
            "on" => Some(Self::Event(Box::new(RawEvent::read(reader)))),
            _ => RawMoves::read(reader).map(Self::Moves),
        }
    }

    /// The event kind it fires for.
    pub(super) fn event(&self) -> Option<&str> {
        match self {
            Self::Event(event) => event.name(),
            Self::When(_) | Self::Moves(_) => None,
        }
    }

    /// All event kinds it names.
    pub(super) fn events(&self) -> Vec<&str> {
        match self {
            Self::Event(event) => event.names(),
            Self::When(_) | Self::Moves(_) => Vec::new(),
        }
    }

    /// The segment, tier or quadrant whose changes it takes.
    pub(super) fn class(&self, known: &Known) -> Option<usize> {
        match self {
            Self::Moves(moves) => moves.class(known),
            Self::When(_) | Self::Event(_) => None,
        }
    }

    /// Its expressions, each with what it speaks of.
    pub(super) fn formulas(&self, known: &Known) -> Vec<(&Formula, Scope)> {
        match self {
            Self::When(when) => vec![(when, Scope::Customer)],
            Self::Event(event) => event.formulas(known),
            Self::Moves(_) => Vec::new(),
        }
    }

    /// Checks it.
    pub(super) fn check(&self, context: Context<'_>) -> Option<Shape> {
        match self {
            Self::When(when) => when.check(context, Scope::Customer, &Expected::Bool).map(Shape::When),
            Self::Event(event) => event.check(context),
            Self::Moves(moves) => moves.check(context).map(Shape::Moves),
        }
    }
}
