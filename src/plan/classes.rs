//! Who moves in segments, tiers and quadrants.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::batches::Batches;
use super::change::Move;
use super::sample::Sample;
use crate::engine::renamed_places;
use crate::model::ClassShape;
use crate::model::standing::Place;
use crate::policy::Compiled;
use crate::policy::compiled::ValueDefinition;

/// A class of either set, and who moved in it.
pub(super) struct ClassMoves {
    /// As both sets name it.
    pub(super) name: Arc<str>,
    before: Option<Reading>,
    after: Option<Reading>,
    /// The places of both, by their present names.
    places: Vec<Arc<str>>,
    /// What stands for no place.
    none: usize,
    anyway: Moves,
    moves: Moves,
}

/// The place of those out of a segment, a name that no level or cell can have.
const OUT: &str = "false";

type Moves = BTreeMap<(usize, usize), Sample<String>>;

/// How one set's places are read.
struct Reading {
    /// Index in its schema's classes.
    class: usize,
    /// By place there the place in [`ClassMoves::places`].
    places: Vec<usize>,
}

impl ClassMoves {
    /// The classes of two sets, by name.
    pub(super) fn of(old: &Compiled, new: &Compiled) -> Vec<Self> {
        let (before, after) = (&old.schema.classes, &new.schema.classes);
        let mut names: Vec<&Arc<str>> = before.iter().chain(after).map(|shape| &shape.name).collect();
        names.sort_unstable();
        names.dedup();
        let of = |name: &Arc<str>| {
            let (was, is) = (old.schema.class(name), new.schema.class(name));
            let shape = |shapes: &[ClassShape], class: Option<usize>| shapes.get(class?).map(places);
            let (names_before, names_after) = (shape(before, was), shape(after, is));
            let present = names_after.clone().unwrap_or_default();
            // Who stands in a place that was renamed has not moved.
            let is_named = |shapes: &[ClassShape], class: Option<usize>| {
                class.and_then(|class| shapes.get(class)).is_some_and(|shape| shape.places.is_some())
            };
            let may_be_renamed = is_named(before, was) && is_named(after, is);
            let names_before = names_before.map(|names| match &names_after {
                Some(after) if may_be_renamed => renamed_places(&names, after),
                _ => names,
            });
            let mut all = present;
            for name in names_before.iter().flatten() {
                if !all.contains(name) {
                    all.push(name.clone());
                }
            }
            let reading = |class: Option<usize>, names: Option<Vec<Arc<str>>>| {
                let number = |name: &Arc<str>| all.iter().position(|known| known == name);
                let places = names?.iter().map(|name| number(name).unwrap_or(all.len())).collect();
                Some(Reading { class: class?, places })
            };
            let (before, after) = (reading(was, names_before), reading(is, names_after));
            // Who is in no segment is out of it.
            let none = all.iter().position(|place| &**place == OUT).unwrap_or(all.len());
            let (anyway, moves) = (Moves::new(), Moves::new());
            Self { name: name.clone(), before, after, places: all, none, anyway, moves }
        };
        names.into_iter().map(of).collect()
    }

    /// Takes in one customer: as stored, after the next run without the edit, and with it.
    pub(super) fn take(&mut self, row: usize, stored: &Batches<'_>, sides: [&Batches<'_>; 2], most: usize) {
        let [before, after] = sides;
        let none = self.none;
        let now = self.before.as_ref().map_or(none, |reading| reading.place(stored, row, none));
        let unedited = self.before.as_ref().map_or(none, |reading| reading.place(before, row, none));
        let edited = self.after.as_ref().map_or(none, |reading| reading.place(after, row, none));
        if now != unedited {
            self.anyway.entry((now, unedited)).or_default().note(most, || before.id(row).to_owned());
        }
        if unedited != edited {
            self.moves.entry((unedited, edited)).or_default().note(most, || after.id(row).to_owned());
        }
    }

    /// Who would have moved anyway, and whom the edit moves.
    pub(super) fn finish(self) -> (Vec<Move>, Vec<Move>) {
        let name = |place: usize| self.places.get(place).map(ToString::to_string);
        let moves = |moves: Moves| {
            let moves = moves.into_iter();
            moves.map(|((from, to), customers)| Move { from: name(from), to: name(to), customers }).collect()
        };
        (moves(self.anyway), moves(self.moves))
    }

    /// The value that either set has of its name.
    pub(super) fn definition<'a>(&self, old: &'a Compiled, new: &'a Compiled) -> Option<&'a ValueDefinition> {
        let of = |policy: &'a Compiled| policy.values.get(policy.value(&self.name)?);
        of(new).or_else(|| of(old))
    }
}

impl Reading {
    fn place(&self, batch: &Batches<'_>, row: usize, none: usize) -> usize {
        self.places.get(usize::from(batch.place(self.class, row))).copied().unwrap_or(none)
    }
}

/// The names of all places of a class.
fn places(shape: &ClassShape) -> Vec<Arc<str>> {
    let count = shape.places.as_ref().map_or(2, |places| places.len());
    let all = (0..count).filter_map(|place| shape.place_name(Place::try_from(place).ok()?));
    all.collect()
}
