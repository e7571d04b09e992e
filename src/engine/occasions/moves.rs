//! Triggers that fire when a place or a field changes.

use std::collections::BTreeMap;

use super::program::{Program, Who};
use super::{Asked, Found, Hands, Run};
use crate::engine::EngineError;
use crate::model::facts::BATCH;
use crate::model::standing::{PastTransition, TransitionCause};
use crate::policy::compiled::{Backlog, Moves};

/// Fires for the changes made since the trigger last looked, also in this run; at first sight, where it wants
/// that, for all there are.
pub(super) fn take(
    asked: &Asked<'_>,
    program: &mut Program,
    run: Run<'_>,
    moves: &Moves,
    hands: &mut Hands<'_, '_>,
) -> Result<(), EngineError> {
    let mut number = match asked.taken {
        Some(taken) => taken.transition,
        None if asked.terms.backlog == Backlog::Skip => return Ok(()),
        None => 0,
    };
    let mut transitions = Vec::new();
    while hands.writer.archive().transitions_since(number, &moves.name, BATCH, &mut transitions)? {
        number = transitions.last().map_or(i64::MAX, |last| last.number);
        let mut by_customer: BTreeMap<&str, Vec<&PastTransition>> = BTreeMap::new();
        for past in &transitions {
            if concerns(moves, past) {
                by_customer.entry(&past.transition.customer).or_default().push(past);
            }
        }
        let ids: Vec<&str> = by_customer.keys().copied().collect();
        let archive = hands.writer.archive();
        let Some(seen) = program.see(archive, Who::These(&ids), None, run.now, hands.cuts)? else { continue };
        asked.decide(run, &seen, hands, |row, _| {
            let moved = by_customer.get(seen.customer(row)).into_iter().flatten();
            Ok(moved.map(|past| asked.moved(past)).collect())
        })?;
    }
    Ok(())
}

/// Whether a change is one the trigger waits for. Where data and an edit both moved a customer in one run, so must be
/// what they did together: who stands where they stood has not moved.
fn concerns(moves: &Moves, past: &PastTransition) -> bool {
    let change = &past.transition;
    moves.includes(change.from.as_deref(), change.to.as_deref())
        && moves.includes(past.found.as_deref(), past.left.as_deref())
}

impl Asked<'_> {
    fn moved(&self, past: &PastTransition) -> Found {
        let change = &past.transition;
        Found {
            at: past.at,
            backlog: self.taken.is_none() || change.cause == TransitionCause::Policy,
            event: None,
            from: change.from.clone(),
            to: change.to.clone(),
        }
    }
}
