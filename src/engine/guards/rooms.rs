//! The places of every capacity that touches ask for in a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::archive::{Archive, RunWriter, Taken};
use crate::care::guard::Verdict;
use crate::care::guard::capacity::{Outcome, Room, period};
use crate::engine::EngineError;
use crate::model::{Date, Timestamp};
use crate::policy::compiled::{Capacity, CapacityPeriod};

/// Rooms by number.
#[derive(Default)]
pub(super) struct Rooms {
    rooms: Vec<NamedRoom>,
    /// By guard and key.
    known: BTreeMap<(usize, String), usize>,
}

/// The places of one key for the present period.
struct NamedRoom {
    guard: Arc<str>,
    room: Room,
    day: Date,
    /// When the next period begins.
    next: Timestamp,
    /// As the store tells keys apart: nothing for a missing one.
    key: String,
    /// For people: how many places, when and whose.
    places: String,
    kept: String,
}

/// Whose places are asked for.
pub(super) enum Key {
    /// The same for all.
    All,
    /// Those for whom it is not known, who share places.
    Missing,
    /// Those of this name.
    Is(String),
}

impl Key {
    /// As the store tells keys apart.
    fn stored(&self) -> String {
        match self {
            Self::All | Self::Missing => String::new(),
            Self::Is(key) => format!("={key}"),
        }
    }
}

impl Rooms {
    /// The room of a key.
    pub(super) fn enter(
        &mut self,
        (index, guard, terms): (usize, &Arc<str>, &Capacity),
        key: Key,
        at: Timestamp,
        zone: Tz,
        archive: &Archive,
    ) -> Result<Option<usize>, EngineError> {
        let name = (index, key.stored());
        if let Some(&room) = self.known.get(&name) {
            return Ok(Some(room));
        }
        let Some((day, next)) = period(terms.per, at, zone) else { return Ok(None) };
        let mut room = Room::new(terms);
        for taken in archive.places_taken(guard, day, &name.1)? {
            room.take(taken.entitled, taken.units);
        }
        let when = match terms.per {
            CapacityPeriod::Day => format!("of {day}"),
            CapacityPeriod::Week => format!("of the week from {day}"),
            CapacityPeriod::Month => format!("of the month from {day}"),
        };
        let by = terms.by.as_ref().map_or("", |by| &*by.text);
        let whose = match key {
            Key::All => String::new(),
            Key::Missing => format!(", {by} missing"),
            Key::Is(key) => format!(", {by} {key}"),
        };
        self.rooms.push(NamedRoom {
            guard: guard.clone(),
            room,
            day,
            next,
            places: format!("no place is left of the {} {when}{whose}", terms.max),
            kept: format!("the places left of the {} {when}{whose} are kept for others", terms.max),
            key: name.1.clone(),
        });
        self.known.insert(name, self.rooms.len() - 1);
        Ok(Some(self.rooms.len() - 1))
    }

    /// How many have been entered.
    pub(super) fn count(&self) -> usize {
        self.rooms.len()
    }

    /// Forgets what was taken of the guard of a room long before its present period.
    pub(super) fn forget_past(&self, room: usize, writer: &mut RunWriter<'_>) -> Result<(), EngineError> {
        if let Some(named) = self.rooms.get(room) {
            writer.forget_places(&named.guard, named.day)?;
        }
        Ok(())
    }

    /// Notes that a touch will be decided about.
    pub(super) fn want(&mut self, room: usize, entitled: Option<usize>, units: i64) {
        if let Some(named) = self.rooms.get_mut(room) {
            named.room.want(entitled, units);
        }
    }

    /// Notes that it was.
    pub(super) fn leave(&mut self, room: usize, entitled: Option<usize>, units: i64) {
        if let Some(named) = self.rooms.get_mut(room) {
            named.room.leave(entitled, units);
        }
    }

    /// What a capacity says of a touch.
    pub(super) fn decide(&self, room: usize, entitled: Option<usize>, units: i64) -> Verdict {
        let Some(named) = self.rooms.get(room) else { return Verdict::Passes };
        let waits = |reason: &String| Verdict::Waits { reason: reason.clone(), until: Some(named.next) };
        match named.room.decide(entitled, units) {
            Outcome::Taken => Verdict::Passes,
            Outcome::Full => waits(&named.places),
            Outcome::Reserved => waits(&named.kept),
        }
    }

    /// Takes places for a touch.
    pub(super) fn take(
        &mut self,
        room: usize,
        entitled: Option<usize>,
        units: i64,
        touch: i64,
        writer: &mut RunWriter<'_>,
    ) -> Result<(), EngineError> {
        let Some(named) = self.rooms.get_mut(room) else { return Ok(()) };
        named.room.take(entitled, units);
        writer.take_places(&named.guard, named.day, &named.key, touch, Taken { units, entitled })?;
        Ok(())
    }
}
