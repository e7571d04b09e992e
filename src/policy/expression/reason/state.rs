//! What is assumed of the parts of an expression at one time.

use std::collections::BTreeMap;

use super::domain::Domain;
use super::key::Key;

/// What parts can be while all of some conditions hold.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    parts: BTreeMap<Key, Domain>,
    orders: BTreeMap<(Key, Key), Order>,
}

/// How two known values can lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) less: bool,
    pub(super) equal: bool,
    pub(super) greater: bool,
}

impl Order {
    /// Seen from the other side.
    const fn flipped(self) -> Self {
        Self { less: self.greater, equal: self.equal, greater: self.less }
    }

    /// What the relation leaves out.
    pub(super) const fn complement(self) -> Self {
        Self { less: !self.less, equal: !self.equal, greater: !self.greater }
    }
}

impl State {
    /// What is assumed of a part.
    pub(super) fn of(&self, part: Key) -> Option<&Domain> {
        self.parts.get(&part)
    }

    /// Assumes more of a part; whether that can be.
    pub(super) fn assume(&mut self, part: Key, domain: Domain) -> bool {
        let met = match self.parts.get(&part) {
            Some(known) => known.meet(&domain),
            None => domain,
        };
        let possible = !met.is_impossible();
        self.parts.insert(part, met);
        possible
    }

    /// Assumes how two known values lie to each other; whether that can be.
    pub(super) fn order(&mut self, left: Key, right: Key, order: Order) -> bool {
        if left == right {
            return order.equal;
        }
        let (pair, order) =
            if left < right { ((left, right), order) } else { ((right, left), order.flipped()) };
        let known = self.orders.entry(pair).or_insert(Order { less: true, equal: true, greater: true });
        known.less &= order.less;
        known.equal &= order.equal;
        known.greater &= order.greater;
        known.less || known.equal || known.greater
    }
}
