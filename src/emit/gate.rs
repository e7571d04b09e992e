//! Asking the guards just before every attempt, in the same visit to the store that found what is due, and
//! noting at once what doesn't leave.

use super::store::StoreError;
use crate::archive::{Archive, Delivery};
use crate::care::release::{self, Past, Release, Said};
use crate::model::Timestamp;
use crate::model::touch::Ruling;

/// Says of touches whose attempt is due whether a guard holds them.
pub trait Gate: Send + Sync {
    /// What the guards say of each, on the data of the moment. Where they can't be asked, nothing leaves.
    ///
    /// # Errors
    /// The store fails, or a guard can't be evaluated.
    fn ask(&self, archive: &Archive, due: &[&Delivery], now: Timestamp) -> Result<Vec<Said>, GateError>;
}

/// Why the guards can't be asked.
#[derive(Debug, thiserror::Error)]
#[error("the guards can't be asked: {0}")]
pub struct GateError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What came of asking.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What may leave, in the order given.
    pub(super) leaving: Vec<Delivery>,
    /// How many a guard dropped.
    pub(super) suppressed: u64,
    /// How many are over.
    pub(super) expired: u64,
    /// How many a guard holds.
    pub(super) put_off: u64,
}

impl Asked {
    /// Whether anything was found not to leave, and noted.
    pub(super) const fn held_any(&self) -> bool {
        self.suppressed + self.expired + self.put_off > 0
    }
}

/// Asks about what is due; what doesn't leave is noted before this returns.
pub(super) fn ask(
    archive: &mut Archive,
    gate: &dyn Gate,
    due: Vec<Delivery>,
    now: Timestamp,
) -> Result<Asked, StoreError> {
    let (asked, rulings) = decide(archive, gate, due, now)?;
    if !rulings.is_empty() {
        archive.note_rulings(&rulings, now)?;
    }
    Ok(asked)
}

/// Asks about what is due, and says what is to be noted of it.
pub(super) fn decide(
    archive: &Archive,
    gate: &dyn Gate,
    due: Vec<Delivery>,
    now: Timestamp,
) -> Result<(Asked, Vec<Ruling>), GateError> {
    let askable: Vec<&Delivery> =
        due.iter().filter(|delivery| release::is_askable(&delivery.touch, now)).collect();
    let said = if askable.is_empty() { Vec::new() } else { gate.ask(archive, &askable, now)? };
    if said.len() != askable.len() {
        return Err(GateError("there is not an answer for each touch".into()));
    }
    let mut said = said.into_iter();
    let mut asked = Asked::default();
    let mut rulings = Vec::new();
    for delivery in due {
        let touch = &delivery.touch;
        // Of what needs no asking, nothing hangs on the answer.
        let said =
            if release::is_askable(touch, now) { said.next().unwrap_or(Said::Passes) } else { Said::Passes };
        let release = release::release(touch, past(&delivery), said, now);
        match &release {
            Release::NoLongerQueued | Release::Leave { .. } => {}
            Release::Expired { .. } => asked.expired += 1,
            Release::Suppressed { .. } => asked.suppressed += 1,
            Release::PutOff { .. } => asked.put_off += 1,
        }
        let leaves = release.leaves();
        rulings.extend(release.ruling(&touch.id));
        if leaves {
            asked.leaving.push(delivery);
        }
    }
    Ok((asked, rulings))
}

fn past(delivery: &Delivery) -> Past<'_> {
    Past {
        attempts: delivery.attempts,
        may_have_arrived: delivery.may_have_arrived,
        error: delivery.error.as_deref(),
        held_by: delivery.held_by.as_deref(),
    }
}
