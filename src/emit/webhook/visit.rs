//! One visit of a lane to the store: notes what came of attempts, and takes what is due and let through. All of it is
//! one transaction, so that what is taken is known to have begun before anything of it leaves.

use std::sync::Arc;

use crate::archive::{Archive, Delivery, OutboxChange};
use crate::emit::gate::{self, Asked, Gate, GateError};
use crate::emit::settle::{self, Settled};
use crate::emit::store::StoreError;
use crate::model::Timestamp;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Errand {
    /// The lane's.
    pub(super) channel: Arc<str>,
    /// Attempts are left of one that ended before: of a program that died.
    pub(super) recover: bool,
    /// What came of attempts.
    pub(super) settled: Vec<Settled>,
    /// Touches that were taken and not sent.
    pub(super) give_back: Vec<Arc<str>>,
    /// What is wanted.
    pub(super) wanted: Wanted,
    /// Due by then, where not by now.
    pub(super) until: Option<Timestamp>,
}

/// How many touches are wanted at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// First attempts.
    pub(super) first: usize,
    /// Retries beside them.
    pub(super) beside: usize,
    /// Retries where first attempts run out.
    pub(super) instead: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What may leave, and what may not.
    pub(super) asked: Asked,
    /// There may be more.
    pub(super) more: bool,
    /// When the next is due.
    pub(super) next_due: Option<Timestamp>,
    /// Why the guards could not be asked; all else was done.
    pub(super) refused: Option<GateError>,
}

/// Does an errand.
pub(super) fn visit(
    archive: &mut Archive,
    gate: &dyn Gate,
    errand: &Errand,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let change = archive.change_outbox()?;
    if errand.recover {
        let recovered = change.recover(&errand.channel)?;
        if recovered > 0 {
            tracing::warn!(
                channel = &*errand.channel,
                recovered,
                "attempts had begun when the program ended; they are made again"
            );
        }
    }
    settle::note(&change, &errand.settled, now)?;
    if !errand.give_back.is_empty() {
        let given_back: Vec<&str> = errand.give_back.iter().map(|id| &**id).collect();
        change.give_back(&given_back)?;
    }
    let mut found = Found::default();
    if errand.wanted.first > 0 {
        let by = errand.until.unwrap_or(now);
        let due = due(&change, errand, by, &mut found)?;
        match gate::decide(change.archive(), gate, due, now) {
            Ok((asked, rulings)) => {
                change.note_rulings(&rulings, now)?;
                let leaving: Vec<i64> = asked.leaving.iter().map(|delivery| delivery.number).collect();
                if !leaving.is_empty() {
                    change.begin_attempts(&leaving)?;
                }
                // Where one ended, the next of its line may leave.
                found.more |= asked.suppressed + asked.expired > 0;
                found.asked = asked;
            }
            Err(error) => found.refused = Some(error),
        }
    }
    found.next_due = change.archive().next_in_turn(&errand.channel)?;
    change.commit()?;
    Ok(found)
}

fn due(
    change: &OutboxChange<'_>,
    errand: &Errand,
    by: Timestamp,
    found: &mut Found,
) -> Result<Vec<Delivery>, StoreError> {
    let Wanted { first, beside, instead } = errand.wanted;
    let mut due = change.archive().due_first(&errand.channel, by, first)?;
    let has_more = due.len() >= first;
    let most = if has_more { beside } else { instead };
    let mut again =
        if most > 0 { change.archive().due_again(&errand.channel, by, most)? } else { Vec::new() };
    found.more = has_more || (most > 0 && again.len() >= most);
    due.append(&mut again);
    Ok(due)
}
