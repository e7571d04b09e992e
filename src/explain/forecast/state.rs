//! The facts of one customer as they will be at coming instants, with what the runs before have decided.

use super::program::Placed;
use crate::archive::{Archive, ArchiveError};
use crate::model::Timestamp;
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::standing::{PendingClock, Place};

/// One customer's facts and standing, carried from run to run.
pub(super) struct Ahead<'a> {
    archive: &'a Archive,
    id: &'a str,
    request: FactRequest,
    facts: FactBatch,
    /// The instants of events that are stored already and lie ahead, in order.
    coming: Vec<Timestamp>,
    /// How many of those the facts hold.
    arrived: usize,
}

impl<'a> Ahead<'a> {
    /// The facts as they stand. `facts` is an empty batch with the dictionary to use.
    pub(super) fn new(
        archive: &'a Archive,
        id: &'a str,
        request: FactRequest,
        mut facts: FactBatch,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Self, ArchiveError> {
        archive.batch_of(&request, until, &[id], &mut facts)?;
        let events = facts.events.iter().flatten().flat_map(|events| &events.at);
        #[expect(clippy::cast_possible_truncation, reason = "instants are whole numbers in range")]
        let events = events.map(|&at| Timestamp(at as i64));
        let mut coming: Vec<Timestamp> = events.filter(|at| *at > now).collect();
        coming.sort_unstable();
        coming.dedup();
        if !coming.is_empty() {
            archive.batch_of(&request, now, &[id], &mut facts)?;
        }
        Ok(Self { archive, id, request, facts, coming, arrived: 0 })
    }

    /// The facts as known at an instant.
    pub(super) fn at(&mut self, instant: Timestamp) -> Result<&mut FactBatch, ArchiveError> {
        let arrived = self.coming.partition_point(|at| *at <= instant);
        if arrived != self.arrived {
            let prior = std::mem::take(&mut self.facts.prior);
            self.archive.batch_of(&self.request, instant, &[self.id], &mut self.facts)?;
            self.facts.prior = prior;
            self.arrived = arrived;
        }
        Ok(&mut self.facts)
    }

    /// The place the last run left, and the clock that runs.
    pub(super) fn before(&self, class: usize) -> (Option<Place>, Option<PendingClock>) {
        let prior = self.facts.prior.classes.get(class).and_then(Option::as_ref);
        let clock = self.facts.prior.pending.iter().find(|clock| usize::try_from(clock.class) == Ok(class));
        (prior.and_then(|prior| prior.place.first().copied()), clock.copied())
    }

    /// Takes over what a run has decided.
    pub(super) fn advance(&mut self, places: &[Placed], now: Timestamp) {
        let prior = &mut self.facts.prior;
        for placed in places {
            let Some(Some(class)) = prior.classes.get_mut(placed.class) else { continue };
            if !placed.first && !placed.changed {
                continue;
            }
            let (Some(place), Some(since)) = (class.place.first_mut(), class.since.first_mut()) else {
                continue;
            };
            if let Some(previous) = class.previous.first_mut().filter(|_| placed.changed) {
                *previous = *place;
            }
            (*place, *since) = (placed.place, now.0);
        }
        let is_decided =
            |clock: &PendingClock| places.iter().any(|placed| u32::try_from(placed.class) == Ok(clock.class));
        prior.pending.retain(|clock| !is_decided(clock));
        prior.pending.extend(places.iter().filter_map(|placed| placed.clock));
        prior.pending.sort_unstable_by_key(|clock| (clock.row, clock.class));
    }
}
