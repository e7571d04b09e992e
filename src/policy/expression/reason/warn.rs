//! What is said of conditions that can't mean what they say.

use std::ops::Range as Span;

use super::assume::{Assumed, FAILS, HOLDS, chain};
use super::facts::Precision;
use super::precision::literal;
use super::state::State;
use super::{Domain, Reasoner};
use crate::model::{Type, Value};
use crate::policy::diagnostic::{Code, Problem};
use crate::policy::expression::codes;
use crate::policy::expression::names::Names;
use crate::policy::expression::problem::problem;
use crate::policy::expression::tree::{Binary, Expression, Node, NodeKind, Unary};

/// Parts of one expression that are thought about.
const MOST_PARTS: usize = 2_000;
/// Parts of one chain that are held against each other.
const MOST_IN_CHAIN: usize = 24;

/// Everything in an expression that can't be meant.
pub(in crate::policy::expression) fn warnings(expression: &Expression, names: &dyn Names) -> Vec<Problem> {
    let mut warner =
        Warner { reasoner: Reasoner::new(names), text: &expression.text, found: Vec::new(), parts: 0 };
    warner.visit(&expression.root);
    warner.found.sort_by_key(|problem| (problem.span.start, problem.span.end));
    warner.found
}

struct Warner<'a> {
    reasoner: Reasoner<'a>,
    text: &'a str,
    found: Vec<Problem>,
    parts: usize,
}

impl Warner<'_> {
    /// Visits a part after those it is made of, and says nothing of a part where one in it is odd already.
    fn visit(&mut self, node: &Node) {
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return;
        }
        let known = self.found.len();
        match &node.kind {
            NodeKind::Binary(operator @ (Binary::And | Binary::Or), ..) => {
                let parts = chain(node, *operator);
                for part in &parts {
                    self.visit(part);
                }
                if self.found.len() == known {
                    self.chain(&parts, *operator, node);
                }
                return;
            }
            NodeKind::Unary(_, operand) => self.visit(operand),
            NodeKind::Binary(_, left, right) | NodeKind::Coalesce(left, right) => {
                self.visit(left);
                self.visit(right);
            }
            NodeKind::In(subject, list) => {
                self.visit(subject);
                for item in list {
                    self.visit(item);
                }
            }
            NodeKind::If(condition, yes, no) => {
                for part in [condition, yes, no] {
                    self.visit(part);
                }
            }
            NodeKind::Call(_, arguments) | NodeKind::Script(_, arguments) => {
                for argument in arguments {
                    self.visit(argument);
                }
            }
            _ => return,
        }
        if node.ty == Type::Bool && self.found.len() == known {
            self.condition(node);
        }
    }

    /// A condition by itself.
    fn condition(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Binary(operator, left, right) => {
                if self.out_of_range(left, right, node) || self.out_of_range(right, left, node) {
                    return;
                }
                if matches!(operator, Binary::Equal | Binary::NotEqual) && self.inexact(left, right, node) {
                    return;
                }
            }
            NodeKind::In(subject, list) => {
                for item in list {
                    if self.out_of_range(subject, item, item) || self.inexact(subject, item, item) {
                        return;
                    }
                }
            }
            // What it negates has been looked at.
            NodeKind::Unary(Unary::Not, _) => return,
            _ => {}
        }
        if !self.reasoner.can_all(&[(node, HOLDS)]) {
            self.say(&codes::NEVER, &node.span, "this never holds".to_owned(), self.why(node));
        } else if !self.reasoner.can_all(&[(node, FAILS)]) {
            self.say(&codes::ALWAYS, &node.span, "this always holds".to_owned(), self.why(node));
        }
    }

    /// What is to be said of a side.
    fn why(&self, node: &Node) -> String {
        let sides: Vec<&Node> = match &node.kind {
            NodeKind::Binary(_, left, right) => vec![left, right],
            NodeKind::In(subject, _) => vec![subject],
            NodeKind::Call(_, arguments) => arguments.iter().collect(),
            _ => Vec::new(),
        };
        let is_broken = |side: &&Node| literal(side).is_some_and(|number| number.fract() != 0.0);
        let is_whole = |side: &&Node| side.ty == Type::Number && self.domain(side).range().whole;
        let is_missing = |side: &&Node| side.ty != Type::Bool && self.domain(side).known.is_nothing();
        let is_known = |side: &&Node| side.ty != Type::Bool && !self.domain(side).can_be_missing;
        let asks = matches!(node.kind, NodeKind::Call(..));
        if let Some(side) = sides.iter().copied().find(is_missing) {
            format!("`{}` is always missing", self.part(&side.span))
        } else if let Some(side) = sides.iter().copied().find(is_known).filter(|_| asks) {
            format!("`{}` is never missing", self.part(&side.span))
        } else if let Some(side) =
            sides.iter().copied().find(is_whole).filter(|_| sides.iter().any(is_broken))
        {
            format!("`{}` is a whole number", self.part(&side.span))
        } else {
            String::new()
        }
    }

    fn domain(&self, node: &Node) -> Domain {
        self.reasoner.steps.set(0);
        self.reasoner.domain(node, &State::default())
    }

    /// A number compared with one that it can't be, or that it can't get past.
    fn out_of_range(&mut self, value: &Node, bound: &Node, whole: &Node) -> bool {
        if value.ty != Type::Number || bound.ty != Type::Number {
            return false;
        }
        let (range, bound_domain) = (self.domain(value).range(), self.domain(bound));
        let number = bound_domain.range().only().filter(|_| bound_domain.is_constant());
        let Some(number) = number.filter(|_| !range.is_empty() && range.only().is_none()) else {
            return false;
        };
        let is_outside = number < range.low || number > range.high;
        let is_end = range.ends_at(number);
        if !is_outside && !is_end {
            return false;
        }
        let is_item = whole.ty != Type::Bool;
        let outcome = if is_item {
            "so it is never this"
        } else if !self.reasoner.can_all(&[(whole, HOLDS)]) {
            "so this never holds"
        } else if !self.reasoner.can_all(&[(whole, FAILS)]) {
            "so this always holds"
        } else {
            "so this holds wherever it is known"
        };
        if !is_outside && (is_item || outcome.ends_with("known")) {
            return false;
        }
        let message = format!("`{}` {}, {outcome}", self.part(&value.span), range.described());
        self.say(&codes::OUTSIDE, &whole.span, message, String::new());
        true
    }

    /// Equality of numbers that are hardly ever equal.
    fn inexact(&mut self, left: &Node, right: &Node, whole: &Node) -> bool {
        if left.ty != Type::Number || right.ty != Type::Number {
            return false;
        }
        self.reasoner.steps.set(0);
        let (of_left, of_right) = (self.reasoner.precision(left), self.reasoner.precision(right));
        let (value, other) = if of_left >= of_right { (left, right) } else { (right, left) };
        let is_meant = match of_left.max(of_right) {
            Precision::Exact => true,
            Precision::Rounded => literal(other) == Some(0.0) || [left, right].into_iter().all(is_plain),
            Precision::Continuous => literal(other).is_none(),
        };
        let range = self.domain(value).range();
        let is_end = literal(other).is_some_and(|number| range.ends_at(number));
        if is_meant || is_end {
            return false;
        }
        let why = if of_left.max(of_right) == Precision::Continuous { "has fractions" } else { "is rounded" };
        let message = format!(
            "`{}` {why}, so it is hardly ever exactly `{}`",
            self.part(&value.span),
            self.part(&other.span)
        );
        let help = "compare with < and >, or round it first: round(x) == 3, round(x, 2) == 0.35";
        self.say(&codes::EQUALITY, &whole.span, message, help.to_owned());
        true
    }

    /// `a && b && c` that can't hold, `a || b || c` that can't fail.
    fn chain(&mut self, parts: &[&Node], operator: Binary, whole: &Node) {
        let outcomes = if operator == Binary::And { HOLDS } else { FAILS };
        let parts: Vec<Assumed<'_>> = parts
            .iter()
            .filter(|part| !matches!(part.kind, NodeKind::Literal(Value::Bool(_))))
            .map(|part| (*part, outcomes))
            .collect();
        if self.reasoner.can_all(&parts) {
            return;
        }
        let few = parts.get(..MOST_IN_CHAIN).unwrap_or(&parts);
        let pairs = few
            .iter()
            .enumerate()
            .flat_map(|(index, last)| few.iter().take(index).map(move |first| (first, last)));
        let pair = pairs.map(|(first, last)| [*first, *last]).find(|pair| !self.reasoner.can_all(pair));
        let span = match pair {
            Some([(first, _), (last, _)]) => first.span.start..last.span.end,
            None => whole.span.clone(),
        };
        let both = pair.map(|[(first, _), (last, _)]| (self.part(&first.span), self.part(&last.span)));
        let (code, message) = match (operator, both) {
            (Binary::And, Some((first, last))) => {
                (&codes::NEVER, format!("this never holds: `{first}` and `{last}` exclude each other"))
            }
            (Binary::And, None) => {
                (&codes::NEVER, "this never holds: its parts exclude each other".to_owned())
            }
            (_, Some((first, last))) => {
                (&codes::ALWAYS, format!("this always holds: where `{first}` doesn't, `{last}` does"))
            }
            _ => (&codes::ALWAYS, "this always holds: one of its parts always does".to_owned()),
        };
        self.say(code, &span, message, String::new());
    }

    fn part(&self, span: &Span<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn say(&mut self, code: &'static Code, span: &Span<usize>, message: String, help: String) {
        self.found.push(Problem { help, ..problem(code, span.clone(), message) });
    }
}

/// A value as it stands, not computed here.
const fn is_plain(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Name(_))
}
