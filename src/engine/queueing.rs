//! The end of a run: touches that wait and that the guards let pass are queued, their payload and reason frozen.

use std::sync::Arc;

use minijinja::Value as Jinja;

use super::guards::GuardPass;
use super::known::{Known, Program};
use super::{Engine, EngineError, RunReport, Selection};
use crate::archive::RunWriter;
use crate::care::payload::{PayloadProblem, local_time};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::touch::Touch;

/// How many touches are queued together.
const TOGETHER: usize = 2_048;

/// Queues what waits and may go. Only customers with something to queue are evaluated for what payloads speak of.
pub(super) struct Queueing<'run> {
    engine: &'run Engine,
    now: Timestamp,
    started: Timestamp,
    guards: GuardPass<'run>,
    /// Made when the first touch may go.
    program: Option<Program>,
}

impl<'run> Queueing<'run> {
    pub(super) fn new(engine: &'run Engine, now: Timestamp, started: Timestamp) -> Self {
        Self { engine, now, started, guards: GuardPass::new(engine, now, started), program: None }
    }

    fn program(&mut self) -> Result<&mut Program, EngineError> {
        match &mut self.program {
            Some(program) => Ok(program),
            empty => Ok(empty.insert(Program::new(self.engine, self.now)?)),
        }
    }

    /// The cut points that guards and payloads hang on, which conditions need not; none where a run over a selection can
    /// queue nothing.
    pub(super) fn cut_points_of(
        &mut self,
        selection: &Selection,
        writer: &RunWriter<'_>,
    ) -> Result<Vec<usize>, EngineError> {
        if selection.triggers.is_empty() && selection.cadences.is_empty() && !writer.has_waiting()? {
            return Ok(Vec::new());
        }
        let mut used = self.guards.cut_points()?.to_vec();
        used.extend_from_slice(self.program()?.cut_points());
        Ok(used)
    }

    /// Tells for whom functions from scripts failed on the way.
    pub(super) fn note_scripts(&self, report: &mut RunReport) {
        self.guards.note_scripts(report);
        if let Some(program) = &self.program {
            report.note_scripts(program.script_failures());
        }
    }

    /// Asks the guards about all that waits, and queues what they let pass.
    pub(super) fn queue(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let may_go = self.guards.ask(writer, cuts, report)?;
        for numbers in may_go.chunks(TOGETHER) {
            let mut touches = Vec::with_capacity(numbers.len());
            for &number in numbers {
                touches.extend(writer.touch_numbered(number)?);
            }
            self.queue_some(writer, cuts, touches, report)?;
        }
        Ok(())
    }

    /// Freezes and queues touches given in order of customer.
    fn queue_some(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        touches: Vec<Touch>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let (engine, now, started) = (self.engine, self.now, self.started);
        let mut ids: Vec<&str> = touches.iter().map(|touch| &*touch.customer).collect();
        ids.dedup();
        let mut known = self.program()?.know(engine, writer.archive(), &ids, now, cuts)?;
        for touch in touches {
            if known.go_to(&touch.customer) {
                let event = engine.event_context(writer.archive(), &touch)?;
                let action = Arc::clone(&touch.action);
                let mut problems = Vec::new();
                let touch = freeze(engine, touch, &known, event, &mut problems);
                report.note(&action, &problems);
                report.queued += u64::from(writer.queue(&touch, started)?);
            }
        }
        Ok(())
    }
}

/// The touch with all that is frozen when it is queued.
pub(super) fn freeze(
    engine: &Engine,
    mut touch: Touch,
    known: &Known<'_>,
    event: Option<Jinja>,
    problems: &mut Vec<PayloadProblem>,
) -> Touch {
    let policy = &engine.policy;
    let Some((index, action)) =
        policy.actions.iter().enumerate().find(|(_, action)| action.name == touch.action)
    else {
        return touch;
    };
    let channel = policy.channels.get(action.channel);
    let due = local_time(touch.due, policy.settings.timezone);
    let context = known.context(&touch.customer, &touch.because, &due, event);
    let entries = channel.into_iter().flat_map(|channel| &channel.payload).chain(&action.payload);
    touch.payload = engine.templates.fill(entries, &context, problems);
    touch.reason = problems.first().map(ToString::to_string).unwrap_or_default();
    touch.priority = known.priority(index);
    touch.effort = action.effort;
    touch.channel = channel.map_or_else(|| "".into(), |channel| channel.name.clone());
    touch.policy_version = policy.version.clone();
    touch
}
