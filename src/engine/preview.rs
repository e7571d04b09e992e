//! A touch as it would be made and frozen now: nothing is asked of the store but to look, and nothing is written.

use std::sync::Arc;

use super::known::Program;
use super::owed::{Fate, Owed};
use super::queueing::freeze;
use super::{Engine, EngineError, cadences, triggers};
use crate::archive::Archive;
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::touch::{Because, Touch};
use crate::policy::compiled::Shape;

/// Why a touch would be made: what an action hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// A trigger, index of the policy's.
    Trigger(usize),
    /// A step of a cadence: index of the policy's, and of its steps.
    Step(usize, usize),
}

/// A touch that is not made.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// As it would be queued.
    pub touch: Touch,
    /// What of its payload could not be filled in.
    pub problems: Vec<String>,
}

impl Engine {
    /// All that an action hangs on: triggers by name, then cadences by name and their steps in order.
    #[must_use]
    pub fn grounds(&self, action: usize) -> Vec<Ground> {
        let triggers = self.policy.triggers.iter().enumerate();
        let triggers = triggers
            .filter(|(_, trigger)| trigger.actions.contains(&action))
            .map(|(index, _)| Ground::Trigger(index));
        let steps = self.policy.cadences.iter().enumerate().flat_map(|(cadence, definition)| {
            let steps = definition.steps.iter().enumerate();
            steps.filter(|(_, step)| step.action == action).map(move |(step, _)| Ground::Step(cadence, step))
        });
        triggers.chain(steps).collect()
    }

    /// A touch of an action for a customer as it would be queued now, its payload frozen by the very code that freezes
    /// it in a run. What it is about is the latest event, or the latest change, that concerns its trigger or cadence;
    /// `None` where nobody is known by this id.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn preview(
        &self,
        archive: &Archive,
        customer: &str,
        action: usize,
        ground: Option<Ground>,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Option<Preview>, EngineError> {
        let Some(definition) = self.policy.actions.get(action) else { return Ok(None) };
        let owed = self.would_owe(archive, customer, action, ground, now)?;
        let touch = self.touch(owed, definition, now);
        let mut program = Program::new(self, now)?;
        let mut known = program.know(self, archive, &[customer], now, cuts)?;
        if !known.go_to(customer) {
            return Ok(None);
        }
        let event = self.event_context(archive, &touch)?;
        let mut problems = Vec::new();
        let mut touch = freeze(self, touch, &known, event, &mut problems);
        touch.queued = Some(now);
        let problems = problems.iter().map(ToString::to_string).collect();
        Ok(Some(Preview { touch, problems }))
    }

    fn would_owe(
        &self,
        archive: &Archive,
        customer: &str,
        action: usize,
        ground: Option<Ground>,
        now: Timestamp,
    ) -> Result<Owed, EngineError> {
        let mut owed = Owed {
            because: nothing(),
            customer: customer.into(),
            identity: None,
            occurrence: "preview".to_owned(),
            event: None,
            action,
            due: now,
            fate: Fate::Waits,
        };
        match ground {
            Some(Ground::Trigger(index)) => {
                let Some(trigger) = self.policy.triggers.get(index) else { return Ok(owed) };
                owed.because = triggers::because(trigger);
                if let Some(happening) = trigger.happening() {
                    self.about_latest(archive, happening.event, &mut owed, now)?;
                }
                if let Shape::Moves(moves) = &trigger.shape {
                    let past = archive.transitions(Some(customer), MOVES)?;
                    let last = past.into_iter().map(|(_, moved)| moved).find(|moved| {
                        moved.value == moves.name
                            && moves.includes(moved.from.as_deref(), moved.to.as_deref())
                    });
                    owed.because.from =
                        last.as_ref().and_then(|moved| moved.from.as_deref().map(str::to_owned));
                    owed.because.to = last.and_then(|moved| moved.to.as_deref().map(str::to_owned));
                }
            }
            Some(Ground::Step(cadence, step)) => {
                let Some(cadence) = self.policy.cadences.get(cadence) else { return Ok(owed) };
                let Some(step) = cadence.steps.get(step) else { return Ok(owed) };
                owed.because = cadences::because(cadence, step, None);
                if let Some(event) = cadence.event() {
                    self.about_latest(archive, event, &mut owed, now)?;
                }
            }
            None => {}
        }
        Ok(owed)
    }

    /// It is about the latest event of a kind that happened to its customer.
    fn about_latest(
        &self,
        archive: &Archive,
        kind: usize,
        owed: &mut Owed,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(shape) = self.policy.schema.events.get(kind) else { return Ok(()) };
        owed.event = Some(Arc::clone(&shape.name));
        let last = archive.events_of(kind, &owed.customer, ..=now)?.pop();
        owed.because.event = last.map(|event| event.id.to_string());
        Ok(())
    }
}

/// How many of the latest changes are looked through.
const MOVES: usize = 500;

/// The reason of an action that nothing hangs on.
fn nothing() -> Because {
    Because {
        kind: "preview".to_owned(),
        name: "preview".to_owned(),
        title: "preview".to_owned(),
        step: None,
        event: None,
        cause: None,
        severity: None,
        from: None,
        to: None,
    }
}
