//! The guards of a run: every touch that waits is asked about, and those that may go now are named.
//!
//! First all waiting touches pass by in order of customer, and block, holdout and hours decide, which need
//! nothing but the customer and the time ([`gather`]). Then blast radius decides about those that block and holdout
//! let through for the first time. Those left are put in order, and cap and capacity decide one at a time ([`decide`]). What is remembered of a touch in
//! between is a few numbers.

mod decide;
mod gather;
mod now;
mod questions;
mod rooms;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Engine, EngineError, Reached, RunReport};
use crate::archive::{GuardNote, RunWriter};
use crate::care::guard::blast_radius::{Reach, WINDOW};
use crate::care::guard::{Verdict, blast_radius, order, word};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::policy::compiled::{Guard, GuardKind};
use gather::{Gathered, Made};
pub use now::GuardSaying;
pub(super) use questions::{Answers, Questions};

/// Asks the guards of a run.
pub(super) struct GuardPass<'run> {
    engine: &'run Engine,
    now: Timestamp,
    started: Timestamp,
    /// Indices of the policy's guards, in the order in which they are asked.
    order: Vec<usize>,
    /// Made when the first touch waits.
    questions: Option<Questions>,
}

impl<'run> GuardPass<'run> {
    pub(super) fn new(engine: &'run Engine, now: Timestamp, started: Timestamp) -> Self {
        Self { engine, now, started, order: order(&engine.policy.guards), questions: None }
    }

    /// The cut points that guards and priorities hang on.
    pub(super) fn cut_points(&mut self) -> Result<&[usize], EngineError> {
        Ok(self.questions()?.cut_points())
    }

    /// Tells for whom functions from scripts failed on the way.
    pub(super) fn note_scripts(&self, report: &mut RunReport) {
        if let Some(questions) = &self.questions {
            report.note_scripts(questions.script_failures());
        }
    }

    fn questions(&mut self) -> Result<&mut Questions, EngineError> {
        match &mut self.questions {
            Some(questions) => Ok(questions),
            empty => Ok(empty.insert(Questions::new(self.engine)?)),
        }
    }

    /// The numbers of the touches that may go now, in order of customer and making. Writes what the guards say of
    /// all others.
    pub(super) fn ask(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<Vec<i64>, EngineError> {
        let mut gathered = self.gather(writer, cuts, report)?;
        self.ask_blast_radius(&mut gathered, writer, report)?;
        self.decide(gathered, writer, report)
    }

    /// Holds what block and holdout let through for the first time where a blast radius finds that to be unusually
    /// many: touches of this run, and those of earlier ones that a block let wait.
    fn ask_blast_radius(
        &self,
        gathered: &mut Gathered,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let since = self.started.plus(-WINDOW);
        let mut held: BTreeSet<i64> = BTreeSet::new();
        for (index, made) in std::mem::take(&mut gathered.made) {
            if made.is_empty() {
                continue;
            }
            let Some(guard) = self.engine.policy.guards.get(index) else { continue };
            let GuardKind::BlastRadius(blast) = &guard.kind else { continue };
            let earlier = writer.made_since(&guard.name, since)?;
            let reach = blast_radius::decide(blast, earlier, made.len() as u64, writer.customers()?);
            let Reach { touches, most, waits } = reach;
            report.reached.push(Reached { guard: Arc::clone(&guard.name), touches, most, waits });
            if !waits {
                writer.note_made(&guard.name, self.started, made.len() as u64, since)?;
                continue;
            }
            let reason = format!(
                "{touches} touches within 24 hours, more than {most}; run {} waits for approval",
                writer.id()
            );
            let note = note(guard, &reason, None);
            for Made { number, waits } in made {
                if held.insert(number) {
                    writer.hold(number, &note, self.started)?;
                    if !waits {
                        report.hold_back(&guard.name, false);
                    }
                }
            }
        }
        if !held.is_empty() {
            writer.ask_approval()?;
            report.on_hold = held.len() as u64;
            gathered.candidates.retain(|candidate| !held.contains(&candidate.number));
        }
        Ok(())
    }

    /// Writes what a guard said of a touch that it did not let pass; `before` is the guard that held it last, and
    /// what that said. Waiting for the same again changes nothing.
    fn write(
        &self,
        number: i64,
        before: (&str, &str),
        guard: &Guard,
        verdict: &Verdict,
        writer: &mut RunWriter<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        match verdict {
            Verdict::Passes => {}
            Verdict::Waits { reason, until } => {
                if before != (&*guard.name, reason.as_str()) {
                    writer.note_wait(number, &note(guard, reason, *until), self.started)?;
                }
                report.hold_back(&guard.name, false);
            }
            Verdict::Drops { reason } => {
                writer.suppress(number, &note(guard, reason, None), self.started)?;
                report.hold_back(&guard.name, true);
            }
        }
        Ok(())
    }
}

fn note<'note>(guard: &'note Guard, reason: &'note str, until: Option<Timestamp>) -> GuardNote<'note> {
    GuardNote { guard: &guard.name, kind: word(&guard.kind), reason, until }
}
