//! Cut points: figures of the population, made in stages before customers are placed by them.

use std::sync::Arc;

use super::error::EvaluateError;
use crate::model::Timestamp;
use crate::model::cut::CutPoint;
use crate::model::facts::{FactBatch, FactRequest};
use crate::policy::Compiled;

/// All cut points of a policy set.
#[derive(Clone, Debug, Default)]
pub struct CutPlan {
    stages: Vec<Vec<usize>>,
}

/// The cut points a run works with, by their index in the [`CutPlan`].
#[derive(Clone, Debug, Default)]
pub struct CutPoints {
    points: Vec<Option<CutPoint>>,
}

/// One pass over the population that makes the cut points of one stage.
#[derive(Debug)]
pub struct CutPass {
    request: FactRequest,
}

impl CutPlan {
    /// Finds the cut points of a policy set and what they hang on.
    #[must_use]
    pub fn new(policy: &Compiled) -> Self {
        let _ = policy;
        Self::default()
    }

    /// Those of `used` that must be made now, by stage: missing, made by another version, or as old as
    /// `settings.refresh`. A stage uses nothing but facts, fresh cut points and stages before it.
    #[must_use]
    pub fn stale(
        &self,
        policy: &Compiled,
        cuts: &CutPoints,
        used: &[usize],
        now: Timestamp,
    ) -> Vec<Vec<usize>> {
        let _ = (policy, cuts, used, now);
        self.stages.clone()
    }
}

impl CutPoints {
    /// Takes those of the stored cut points that belong to the plan.
    #[must_use]
    pub fn new(plan: &CutPlan, policy: &Compiled, stored: Vec<CutPoint>) -> Self {
        let _ = (plan, policy, stored);
        Self::default()
    }

    /// Puts a new one in place.
    pub fn set(&mut self, index: usize, point: CutPoint) {
        if let Some(place) = self.points.get_mut(index) {
            *place = Some(point);
        }
    }

    /// Those that are there.
    pub fn iter(&self) -> impl Iterator<Item = &CutPoint> {
        self.points.iter().flatten()
    }
}

impl CutPass {
    /// Prepares a pass for one stage of [`CutPlan::stale`].
    ///
    /// # Errors
    /// As [`Evaluator::new`](super::Evaluator::new).
    pub fn new(policy: &Arc<Compiled>, plan: &CutPlan, stage: &[usize]) -> Result<Self, EvaluateError> {
        let _ = (policy, plan, stage);
        Ok(Self { request: FactRequest::default() })
    }

    /// What a batch must hold.
    pub fn request(&mut self, now: Timestamp) -> &FactRequest {
        let _ = now;
        &self.request
    }

    /// Takes in a batch; every customer comes once, in order of id.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`](super::Evaluator::evaluate).
    pub fn take(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<(), EvaluateError> {
        let _ = (facts, now, cuts);
        Ok(())
    }

    /// The cut points of the stage with their indices in the plan, for [`CutPoints::set`] and the archive.
    #[must_use]
    pub fn finish(self, policy: &Compiled, now: Timestamp) -> Vec<(usize, CutPoint)> {
        let _ = (policy, now);
        Vec::new()
    }
}
