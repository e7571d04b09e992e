//! Which arrivals nobody needs any more.

use std::collections::BTreeMap;

use crate::archive::RunWriter;
use crate::engine::EngineError;
use crate::model::Timestamp;
use crate::model::event::ArrivalMark;
use crate::policy::Compiled;
use crate::policy::compiled::Start;

/// Of a table that has looked, but not yet at events.
const NOTHING: ArrivalMark = ArrivalMark { number: 0, at: Timestamp(i64::MIN) };

/// Takes away the arrivals that every table which hears them has taken. One that never looked takes those before
/// it as backlog, which it does not find among arrivals.
pub(in crate::engine) fn prune(policy: &Compiled, writer: &mut RunWriter<'_>) -> Result<(), EngineError> {
    let rules = writer.archive().rules()?;
    let mut marks: BTreeMap<&str, ArrivalMark> = BTreeMap::new();
    for (event, rule) in hearers(policy) {
        let Some(kind) = policy.schema.events.get(event) else { continue };
        let mark = match writer.archive().taken(&rule)? {
            Some(taken) => ArrivalMark { number: taken.arrival, at: taken.at },
            None if rules.iter().any(|known| known.name == rule) => NOTHING,
            None => continue,
        };
        let least = marks.entry(&kind.name).or_insert(mark);
        *least = ArrivalMark { number: least.number.min(mark.number), at: least.at.min(mark.at) };
    }
    let marks: Vec<(&str, ArrivalMark)> = marks.into_iter().collect();
    writer.prune_arrivals(&marks)?;
    Ok(())
}

/// The tables that take new events, each with the kind, as an index in the schema.
fn hearers(policy: &Compiled) -> impl Iterator<Item = (usize, String)> {
    let of_triggers = policy
        .triggers
        .iter()
        .filter_map(|trigger| Some((trigger.happening()?.event, format!("trigger.{}", trigger.name))));
    let of_cadences = policy
        .cadences
        .iter()
        .filter_map(|cadence| Some((cadence.event()?, format!("cadence.{}", cadence.name))));
    let of_schedules = policy.schedules.iter().flat_map(|schedule| {
        let Start::Events(events) = &schedule.start else { return Vec::new() };
        events.iter().map(|&event| (event, format!("schedule.{}", schedule.name))).collect()
    });
    of_triggers.chain(of_cadences).chain(of_schedules)
}
