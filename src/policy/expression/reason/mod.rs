//! Reasoning about conditions without any data: what numbers and words they allow, whether they can
//! hold at all, and whether they can fail.
//!
//! Whatever is in doubt is taken as possible, so what is said to be impossible is impossible. How
//! much is thought about one expression is limited; past that everything is possible.

mod assume;
mod compare;
mod domain;
mod facts;
mod forward;
mod key;
mod precision;
mod range;
mod state;
#[cfg(test)]
mod tests;
mod warn;

use std::cell::Cell;

pub use domain::{Domain, Known, Words};
pub use facts::{Facts, Precision};
pub use range::Range;
pub(super) use warn::warnings;

use super::names::Names;
use super::tree::{Expression, Node, Reference};
use crate::model::Type;
use assume::{Assumed, FAILS, HOLDS};
use state::State;

/// Parts looked at for one question.
const MOST_STEPS: u32 = 20_000;

/// What a condition may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    True,
    False,
    Missing,
}

impl From<bool> for Outcome {
    fn from(flag: bool) -> Self {
        if flag { Self::True } else { Self::False }
    }
}

impl Outcome {
    fn domain(self) -> Domain {
        Domain {
            can_be_missing: self == Self::Missing,
            known: Known::Truth { yes: self == Self::True, no: self == Self::False },
        }
    }
}

/// Thinks about expressions at one place.
pub(super) struct Reasoner<'a> {
    names: &'a dyn Names,
    steps: Cell<u32>,
}

impl<'a> Reasoner<'a> {
    fn new(names: &'a dyn Names) -> Self {
        Self { names, steps: Cell::new(0) }
    }

    /// Counts a step; whether there may be more.
    fn spend(&self) -> bool {
        let steps = self.steps.get();
        self.steps.set(steps.saturating_add(1));
        steps < MOST_STEPS
    }

    /// Whether all conditions can have their outcomes at once.
    fn can_all(&self, conditions: &[Assumed<'_>]) -> bool {
        self.steps.set(0);
        !self.all(conditions, &State::default()).is_empty()
    }

    fn facts(&self, reference: &Reference, ty: &Type) -> Facts {
        self.names.facts(reference).unwrap_or_else(|| Facts::of_type(ty))
    }

    /// Whether a part is the same for everybody.
    fn is_constant(&self, node: &Node) -> bool {
        self.domain(node, &State::default()).is_constant()
    }
}

/// Whether some customer (or event, or row) may be such that all of `hold` hold and all of `fail`
/// don't. False only where that is certain.
#[must_use]
pub fn can_be(names: &dyn Names, hold: &[&Expression], fail: &[&Expression]) -> bool {
    let hold = hold.iter().map(|expression| (&expression.root, HOLDS));
    let fail = fail.iter().map(|expression| (&expression.root, FAILS));
    let conditions: Vec<Assumed<'_>> = hold.chain(fail).collect();
    Reasoner::new(names).can_all(&conditions)
}

/// What is known of the values an expression gives where a condition holds.
#[must_use]
pub fn facts(names: &dyn Names, node: &Node, condition: Option<&Node>) -> Facts {
    let reasoner = Reasoner::new(names);
    let conditions: Vec<Assumed<'_>> = condition.into_iter().map(|node| (node, HOLDS)).collect();
    let states = reasoner.all(&conditions, &State::default());
    let domain = match node.ty {
        Type::Bool => Domain::any(&node.ty),
        _ => states
            .iter()
            .map(|state| reasoner.domain(node, state))
            .reduce(|a, b| a.join(&b))
            .unwrap_or_else(|| Domain::any(&node.ty)),
    };
    Facts { domain, precision: reasoner.precision(node), is_past: reasoner.is_past(node) }
}
