//! Runs soon after events have arrived, of the customers they happened to.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::runs::{self, MEMORY, Ran};
use super::state::{Shared, Store};
use crate::archive::{Archive, ArchiveError, DueArrivals};
use crate::engine::{EngineError, Whom};
use crate::model::Timestamp;
use crate::model::event::{ArrivalMark, Taken};
use crate::policy::Compiled;
use crate::policy::compiled::{Schedule, Start};

/// More customers than these are everybody.
const MANY: usize = 10_000;

/// A schedule whose events have arrived.
struct Happened {
    /// Index of the policy's schedules.
    schedule: usize,
    /// To whom; everybody where `None`.
    customers: Option<BTreeSet<Arc<str>>>,
    /// How far it has come with this.
    taken: Taken,
}

/// Does the first run that events ask for, if any do.
pub(super) fn run(shared: &Shared, store: &mut Store) -> Option<Ran> {
    let policy = Arc::clone(store.engine.policy());
    let happened = match find(&mut store.archive, &policy, shared.now()) {
        Ok(happened) => happened?,
        Err(error) => return Some(Err(error.into())),
    };
    let schedule = policy.schedules.get(happened.schedule)?;
    let whom =
        happened.customers.map_or(Whom::Everybody, |customers| Whom::These(customers.into_iter().collect()));
    let scope = schedule.evaluate.clone();
    let result = runs::decide(shared, store, happened.taken.at, (scope, &whom), &schedule.name);
    // A fault of the store is made up for; one of the evaluation would come again.
    if !matches!(result, Err(EngineError::Archive(_)))
        && let Err(error) = store.archive.remember_taken(&rule(schedule), happened.taken)
    {
        return Some(Err(error.into()));
    }
    Some(result)
}

fn rule(schedule: &Schedule) -> String {
    format!("{MEMORY}{}", schedule.name)
}

fn find(archive: &mut Archive, policy: &Compiled, now: Timestamp) -> Result<Option<Happened>, ArchiveError> {
    let taken = Taken { arrival: archive.last_arrival()?, transition: archive.last_transition()?, at: now };
    for (index, schedule) in policy.schedules.iter().enumerate() {
        let Start::Events(kinds) = &schedule.start else { continue };
        let Some(before) = archive.taken(&rule(schedule))? else {
            // What came before it was there is no news to it.
            archive.remember_taken(&rule(schedule), taken)?;
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
            // An event that happens to everyone has no customer.
            let everybody = customers.len() > MANY || customers.contains("");
            let customers = (!everybody).then_some(customers);
            return Ok(Some(Happened { schedule: index, customers, taken }));
        }
    }
    Ok(None)
}
