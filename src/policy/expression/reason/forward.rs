//! What a part can be, from what its operands can be.

use super::Reasoner;
use super::domain::{Domain, Known};
use super::key::key;
use super::range::Range;
use super::state::State;
use crate::model::Type;
use crate::policy::expression::builtin::results::{Given, power};
use crate::policy::expression::builtin::{Builtin, Compute};
use crate::policy::expression::tree::{Binary, Node, NodeKind, Reference, Unary};

impl Reasoner<'_> {
    /// What a part that is no condition can be.
    pub(super) fn domain(&self, node: &Node, state: &State) -> Domain {
        if !self.spend() {
            return Domain::any(&node.ty);
        }
        let domain = self.computed(node, state);
        match state.of(key(node)) {
            Some(assumed) => domain.meet(assumed),
            None => domain,
        }
    }

    fn computed(&self, node: &Node, state: &State) -> Domain {
        match &node.kind {
            NodeKind::Literal(value) => Domain::of(value),
            NodeKind::Name(reference) => self.facts(reference, &node.ty).domain,
            NodeKind::Unary(Unary::Negate, operand) => {
                let operand = self.domain(operand, state);
                Domain { known: Known::Number(operand.range().negated()), ..operand }
            }
            NodeKind::Binary(operator, left, right) => self.arithmetic(*operator, left, right, node, state),
            NodeKind::If(_, yes, no) => self.domain(yes, state).join(&self.domain(no, state)),
            NodeKind::Coalesce(value, default) => {
                let value = self.domain(value, state);
                if !value.can_be_missing {
                    return value;
                }
                let default = self.domain(default, state);
                Domain { can_be_missing: default.can_be_missing, known: value.join(&default).known }
            }
            NodeKind::Call(function, arguments) => self.call(function, arguments, node, state),
            NodeKind::Script(_, arguments) => {
                let is_missing = |argument: &Node| self.domain(argument, state).known.is_nothing();
                if arguments.iter().any(is_missing) { missing(&node.ty) } else { Domain::any(&node.ty) }
            }
            NodeKind::Expiring(_, days) => {
                let days = self.domain(days, state);
                let lapses = Domain::numbers(Range::from(0.0));
                if days.can_be_missing { lapses.or_missing() } else { lapses }
            }
            _ => Domain::any(&node.ty),
        }
    }

    fn arithmetic(&self, operator: Binary, left: &Node, right: &Node, node: &Node, state: &State) -> Domain {
        let is_distance = operator == Binary::Subtract && left.ty == Type::Time && right.ty == Type::Time;
        let (left_domain, right_domain) = (self.domain(left, state), self.domain(right, state));
        if left_domain.known.is_nothing() || right_domain.known.is_nothing() {
            return missing(&node.ty);
        }
        if is_distance {
            let passed = is_now(left) && self.is_past(right);
            let range = if passed { Range::from(0.0) } else { Range::all() };
            return Domain::numbers(range).or_missing();
        }
        if node.ty != Type::Number {
            return Domain::any(&node.ty);
        }
        let (x, y) = (left_domain.range(), right_domain.range());
        let range = match operator {
            Binary::Add => x.plus(&y),
            Binary::Subtract => x.plus(&y.negated()),
            Binary::Multiply => x.times(&y),
            Binary::Divide => x.over(&y),
            Binary::Remainder => x.modulo(&y),
            Binary::Power => power(&x, &y),
            _ => Range::all(),
        };
        let divides = matches!(operator, Binary::Divide | Binary::Remainder);
        if divides && y.only() == Some(0.0) {
            return missing(&node.ty);
        }
        // What is too large for a number is missing too.
        let can_be_missing = left_domain.can_be_missing
            || right_domain.can_be_missing
            || (divides && y.contains(0.0))
            || operator == Binary::Power
            || !range.is_bounded();
        Domain { can_be_missing, known: Known::Number(range) }
    }

    fn call(&self, function: Builtin, arguments: &[Node], node: &Node, state: &State) -> Domain {
        if matches!(function.compute, Compute::CountKnown) {
            let most = Range::between(0.0, arguments.len() as f64).whole();
            return Domain::numbers(most);
        }
        let domains: Vec<Domain> = arguments.iter().map(|argument| self.domain(argument, state)).collect();
        if function.is_strict() && domains.iter().any(|domain| domain.known.is_nothing()) {
            return missing(&node.ty);
        }
        let ranges: Vec<Range> = domains.iter().map(Domain::range).collect();
        let is_past = arguments.first().is_some_and(|argument| self.is_past(argument));
        let results = &function.results;
        let Some(range) = (results.range)(&Given { ranges: &ranges, is_past }) else {
            return Domain::any(&node.ty);
        };
        let arguments_known = domains.iter().all(|domain| !domain.can_be_missing);
        let is_finite = results.is_finite || range.is_bounded();
        let can_be_missing = !(arguments_known && is_finite && (results.is_total)(&ranges));
        Domain { can_be_missing, known: Known::Number(range) }
    }

    /// Whether a time is never later than the run.
    pub(super) fn is_past(&self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Name(Reference::KnownSince | Reference::EventAt) | NodeKind::Since(_) => true,
            NodeKind::Name(reference) => self.facts(reference, &node.ty).is_past,
            _ => is_now(node),
        }
    }
}

/// Nothing but missing.
fn missing(ty: &Type) -> Domain {
    Domain { can_be_missing: true, known: Domain::any(ty).known.nothing() }
}

fn is_now(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Call(function, _) if function.is_now())
}
