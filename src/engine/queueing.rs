//! The end of a run: touches that wait are queued, their payload and reason frozen.

use minijinja::Value as Jinja;

use super::known::{Known, Program};
use super::{Engine, EngineError, RunReport};
use crate::archive::{RunWriter, WaitingTouch};
use crate::care::payload::local_time;
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::touch::{Touch, TouchState};

/// How many waiting touches are looked at together.
const TOGETHER: usize = 2_048;

/// Queues what waits. Only customers with something waiting are evaluated for what payloads speak of.
pub(super) struct Queueing<'run> {
    engine: &'run Engine,
    now: Timestamp,
    started: Timestamp,
    /// Made when the first touch waits.
    program: Option<Program>,
}

impl<'run> Queueing<'run> {
    pub(super) const fn new(engine: &'run Engine, now: Timestamp, started: Timestamp) -> Self {
        Self { engine, now, started, program: None }
    }

    fn program(&mut self) -> Result<&mut Program, EngineError> {
        match &mut self.program {
            Some(program) => Ok(program),
            empty => Ok(empty.insert(Program::new(self.engine, self.now)?)),
        }
    }

    /// The cut points that payloads hang on, which conditions need not.
    pub(super) fn cut_points(&mut self) -> Result<&[usize], EngineError> {
        Ok(self.program()?.cut_points())
    }

    /// Tells for whom functions from scripts failed on the way.
    pub(super) fn note_scripts(&self, report: &mut RunReport) {
        if let Some(program) = &self.program {
            report.note_scripts(program.script_failures());
        }
    }

    /// Queues all that waits and is not too late; what is ends as expired.
    pub(super) fn queue(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let mut after: Option<WaitingTouch> = None;
        loop {
            let mut waiting = writer.waiting(after.as_ref(), TOGETHER)?;
            let Some(last) = waiting.last().cloned() else { return Ok(()) };
            after = Some(last);
            let started = self.started;
            for late in waiting.extract_if(.., |waiting| started > waiting.touch.expires) {
                let touch = late.touch;
                let reason = format!("not queued by {}", touch.expires);
                writer.end_waiting(&touch.id, TouchState::Expired, &reason, started)?;
            }
            self.cancel_answered(writer, &mut waiting, report)?;
            self.queue_some(writer, cuts, waiting, report)?;
        }
    }

    /// Cancels those whose answer has come after all.
    fn cancel_answered(
        &self,
        writer: &mut RunWriter<'_>,
        waiting: &mut Vec<WaitingTouch>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let mut open = Vec::with_capacity(waiting.len());
        for waiting in waiting.drain(..) {
            let until = self.now.max(self.started);
            match self.engine.answered(writer.archive(), &waiting.touch, until)? {
                None => open.push(waiting),
                Some(reason) => {
                    let state = TouchState::Cancelled;
                    writer.end_waiting(&waiting.touch.id, state, &reason, self.started)?;
                    report.cancelled += 1;
                }
            }
        }
        *waiting = open;
        Ok(())
    }

    /// Freezes and queues touches given in order of customer.
    fn queue_some(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        waiting: Vec<WaitingTouch>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if waiting.is_empty() {
            return Ok(());
        }
        let (engine, now, started) = (self.engine, self.now, self.started);
        let mut ids: Vec<&str> = waiting.iter().map(|waiting| &*waiting.touch.customer).collect();
        ids.dedup();
        let mut known = self.program()?.know(engine, writer.archive(), &ids, now, cuts)?;
        for WaitingTouch { touch, .. } in waiting {
            if known.go_to(&touch.customer) {
                let event = engine.event_context(writer.archive(), &touch)?;
                let touch = freeze(engine, touch, &known, event, report);
                report.queued += u64::from(writer.queue(&touch, started)?);
            }
        }
        Ok(())
    }
}

/// The touch with all that is frozen when it is queued.
fn freeze(
    engine: &Engine,
    mut touch: Touch,
    known: &Known<'_>,
    event: Option<Jinja>,
    report: &mut RunReport,
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
    let mut problems = Vec::new();
    touch.payload = engine.templates.fill(entries, &context, &mut problems);
    report.note(&action.name, &problems);
    touch.reason = problems.first().map(ToString::to_string).unwrap_or_default();
    touch.priority = known.priority(index);
    touch.channel = channel.map_or_else(|| "".into(), |channel| channel.name.clone());
    touch.policy_version = policy.version.clone();
    touch
}
