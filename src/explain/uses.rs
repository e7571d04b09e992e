//! Which values and fields a table uses.

use std::sync::Arc;

use crate::policy::Compiled;
use crate::policy::compiled::ValueKind;
use crate::policy::expression::tree::{Expression, NodeKind, Reference};

/// The names that some expressions speak of, in order of first mention.
pub(super) fn of<'a>(
    policy: &Compiled,
    expressions: impl IntoIterator<Item = &'a Expression>,
) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for expression in expressions {
        expression.root.each(&mut |node| {
            let name = match &node.kind {
                NodeKind::Name(Reference::Customer(field)) => {
                    policy.schema.customer.get(*field).map(|field| &field.name)
                }
                _ => node.value().and_then(|value| policy.values.get(value)).map(|value| &value.name),
            };
            if let Some(name) = name.filter(|name| !names.contains(name)) {
                names.push(Arc::clone(name));
            }
        });
    }
    names
}

/// What a value uses.
pub(super) fn of_value(policy: &Compiled, kind: &ValueKind) -> Vec<Arc<str>> {
    of(policy, kind.expressions())
}

/// Whether a value calls a function from a script.
pub(super) fn calls(kind: &ValueKind, function: &str) -> bool {
    let mut found = false;
    for expression in kind.expressions() {
        expression.root.each(&mut |node| {
            found |= matches!(&node.kind, NodeKind::Script(called, _) if *called.name == *function);
        });
    }
    found
}
