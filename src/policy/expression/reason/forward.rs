//! What a part can be, from what its operands can be.

use super::Reasoner;
use super::domain::{Domain, Known};
use super::key::key;
use super::range::Range;
use super::state::State;
use crate::model::{Type, Value};
use crate::policy::expression::builtin::Builtin;
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
            NodeKind::Call(builtin, arguments) => self.call(*builtin, arguments, node, state),
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

    fn call(&self, builtin: Builtin, arguments: &[Node], node: &Node, state: &State) -> Domain {
        if builtin == Builtin::CountKnown {
            let most = Range::between(0.0, arguments.len() as f64).whole();
            return Domain::numbers(most);
        }
        let domains: Vec<Domain> = arguments.iter().map(|argument| self.domain(argument, state)).collect();
        if is_strict(builtin) && domains.iter().any(|domain| domain.known.is_nothing()) {
            return missing(&node.ty);
        }
        let passed = arguments.first().is_some_and(|argument| self.is_past(argument));
        let Some(range) = range(builtin, &domains, passed, arguments) else { return Domain::any(&node.ty) };
        let arguments_known = domains.iter().all(|domain| !domain.can_be_missing);
        let can_be_missing =
            !(arguments_known && is_total(builtin, &domains) && known_when_given(builtin, &range));
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

/// Whether missing operands make the result missing.
pub(super) const fn is_strict(builtin: Builtin) -> bool {
    !matches!(builtin, Builtin::IsMissing | Builtin::IsKnown | Builtin::CountKnown)
}

/// Nothing but missing.
fn missing(ty: &Type) -> Domain {
    Domain { can_be_missing: true, known: Domain::any(ty).known.nothing() }
}

const fn is_now(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Call(Builtin::Now, _))
}

fn power(base: &Range, exponent: &Range) -> Range {
    let is_even = exponent.only().is_some_and(|number| number % 2.0 == 0.0);
    if base.low >= 0.0 || is_even { Range::from(0.0) } else { Range::all() }
}

/// What a function of numbers, text or time gives; `None` where that can't be told.
fn range(builtin: Builtin, domains: &[Domain], passed: bool, arguments: &[Node]) -> Option<Range> {
    let ranges: Vec<Range> = domains.iter().map(Domain::range).collect();
    let first = ranges.first().cloned().unwrap_or_else(Range::all);
    Some(match builtin {
        Builtin::Abs => absolute(&first),
        Builtin::Min => fold(&ranges, f64::min),
        Builtin::Max => fold(&ranges, f64::max),
        Builtin::Round => return round(&first, arguments),
        Builtin::Floor => first.stepped(f64::floor).whole(),
        Builtin::Ceil => first.stepped(f64::ceil).whole(),
        Builtin::Sqrt => first.above(0.0, false).stepped(f64::sqrt),
        Builtin::Exp => Range::from(0.0),
        Builtin::Pow => power(&first, ranges.get(1)?),
        Builtin::Clamp => clamp(&first, ranges.get(1)?, ranges.get(2)?),
        Builtin::Len | Builtin::Age => Range::from(0.0).whole(),
        Builtin::DaysSince | Builtin::HoursSince if passed => Range::from(0.0),
        Builtin::DaysUntil if passed => Range::between(f64::NEG_INFINITY, 0.0),
        Builtin::Year => Range::all().whole(),
        Builtin::Month => Range::between(1.0, 12.0).whole(),
        Builtin::Day => Range::between(1.0, 31.0).whole(),
        Builtin::Weekday => Range::between(1.0, 7.0).whole(),
        Builtin::Hour => Range::between(0.0, 23.0).whole(),
        Builtin::Bucket => Range::between(0.0, 1.0).below(1.0, true),
        _ => return None,
    })
}

/// Whether a function has a result for everything its arguments can be.
fn is_total(builtin: Builtin, domains: &[Domain]) -> bool {
    let range = |index: usize| domains.get(index).map_or_else(Range::all, Domain::range);
    match builtin {
        Builtin::Sqrt => range(0).low >= 0.0,
        Builtin::Clamp => range(1).high <= range(2).low,
        Builtin::Exp | Builtin::Pow | Builtin::Age => false,
        _ => true,
    }
}

/// Whether a function of known arguments can't run out of numbers.
fn known_when_given(builtin: Builtin, range: &Range) -> bool {
    matches!(
        builtin,
        Builtin::Abs
            | Builtin::Min
            | Builtin::Max
            | Builtin::Floor
            | Builtin::Ceil
            | Builtin::Len
            | Builtin::Bucket
            | Builtin::Month
            | Builtin::Day
            | Builtin::Weekday
            | Builtin::Hour
    ) || range.is_bounded()
}

fn absolute(range: &Range) -> Range {
    let most = range.low.abs().max(range.high.abs());
    let least = if range.low > 0.0 || range.high < 0.0 { range.low.abs().min(range.high.abs()) } else { 0.0 };
    let ends = Range::between(least, most);
    if range.whole { ends.whole() } else { ends }
}

fn fold(ranges: &[Range], pick: fn(f64, f64) -> f64) -> Range {
    let ends = ranges.iter().map(|range| (range.low, range.high));
    let (low, high) =
        ends.reduce(|a, b| (pick(a.0, b.0), pick(a.1, b.1))).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let range = Range::between(low, high);
    if ranges.iter().all(|range| range.whole) { range.whole() } else { range }
}

fn round(range: &Range, arguments: &[Node]) -> Option<Range> {
    let Some(digits) = arguments.get(1) else { return Some(range.stepped(f64::round).whole()) };
    let NodeKind::Literal(Value::Number(digits)) = digits.kind else { return None };
    (digits >= 0.0).then(|| Range::between(range.low.floor(), range.high.ceil()))
}

fn clamp(range: &Range, low: &Range, high: &Range) -> Range {
    Range::between(range.low.max(low.low).min(high.low), range.high.max(low.high).min(high.high))
}
