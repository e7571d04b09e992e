//! Who takes which place: decided from this run's columns and what the archive remembers.

pub(super) mod clock;
pub(super) mod quadrant;
pub(super) mod segment;
pub(super) mod tier;

use crate::model::standing::{ClassDecision, NEVER, Place, PriorClass};

/// What is remembered of one customer in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Former {
    /// The place.
    pub(super) place: Place,
    /// The class has never placed this customer.
    pub(super) first: bool,
}

/// Sets a decision row by row.
pub(super) fn decide(
    prior: &PriorClass,
    out: &mut ClassDecision,
    mut place_of: impl FnMut(usize, Former) -> Place,
) {
    let rows = prior.place.len();
    out.place.clear();
    out.first.reset(rows, false);
    out.changed.reset(rows, false);
    for (row, (&former, &since)) in prior.place.iter().zip(&prior.since).enumerate() {
        let former = Former { place: former, first: since == NEVER };
        let place = place_of(row, former);
        out.place.push(place);
        if former.first {
            out.first.set(row, true);
        } else if place != former.place {
            out.changed.set(row, true);
        }
    }
}
