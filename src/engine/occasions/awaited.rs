//! Triggers that fire where an answer did not come in time.

use std::collections::BTreeMap;

use super::events::{everyone_of, news};
use super::program::Program;
use super::{Asked, Found, Hands, Run};
use crate::archive::Archive;
use crate::care::trigger::awaited::answers;
use crate::engine::EngineError;
use crate::model::Timestamp;
use crate::model::event::{Arrival, AwaitedEvent, Event};
use crate::model::facts::BATCH;
use crate::policy::compiled::{Awaited, Happening, Unless};

/// Begins to wait for answers to what is new, and fires for what was not answered in time.
pub(super) fn take(
    asked: &Asked<'_>,
    program: &mut Program,
    run: Run<'_>,
    happening: &Happening,
    awaited: &Awaited,
    hands: &mut Hands<'_, '_>,
) -> Result<(), EngineError> {
    let Some(kind) = run.engine.policy.schema.events.get(happening.event) else { return Ok(()) };
    let (trigger, within) = (&*asked.trigger.name, awaited.within);
    news(asked, run, happening, hands, |arrivals, hands| {
        for arrival in arrivals {
            let due = within.after(arrival.at, asked.terms.timezone);
            let (id, customer, at) = (arrival.id.clone(), arrival.customer.clone(), arrival.at);
            hands.writer.wait_for_answer(trigger, &kind.name, &AwaitedEvent { id, customer, at, due })?;
        }
        Ok(())
    })?;
    loop {
        let overdue = hands.writer.archive().overdue(trigger, &kind.name, run.now, BATCH)?;
        if overdue.is_empty() {
            return Ok(());
        }
        let mut events = BTreeMap::new();
        for awaited in &overdue {
            // As it is now: a correction may have changed it.
            let event = hands.writer.archive().event(happening.event, &awaited.id)?;
            hands.writer.no_longer_awaited(trigger, &kind.name, awaited)?;
            let Some(event) = event else { continue };
            let corrected = within.after(event.at, asked.terms.timezone);
            let due = if event.at > awaited.at { corrected.max(awaited.due) } else { awaited.due };
            if due > run.now {
                let (id, customer, at) = (event.id, event.customer, event.at);
                let again = AwaitedEvent { id, customer, at, due };
                hands.writer.wait_for_answer(trigger, &kind.name, &again)?;
            } else {
                events.insert(event.id.clone(), (event, due));
            }
        }
        check(asked, program, run, &events, &awaited.answer, hands)?;
    }
}

/// Fires for those events, by id, each with when its answer was due, that nothing has answered.
fn check(
    asked: &Asked<'_>,
    program: &mut Program,
    run: Run<'_>,
    events: &BTreeMap<std::sync::Arc<str>, (Event, Timestamp)>,
    by: &Unless,
    hands: &mut Hands<'_, '_>,
) -> Result<(), EngineError> {
    let arrivals: Vec<Arrival> = events
        .values()
        .map(|(event, _)| Arrival {
            number: 0,
            id: event.id.clone(),
            customer: event.customer.clone(),
            at: event.at,
        })
        .collect();
    let first = arrivals.iter().map(|arrival| arrival.at.plus(-1)).min();
    everyone_of(program, &arrivals, first, run, hands, |seen, hands| {
        asked.decide(run, seen, hands, |row, writer| {
            let mut found = Vec::new();
            for (event, due) in seen.events(row).filter_map(|event| events.get(event.id)) {
                if !is_answered(writer.archive(), event, seen.customer(row), by, run.now)? {
                    let (at, event) = (*due, Some(event.id.clone()));
                    // What fell due while it slept is backlog.
                    let backlog = asked.taken.is_none();
                    found.push(Found { at, backlog, event, from: None, to: None });
                }
            }
            Ok(found)
        })
    })
}

/// Whether anything that happened up to an instant answers an event as it concerns a customer.
pub(in crate::engine) fn is_answered(
    archive: &Archive,
    event: &Event,
    customer: &str,
    by: &Unless,
    until: Timestamp,
) -> Result<bool, EngineError> {
    let later = archive.events_of(by.event, customer, event.at..=until)?;
    Ok(later.iter().any(|answer| answers(event, answer, by)))
}
