//! The typed tree of an expression: what the checks build, columns are compiled from, the scalar
//! evaluator walks and `explain` shows.

use std::ops::Range;
use std::sync::Arc;

use super::builtin::Builtin;
use crate::model::{Type, Value};
use crate::policy::script::Function;

/// A checked expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As written.
    pub text: Arc<str>,
    /// The tree.
    pub root: Node,
}

impl Expression {
    /// A name alone.
    #[must_use]
    pub fn of_name(name: &str, reference: Reference, ty: Type) -> Self {
        let root = Node { kind: NodeKind::Name(reference), ty, span: 0..name.len() };
        Self { text: name.into(), root }
    }
}

/// One node with its type and its place in the text.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it does.
    pub kind: NodeKind,
    /// What it gives.
    pub ty: Type,
    /// Bytes of [`Expression::text`].
    pub span: Range<usize>,
}

/// What a node does. Operands have been checked to fit.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// A constant.
    Literal(Value),
    /// Something the row knows.
    Name(Reference),
    /// `-x`, `!x`.
    Unary(Unary, Box<Node>),
    /// Arithmetic, comparison, logic.
    Binary(Binary, Box<Node>, Box<Node>),
    /// `x in [a, b]`.
    In(Box<Node>, Vec<Node>),
    /// `if c { a } else { b }`.
    If(Box<Node>, Box<Node>, Box<Node>),
    /// `a ?? b`.
    Coalesce(Box<Node>, Box<Node>),
    /// A function of the language.
    Call(Builtin, Vec<Node>),
    /// A function from a script.
    Script(Arc<Function>, Vec<Node>),
    /// `at_least(tier, "level")`: the value and the level's index; true at that level or above.
    AtLeast(usize, u16),
    /// `since(value)`: when the customer took the present place.
    Since(usize),
    /// `previous(value)`: the place before.
    Previous(usize),
    /// `expiring(ledger, days)`: the value, and within how many days from now what is in it lapses.
    Expiring(usize, Box<Node>),
}

/// What a name stands for. Indices are those of [`Schema`](crate::model::Schema) and
/// [`Compiled::values`](crate::policy::Compiled::values).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The customer's id, text.
    Id,
    /// When the customer came first, time.
    KnownSince,
    /// A customer field.
    Customer(usize),
    /// A metric, ledger, score, segment, tier or quadrant.
    Value(usize),
    /// `pyramid.data.visits`: the data of the place the customer has in a class.
    Data(usize, Arc<str>),
    /// When the event happened, time (only over an event).
    EventAt,
    /// The event's id, text (only over an event).
    EventId,
    /// A field of the event.
    Event(usize),
    /// A column of the file a source reads, text (only in a source). An index of the names collected
    /// while checking.
    Raw(usize),
}

/// Operators on one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-x`.
    Negate,
    /// `!x`.
    Not,
}

/// Operators on two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// Numbers; a date or time moved by days; the concatenation of texts.
    Add,
    /// Numbers; a date or time moved back by days; the days between two dates or two times.
    Subtract,
    /// Numbers.
    Multiply,
    /// Numbers; by zero gives missing.
    Divide,
    /// Numbers, with the sign of the dividend; by zero gives missing.
    Remainder,
    /// Numbers.
    Power,
    /// Same kind on both sides; a missing side makes it true for `!=` and false for all others.
    Equal,
    /// See [`Binary::Equal`].
    NotEqual,
    /// Numbers, dates, times, texts (by code point).
    Less,
    /// See [`Binary::Less`].
    LessOrEqual,
    /// See [`Binary::Less`].
    Greater,
    /// See [`Binary::Less`].
    GreaterOrEqual,
    /// A missing side counts as false.
    And,
    /// A missing side counts as false.
    Or,
}

impl Binary {
    /// As written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Power => "**",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

impl Node {
    /// The operands, in order of place.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            NodeKind::Literal(_)
            | NodeKind::Name(_)
            | NodeKind::AtLeast(..)
            | NodeKind::Since(_)
            | NodeKind::Previous(_) => Vec::new(),
            NodeKind::Unary(_, operand) | NodeKind::Expiring(_, operand) => vec![operand],
            NodeKind::Binary(_, left, right) | NodeKind::Coalesce(left, right) => vec![left, right],
            NodeKind::In(needle, list) => std::iter::once(&**needle).chain(list).collect(),
            NodeKind::If(condition, then, otherwise) => vec![condition, then, otherwise],
            NodeKind::Call(_, arguments) | NodeKind::Script(_, arguments) => arguments.iter().collect(),
        }
    }

    /// Shows every node, each before those within it.
    pub fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for child in self.children() {
            child.each(visit);
        }
    }

    /// The value of the policy that this node itself speaks of, index of
    /// [`Compiled::values`](crate::policy::Compiled::values).
    #[must_use]
    pub const fn value(&self) -> Option<usize> {
        match &self.kind {
            NodeKind::Name(Reference::Value(value) | Reference::Data(value, _))
            | NodeKind::Since(value)
            | NodeKind::Previous(value)
            | NodeKind::AtLeast(value, _)
            | NodeKind::Expiring(value, _) => Some(*value),
            _ => None,
        }
    }
}
