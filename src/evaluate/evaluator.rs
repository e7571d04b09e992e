//! One program over column batches for everything a run wants to know.

use std::sync::Arc;

use super::cut::{CutPlan, CutPoints};
use super::error::EvaluateError;
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::standing::{ClassDecision, PendingClock};
use crate::model::{Column, Dictionary, Timestamp};
use crate::policy::Compiled;
use crate::policy::expression::tree::Expression;

/// What a program is for.
#[derive(Clone, Debug, Default)]
pub struct Goal<'a> {
    /// Classes to decide, indices of [`Schema::classes`](crate::model::Schema::classes); those they use come along.
    pub classes: Vec<usize>,
    /// Expressions over the customer whose columns are wanted.
    pub expressions: Vec<&'a Expression>,
}

/// A program that evaluates a [`Goal`] batch by batch. It keeps its memory from batch to batch.
#[derive(Debug)]
pub struct Evaluator {
    request: FactRequest,
    decisions: Vec<Option<ClassDecision>>,
    pending: Vec<PendingClock>,
    columns: Vec<Column>,
    words: Vec<Arc<str>>,
    cut_points: Vec<usize>,
}

/// What was found out about a batch.
#[derive(Clone, Copy, Debug)]
pub struct Decisions<'a> {
    /// Per class of the schema; there for those of the goal and all they use.
    pub classes: &'a [Option<ClassDecision>],
    /// The clocks that run from now on in those classes, in order of (row, class).
    pub pending: &'a [PendingClock],
    columns: &'a [Column],
}

impl<'a> Decisions<'a> {
    /// The column of the goal's expression at `index`, one row a customer. Read it with
    /// [`Column::value`] and the type of the expression's root.
    #[must_use]
    pub fn expression(&self, index: usize) -> Option<&'a Column> {
        self.columns.get(index)
    }
}

impl Evaluator {
    /// Makes the program for a goal.
    ///
    /// # Errors
    /// [`EvaluateError::Misplaced`] where an expression speaks of what a customer doesn't have.
    pub fn new(policy: &Arc<Compiled>, plan: &CutPlan, goal: &Goal<'_>) -> Result<Self, EvaluateError> {
        let _ = (policy, plan);
        match goal.expressions.first() {
            Some(expression) => Err(EvaluateError::Unchecked {
                expression: expression.text.clone(),
                what: "expressions are not compiled yet",
            }),
            None => Ok(Self {
                request: FactRequest::default(),
                decisions: Vec::new(),
                pending: Vec::new(),
                columns: Vec::new(),
                words: Vec::new(),
                cut_points: Vec::new(),
            }),
        }
    }

    /// What a batch must hold for a run at `now`.
    pub fn request(&mut self, now: Timestamp) -> &FactRequest {
        let _ = now;
        &self.request
    }

    /// A dictionary for [`FactBatch::dictionary`] with the words of this program in front. Any other
    /// works as well; with this one they need not be added for each batch.
    #[must_use]
    pub fn dictionary(&self) -> Dictionary {
        Dictionary::with_fixed(self.words.iter().map(|word| &**word))
    }

    /// The cut points that are used, indices of the [`CutPlan`].
    #[must_use]
    pub fn cut_points(&self) -> &[usize] {
        &self.cut_points
    }

    /// Evaluates a batch. Texts that come up on the way are added to the batch's dictionary.
    ///
    /// # Errors
    /// [`EvaluateError::FactsMissing`] where the batch was not filled by [`Evaluator::request`].
    pub fn evaluate(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Decisions<'_>, EvaluateError> {
        let _ = (facts, now, cuts);
        Ok(Decisions { classes: &self.decisions, pending: &self.pending, columns: &self.columns })
    }
}
