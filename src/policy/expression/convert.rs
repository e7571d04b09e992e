//! Rhai's syntax tree to ours, with the whole extent of each part.
//!
//! Rhai gives one position per node (an operator's own, a name's start). Counted in tokens the rest
//! follows: operands reach to the operator, with the brackets around them.

use rhai::{Expr, FnCallExpr, Position, Stmt};

use super::codes;
use super::places::Places;
use super::problem::problem;
use super::shape::{Shape, too_large};
use super::syntax::{Part, PartKind};
use super::tree::{Binary, Unary};
use crate::policy::diagnostic::Problem;

/// Deepest tree; every walk over it may recurse.
const DEEPEST: usize = 200;

/// Turns one tree.
pub(super) struct Converter<'a> {
    pub(super) shape: &'a Shape<'a>,
    pub(super) places: &'a Places,
}

/// A part with its first and last token, brackets around it not counted.
struct Placed {
    part: Part,
    first: usize,
    last: usize,
    depth: usize,
}

type Converted = Result<Placed, Box<Problem>>;

impl Converter<'_> {
    /// The tree of an expression.
    ///
    /// # Errors
    /// The first part that the language does not have.
    pub(super) fn convert(&self, expression: &Expr) -> Result<Part, Box<Problem>> {
        self.expression(expression, 0).map(|placed| placed.part)
    }

    fn expression(&self, expression: &Expr, level: usize) -> Converted {
        let level = level + 1;
        if level > DEEPEST {
            return Err(Box::new(too_large(
                0..self.shape.text.len(),
                "this expression is nested too deeply",
            )));
        }
        match expression {
            Expr::BoolConstant(flag, at) => Ok(self.leaf(PartKind::Bool(*flag), *at)),
            Expr::IntegerConstant(number, at) => Ok(self.number(*number as f64, *at)),
            Expr::FloatConstant(number, at) => self.finite(**number, *at),
            Expr::StringConstant(text, at) => Ok(self.leaf(PartKind::Text(text.as_str().into()), *at)),
            Expr::Variable(variable, _, at) => {
                Ok(self.leaf(PartKind::Path(vec![variable.1.to_string()]), *at))
            }
            Expr::Dot(..) => self.path(expression),
            Expr::FnCall(call, at) => self.call(call, *at, level),
            Expr::And(operands, _) => self.chain(operands, "&&", level),
            Expr::Or(operands, _) => self.chain(operands, "||", level),
            Expr::Coalesce(operands, _) => self.chain(operands, "??", level),
            Expr::Stmt(block) => self.block(block.statements(), block.position(), level),
            other => self.outside(other.start_position(), "this can't stand in an expression"),
        }
    }

    fn leaf(&self, kind: PartKind, at: Position) -> Placed {
        let token = self.places.token(at);
        self.placed(kind, token, token, 1)
    }

    /// A number may begin with signs and brackets that Rhai has worked in.
    fn number(&self, number: f64, at: Position) -> Placed {
        let first = self.places.token(at);
        let last = self.shape.literal_end(first);
        self.placed(PartKind::Number(number), first, last, 1)
    }

    fn finite(&self, number: f64, at: Position) -> Converted {
        let placed = self.number(number, at);
        if number.is_finite() {
            return Ok(placed);
        }
        Err(Box::new(problem(&codes::SYNTAX, placed.part.span, "this number is too large")))
    }

    fn path(&self, expression: &Expr) -> Converted {
        let mut names = Vec::new();
        let mut pending = vec![expression];
        let (mut first, mut last) = (usize::MAX, 0);
        while let Some(next) = pending.pop() {
            let (name, at) = match next {
                Expr::Dot(sides, ..) => {
                    pending.push(&sides.rhs);
                    pending.push(&sides.lhs);
                    continue;
                }
                Expr::Variable(variable, _, at) => (variable.1.to_string(), *at),
                Expr::Property(property, at) => (property.2.to_string(), *at),
                other => return self.outside(other.start_position(), "this can't stand in a name"),
            };
            let token = self.places.token(at);
            first = first.min(token);
            last = last.max(token);
            names.push(name);
        }
        Ok(self.placed(PartKind::Path(names), first.min(last), last, 1))
    }

    fn call(&self, call: &FnCallExpr, at: Position, level: usize) -> Converted {
        let token = self.places.token(at);
        let word = self.shape.at(token);
        if call.capture_parent_scope {
            return self.outside(at, "this can't stand in an expression");
        }
        match (call.args.as_slice(), word) {
            ([list, subject], "in" | "!in") if call.name == "contains" => {
                self.membership(subject, list, token, level)
            }
            ([inside], "!in") => {
                let inside = self.expression(inside, level)?;
                let Placed { first, last, depth, .. } = inside;
                Ok(self.placed(PartKind::Unary(Unary::Not, Box::new(inside.part)), first, last, depth + 1))
            }
            ([operand], _) if call.op_token.is_some() => self.unary(&call.name, operand, token, level),
            ([left, right], _) if call.op_token.is_some() => {
                let Some(operator) = binary(&call.name) else {
                    return self.outside(at, "this operator is not part of the language");
                };
                let left = self.expression(left, level)?;
                let right = self.expression(right, level)?;
                self.binary(operator, token, left, right)
            }
            (arguments, _) => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.expression(argument, level))
                    .collect::<Result<Vec<_>, _>>()?;
                let depth = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0) + 1;
                let arguments = arguments.into_iter().map(|argument| argument.part).collect();
                let last = self.partner(token + 1).unwrap_or(token);
                let kind = PartKind::Call(call.name.to_string(), self.span(token, token), arguments);
                Self::bounded(self.placed(kind, token, last, depth))
            }
        }
    }

    fn membership(&self, subject: &Expr, list: &Expr, token: usize, level: usize) -> Converted {
        let Expr::Array(items, _) = list else {
            return Err(Box::new(Problem {
                help: "write x in [\"a\", \"b\"]; contains(text, part) looks inside a text".to_owned(),
                ..problem(&codes::NOT_IN_LANGUAGE, self.span(token, token), "`in` is followed by a list")
            }));
        };
        let subject = self.ending_at(self.expression(subject, level)?, token);
        let items = items.iter().map(|item| self.expression(item, level)).collect::<Result<Vec<_>, _>>()?;
        let depth = items.iter().map(|item| item.depth).max().unwrap_or(0).max(subject.depth) + 1;
        let items = items.into_iter().map(|item| item.part).collect();
        let mut open = token + 1;
        while self.shape.at(open) == "(" {
            open += 1;
        }
        let last = self.partner(token + 1).or_else(|| self.partner(open)).unwrap_or(token);
        let kind = PartKind::In(Box::new(subject.part), items);
        Self::bounded(self.placed(kind, subject.first, last, depth))
    }

    fn unary(&self, name: &str, operand: &Expr, token: usize, level: usize) -> Converted {
        let operator = match name {
            "-" => Unary::Negate,
            "!" => Unary::Not,
            _ => {
                let message = format!("`{name}` can't stand before an operand");
                return Err(Box::new(problem(&codes::SYNTAX, self.span(token, token), message)));
            }
        };
        let operand = self.starting_at(self.expression(operand, level)?, token + 1);
        let Placed { last, depth, .. } = operand;
        Self::bounded(self.placed(PartKind::Unary(operator, Box::new(operand.part)), token, last, depth + 1))
    }

    fn binary(&self, operator: Binary, token: usize, left: Placed, right: Placed) -> Converted {
        let left = self.ending_at(left, token);
        let right = self.starting_at(right, token + 1);
        let depth = left.depth.max(right.depth) + 1;
        let (first, last) = (left.first.min(right.first), left.last.max(right.last));
        let kind = PartKind::Binary(operator, Box::new(left.part), Box::new(right.part));
        Self::bounded(self.placed(kind, first, last, depth))
    }

    /// `a && b && c`, which Rhai holds in one node without the places of the operators.
    fn chain(&self, operands: &[Expr], word: &str, level: usize) -> Converted {
        let mut operands = operands.iter();
        let Some(first) = operands.next() else {
            return self.outside(Position::START, "this can't stand in an expression");
        };
        let mut left = self.expression(first, level)?;
        for operand in operands {
            let right = self.expression(operand, level)?;
            let token =
                (0..right.first).rev().find(|&index| self.shape.at(index) == word).unwrap_or(right.first);
            left = match word {
                "&&" => self.binary(Binary::And, token, left, right)?,
                "||" => self.binary(Binary::Or, token, left, right)?,
                _ => self.coalesce(token, left, right)?,
            };
        }
        Ok(left)
    }

    fn coalesce(&self, token: usize, left: Placed, right: Placed) -> Converted {
        let left = self.ending_at(left, token);
        let right = self.starting_at(right, token + 1);
        let depth = left.depth.max(right.depth) + 1;
        let (first, last) = (left.first.min(right.first), left.last.max(right.last));
        let kind = PartKind::Coalesce(Box::new(left.part), Box::new(right.part));
        Self::bounded(self.placed(kind, first, last, depth))
    }

    /// What stands between braces, or an `if`: one expression.
    fn block(&self, statements: &[Stmt], at: Position, level: usize) -> Converted {
        match statements {
            [Stmt::Expr(expression)] => self.expression(expression, level),
            [Stmt::FnCall(call, at)] => self.call(call, *at, level),
            [Stmt::If(parts, at)] => {
                let first = self.places.token(*at);
                let condition = self.expression(&parts.expr, level + 1)?;
                let yes_open = self.next_brace(condition.last + 1);
                let yes_close = yes_open.and_then(|open| self.partner(open)).unwrap_or(condition.last);
                if parts.branch.is_empty() {
                    return Err(Box::new(Problem {
                        help: "add else { … } with the value for all others".to_owned(),
                        ..problem(
                            &codes::SYNTAX,
                            self.span(first, yes_close),
                            "this `if` has no value otherwise",
                        )
                    }));
                }
                let yes = self.block(parts.body.statements(), parts.body.position(), level + 1)?;
                let no = self.block(parts.branch.statements(), parts.branch.position(), level + 1)?;
                let no_close = self.partner(yes_close + 2).unwrap_or(no.last);
                let depth = condition.depth.max(yes.depth).max(no.depth) + 1;
                let kind = PartKind::If(Box::new(condition.part), Box::new(yes.part), Box::new(no.part));
                Self::bounded(self.placed(kind, first, no.last.max(no_close), depth))
            }
            _ => self.outside(at, "braces hold exactly one expression"),
        }
    }

    fn next_brace(&self, from: usize) -> Option<usize> {
        (from..self.shape.tokens.len()).find(|&index| self.shape.at(index) == "{")
    }

    /// Takes in the brackets between a part and the operator behind it.
    fn ending_at(&self, mut placed: Placed, operator: usize) -> Placed {
        for index in placed.last + 1..operator {
            if let Some(open) = self.partner(index) {
                placed.first = placed.first.min(open);
            }
            placed.last = index;
        }
        placed
    }

    /// Takes in the brackets between an operator and the part behind it.
    fn starting_at(&self, mut placed: Placed, start: usize) -> Placed {
        for index in start..placed.first {
            if let Some(close) = self.partner(index) {
                placed.last = placed.last.max(close);
            }
        }
        placed.first = placed.first.min(start);
        placed
    }

    fn partner(&self, index: usize) -> Option<usize> {
        self.shape.partner.get(index).copied().flatten()
    }

    fn span(&self, first: usize, last: usize) -> std::ops::Range<usize> {
        let length = self.shape.text.len();
        let start = self.shape.tokens.get(first).map_or(length, |token| token.span.start);
        let end = self.shape.tokens.get(last).map_or(length, |token| token.span.end);
        start..end.max(start)
    }

    fn placed(&self, kind: PartKind, first: usize, last: usize, depth: usize) -> Placed {
        Placed { part: Part { kind, span: self.span(first, last) }, first, last, depth }
    }

    fn bounded(placed: Placed) -> Converted {
        if placed.depth <= DEEPEST {
            return Ok(placed);
        }
        Err(Box::new(too_large(placed.part.span, "this expression is nested too deeply")))
    }

    fn outside(&self, at: Position, message: &str) -> Converted {
        let token = self.places.token(at);
        Err(Box::new(problem(&codes::NOT_IN_LANGUAGE, self.span(token, token), message)))
    }
}

fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        "+" => Binary::Add,
        "-" => Binary::Subtract,
        "*" => Binary::Multiply,
        "/" => Binary::Divide,
        "%" => Binary::Remainder,
        "**" => Binary::Power,
        "==" => Binary::Equal,
        "!=" => Binary::NotEqual,
        "<" => Binary::Less,
        "<=" => Binary::LessOrEqual,
        ">" => Binary::Greater,
        ">=" => Binary::GreaterOrEqual,
        _ => return None,
    })
}
