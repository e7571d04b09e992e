//! Parts of expressions that say the same have the same key, wherever they stand.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

use crate::model::Value;
use crate::policy::expression::tree::{Node, NodeKind};

/// Stands for everything that says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u64);

/// The key of a part. The hasher is seeded with the same numbers in every run.
pub(super) fn key(node: &Node) -> Key {
    let mut hasher = DefaultHasher::new();
    hash(node, &mut hasher);
    Key(hasher.finish())
}

fn hash(node: &Node, hasher: &mut DefaultHasher) {
    discriminant(&node.kind).hash(hasher);
    match &node.kind {
        NodeKind::Literal(value) => literal(value, hasher),
        NodeKind::Name(reference) => reference.hash(hasher),
        NodeKind::Unary(operator, operand) => {
            operator.hash(hasher);
            hash(operand, hasher);
        }
        NodeKind::Binary(operator, left, right) => {
            operator.hash(hasher);
            hash(left, hasher);
            hash(right, hasher);
        }
        NodeKind::In(subject, list) => {
            hash(subject, hasher);
            all(list, hasher);
        }
        NodeKind::If(condition, yes, no) => {
            for part in [condition, yes, no] {
                hash(part, hasher);
            }
        }
        NodeKind::Coalesce(value, default) => {
            hash(value, hasher);
            hash(default, hasher);
        }
        NodeKind::Call(builtin, arguments) => {
            builtin.hash(hasher);
            all(arguments, hasher);
        }
        NodeKind::Script(function, arguments) => {
            function.name.hash(hasher);
            all(arguments, hasher);
        }
        NodeKind::AtLeast(value, level) => (value, level).hash(hasher),
        NodeKind::Since(value) | NodeKind::Previous(value) => value.hash(hasher),
        NodeKind::Expiring(value, days) => {
            value.hash(hasher);
            hash(days, hasher);
        }
    }
}

fn all(nodes: &[Node], hasher: &mut DefaultHasher) {
    nodes.len().hash(hasher);
    for node in nodes {
        hash(node, hasher);
    }
}

fn literal(value: &Value, hasher: &mut DefaultHasher) {
    discriminant(value).hash(hasher);
    match value {
        Value::Number(number) => number.to_bits().hash(hasher),
        Value::Text(text) => text.hash(hasher),
        Value::Bool(flag) => flag.hash(hasher),
        Value::Date(day) => day.0.hash(hasher),
        Value::Time(at) => at.0.hash(hasher),
    }
}
