//! Whether a number is exact enough to be asked for equality.

use super::Reasoner;
use super::facts::Precision;
use crate::model::{Type, Value};
use crate::policy::expression::builtin::Builtin;
use crate::policy::expression::builtin::results::Exactness;
use crate::policy::expression::tree::{Binary, Node, NodeKind, Reference};

/// Fractions of powers of two up to this one are taken as exact.
const EXACT_PARTS: f64 = 1024.0;

impl Reasoner<'_> {
    /// How the number comes about that a part gives.
    pub(super) fn precision(&self, node: &Node) -> Precision {
        if !self.spend() || node.ty != Type::Number {
            return Precision::Exact;
        }
        match &node.kind {
            NodeKind::Name(reference) => self.facts(reference, &node.ty).precision,
            NodeKind::Unary(_, operand) => self.precision(operand),
            NodeKind::Binary(operator, left, right) => self.computed_precision(*operator, left, right),
            // A literal on one side may be asked for by the same literal.
            NodeKind::If(_, first, second) | NodeKind::Coalesce(first, second) => {
                if [first, second].into_iter().any(|branch| literal(branch).is_some()) {
                    Precision::Exact
                } else {
                    self.precision(first).max(self.precision(second))
                }
            }
            NodeKind::Call(function, arguments) => self.call_precision(function, arguments),
            NodeKind::Expiring(value, _) => self.facts(&Reference::Value(*value), &node.ty).precision,
            _ => Precision::Exact,
        }
    }

    fn computed_precision(&self, operator: Binary, left: &Node, right: &Node) -> Precision {
        if left.ty == Type::Time && right.ty == Type::Time {
            return Precision::Continuous;
        }
        let operands = self.precision(left).max(self.precision(right));
        let is_exact = match operator {
            Binary::Divide => literal(right).is_some_and(|number| is_dyadic(1.0 / number)),
            Binary::Power => literal(right).is_some_and(|number| number >= 0.0 && number.fract() == 0.0),
            Binary::Add | Binary::Subtract | Binary::Multiply => {
                [left, right].into_iter().filter_map(literal).all(is_dyadic)
            }
            _ => true,
        };
        if is_exact { operands } else { operands.max(Precision::Rounded) }
    }

    fn call_precision(&self, function: Builtin, arguments: &[Node]) -> Precision {
        match function.results.exactness {
            Exactness::Rounded => Precision::Rounded,
            Exactness::Continuous => Precision::Continuous,
            // A bound in figures may be asked for by the same figures.
            Exactness::OfArguments if arguments.iter().all(|argument| literal(argument).is_none()) => {
                arguments.iter().map(|argument| self.precision(argument)).max().unwrap_or(Precision::Exact)
            }
            Exactness::Exact | Exactness::OfArguments => Precision::Exact,
        }
    }
}

/// The number a part is, if it is written out.
pub(super) fn literal(node: &Node) -> Option<f64> {
    match &node.kind {
        NodeKind::Literal(Value::Number(number)) => Some(*number),
        NodeKind::Unary(_, operand) => literal(operand).map(|number| -number),
        _ => None,
    }
}

/// Whether a number is exact in binary.
fn is_dyadic(number: f64) -> bool {
    number.is_finite() && (number * EXACT_PARTS).fract() == 0.0
}
