//! Expressions over the raw columns of a source.

use super::cell::Cell;
use super::mapping::{Blame, Rejected};
use super::report::Reason;
use super::rows::RawRow;
use crate::evaluate::scalar::{self, Moment, Row, Text};
use crate::model::Value;
use crate::policy::expression::tree::{Expression, Node, NodeKind, Reference};
use crate::policy::script::{Failure, Function};

/// An expression and the raw columns it uses.
pub(super) struct Asked<'policy> {
    expression: &'policy Expression,
    pub(super) columns: Vec<usize>,
    encoding: &'static str,
}

impl<'policy> Asked<'policy> {
    pub(super) fn new(expression: &'policy Expression, encoding: &'static str) -> Self {
        let mut columns = Vec::new();
        collect(&expression.root, &mut columns);
        columns.sort_unstable();
        columns.dedup();
        Self { expression, columns, encoding }
    }

    /// What the expression gives. A row that lacks a value, or would be left out, because a script failed is
    /// rejected for that.
    pub(super) fn value<R: RawRow>(
        &self,
        row: &R,
        moment: &Moment,
        target: Blame,
    ) -> Result<Option<Value>, Rejected> {
        for &raw in &self.columns {
            match row.cell(raw) {
                Cell::Nested => return Err((Blame::Column(raw), Reason::Nested)),
                Cell::NotText => return Err((Blame::Column(raw), Reason::NotText(self.encoding))),
                Cell::Nul => return Err((Blame::Column(raw), Reason::Nul)),
                _ => {}
            }
        }
        let row = Raw { row, failure: std::cell::Cell::new(None) };
        let value = scalar::evaluate(&self.expression.root, &row, moment);
        match row.failure.into_inner() {
            Some(failure) if matches!(value, None | Some(Value::Bool(false))) => {
                Err((self.blame(target), Reason::Script(failure.message)))
            }
            _ => Ok(value),
        }
    }

    /// The one column it uses, or else the target.
    pub(super) fn blame(&self, target: Blame) -> Blame {
        match self.columns.as_slice() {
            [raw] => Blame::Column(*raw),
            _ => target,
        }
    }
}

/// A raw row as expressions see it: every cell is text, an empty one too.
struct Raw<'row, R> {
    row: &'row R,
    /// Of the last script that failed.
    failure: std::cell::Cell<Option<Failure>>,
}

impl<R: RawRow> Row for Raw<'_, R> {
    fn get(&self, reference: &Reference) -> Option<Value> {
        self.text(reference).map(|text| Value::text(text.as_ref()))
    }

    fn text(&self, reference: &Reference) -> Option<Text<'_>> {
        let Reference::Raw(raw) = reference else { return None };
        match self.row.cell(*raw) {
            Cell::Text(text) => Some(Text::Borrowed(text)),
            Cell::Number(number) => Some(Text::Owned(number.to_string())),
            Cell::Bool(flag) => Some(Text::Borrowed(if flag { "true" } else { "false" })),
            Cell::Absent | Cell::Null | Cell::Nested | Cell::NotText | Cell::Nul => None,
        }
    }

    fn failed(&self, _: &Function, failure: &Failure) {
        self.failure.set(Some(failure.clone()));
    }
}

/// The raw columns that a tree uses.
fn collect(node: &Node, columns: &mut Vec<usize>) {
    match &node.kind {
        NodeKind::Name(Reference::Raw(raw)) => columns.push(*raw),
        NodeKind::Literal(_)
        | NodeKind::Name(_)
        | NodeKind::AtLeast(..)
        | NodeKind::Since(_)
        | NodeKind::Previous(_) => {}
        NodeKind::Unary(_, operand) | NodeKind::Expiring(_, operand) => collect(operand, columns),
        NodeKind::Binary(_, left, right) | NodeKind::Coalesce(left, right) => {
            collect(left, columns);
            collect(right, columns);
        }
        NodeKind::In(needle, list) => {
            collect(needle, columns);
            for node in list {
                collect(node, columns);
            }
        }
        NodeKind::If(condition, then, otherwise) => {
            collect(condition, columns);
            collect(then, columns);
            collect(otherwise, columns);
        }
        NodeKind::Call(_, arguments) | NodeKind::Script(_, arguments) => {
            for node in arguments {
                collect(node, columns);
            }
        }
    }
}
