//! Types an untyped tree against the names it may speak of. Everything wrong is found, not only the
//! first: a part that can't be typed is left out of further checks.

mod calls;
mod forms;
mod hints;
mod operators;
mod words;

pub(crate) use calls::is_function;

use std::sync::Arc;

use super::codes;
use super::names::{Expected, Names};
use super::problem::{Problems, problem};
use super::syntax::{Part, PartKind};
use super::tree::{Node, NodeKind};
use crate::model::{Type, Value};
use crate::policy::diagnostic::{Code, Problem};

/// Types a tree.
///
/// # Errors
/// Everything wrong with it, in order of place.
pub(super) fn check(root: &Part, names: &dyn Names, expected: &Expected) -> Result<Node, Problems> {
    let mut checker = Checker { names, problems: Vec::new() };
    let node = checker.node(root).map(|mut node| {
        checker.fit_place(&mut node, expected);
        node
    });
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    match node {
        Some(node) if problems.is_empty() => Ok(node),
        _ => Err(problems),
    }
}

struct Checker<'a> {
    names: &'a dyn Names,
    problems: Problems,
}

impl Checker<'_> {
    /// Types a part; where that fails the reason is among the problems.
    fn node(&mut self, part: &Part) -> Option<Node> {
        let (kind, ty) = match &part.kind {
            PartKind::Number(number) => (NodeKind::Literal(Value::Number(*number)), Type::Number),
            PartKind::Text(text) => (NodeKind::Literal(Value::Text(Arc::clone(text))), Type::Text),
            PartKind::Bool(flag) => (NodeKind::Literal(Value::Bool(*flag)), Type::Bool),
            PartKind::Path(path) => self.name(part, path)?,
            PartKind::Unary(operator, operand) => self.unary(*operator, operand)?,
            PartKind::Binary(operator, left, right) => self.binary(*operator, left, right, part)?,
            PartKind::In(subject, list) => self.membership(subject, list)?,
            PartKind::If(condition, yes, no) => self.branches(condition, yes, no)?,
            PartKind::Coalesce(value, default) => self.coalesce(value, default)?,
            PartKind::Call(name, place, arguments) => self.call(name, place, arguments, part)?,
        };
        Some(Node { kind, ty, span: part.span.clone() })
    }

    /// Types a part that must be a condition.
    fn condition(&mut self, part: &Part) -> Option<Node> {
        let node = self.node(part)?;
        self.must_be(&node, &Type::Bool, "a condition")?;
        Some(node)
    }

    /// Notes that a node is not of the type its place needs.
    fn must_be(&mut self, node: &Node, wanted: &Type, what: &str) -> Option<()> {
        if node.ty == *wanted {
            return Some(());
        }
        let mut found = problem(
            &codes::WRONG_TYPE,
            node.span.clone(),
            format!("{what} is expected here, but this is {}", described(&node.ty)),
        );
        node.ty.name().clone_into(&mut found.label);
        conversion(&node.ty, wanted).clone_into(&mut found.help);
        self.problems.push(found);
        None
    }

    fn fit_place(&mut self, node: &mut Node, expected: &Expected) {
        match expected {
            Expected::Any => {}
            Expected::Bool => drop(self.must_be(node, &Type::Bool, "a condition")),
            Expected::Number => drop(self.must_be(node, &Type::Number, "a number")),
            Expected::Type(Type::Choice(words)) if node.ty.is_textual() => {
                self.fit_all_words(node, words);
            }
            Expected::Type(Type::Text) if node.ty.is_textual() => {}
            Expected::Type(wanted) => drop(self.must_be(node, wanted, described(wanted))),
        }
    }

    fn name(&mut self, part: &Part, path: &[String]) -> Option<(NodeKind, Type)> {
        let borrowed: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Some((reference, ty)) = self.names.resolve(&borrowed) {
            return Some((NodeKind::Name(reference), ty));
        }
        let written = path.join(".");
        let mut unknown =
            problem(&codes::UNKNOWN_NAME, part.span.clone(), format!("nothing is named `{written}`"));
        (unknown.help, unknown.suggestion) = self.instead_of(&written);
        self.problems.push(unknown);
        None
    }

    fn report(&mut self, code: &'static Code, part: &Part, message: String, help: &str) {
        self.problems.push(Problem { help: help.to_owned(), ..problem(code, part.span.clone(), message) });
    }
}

/// A type with its article.
const fn described(ty: &Type) -> &'static str {
    match ty {
        Type::Number => "a number",
        Type::Text => "text",
        Type::Bool => "a condition (true or false)",
        Type::Date => "a date",
        Type::Time => "a time",
        Type::Choice(_) => "a choice",
    }
}

/// How an operator gets from one type to another.
const fn conversion(from: &Type, to: &Type) -> &'static str {
    match (from, to) {
        (Type::Text, Type::Number) => "number(text) reads a number; missing where the text is none",
        (Type::Text, Type::Date) => "a date is written date(\"2027-01-01\")",
        (Type::Number, Type::Bool) => "compare it, as in x > 0",
        (Type::Text | Type::Choice(_), Type::Bool) => "compare it, as in x == \"…\"",
        (Type::Date | Type::Time, Type::Number) => {
            "days_since(x) or days_until(x) gives days; year(x), month(x) … its parts"
        }
        (Type::Date | Type::Time, Type::Bool) => "compare it, as in days_since(x) > 30",
        (Type::Bool, Type::Number) => "write if x { 1 } else { 0 }",
        _ => "",
    }
}
