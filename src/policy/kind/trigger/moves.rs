//! Triggers that fire when a segment, tier, quadrant or customer field changes.

use std::sync::Arc;

use super::class;
use crate::model::Type;
use crate::policy::codes;
use crate::policy::compiled::{Direction, Moved, Moves};
use crate::policy::formula::{Context, disabled};
use crate::policy::kind::segment::InError;
use crate::policy::names::Known;
use crate::policy::raw::{At, Place, Reader};

/// What says in `from` and `to` that there is no place.
const MISSING: &str = "missing";

/// `moves` and what belongs to it, as written.
pub(super) struct RawMoves {
    what: At<String>,
    direction: Option<At<Direction>>,
    from: Vec<At<String>>,
    to: Vec<At<String>>,
}

/// What moves, and what it may hold.
struct Found {
    what: Moved,
    name: Arc<str>,
    /// `None` where that may be any text.
    places: Option<Arc<[Arc<str>]>>,
    is_ordered: bool,
    /// Whether there may be no place: not for a segment.
    can_be_missing: bool,
}

impl RawMoves {
    pub(super) fn read(reader: &Reader<'_>) -> Option<Self> {
        let directions = [("up", Direction::Up), ("down", Direction::Down)];
        let (direction, from, to) =
            (reader.choice("direction", &directions), reader.words("from"), reader.words("to"));
        Some(Self { what: reader.word("moves")?, direction, from, to })
    }

    pub(super) fn class(&self, known: &Known) -> Option<usize> {
        class(&self.what.value, known)
    }

    pub(super) fn check(&self, context: Context<'_>) -> Option<Moves> {
        let found = self.find(context)?;
        if let Some(direction) = self.direction.as_ref().filter(|_| !found.is_ordered) {
            let message = format!("`direction` has no effect here: `{}` has no order", found.name);
            let help = "take it out, or say `from` and `to`";
            context.sink.problem(&codes::table::NO_EFFECT, &direction.place, message).help(help).report();
            return None;
        }
        let names = |names: &[At<String>], key| {
            let places: Vec<_> = names.iter().map(|name| found.place(name, key, context)).collect();
            places.into_iter().collect::<Result<Vec<_>, _>>().ok()
        };
        let (from, to) = (names(&self.from, "from"), names(&self.to, "to"));
        let moves = Moves {
            what: found.what,
            name: found.name.clone(),
            places: found.places.clone().unwrap_or_default(),
            direction: self.direction.as_ref().map(|direction| direction.value),
            from: from?,
            to: to?,
        };
        if !found.can_move(&moves) {
            let message = format!("`{}` never changes like this", found.name);
            context.sink.problem(&codes::together::NEVER_FIRES, &self.what.place, message).report();
        }
        Some(moves)
    }

    fn find(&self, context: Context<'_>) -> Option<Found> {
        let Context { known, sink, .. } = context;
        let name = self.what.value.as_str();
        if let Some(index) = class(name, known) {
            let value = known.values.get(index)?;
            if context.enabled && !value.enabled {
                disabled(sink, &self.what.place, &format!("{}.{name}", value.kind));
            }
            let places = match &value.ty {
                Some(Type::Choice(places)) => places.clone(),
                Some(Type::Bool) => ["true", "false"].map(Arc::from).into(),
                _ => return None,
            };
            return Some(Found {
                what: Moved::Class(index),
                name: name.into(),
                places: Some(places),
                is_ordered: value.ordered,
                can_be_missing: value.ty != Some(Type::Bool),
            });
        }
        let field = known.fields.iter().position(|field| *field.name == *name);
        if let Some((index, field)) = field.and_then(|index| Some((index, known.fields.get(index)?))) {
            let places = match &field.ty {
                Type::Choice(words) => Some(words.clone()),
                Type::Text => None,
                other => {
                    self.does_not_move(&format!("a customer field of type {other}"), context);
                    return None;
                }
            };
            return Some(Found {
                what: Moved::Field(index),
                name: name.into(),
                places,
                is_ordered: false,
                can_be_missing: true,
            });
        }
        if let Some(value) = known.value(name).and_then(|index| known.values.get(index)) {
            self.does_not_move(&format!("a {}", value.kind), context);
        } else if !known.field_places.contains_key(name) {
            self.unknown(context);
        }
        None
    }

    fn does_not_move(&self, what: &str, context: Context<'_>) {
        let message = format!("`{}` is {what}, whose changes are not kept", self.what.value);
        context
            .sink
            .problem(&codes::together::DOES_NOT_MOVE, &self.what.place, message)
            .help("put customers into a segment by it, and say `moves` of that")
            .report();
    }

    fn unknown(&self, context: Context<'_>) {
        let known = context.known;
        let classes = known.values.iter().filter(|value| value.is_class()).map(|value| &*value.name);
        let fields = known.fields.iter().filter(|field| field.ty.is_textual()).map(|field| &*field.name);
        let names: Vec<&str> = classes.chain(fields).collect();
        let message = format!("there is no segment, tier, quadrant or customer field `{}`", self.what.value);
        context
            .sink
            .problem(&codes::together::UNKNOWN_REFERENCE, &self.what.place, message)
            .nearest(&self.what.value, &names, true)
            .report();
    }
}

impl Found {
    /// A place of `from` or `to`; none where it says that there is none.
    fn place(&self, name: &At<String>, key: &str, context: Context<'_>) -> Result<Option<Arc<str>>, InError> {
        let text = name.value.as_str();
        let Some(places) = &self.places else {
            return Ok((text != MISSING).then(|| text.into()));
        };
        if let Some(place) = places.iter().find(|place| ***place == *text) {
            return Ok(Some(place.clone()));
        }
        let missing = self.can_be_missing.then_some(MISSING);
        if missing == Some(text) {
            return Ok(None);
        }
        let names: Vec<&str> = places.iter().map(|place| &**place).chain(missing).collect();
        let message = format!("`{}` is never `{text}`, so `{key}` can't name it", self.name);
        report_place(&name.place, text, message, &names, context);
        Err(InError)
    }

    /// Whether some change is among those wanted.
    fn can_move(&self, moves: &Moves) -> bool {
        let Some(places) = &self.places else {
            let [from, to] = [&moves.from, &moves.to];
            return from.len() != 1 || from != to;
        };
        let none = self.can_be_missing.then_some(None);
        let all = || places.iter().map(|place| Some(&**place)).chain(none);
        all().any(|from| all().any(|to| moves.includes(from, to)))
    }
}

fn report_place(place: &Place, text: &str, message: String, names: &[&str], context: Context<'_>) {
    context.sink.problem(&codes::table::NOT_A_WORD, place, message).nearest(text, names, true).report();
}
