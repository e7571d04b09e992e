//! Whether a touch may go now: one decision function for each kind of guard.
//!
//! The guards are asked about one touch at a time, touches of the highest priority first, in the order of
//! [`Rank`]; the first that does not let it pass decides, and only what passes all counts for caps and
//! capacities. What each is asked with:
//!
//! 1. [`block`]: whether its condition holds for the customer; a missing answer waits.
//! 2. [`holdout`]: the customer's id. (What passed so far counts for [`blast_radius`], which is asked once a run.)
//! 3. [`hours`]: the real time and the customer's zone.
//! 4. [`cap`]: when touches of the customer were queued.
//! 5. [`capacity`]: what is taken of the places, and what the entitled ask of those kept.
//!
//! Block and hours are asked again just before each attempt to send.

pub mod blast_radius;
pub mod block;
pub mod cap;
pub mod capacity;
pub mod holdout;
pub mod hours;

use crate::model::Timestamp;
use crate::policy::compiled::{Effect, Guard, GuardKind};

/// What a guard says about a touch, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go as far as this guard is concerned.
    Passes,
    /// It waits.
    Waits {
        /// Why, in words.
        reason: String,
        /// When the guard may say something else, where that can be told.
        until: Option<Timestamp>,
    },
    /// It is never sent.
    Drops {
        /// Why, in words.
        reason: String,
    },
}

impl Verdict {
    /// What becomes of a touch that is held back, by the guard's own terms.
    fn held(effect: Effect, reason: String, until: Option<Timestamp>) -> Self {
        match effect {
            Effect::Drop => Self::Drops { reason },
            Effect::Wait => Self::Waits { reason, until },
        }
    }
}

/// The place of a kind of guard in the order in which they are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Asked first.
    Block,
    /// Who is in the control group.
    Holdout,
    /// Asked once a run about all that passed so far.
    BlastRadius,
    /// Whether it is open.
    Hours,
    /// Whether the customer heard enough.
    Cap,
    /// Whether there is a place.
    Capacity,
}

impl Rank {
    /// That of a kind.
    #[must_use]
    pub const fn of(kind: &GuardKind) -> Self {
        match kind {
            GuardKind::Block(_) => Self::Block,
            GuardKind::Holdout(_) => Self::Holdout,
            GuardKind::BlastRadius(_) => Self::BlastRadius,
            GuardKind::Hours(_) => Self::Hours,
            GuardKind::Cap(_) => Self::Cap,
            GuardKind::Capacity(_) => Self::Capacity,
        }
    }
}

/// The order in which guards are asked: by kind, then by name. Indices of `guards`.
#[must_use]
pub fn order(guards: &[Guard]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..guards.len()).collect();
    order.sort_by_key(|&index| guards.get(index).map(|guard| (Rank::of(&guard.kind), guard.name.clone())));
    order
}

/// The word for a kind of guard, as in its table.
#[must_use]
pub const fn word(kind: &GuardKind) -> &'static str {
    match kind {
        GuardKind::Block(_) => "block",
        GuardKind::Holdout(_) => "holdout",
        GuardKind::BlastRadius(_) => "blast_radius",
        GuardKind::Hours(_) => "hours",
        GuardKind::Cap(_) => "cap",
        GuardKind::Capacity(_) => "capacity",
    }
}
