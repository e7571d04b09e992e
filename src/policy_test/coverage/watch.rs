//! Looks at a test's store after each of its steps.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Coverage;
use super::points::{Outcomes, Watching};
use crate::archive::{Archive, TouchFilter, TouchRow};
use crate::engine::{Engine, EngineError, RunReport};
use crate::evaluate::{CutPoints, Evaluator, Goal};
use crate::model::facts::{EventRequest, FactBatch};
use crate::model::touch::TouchState;
use crate::model::{Column, Dictionary, Timestamp, Type, Value};
use crate::policy_test::PolicyTestError;

/// Notes what came to be seen of a policy set.
pub(in crate::policy_test) struct Watcher<'c> {
    watching: &'c Watching,
    seen: Vec<bool>,
    customers: Evaluator,
    /// By condition over events.
    events: Vec<Evaluator>,
}

/// For whom the audience of each guard holds, by the guard's index.
type Audiences = Vec<BTreeMap<String, bool>>;

impl<'c> Watcher<'c> {
    pub(in crate::policy_test) fn new(
        coverage: &'c Coverage,
        engine: &Engine,
    ) -> Result<Self, PolicyTestError> {
        let watching = &coverage.watching;
        let expressions = watching.customers.iter().map(|(expression, _)| expression).collect();
        let goal = Goal { classes: Vec::new(), expressions };
        let (policy, plan) = (engine.policy(), engine.plan());
        let customers = Evaluator::new(policy, plan, &goal).map_err(EngineError::from)?;
        let events = watching.events.iter().map(|(event, filter, _)| {
            Evaluator::over_events(policy, plan, &Goal::default(), *event, filter).map_err(EngineError::from)
        });
        let events = events.collect::<Result<_, _>>()?;
        Ok(Self { watching, seen: vec![false; watching.points.len()], customers, events })
    }

    /// What was seen so far.
    pub(in crate::policy_test) fn into_seen(self) -> Vec<bool> {
        self.seen
    }

    /// Looks at what a step's run left behind.
    pub(in crate::policy_test) fn look(
        &mut self,
        engine: &Engine,
        archive: &Archive,
        now: Timestamp,
        report: &RunReport,
    ) -> Result<(), PolicyTestError> {
        let cuts = CutPoints::new(engine.plan(), engine.policy(), archive.cut_points()?);
        let audiences = self.look_at_customers(archive, now, &cuts)?;
        self.look_at_events(archive, now, &cuts)?;
        for (trigger, &point) in engine.policy().triggers.iter().zip(&self.watching.fired) {
            if report.fired.iter().any(|(fired, _)| *fired == trigger.name) {
                note(&mut self.seen, point);
            }
        }
        for row in archive.touches(&TouchFilter::default(), usize::MAX)? {
            if row.touch.because.kind == "cadence" && row.touch.made == now {
                self.look_at_step(engine, &row);
            }
            self.look_at_guards(engine, &row, now, &audiences);
        }
        Ok(())
    }

    fn look_at_customers(
        &mut self,
        archive: &Archive,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Audiences, PolicyTestError> {
        let mut audiences = vec![BTreeMap::new(); self.watching.guards.len()];
        let request = self.customers.request(now).clone();
        let mut facts = FactBatch { dictionary: self.customers.dictionary(), ..FactBatch::default() };
        let mut after: Option<String> = None;
        while archive.next_batch(&request, now, after.as_deref(), &mut facts)? {
            let decisions = self.customers.evaluate(&mut facts, now, cuts).map_err(EngineError::from)?;
            for (index, (expression, outcomes)) in self.watching.customers.iter().enumerate() {
                if let Some(column) = decisions.expression(index) {
                    note_column(&mut self.seen, column, &expression.root.ty, outcomes, &facts.dictionary);
                }
            }
            for (guard, holds) in self.watching.guards.iter().zip(&mut audiences) {
                let Some(Column::Flag(column)) = guard.audience.and_then(|index| decisions.expression(index))
                else {
                    continue;
                };
                let of = |(row, id): (usize, &str)| (id.to_owned(), column.values.get(row));
                holds.extend(facts.ids.iter().enumerate().map(of));
            }
            after = facts.ids.iter().last().map(str::to_owned);
        }
        Ok(audiences)
    }

    fn look_at_events(
        &mut self,
        archive: &Archive,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<(), PolicyTestError> {
        for ((event, filter, outcomes), evaluator) in self.watching.events.iter().zip(&mut self.events) {
            let wanted = EventRequest { event: *event, fields: Vec::new(), ids: false, after: None };
            let request = evaluator.request_events(&wanted, now);
            let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
            let mut after: Option<String> = None;
            while archive.next_batch(&request, now, after.as_deref(), &mut facts)? {
                let decisions = evaluator.evaluate(&mut facts, now, cuts).map_err(EngineError::from)?;
                if let Some(column) = decisions.expression(0) {
                    note_column(&mut self.seen, column, &filter.root.ty, outcomes, &facts.dictionary);
                }
                after = facts.ids.iter().last().map(str::to_owned);
            }
        }
        Ok(())
    }

    /// What a touch of a cadence says of the step that made it.
    fn look_at_step(&mut self, engine: &Engine, row: &TouchRow) {
        let because = &row.touch.because;
        let cadence = engine.policy().cadences.iter().position(|cadence| *cadence.name == *because.name);
        let steps = cadence.and_then(|cadence| self.watching.steps.get(cadence));
        let id = because.step.as_deref().unwrap_or_default();
        let Some(step) = steps.and_then(|steps| steps.iter().find(|step| *step.id == *id)) else { return };
        if row.touch.state == TouchState::Missed {
            return;
        }
        // Only its own condition suppresses a step's touch without a guard.
        let failed = row.touch.state == TouchState::Suppressed && row.guard.is_none();
        if !failed {
            note(&mut self.seen, step.touch);
        }
        if let Some((yes, no)) = step.when {
            note(&mut self.seen, if failed { no } else { yes });
        }
    }

    /// Which guards held a touch, and which let it pass now.
    fn look_at_guards(&mut self, engine: &Engine, row: &TouchRow, now: Timestamp, audiences: &Audiences) {
        let (policy, touch) = (engine.policy(), &row.touch);
        let action = policy.actions.iter().position(|action| action.name == touch.action);
        let held = held_by(row);
        let points = self.watching.guards.iter().zip(audiences);
        for (guard, (points, audience)) in policy.guards.iter().zip(points) {
            let concerns = action.is_some_and(|action| guard.actions.contains(&action));
            let asked = points.audience.is_none() || audience.get(&*touch.customer) == Some(&true);
            if touch.queued == Some(now) && concerns && asked {
                note(&mut self.seen, points.passed);
            }
            if held.iter().any(|name| **name == *guard.name) {
                note(&mut self.seen, points.held);
            }
        }
    }
}

fn note(seen: &mut [bool], point: usize) {
    if let Some(seen) = seen.get_mut(point) {
        *seen = true;
    }
}

/// The guards that ever held a touch back.
fn held_by(row: &TouchRow) -> Vec<String> {
    let said: Json = serde_json::from_str(&row.verdicts).unwrap_or_default();
    let name = |verdict: &Json| verdict.get("guard").and_then(Json::as_str).map(str::to_owned);
    let told = said.as_array().into_iter().flatten().filter_map(name);
    told.chain(row.guard.clone()).collect()
}

/// Notes the answers of a whole column.
fn note_column(seen: &mut [bool], column: &Column, ty: &Type, outcomes: &Outcomes, dictionary: &Dictionary) {
    for row in 0..column.len() {
        let value = column.value(row, ty, dictionary);
        let point = match outcomes {
            Outcomes::Known(point) => value.is_some().then_some(*point),
            // A condition that is missing counts as false.
            Outcomes::Truth { yes, no } => Some(if value == Some(Value::Bool(true)) { *yes } else { *no }),
            Outcomes::Places(places) => {
                let is_here = |name: &str| matches!(&value, Some(Value::Text(text)) if **text == *name);
                places.iter().find(|(name, _)| is_here(name)).map(|(_, point)| *point)
            }
        };
        if let Some(point) = point {
            note(seen, point);
        }
    }
}
