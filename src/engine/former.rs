//! A policy set that was active before, asked once more on the same facts and for the same instant.
//!
//! It reads the store by its own schema, since its indices are others and it may know fields that are no longer
//! declared, and goes by its own cut points: those stored, and where they have grown old or another definition took
//! their place, ones made anew as it says and kept by nobody.

use std::ops::Range;
use std::sync::Arc;

use super::EngineError;
use super::triggers::{conditions, truth};
use crate::archive::{Archive, ArchiveError, SchemaView};
use crate::evaluate::{CutPlan, CutPoints, Evaluator, Goal, Refresh};
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::standing::Place;
use crate::model::{Bitmap, Schema, Timestamp};
use crate::policy::compiled::Trigger;
use crate::policy::{self, Compiled, Files};

/// Reads back a policy set that was active; where that can't be done, why.
pub(super) fn recall(archive: &Archive, version: &str) -> Result<Result<Arc<Compiled>, String>, EngineError> {
    let kept = match archive.policy_set(version) {
        Ok(Some(kept)) => kept,
        Ok(None) => return Ok(Err("it is no longer kept".to_owned())),
        Err(error @ ArchiveError::Json { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let compiled = policy::load(&Files::from_kept(&kept)).compiled;
    Ok(compiled.map(Arc::new).ok_or_else(|| "it has errors for this version of the program".to_owned()))
}

/// What is asked of a former set.
pub(super) struct Question<'policy> {
    /// Indices of its schema's classes.
    pub(super) classes: Vec<usize>,
    /// Triggers of it, all with conditions.
    pub(super) triggers: Vec<&'policy Trigger>,
    /// Its schema as the store is to be read: places that were renamed since have their new names.
    pub(super) schema: Arc<Schema>,
}

/// A former set that evaluates batch by batch.
pub(super) struct FormerSet {
    view: SchemaView,
    evaluator: Evaluator,
    request: FactRequest,
    cuts: CutPoints,
    facts: FactBatch,
    classes: Vec<AskedClass>,
    triggers: Vec<AskedTrigger>,
}

/// A class asked about, with where the customers of the last batch stood and would stand.
struct AskedClass {
    class: usize,
    before: Vec<Place>,
    now: Vec<Place>,
}

/// A trigger asked about, with whether it holds for the customers of the last batch.
struct AskedTrigger {
    columns: Range<usize>,
    truth: Bitmap,
}

impl FormerSet {
    /// Prepares a set; where it can't be evaluated any more, says why. Passes over the population where cut points
    /// must be made.
    pub(super) fn new(
        archive: &Archive,
        policy: &Arc<Compiled>,
        question: Question<'_>,
        (now, refresh): (Timestamp, Refresh),
    ) -> Result<Result<Self, String>, EngineError> {
        let view = match archive.view(question.schema) {
            Ok(view) => view,
            Err(error @ ArchiveError::TypeChanged { .. }) => return Ok(Err(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let plan = CutPlan::new(policy).with_refresh(refresh);
        let conditions = question.triggers.iter().copied().flat_map(conditions).collect();
        let goal = Goal { classes: question.classes.clone(), expressions: conditions };
        let mut evaluator = match Evaluator::new(policy, &plan, &goal) {
            Ok(evaluator) => evaluator,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let request = evaluator.request(now).clone();
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        let cuts = CutPoints::new(&plan, policy, archive.cut_points()?);
        let asked = |class| AskedClass { class, before: Vec::new(), now: Vec::new() };
        let classes = question.classes.into_iter().map(asked).collect();
        let triggers = asked_triggers(&question.triggers);
        let mut set = Self { view, evaluator, request, cuts, facts, classes, triggers };
        set.renew_cut_points(archive, policy, &plan, now)?;
        Ok(Ok(set))
    }

    fn renew_cut_points(
        &mut self,
        archive: &Archive,
        policy: &Arc<Compiled>,
        plan: &CutPlan,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Self { view, evaluator, cuts, .. } = self;
        plan.renew(policy, cuts, evaluator.cut_points(), now, |pass, cuts| {
            let request = pass.request(now).clone();
            let (mut facts, mut after) = (FactBatch::default(), None);
            while archive.next_batch_through(view, &request, now, after.as_deref(), &mut facts)? {
                pass.take(&mut facts, now, cuts)?;
                after = facts.last_id();
            }
            Ok(())
        })
    }

    /// Evaluates the batch after an id, which holds the same customers as the present set's.
    pub(super) fn evaluate(
        &mut self,
        archive: &Archive,
        now: Timestamp,
        after: Option<&str>,
    ) -> Result<(), EngineError> {
        let Self { view, evaluator, request, cuts, facts, classes, triggers } = self;
        archive.next_batch_through(view, request, now, after, facts)?;
        let decisions = evaluator.evaluate(facts, now, cuts)?;
        for trigger in triggers {
            trigger.truth = truth(&decisions, trigger.columns.clone(), facts.len());
        }
        for asked in classes {
            asked.before.clear();
            asked.now.clear();
            let before = facts.prior.classes.get(asked.class).and_then(Option::as_ref);
            let now = decisions.classes.get(asked.class).and_then(Option::as_ref);
            if let (Some(before), Some(now)) = (before, now) {
                asked.before.extend_from_slice(&before.place);
                asked.now.extend_from_slice(&now.place);
            }
        }
        Ok(())
    }

    /// Where the customers of the last batch stood and would stand, by the place of the class in the question.
    pub(super) fn places(&self, asked: usize) -> Option<(&[Place], &[Place])> {
        self.classes.get(asked).map(|class| (&*class.before, &*class.now))
    }

    /// Whether a trigger holds for the customers of the last batch, by its place in the question.
    pub(super) fn truth(&self, asked: usize) -> Option<&Bitmap> {
        self.triggers.get(asked).map(|trigger| &trigger.truth)
    }
}

fn asked_triggers(triggers: &[&Trigger]) -> Vec<AskedTrigger> {
    let mut end = 0;
    let asked = triggers.iter().map(|trigger| {
        let start = end;
        end += conditions(trigger).count();
        AskedTrigger { columns: start..end, truth: Bitmap::default() }
    });
    asked.collect()
}
