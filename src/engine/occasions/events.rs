//! Triggers that fire for each event, or for the so manieth alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::program::{Program, Seen, Who};
use super::{Asked, Found, Hands, Run};
use crate::archive::{Archive, DueArrivals};
use crate::care::trigger::alike::{self, complete};
use crate::engine::EngineError;
use crate::model::Timestamp;
use crate::model::event::{Arrival, ArrivalMark};
use crate::model::facts::BATCH;
use crate::policy::compiled::{Alike, Backlog, Happening};

/// Fires for each new event.
pub(super) fn each(
    asked: &Asked<'_>,
    program: &mut Program,
    run: Run<'_>,
    happening: &Happening,
    hands: &mut Hands<'_, '_>,
) -> Result<(), EngineError> {
    news(asked, run, happening, hands, |arrivals, hands| {
        let ids: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.id).collect();
        let first = arrivals.iter().map(|arrival| arrival.at.plus(-1)).min();
        everyone_of(program, arrivals, first, run, hands, |seen, hands| {
            asked.decide(run, seen, hands, |row, _| {
                let new = seen.events(row).filter(|event| ids.contains(event.id));
                Ok(new.map(|event| asked.found(event.id, event.at)).collect())
            })
        })
    })
}

/// Fires for each event that makes so many alike.
pub(super) fn alike(
    asked: &Asked<'_>,
    program: &mut Program,
    run: Run<'_>,
    happening: &Happening,
    alike: Alike,
    hands: &mut Hands<'_, '_>,
) -> Result<(), EngineError> {
    news(asked, run, happening, hands, |arrivals, hands| {
        let ids: BTreeSet<&str> = arrivals.iter().map(|arrival| &*arrival.id).collect();
        everyone_of(program, arrivals, None, run, hands, |seen, hands| {
            asked.decide(run, seen, hands, |row, _| {
                let events: Vec<_> = seen.events(row).collect();
                let counted: Vec<alike::Alike> = events
                    .iter()
                    .map(|event| alike::Alike {
                        at: event.at.0,
                        same: alike.same.map_or(Some(0), |field| seen.field(*event, field)),
                        new: ids.contains(event.id),
                    })
                    .collect();
                let complete = complete(&counted, alike.times, alike.within);
                let fired = complete.into_iter().filter_map(|index| events.get(index));
                Ok(fired.map(|event| asked.found(event.id, event.at)).collect())
            })
        })
    })
}

impl Asked<'_> {
    fn found(&self, id: &str, at: Timestamp) -> Found {
        Found { at, backlog: self.taken.is_none(), event: Some(id.into()), from: None, to: None }
    }
}

/// Gives what is new to a trigger, some at a time and without what is too late: since it last looked, or at first
/// sight, where it wants that, all there is.
pub(super) fn news(
    asked: &Asked<'_>,
    run: Run<'_>,
    happening: &Happening,
    hands: &mut Hands<'_, '_>,
    mut take: impl FnMut(&[Arrival], &mut Hands<'_, '_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let Some(kind) = run.engine.policy.schema.events.get(happening.event) else { return Ok(()) };
    let mut arrivals = Vec::new();
    let mut source = match asked.taken {
        Some(taken) => {
            let mark = ArrivalMark { number: taken.arrival, at: taken.at };
            Source::Arrivals(DueArrivals::new(&kind.name, mark, run.now))
        }
        None if asked.terms.backlog == Backlog::Skip => return Ok(()),
        None => Source::Past {
            kind: happening.event,
            since: asked.terms.grace.before(run.started, asked.terms.timezone),
            now: run.now,
            last: None,
        },
    };
    while source.next(hands.writer.archive(), &mut arrivals)? {
        let found = arrivals.len();
        arrivals.retain(|arrival| !asked.terms.is_too_late(arrival.at, run.started));
        hands.report.too_late += (found - arrivals.len()) as u64;
        if !arrivals.is_empty() {
            take(&arrivals, hands)?;
        }
    }
    Ok(())
}

/// Where news comes from.
enum Source {
    Arrivals(DueArrivals),
    Past { kind: usize, since: Timestamp, now: Timestamp, last: Option<Arrival> },
}

impl Source {
    fn next(&mut self, archive: &Archive, arrivals: &mut Vec<Arrival>) -> Result<bool, EngineError> {
        match self {
            Self::Arrivals(due) => Ok(due.next(archive, arrivals)?),
            Self::Past { kind, since, now, last } => {
                *arrivals = archive.past_events(*kind, *since..=*now, last.as_ref(), BATCH)?;
                *last = arrivals.last().cloned();
                Ok(!arrivals.is_empty())
            }
        }
    }
}

/// Looks at all whom events concern, in batches: those to whom they happened; what happens to nobody in particular
/// concerns all.
pub(super) fn everyone_of(
    program: &mut Program,
    arrivals: &[Arrival],
    later_than: Option<Timestamp>,
    run: Run<'_>,
    hands: &mut Hands<'_, '_>,
    mut take: impl FnMut(&Seen<'_>, &mut Hands<'_, '_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let customers: BTreeSet<&Arc<str>> = arrivals.iter().map(|arrival| &arrival.customer).collect();
    if !customers.iter().any(|customer| customer.is_empty()) {
        let ids: Vec<&str> = customers.into_iter().map(|customer| &**customer).collect();
        let archive = hands.writer.archive();
        if let Some(seen) = program.see(archive, Who::These(&ids), later_than, run.now, hands.cuts)? {
            take(&seen, hands)?;
        }
        return Ok(());
    }
    let mut after: Option<String> = None;
    loop {
        let who = Who::After(after.as_deref());
        let Some(seen) = program.see(hands.writer.archive(), who, later_than, run.now, hands.cuts)? else {
            return Ok(());
        };
        after = seen.last();
        take(&seen, hands)?;
    }
}
