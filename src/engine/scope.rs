//! What a run evaluates.

use crate::policy::Compiled;
use crate::policy::compiled::Scope;

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
            Scope::Some { values, triggers, cadences } => Self {
                classes: values
                    .iter()
                    .filter_map(|&value| policy.values.get(value).and_then(|value| value.kind.class()))
                    .collect(),
                triggers: triggers.clone(),
                cadences: cadences.clone(),
            },
        }
    }
}
