//! What a run evaluates.

use crate::policy::Compiled;
use crate::policy::compiled::{Moved, Moves, Scope, Shape};

/// The classes, triggers and cadences of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// Indices of the schema's classes; what they and the triggers use comes along in evaluation.
    pub(super) classes: Vec<usize>,
    /// Indices of the policy's triggers.
    pub(super) triggers: Vec<usize>,
    /// Indices of the policy's cadences.
    pub(super) cadences: Vec<usize>,
}

impl Selection {
    pub(super) fn of(policy: &Compiled, scope: &Scope) -> Self {
        match scope {
            Scope::Everything => Self {
                classes: (0..policy.schema.classes.len()).collect(),
                triggers: (0..policy.triggers.len()).collect(),
                cadences: (0..policy.cadences.len()).collect(),
            },
            Scope::Some { values, triggers, cadences } => {
                let moved = triggers.iter().filter_map(|&trigger| moved(policy, trigger));
                let values = values.iter().copied().chain(moved);
                let mut classes: Vec<usize> = Vec::new();
                for class in values.filter_map(|value| policy.values.get(value)?.kind.class()) {
                    if !classes.contains(&class) {
                        classes.push(class);
                    }
                }
                Self { classes, triggers: triggers.clone(), cadences: cadences.clone() }
            }
        }
    }
}

/// The value whose moves a trigger takes: without being placed, nobody moves.
fn moved(policy: &Compiled, trigger: usize) -> Option<usize> {
    match &policy.triggers.get(trigger)?.shape {
        Shape::Moves(Moves { what: Moved::Class(value), .. }) => Some(*value),
        _ => None,
    }
}
