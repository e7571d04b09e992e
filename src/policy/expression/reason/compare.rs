//! What follows from comparisons, and from `in`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assume::{FAILS, MOST_STATES, possible};
use super::domain::{Domain, Known, Words};
use super::key::key;
use super::state::{Order, State};
use super::{Outcome, Reasoner};
use crate::model::{Type, Value};
use crate::policy::expression::tree::{Binary, Node, NodeKind};

impl Reasoner<'_> {
    /// A comparison that holds or doesn't.
    pub(super) fn compared(
        &self,
        node: &Node,
        operator: Binary,
        (left, right): (&Node, &Node),
        holds: bool,
        state: &State,
    ) -> Vec<State> {
        if left.ty == Type::Bool {
            return self.compared_truths(node, operator, (left, right), holds, state);
        }
        // Constants under a name are there to be edited.
        if self.is_constant(left) && self.is_constant(right) {
            return vec![state.clone()];
        }
        let (l, r) = (self.domain(left, state), self.domain(right, state));
        let mut state = state.clone();
        let is_related = (operator == Binary::NotEqual) != holds;
        let relation = relation(operator);
        let fits = if is_related {
            let (known_left, known_right) = narrowed(relation, &l.known, &r.known);
            self.known(left, &mut state)
                && self.known(right, &mut state)
                && state.assume(key(left), Domain { can_be_missing: false, known: known_left })
                && state.assume(key(right), Domain { can_be_missing: false, known: known_right })
                && state.order(key(left), key(right), relation)
        } else {
            unrelated((left, &l), (right, &r), relation.complement(), &mut state)
        };
        if !fits {
            return Vec::new();
        }
        self.noted(node, Outcome::from(holds), state)
    }

    fn compared_truths(
        &self,
        node: &Node,
        operator: Binary,
        (left, right): (&Node, &Node),
        holds: bool,
        state: &State,
    ) -> Vec<State> {
        let literal = |node: &Node| match node.kind {
            NodeKind::Literal(Value::Bool(flag)) => Some(flag),
            _ => None,
        };
        let (asked, flag) = match (literal(left), literal(right)) {
            (None, Some(flag)) => (left, flag),
            (Some(flag), None) => (right, flag),
            _ => return self.noted(node, Outcome::from(holds), state.clone()),
        };
        let is_equal = (operator == Binary::NotEqual) != holds;
        match (is_equal, flag) {
            (true, flag) => self.assume(asked, Outcome::from(flag), state),
            (false, true) => self.any(asked, FAILS, state),
            (false, false) => self.any(asked, &[Outcome::True, Outcome::Missing], state),
        }
    }

    /// `x in [..]` holds.
    pub(super) fn member(&self, subject: &Node, list: &[Node], state: &State) -> Vec<State> {
        if let Some(words) = literals(list) {
            let domain = self.domain(subject, state);
            let mut state = state.clone();
            let known = domain.known.meet(&Known::Words(Words::Only(words)));
            let fits = self.known(subject, &mut state)
                && state.assume(key(subject), Domain { can_be_missing: false, known });
            return possible(fits, &state);
        }
        let mut states = Vec::new();
        for item in list {
            states.extend(self.compared(item, Binary::Equal, (subject, item), true, state));
            if states.len() > MOST_STATES {
                return vec![state.clone()];
            }
        }
        states
    }

    /// `x in [..]` doesn't hold.
    pub(super) fn no_member(&self, subject: &Node, list: &[Node], state: &State) -> Vec<State> {
        let domain = self.domain(subject, state);
        let mut state = state.clone();
        let known = if let Some(words) = literals(list) {
            domain.known.meet(&Known::Words(Words::Except(words)))
        } else {
            let items = list.iter().map(|item| self.domain(item, &state)).filter(Domain::is_constant);
            items.fold(domain.known, |known, item| known.without(&item.known))
        };
        let fits = state.assume(key(subject), Domain { can_be_missing: domain.can_be_missing, known });
        possible(fits, &state)
    }
}

/// The texts of a list that holds nothing else.
fn literals(list: &[Node]) -> Option<BTreeSet<Arc<str>>> {
    list.iter()
        .map(|item| match &item.kind {
            NodeKind::Literal(Value::Text(text)) => Some(text.clone()),
            _ => None,
        })
        .collect()
}

const fn relation(operator: Binary) -> Order {
    Order {
        less: matches!(operator, Binary::Less | Binary::LessOrEqual),
        equal: matches!(
            operator,
            Binary::Equal | Binary::NotEqual | Binary::LessOrEqual | Binary::GreaterOrEqual
        ),
        greater: matches!(operator, Binary::Greater | Binary::GreaterOrEqual),
    }
}

/// What two values can be if they lie to each other in a certain way.
fn narrowed(order: Order, left: &Known, right: &Known) -> (Known, Known) {
    match (order.less, order.equal, order.greater) {
        (false, true, false) => {
            let met = left.meet(right);
            (met.clone(), met)
        }
        (true, false, true) => (left.without(right), right.without(left)),
        (true, equal, false) => below(left, right, !equal),
        (false, equal, true) => {
            let (right, left) = below(right, left, !equal);
            (left, right)
        }
        _ => (left.clone(), right.clone()),
    }
}

/// The left one is below the right one.
fn below(left: &Known, right: &Known, strictly: bool) -> (Known, Known) {
    let (Known::Number(l), Known::Number(r)) = (left, right) else { return (left.clone(), right.clone()) };
    (
        Known::Number(l.clone().below(r.high, strictly || r.high_open)),
        Known::Number(r.clone().above(l.low, strictly || l.low_open)),
    )
}

/// Either a side is missing or the values lie otherwise.
fn unrelated(
    (left, l): (&Node, &Domain),
    (right, r): (&Node, &Domain),
    otherwise: Order,
    state: &mut State,
) -> bool {
    let (known_left, known_right) = narrowed(otherwise, &l.known, &r.known);
    match (l.can_be_missing, r.can_be_missing) {
        (true, true) => true,
        (left_may, right_may) => {
            (right_may || state.assume(key(left), Domain { can_be_missing: left_may, known: known_left }))
                && (left_may
                    || state.assume(key(right), Domain { can_be_missing: right_may, known: known_right }))
                && (left_may || right_may || state.order(key(left), key(right), otherwise))
        }
    }
}
