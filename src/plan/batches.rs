//! Goes through the customers of a store batch by batch, with where they stand and what they have.

use std::sync::Arc;

use super::PlanError;
use crate::archive::Archive;
use crate::evaluate::{CutPlan, CutPoints, Evaluator, Goal};
use crate::model::facts::{ClassRequest, FactBatch, FactRequest};
use crate::model::standing::{NO_PLACE, Place};
use crate::model::{Column, Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::expression::tree::Expression;

/// A policy set's word on the customers of a store as its last run left it.
pub(super) struct Batches<'store> {
    archive: &'store Archive,
    evaluator: Evaluator,
    request: FactRequest,
    cuts: CutPoints,
    now: Timestamp,
    facts: FactBatch,
    /// The types of the values asked for, in their order.
    types: Vec<Type>,
    /// The columns of the last batch, in the same order.
    columns: Vec<Column>,
}

impl<'store> Batches<'store> {
    /// Standings of all, and these values besides.
    pub(super) fn new(
        archive: &'store Archive,
        policy: &'store Arc<Compiled>,
        plan: &CutPlan,
        values: &[Arc<str>],
        now: Timestamp,
    ) -> Result<Self, PlanError> {
        let expressions: Vec<Expression> = values.iter().filter_map(|name| policy.named(name)).collect();
        let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
        let mut evaluator = Evaluator::new(policy, plan, &goal)?;
        let mut request = evaluator.request(now).clone();
        for class in 0..policy.schema.classes.len() {
            if request.classes.iter().all(|known| known.class != class) {
                request.classes.push(ClassRequest { class, previous: false });
            }
        }
        let cuts = CutPoints::new(plan, policy, archive.cut_points()?);
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        let types = expressions.iter().map(|expression| expression.root.ty.clone()).collect();
        Ok(Self { archive, evaluator, request, cuts, now, facts, types, columns: Vec::new() })
    }

    /// Goes on to the batch after an id; false where there are no more.
    pub(super) fn next(&mut self, after: Option<&str>) -> Result<bool, PlanError> {
        if !self.archive.next_batch(&self.request, self.now, after, &mut self.facts)? {
            return Ok(false);
        }
        self.columns.clear();
        if !self.types.is_empty() {
            let decisions = self.evaluator.evaluate(&mut self.facts, self.now, &self.cuts)?;
            let columns = (0..self.types.len()).filter_map(|index| decisions.expression(index).cloned());
            self.columns.extend(columns);
        }
        Ok(true)
    }

    /// How many customers the batch has.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// The id of a row.
    pub(super) fn id(&self, row: usize) -> &str {
        self.facts.ids.get(row).unwrap_or_default()
    }

    /// The ids of the first and the last customer.
    pub(super) fn range(&self) -> (&str, &str) {
        (self.id(0), self.id(self.len().saturating_sub(1)))
    }

    /// Where a customer stands in a class of the set's schema.
    pub(super) fn place(&self, class: usize, row: usize) -> Place {
        let prior = self.facts.prior.classes.get(class).and_then(Option::as_ref);
        prior.and_then(|prior| prior.place.get(row)).copied().unwrap_or(NO_PLACE)
    }

    /// What a customer has of one of the values asked for.
    pub(super) fn value(&self, index: usize, row: usize) -> Option<Value> {
        self.columns.get(index)?.value(row, self.types.get(index)?, &self.facts.dictionary)
    }
}
