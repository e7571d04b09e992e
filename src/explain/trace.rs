//! An expression part by part, each with its value and truth. The values of all parts come from the plain evaluator,
//! asked about the part itself.

use serde::Serialize;

use super::is_personal;
use crate::evaluate::scalar::{self, Moment, Row};
use crate::model::{Schema, Type, Value};
use crate::policy::expression::tree::{Binary, Expression, Node, NodeKind, Unary};

/// One part of an expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// As written.
    pub text: String,
    /// Of a condition: whether it holds, a missing one does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holds: Option<bool>,
    /// What it gives; nothing where that is missing.
    pub value: Option<Value>,
    /// Of a comparison: its two sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// What the names in it stand for, where no part within says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    /// The parts within that decide it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// What it goes by, where its text does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it shows a personal field.
    #[serde(skip_serializing_if = "is_false")]
    pub personal: bool,
}

/// The sides of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The left side.
    pub left: Option<Value>,
    /// As written.
    pub operator: &'static str,
    /// The right side.
    pub right: Option<Value>,
}

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    /// As written.
    pub name: String,
    /// What it stands for.
    pub value: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Whose expressions are told, and when.
#[derive(Clone, Copy)]
pub struct Tracer<'a> {
    /// What names stand for.
    pub row: &'a dyn Row,
    /// The instant.
    pub moment: &'a Moment,
    /// Says which fields are personal.
    pub schema: &'a Schema,
    /// The kind of event the expression is over.
    pub event: Option<usize>,
}

impl Tracer<'_> {
    /// The whole of an expression.
    #[must_use]
    pub fn expression(self, expression: &Expression) -> Part {
        self.part(&expression.root, &expression.text)
    }

    fn part(self, node: &Node, text: &str) -> Part {
        let value = scalar::evaluate(node, self.row, self.moment);
        let holds = (node.ty == Type::Bool).then_some(value == Some(Value::Bool(true)));
        let mut part = Part {
            text: text.get(node.span.clone()).unwrap_or(text).trim().to_owned(),
            holds,
            value,
            compared: None,
            given: Vec::new(),
            parts: Vec::new(),
            note: None,
            personal: is_personal(node, self.schema, self.event),
        };
        match &node.kind {
            NodeKind::Binary(operator @ (Binary::And | Binary::Or), ..) => {
                self.chain(*operator, node, text, &mut part.parts);
            }
            NodeKind::Unary(Unary::Not, operand) => part.parts.push(self.part(operand, text)),
            NodeKind::Binary(operator, left, right) if node.ty == Type::Bool => {
                part.compared = Some(Compared {
                    left: scalar::evaluate(left, self.row, self.moment),
                    operator: operator.symbol(),
                    right: scalar::evaluate(right, self.row, self.moment),
                });
                for side in [left, right] {
                    self.within(side, text, &mut part);
                }
            }
            NodeKind::If(condition, then, otherwise) => {
                let chosen = if scalar::holds(condition, self.row, self.moment) { then } else { otherwise };
                part.parts.extend([self.part(condition, text), self.part(chosen, text)]);
            }
            NodeKind::Coalesce(value, default) => {
                part.parts.push(self.part(value, text));
                if part.parts.iter().all(|value| value.value.is_none()) {
                    part.parts.push(self.part(default, text));
                }
            }
            NodeKind::AtLeast(..) => self.give(node, text, &mut part.given),
            NodeKind::Name(_) | NodeKind::Since(_) | NodeKind::Previous(_) | NodeKind::Literal(_) => {}
            _ => {
                for child in node.children() {
                    self.descend(child, text, &mut part);
                }
            }
        }
        part
    }

    /// The links of `a && b && c`, however they are nested.
    fn chain(self, operator: Binary, node: &Node, text: &str, parts: &mut Vec<Part>) {
        match &node.kind {
            NodeKind::Binary(same, left, right) if *same == operator => {
                self.chain(operator, left, text, parts);
                self.chain(operator, right, text, parts);
            }
            _ => parts.push(self.part(node, text)),
        }
    }

    /// What a side of a comparison hangs on, where that is not the side itself.
    fn within(self, side: &Node, text: &str, part: &mut Part) {
        if !matches!(
            side.kind,
            NodeKind::Name(_) | NodeKind::Literal(_) | NodeKind::Since(_) | NodeKind::Previous(_)
        ) {
            self.descend(side, text, part);
        }
    }

    /// What a part of a calculation hangs on: names, and conditions within.
    fn descend(self, node: &Node, text: &str, part: &mut Part) {
        match &node.kind {
            NodeKind::Literal(_) => {}
            NodeKind::If(..) | NodeKind::Coalesce(..) | NodeKind::Script(..) => {
                part.parts.push(self.part(node, text));
            }
            NodeKind::Name(_)
            | NodeKind::Since(_)
            | NodeKind::Previous(_)
            | NodeKind::AtLeast(..)
            | NodeKind::Expiring(..) => self.give(node, text, &mut part.given),
            _ => {
                for child in node.children() {
                    self.descend(child, text, part);
                }
            }
        }
    }

    fn give(self, node: &Node, text: &str, given: &mut Vec<Given>) {
        let (name, value) = match &node.kind {
            NodeKind::AtLeast(class, _) => {
                let inner = text.get(node.span.clone()).unwrap_or_default();
                let name = inner.split(['(', ',']).nth(1).unwrap_or(inner).trim();
                let reference = crate::policy::expression::tree::Reference::Value(*class);
                (name, self.row.get(&reference))
            }
            _ => (
                text.get(node.span.clone()).unwrap_or_default().trim(),
                scalar::evaluate(node, self.row, self.moment),
            ),
        };
        if !given.iter().any(|known| known.name == name) {
            given.push(Given { name: name.to_owned(), value });
        }
    }
}

impl Part {
    /// A comparison that no expression writes out.
    #[must_use]
    pub fn compared(text: String, left: Option<Value>, operator: &'static str, right: Option<Value>) -> Self {
        let order = |left: &Value, right: &Value| match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
            _ => None,
        };
        let order = left.as_ref().zip(right.as_ref()).and_then(|(left, right)| order(left, right));
        let holds = order.is_some_and(|order| if operator == ">=" { order.is_ge() } else { order.is_lt() });
        Self {
            text,
            holds: Some(holds),
            value: Some(Value::Bool(holds)),
            compared: Some(Compared { left, operator, right }),
            given: Vec::new(),
            parts: Vec::new(),
            note: None,
            personal: false,
        }
    }

    /// The parts that make this one hold, or not: of `a && b` that fails, those that fail.
    pub fn decisive<'a>(&'a self, found: &mut Vec<&'a Self>) {
        let holds = self.holds.unwrap_or_default();
        let is_logic = !self.parts.is_empty() && self.holds.is_some() && self.compared.is_none();
        if !is_logic || self.parts.iter().any(|part| part.holds.is_none()) {
            found.push(self);
            return;
        }
        // Of a negation, and of an `if`, all parts.
        let alike: Vec<&Self> = self.parts.iter().filter(|part| part.holds == Some(holds)).collect();
        if alike.is_empty() {
            found.push(self);
        }
        for part in alike {
            part.decisive(found);
        }
    }
}
