//! What is shown of a person only where that is asked for.

use crate::model::Schema;
use crate::policy::expression::tree::{Node, NodeKind, Reference};

/// Whether an expression shows a personal field, of the customer or of the event it is over (a kind's index).
#[must_use]
pub fn is_personal(node: &Node, schema: &Schema, event: Option<usize>) -> bool {
    let mut found = false;
    node.each(&mut |node| {
        found |= match &node.kind {
            NodeKind::Name(Reference::Customer(index)) => {
                schema.customer.get(*index).is_some_and(|field| field.personal)
            }
            NodeKind::Name(Reference::Event(index)) => {
                let shape = event.and_then(|event| schema.events.get(event));
                shape.and_then(|shape| shape.fields.get(*index)).is_some_and(|field| field.personal)
            }
            _ => false,
        };
    });
    found
}
