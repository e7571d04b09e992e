//! What a run evaluates, and whom.

use std::sync::Arc;

use super::EngineError;
use crate::archive::Archive;
use crate::model::Timestamp;
use crate::model::facts::{BATCH, FactBatch, FactRequest};
use crate::policy::Compiled;
use crate::policy::compiled::{Moved, Moves, Scope, Shape};

/// Whom a run looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Every customer.
    Everybody,
    /// These only. Cut points that grew old stay, and tables do not count as evaluated: the next run over everybody
    /// looks at these customers as well. Where a table was edited, or never ran, everybody is looked at all the same.
    These(Vec<Arc<str>>),
}

/// The way through the customers, batch by batch.
pub(super) struct Walk<'a> {
    whom: &'a Whom,
    /// The last customer of the batches before the one it stands at.
    after: Option<String>,
    batches: usize,
    /// The batches of everybody, where they were read before.
    kept: Option<std::vec::IntoIter<FactBatch>>,
}

impl<'a> Walk<'a> {
    /// Over everybody it goes through what was `kept`.
    pub(super) fn new(whom: &'a Whom, kept: Option<Vec<FactBatch>>) -> Self {
        Self { whom, after: None, batches: 0, kept: kept.map(Vec::into_iter) }
    }

    /// Fills in the next batch; `facts` holds the one before. False where there are no more.
    pub(super) fn next(
        &mut self,
        archive: &Archive,
        request: &FactRequest,
        now: Timestamp,
        facts: &mut FactBatch,
    ) -> Result<bool, EngineError> {
        if self.batches > 0 {
            self.after = facts.last_id();
        }
        self.batches += 1;
        match (self.whom, &mut self.kept) {
            (Whom::Everybody, Some(kept)) => match kept.next() {
                Some(next) => {
                    *facts = next;
                    Ok(true)
                }
                None => Ok(false),
            },
            (Whom::Everybody, None) => Ok(archive.next_batch(request, now, self.after.as_deref(), facts)?),
            (Whom::These(customers), _) => {
                let Some(some) = customers.chunks(BATCH).nth(self.batches - 1) else { return Ok(false) };
                let some: Vec<&str> = some.iter().map(|customer| &**customer).collect();
                archive.batch_of(request, now, &some, facts)?;
                Ok(true)
            }
        }
    }

    /// The last customer of the batches before the one it stands at.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

/// The classes, triggers and cadences of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Indices of the schema's classes; what they and the triggers use comes along in evaluation.
    pub classes: Vec<usize>,
    /// Indices of the policy's triggers.
    pub triggers: Vec<usize>,
    /// Indices of the policy's cadences.
    pub cadences: Vec<usize>,
}

impl Selection {
    /// What a scope names.
    #[must_use]
    pub fn of(policy: &Compiled, scope: &Scope) -> Self {
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
