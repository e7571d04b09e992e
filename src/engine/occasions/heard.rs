//! Which arrivals nobody needs any more.

use std::collections::BTreeMap;

use crate::archive::RunWriter;
use crate::engine::EngineError;
use crate::model::event::ArrivalMark;
use crate::policy::Compiled;

/// Takes away the arrivals that every table which hears them has taken. One that never looked takes those before
/// it as backlog, which it does not find among arrivals.
pub(in crate::engine) fn prune(policy: &Compiled, writer: &mut RunWriter<'_>) -> Result<(), EngineError> {
    let mut marks: BTreeMap<&str, ArrivalMark> = BTreeMap::new();
    for (event, rule) in hearers(policy) {
        let Some(kind) = policy.schema.events.get(event) else { continue };
        let Some(taken) = writer.archive().taken(&rule)? else { continue };
        let mark = marks.entry(&kind.name).or_insert(ArrivalMark { number: taken.arrival, at: taken.at });
        mark.number = mark.number.min(taken.arrival);
        mark.at = mark.at.min(taken.at);
    }
    let marks: Vec<(&str, ArrivalMark)> = marks.into_iter().collect();
    writer.prune_arrivals(&marks)?;
    Ok(())
}

/// The tables that take new events, each with the kind, as an index in the schema.
fn hearers(policy: &Compiled) -> impl Iterator<Item = (usize, String)> {
    policy
        .triggers
        .iter()
        .filter_map(|trigger| Some((trigger.happening()?.event, format!("trigger.{}", trigger.name))))
}
