//! Which schedules go by events that have arrived, and for whom.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Whom;
use crate::archive::{Archive, ArchiveError, DueArrivals};
use crate::model::Timestamp;
use crate::model::event::{ArrivalMark, Taken};
use crate::policy::Compiled;
use crate::policy::compiled::{Schedule, Scope, Start};
use crate::schedule::MEMORY;

/// More customers than these are everybody.
const MANY: usize = 10_000;

/// A schedule whose events have arrived.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The schedule's name.
    pub schedule: Arc<str>,
    /// What it evaluates.
    pub scope: Scope,
    /// To whom it happened; everybody where that is many, or the event has no customer.
    pub whom: Whom,
    /// How far the schedule has come with this.
    taken: Taken,
}

impl Happened {
    /// The first schedule whose events have arrived since it last ran, if any have. What came before a schedule was first
    /// asked about is no news to it.
    ///
    /// # Errors
    /// The store fails.
    pub fn find(
        archive: &mut Archive,
        policy: &Compiled,
        now: Timestamp,
    ) -> Result<Option<Self>, ArchiveError> {
        let taken =
            Taken { arrival: archive.last_arrival()?, transition: archive.last_transition()?, at: now };
        for schedule in &policy.schedules {
            let Start::Events(kinds) = &schedule.start else { continue };
            let Some(before) = archive.taken(&rule(&schedule.name))? else {
                archive.remember_taken(&rule(&schedule.name), taken)?;
                continue;
            };
            let mark = ArrivalMark { number: before.arrival, at: before.at };
            let mut customers = BTreeSet::new();
            for event in kinds.iter().filter_map(|&kind| policy.schema.events.get(kind)) {
                let mut due = DueArrivals::new(&event.name, mark, now);
                let mut arrivals = Vec::new();
                while customers.len() <= MANY && due.next(archive, &mut arrivals)? {
                    customers.extend(arrivals.drain(..).map(|arrival| arrival.customer));
                }
            }
            if !customers.is_empty() {
                return Ok(Some(Self::new(schedule, customers, taken)));
            }
        }
        Ok(None)
    }

    fn new(schedule: &Schedule, customers: BTreeSet<Arc<str>>, taken: Taken) -> Self {
        // An event that happens to everyone has no customer.
        let everybody = customers.len() > MANY || customers.contains("");
        let whom = if everybody { Whom::Everybody } else { Whom::These(customers.into_iter().collect()) };
        Self { schedule: Arc::clone(&schedule.name), scope: schedule.evaluate.clone(), whom, taken }
    }

    /// The instant to decide for.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.taken.at
    }

    /// Notes that the schedule has run for this.
    ///
    /// # Errors
    /// The store fails.
    pub fn remember(&self, archive: &mut Archive) -> Result<(), ArchiveError> {
        archive.remember_taken(&rule(&self.schedule), self.taken)
    }
}

fn rule(schedule: &str) -> String {
    format!("{MEMORY}{schedule}")
}
