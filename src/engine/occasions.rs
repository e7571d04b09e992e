//! Triggers that fire on occasions: events, events alike, answers that failed to come, moves. They are asked
//! once everybody has been placed, and look only at what is new to each of them.

mod awaited;
mod events;
mod heard;
mod moves;
mod program;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::awaited::is_answered;
pub(super) use self::heard::prune;
use self::program::{Program, Seen};
use super::owed::{Fate, Owed};
use super::triggers::because;
use super::{Engine, EngineError, RunReport};
use crate::archive::{NewRun, RunWriter};
use crate::care::trigger::occasion::{Occasion, OccasionTerms, OccasionVerdict, decide};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::event::Taken;
use crate::model::touch::Because;
use crate::model::trigger::{RuleMemory, TriggerMemory};
use crate::policy::compiled::{Shape, Trigger};

/// The triggers of a run that fire on occasions.
pub(super) struct Occasions<'run> {
    run: Run<'run>,
    triggers: Vec<(Asked<'run>, Program)>,
}

/// The run in which triggers are asked.
#[derive(Clone, Copy)]
struct Run<'run> {
    engine: &'run Engine,
    now: Timestamp,
    started: Timestamp,
    policy_version: &'run str,
}

/// A trigger that is asked.
struct Asked<'run> {
    trigger: &'run Trigger,
    terms: OccasionTerms,
    /// The store's name of it.
    rule: String,
    first_seen: Timestamp,
    /// How far it has come; `None` where it is seen for the first time, or again after it slept.
    taken: Option<Taken>,
}

/// An occasion of a customer's, whose condition holds.
struct Found {
    at: Timestamp,
    backlog: bool,
    /// The event's id, where it is one.
    event: Option<Arc<str>>,
    from: Option<Arc<str>>,
    to: Option<Arc<str>>,
}

/// What is written and reported on the way.
struct Hands<'a, 'archive> {
    writer: &'a mut RunWriter<'archive>,
    cuts: &'a CutPoints,
    report: &'a mut RunReport,
}

impl<'run> Occasions<'run> {
    /// Those of the selected triggers that fire on occasions.
    pub(super) fn new(
        engine: &'run Engine,
        selected: &[usize],
        rules: &BTreeMap<String, RuleMemory>,
        writer: &RunWriter<'_>,
        run: &'run NewRun,
    ) -> Result<Self, EngineError> {
        let mut triggers = Vec::new();
        for trigger in selected.iter().filter_map(|&index| engine.policy.triggers.get(index)) {
            let Some(program) = Program::new(engine, trigger)? else { continue };
            let rule = format!("trigger.{}", trigger.name);
            let memory = rules.get(&rule);
            // What came while it slept is backlog: it would otherwise hang on who else was listening.
            let was_awake = memory.is_some_and(|memory| !memory.policy_version.is_empty());
            let asked = Asked {
                trigger,
                terms: OccasionTerms {
                    cooldown: trigger.cooldown,
                    backlog: trigger.backlog,
                    grace: trigger.grace,
                    timezone: engine.policy.settings.timezone,
                },
                first_seen: memory.map_or(run.now, |memory| memory.first_seen),
                taken: if was_awake { writer.archive().taken(&rule)? } else { None },
                rule,
            };
            triggers.push((asked, program));
        }
        let run =
            Run { engine, now: run.now, started: run.started, policy_version: run.policy_version.as_str() };
        Ok(Self { run, triggers })
    }

    /// The cut points that their conditions hang on.
    pub(super) fn cut_points(&self) -> Vec<usize> {
        self.triggers.iter().flat_map(|(_, program)| program.cut_points()).copied().collect()
    }

    /// Asks them all about what is new, and remembers how far each has come.
    pub(super) fn take(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let run = self.run;
        let archive = writer.archive();
        let taken =
            Taken { arrival: archive.last_arrival()?, transition: archive.last_transition()?, at: run.now };
        let id = writer.id();
        let mut hands = Hands { writer, cuts, report };
        for (asked, program) in &mut self.triggers {
            match &asked.trigger.shape {
                Shape::When(_) => {}
                Shape::Event(happening) => events::each(asked, program, run, happening, &mut hands)?,
                Shape::Times(happening, alike) => {
                    events::alike(asked, program, run, happening, *alike, &mut hands)?;
                }
                Shape::Awaited(happening, awaited) => {
                    awaited::take(asked, program, run, happening, awaited, &mut hands)?;
                }
                Shape::Moves(moves) => moves::take(asked, program, run, moves, &mut hands)?,
            }
            hands.report.note_scripts(program.script_failures());
            hands.writer.take(&asked.rule, taken)?;
            hands.writer.rule(&RuleMemory {
                name: asked.rule.clone(),
                version: asked.trigger.version.to_string(),
                first_seen: asked.first_seen,
                last_run: run.now,
                run: id,
                policy_version: run.policy_version.to_owned(),
            })?;
        }
        Ok(())
    }
}

/// Whether what all triggers of the set ask can be turned into programs.
pub(super) fn check(engine: &Engine) -> Result<(), EngineError> {
    engine.policy.triggers.iter().try_for_each(|trigger| Program::new(engine, trigger).map(drop))
}

impl Asked<'_> {
    /// Decides about the occasions of a batch, which `occasions` finds for one customer of it after the other, and
    /// stores what is remembered.
    fn decide(
        &self,
        run: Run<'_>,
        seen: &Seen<'_>,
        hands: &mut Hands<'_, '_>,
        mut occasions: impl FnMut(usize, &RunWriter<'_>) -> Result<Vec<Found>, EngineError>,
    ) -> Result<(), EngineError> {
        let mut memories = seen.memories();
        for row in seen.audience() {
            let found = occasions(row, hands.writer)?;
            if found.is_empty() {
                continue;
            }
            let memory = memories.entry(row).or_default();
            for found in &found {
                let occasion =
                    Occasion { at: found.at, backlog: found.backlog, now: run.now, started: run.started };
                let (verdict, next) = decide(*memory, &occasion, &self.terms);
                *memory = self.act(verdict, next, *memory, seen.customer(row), found, run, hands)?;
            }
        }
        seen.remember(hands.writer, &memories)
    }

    /// Acts on a verdict; returns what is to be remembered.
    #[expect(clippy::too_many_arguments, reason = "the one place where a verdict meets all it acts on")]
    fn act(
        &self,
        verdict: OccasionVerdict,
        next: TriggerMemory,
        former: TriggerMemory,
        customer: &str,
        found: &Found,
        run: Run<'_>,
        hands: &mut Hands<'_, '_>,
    ) -> Result<TriggerMemory, EngineError> {
        match verdict {
            OccasionVerdict::Fires { number } => {
                let mut is_new = false;
                for owed in self.owed(customer, number, found, run) {
                    is_new |= run.engine.owe(hands.writer, owed, run.started)?;
                }
                if !is_new {
                    // It fired before: the cooldown goes on counting from then.
                    return Ok(TriggerMemory { fired: former.fired, ..next });
                }
                hands.report.fire(&self.trigger.name);
            }
            OccasionVerdict::Backlog => hands.report.backlog += 1,
            OccasionVerdict::TooLate => hands.report.too_late += 1,
            OccasionVerdict::CoolingDown { .. } => hands.report.cooling_down += 1,
        }
        Ok(next)
    }

    /// What an occasion owes a customer: a touch for each action.
    fn owed<'a>(
        &'a self,
        customer: &str,
        number: u32,
        found: &'a Found,
        run: Run<'a>,
    ) -> impl Iterator<Item = Owed> + 'a {
        let customer: Arc<str> = customer.into();
        let happening = self.trigger.happening();
        let kind = happening.and_then(|happening| run.engine.policy.schema.events.get(happening.event));
        self.trigger.actions.iter().map(move |&action| Owed {
            because: Because {
                event: found.event.as_deref().map(str::to_owned),
                from: found.from.as_deref().map(str::to_owned),
                to: found.to.as_deref().map(str::to_owned),
                ..because(self.trigger)
            },
            customer: Arc::clone(&customer),
            identity: None,
            occurrence: found.event.as_deref().map_or_else(|| number.to_string(), str::to_owned),
            event: kind.map(|kind| kind.name.clone()),
            action,
            due: run.now,
            fate: Fate::Waits,
        })
    }
}
