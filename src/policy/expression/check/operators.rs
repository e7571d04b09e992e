//! Operators: which operands they take, and what they give.

use super::words::joined;
use super::{Checker, described, hints};
use crate::model::{Date, Type, Value};
use crate::policy::diagnostic::Problem;
use crate::policy::expression::codes;
use crate::policy::expression::problem::problem;
use crate::policy::expression::syntax::Part;
use crate::policy::expression::tree::{Binary, Node, NodeKind, Unary};

const JOIN: &str = "join comparisons with && or ||: 1 < x && x < 5";

type Typed = Option<(NodeKind, Type)>;

impl Checker<'_> {
    pub(super) fn unary(&mut self, operator: Unary, operand: &Part) -> Typed {
        let node = self.node(operand)?;
        let (ty, what) = match operator {
            Unary::Negate => (Type::Number, "a number"),
            Unary::Not => (Type::Bool, "a condition"),
        };
        self.must_be(&node, &ty, what)?;
        Some((NodeKind::Unary(operator, Box::new(node)), ty))
    }

    pub(super) fn binary(&mut self, operator: Binary, left: &Part, right: &Part, whole: &Part) -> Typed {
        if matches!(operator, Binary::And | Binary::Or) {
            let (left, right) = (self.condition(left), self.condition(right));
            return Some((NodeKind::Binary(operator, Box::new(left?), Box::new(right?)), Type::Bool));
        }
        if is_comparison(operator) {
            return self.comparison(operator, left, right, whole);
        }
        let (left, right) = (self.node(left), self.node(right));
        let (left, right) = (left?, right?);
        let Some(ty) = arithmetic(operator, &left.ty, &right.ty) else {
            self.unfit(operator, &left, &right, whole);
            return None;
        };
        // Moving a date or a time is the same from either side; evaluation finds it on the left.
        let moved = matches!(right.ty, Type::Date | Type::Time) && left.ty == Type::Number;
        let (left, right) = if moved { (right, left) } else { (left, right) };
        Some((NodeKind::Binary(operator, Box::new(left), Box::new(right)), ty))
    }

    /// Operands an arithmetic operator does not take.
    fn unfit(&mut self, operator: Binary, left: &Node, right: &Node, whole: &Part) {
        let symbol = operator.symbol();
        self.problems.push(Problem {
            label: format!("{} {symbol} {}", left.ty, right.ty),
            help: hints::computing(left, right),
            ..problem(
                &codes::WRONG_TYPE,
                whole.span.clone(),
                format!("`{symbol}` does not take {} and {}", described(&left.ty), described(&right.ty)),
            )
        });
    }

    fn comparison(&mut self, operator: Binary, left: &Part, right: &Part, whole: &Part) -> Typed {
        if let Some(missing_quotes) = self.word_without_quotes(left, right) {
            self.problems.push(missing_quotes);
            return None;
        }
        let (left, right) = (self.node(left), self.node(right));
        let (mut left, mut right) = (left?, right?);
        self.comparable(&mut left, &mut right, whole)?;
        let ordered = !matches!(operator, Binary::Equal | Binary::NotEqual);
        if ordered
            && matches!((&left.ty, &right.ty), (Type::Choice(_) | Type::Bool, _) | (_, Type::Choice(_)))
        {
            let is = if left.ty == Type::Bool { "true and false have" } else { "the words of a choice have" };
            let help = match left.ty {
                Type::Bool => JOIN,
                _ => {
                    "of an ordered tier ask at_least(tier, \"level\"); otherwise list the words: x in [\"a\", \"b\"]"
                }
            };
            self.report(&codes::WRONG_TYPE, whole, format!("{is} no order"), help);
            return None;
        }
        Some((NodeKind::Binary(operator, Box::new(left), Box::new(right)), Type::Bool))
    }

    /// Whether two values can be compared; literals become words of the choice on the other side.
    fn comparable(&mut self, left: &mut Node, right: &mut Node, whole: &Part) -> Option<()> {
        let known = self.problems.len();
        match (left.ty.clone(), right.ty.clone()) {
            (Type::Choice(words), _) if right.ty.is_textual() => self.fit_words(right, &words),
            (_, Type::Choice(words)) if left.ty.is_textual() => self.fit_words(left, &words),
            (left_type, right_type) if left_type == right_type => {}
            (left_type, right_type) => {
                let mut mismatch = problem(
                    &codes::WRONG_TYPE,
                    whole.span.clone(),
                    format!("{} can't be compared with {}", described(&left_type), described(&right_type)),
                );
                mismatch.label = format!("{left_type} and {right_type}");
                let chained = [&*left, &*right]
                    .into_iter()
                    .any(|node| matches!(node.kind, NodeKind::Binary(inner, ..) if is_comparison(inner)));
                let is_date = |node: &Node| node.ty == Type::Date;
                let day = date_text(left).or_else(|| date_text(right));
                mismatch.help = match day.filter(|_| is_date(left) || is_date(right)) {
                    _ if chained => JOIN.to_owned(),
                    Some(day) => format!("a date is written date(\"{day}\")"),
                    None => hints::comparing(left, right),
                };
                self.problems.push(mismatch);
            }
        }
        (self.problems.len() == known).then_some(())
    }

    /// `pyramid == key` where the word wants quotes.
    fn word_without_quotes(&self, left: &Part, right: &Part) -> Option<Problem> {
        let words_of = |part: &Part| {
            let name = part.single_name()?;
            match self.names.resolve(&[name])?.1 {
                Type::Choice(words) => Some(words),
                _ => None,
            }
        };
        [(left, right), (right, left)].into_iter().find_map(|(choice, bare)| {
            let word = bare.single_name().filter(|&word| self.names.resolve(&[word]).is_none())?;
            words_of(choice)?.iter().any(|known| **known == *word).then(|| Problem {
                help: format!("text stands in double quotes: \"{word}\""),
                suggestion: Some(format!("\"{word}\"")),
                ..problem(&codes::UNKNOWN_NAME, bare.span.clone(), format!("nothing is named `{word}`"))
            })
        })
    }

    pub(super) fn membership(&mut self, subject: &Part, list: &[Part]) -> Typed {
        let subject_node = self.node(subject);
        let items: Vec<Option<Node>> = list.iter().map(|item| self.node(item)).collect();
        let mut subject_node = subject_node?;
        let mut checked = Vec::with_capacity(items.len());
        for (item, part) in items.into_iter().zip(list) {
            let mut item = item?;
            self.comparable(&mut subject_node, &mut item, part);
            checked.push(item);
        }
        Some((NodeKind::In(Box::new(subject_node), checked), Type::Bool))
    }

    pub(super) fn branches(&mut self, condition: &Part, yes: &Part, no: &Part) -> Typed {
        let (condition, yes, no) = (self.condition(condition), self.node(yes), self.node(no));
        let (condition, yes, no) = (condition?, yes?, no?);
        let Some(ty) = joined(&yes, &no) else {
            self.disagree(&yes, &no, "both branches of an `if` must give the same type");
            return None;
        };
        Some((NodeKind::If(Box::new(condition), Box::new(yes), Box::new(no)), ty))
    }

    pub(super) fn coalesce(&mut self, value: &Part, default: &Part) -> Typed {
        let (value, default) = (self.node(value), self.node(default));
        let (value, default) = (value?, default?);
        let Some(ty) = joined(&value, &default) else {
            self.disagree(&value, &default, "a default must be of the same type as the value");
            return None;
        };
        Some((NodeKind::Coalesce(Box::new(value), Box::new(default)), ty))
    }

    fn disagree(&mut self, first: &Node, second: &Node, rule: &str) {
        self.problems.push(Problem {
            label: second.ty.name().to_owned(),
            help: rule.to_owned(),
            ..problem(
                &codes::WRONG_TYPE,
                second.span.clone(),
                format!("this is {}, but the other is {}", described(&second.ty), described(&first.ty)),
            )
        });
    }
}

/// What arithmetic gives, where it is defined.
fn arithmetic(operator: Binary, left: &Type, right: &Type) -> Option<Type> {
    match (operator, left, right) {
        (_, Type::Number, Type::Number)
        | (Binary::Subtract, Type::Date, Type::Date)
        | (Binary::Subtract, Type::Time, Type::Time) => Some(Type::Number),
        (Binary::Add | Binary::Subtract, Type::Date, Type::Number)
        | (Binary::Add, Type::Number, Type::Date) => Some(Type::Date),
        (Binary::Add | Binary::Subtract, Type::Time, Type::Number)
        | (Binary::Add, Type::Number, Type::Time) => Some(Type::Time),
        (Binary::Add, left, right) if left.is_textual() && right.is_textual() => Some(Type::Text),
        _ => None,
    }
}

const fn is_comparison(operator: Binary) -> bool {
    matches!(
        operator,
        Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual
    )
}

/// The day of a text literal that is one.
fn date_text(node: &Node) -> Option<Date> {
    match &node.kind {
        NodeKind::Literal(Value::Text(text)) => Date::parse(text),
        _ => None,
    }
}
