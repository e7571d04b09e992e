//! What triggers and cadences remember of one customer, carried from run to run by their own decisions.

use std::sync::Arc;

use super::program::{InCadence, Program, Sighting};
use crate::archive::Archive;
use crate::care::cadence::{Changed, End, Sight as CadenceSight, Terms, Turn, Verdict as Enrolling, turn};
use crate::care::trigger::occasion::{Occasion, OccasionTerms, OccasionVerdict};
use crate::care::trigger::{self, Sight, Verdict};
use crate::engine::EngineError;
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;
use crate::model::standing::NEVER;
use crate::model::trigger::TriggerMemory;
use crate::policy::Compiled;
use crate::policy::compiled::{Moves, Shape, Trigger};

/// A change of place that a trigger on moves has not taken yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) at: Timestamp,
    pub(super) from: Option<Arc<str>>,
    pub(super) to: Option<Arc<str>>,
}

/// What all triggers and cadences remember, by their index in the policy.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rules {
    triggers: Vec<Remembered>,
    cadences: Vec<Vec<Enrolment>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Remembered {
    memory: Option<TriggerMemory>,
    /// Whether no run of its saw this customer yet.
    is_later: bool,
    /// Moves not taken yet.
    moves: Vec<Moved>,
    /// Events whose answer is awaited: the id, when they happened, until when.
    awaited: Vec<(Arc<str>, Timestamp, Timestamp)>,
}

/// What one run brings about.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A trigger's condition: index, what it decided.
    Trigger(usize, Verdict),
    /// A trigger on occasions: index, what it was, what it decided.
    Occasion(usize, String, OccasionVerdict),
    /// A cadence: index, what it decided.
    Cadence(usize, Enrolling),
    /// A step that is due: index of the cadence and of its step, when, and what becomes of it.
    Step(usize, usize, Timestamp, &'static str),
}

impl Rules {
    /// As the store has them. `seen` is the run that looked at the customer first.
    pub(super) fn read(
        archive: &Archive,
        policy: &Compiled,
        id: &str,
        (seen, now): (i64, Timestamp),
    ) -> Result<Self, EngineError> {
        let rules = archive.rules()?;
        let mut triggers = Vec::with_capacity(policy.triggers.len());
        for trigger in &policy.triggers {
            let rule = format!("trigger.{}", trigger.name);
            let last_run = rules.iter().find(|known| known.name == rule).map(|known| known.run);
            let mut remembered = Remembered {
                memory: archive.trigger_memory(id, &trigger.name)?,
                is_later: last_run.is_none_or(|last_run| seen == NEVER || seen > last_run),
                ..Remembered::default()
            };
            let taken = archive.taken(&rule)?;
            match (&trigger.shape, taken) {
                (Shape::Moves(moves), Some(taken)) => {
                    remembered.moves = not_taken(archive, id, moves, taken.transition)?;
                }
                (Shape::Awaited(happening, awaited), Some(taken)) => {
                    let zone = policy.settings.timezone;
                    for event in archive.events_of(happening.event, id, ..=now)? {
                        let until = awaited.within.after(event.at, zone);
                        if until > taken.at {
                            remembered.awaited.push((event.id, event.at, until));
                        }
                    }
                }
                _ => {}
            }
            triggers.push(remembered);
        }
        let cadences = policy.cadences.iter();
        let cadences =
            cadences.map(|cadence| archive.enrolments_in(id, &cadence.name)).collect::<Result<_, _>>()?;
        Ok(Self { triggers, cadences })
    }

    /// Changes of place that the run at an instant made.
    pub(super) fn note_move(&mut self, policy: &Compiled, value: &str, moved: &Moved) {
        for (trigger, remembered) in policy.triggers.iter().zip(&mut self.triggers) {
            if let Shape::Moves(moves) = &trigger.shape
                && *moves.name == *value
            {
                remembered.moves.push(moved.clone());
            }
        }
    }

    /// Decides one run, and remembers.
    pub(super) fn decide(
        &mut self,
        (policy, terms): (&Compiled, &[Terms<'_>]),
        id: &str,
        program: &Program,
        sighting: &Sighting,
        now: Timestamp,
        is_answered: &mut dyn FnMut(usize, &str) -> Result<bool, EngineError>,
    ) -> Result<Vec<Outcome>, EngineError> {
        let mut outcomes = Vec::new();
        for (&index, &holds) in program.selection.triggers.iter().zip(&sighting.triggers) {
            let (Some(trigger), Some(remembered)) =
                (policy.triggers.get(index), self.triggers.get_mut(index))
            else {
                continue;
            };
            match &trigger.shape {
                Shape::When(_) => {
                    outcomes.extend(
                        remembered
                            .rise(policy, trigger, holds, now)
                            .map(|found| Outcome::Trigger(index, found)),
                    );
                }
                Shape::Moves(moves) => {
                    remembered.moved(policy, (index, trigger, moves), holds, now, &mut outcomes);
                }
                Shape::Awaited(..) => {
                    remembered.unanswered(
                        policy,
                        (index, trigger),
                        holds,
                        now,
                        is_answered,
                        &mut outcomes,
                    )?;
                }
                Shape::Event(_) | Shape::Times(..) => {}
            }
        }
        for (&index, seen) in program.selection.cadences.iter().zip(&sighting.cadences) {
            if let (Some(enrolments), Some(terms)) = (self.cadences.get_mut(index), terms.get(index)) {
                enrol(enrolments, (index, terms), seen, (id, now), &mut outcomes);
            }
        }
        Ok(outcomes)
    }
}

/// The moves of a class that a trigger has not taken yet.
fn not_taken(archive: &Archive, id: &str, moves: &Moves, taken: i64) -> Result<Vec<Moved>, EngineError> {
    let own = archive.transitions_of(id, &moves.name, taken)?;
    Ok(own.into_iter().map(|(at, from, to)| Moved { at, from, to }).collect())
}

impl Remembered {
    fn rise(&mut self, policy: &Compiled, trigger: &Trigger, holds: bool, now: Timestamp) -> Option<Verdict> {
        let terms = trigger::Terms {
            cooldown: trigger.cooldown,
            backlog: trigger.backlog,
            timezone: policy.settings.timezone,
        };
        let sight = Sight { truth: holds, first: self.memory.is_none() && self.is_later, now };
        let before = self.memory.unwrap_or_default();
        let (verdict, after) = trigger::decide(before, sight, &terms);
        self.is_later = false;
        if self.memory.is_some() || after != TriggerMemory::default() {
            self.memory = Some(after);
        }
        // Held back as before is nothing new.
        let is_news = match verdict {
            Verdict::Quiet | Verdict::StillTrue => false,
            Verdict::CoolingDown { .. } => !before.held,
            Verdict::Fires { .. } | Verdict::Backlog | Verdict::Stopped => true,
        };
        is_news.then_some(verdict)
    }

    fn occasion(
        &mut self,
        policy: &Compiled,
        trigger: &Trigger,
        at: Timestamp,
        now: Timestamp,
    ) -> OccasionVerdict {
        let terms = OccasionTerms {
            cooldown: trigger.cooldown,
            backlog: trigger.backlog,
            grace: trigger.grace,
            timezone: policy.settings.timezone,
        };
        let occasion = Occasion { at, backlog: false, now, started: now };
        let (verdict, after) = trigger::occasion::decide(self.memory.unwrap_or_default(), &occasion, &terms);
        self.memory = Some(after);
        verdict
    }

    fn moved(
        &mut self,
        policy: &Compiled,
        (index, trigger, moves): (usize, &Trigger, &Moves),
        holds: bool,
        now: Timestamp,
        outcomes: &mut Vec<Outcome>,
    ) {
        for moved in std::mem::take(&mut self.moves) {
            let (from, to) = (moved.from.as_deref(), moved.to.as_deref());
            if holds && moves.includes(from, to) {
                let verdict = self.occasion(policy, trigger, moved.at, now);
                let what = format!("{} → {}", from.unwrap_or("none"), to.unwrap_or("none"));
                outcomes.push(Outcome::Occasion(index, what, verdict));
            }
        }
    }

    fn unanswered(
        &mut self,
        policy: &Compiled,
        (index, trigger): (usize, &Trigger),
        holds: bool,
        now: Timestamp,
        is_answered: &mut dyn FnMut(usize, &str) -> Result<bool, EngineError>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), EngineError> {
        let over: Vec<_> = self.awaited.extract_if(.., |(_, _, until)| *until <= now).collect();
        for (event, _, until) in over {
            if holds && !is_answered(index, &event)? {
                let verdict = self.occasion(policy, trigger, until, now);
                outcomes.push(Outcome::Occasion(index, format!("no answer to {event}"), verdict));
            }
        }
        Ok(())
    }
}

/// Decides about a cadence's enrolments and remembers.
fn enrol(
    enrolments: &mut Vec<Enrolment>,
    (index, terms): (usize, &Terms<'_>),
    seen: &InCadence,
    (id, now): (&str, Timestamp),
    outcomes: &mut Vec<Outcome>,
) {
    let sight = CadenceSight {
        customer: id,
        standing: seen.standing,
        anchor: seen.anchor,
        last_number: enrolments.iter().map(|enrolment| enrolment.number).max().unwrap_or(0),
        now,
        started: now,
        changed: Changed::No,
    };
    if terms.is_for_events() {
        for place in 0..enrolments.len() {
            let Some(former) = enrolments.get(place).filter(|former| former.ended.is_none()).cloned() else {
                continue;
            };
            take(enrolments, turn(Some(&former), &sight, terms), (index, seen), outcomes);
        }
        return;
    }
    let last = enrolments.iter().max_by_key(|last| (last.ended.is_none(), last.ended, last.number)).cloned();
    take(enrolments, turn(last.as_ref(), &sight, terms), (index, seen), outcomes);
}

fn take(
    enrolments: &mut Vec<Enrolment>,
    turn: Turn,
    (index, seen): (usize, &InCadence),
    outcomes: &mut Vec<Outcome>,
) {
    match turn.verdict {
        Enrolling::Enrols { .. } | Enrolling::Ends(_) | Enrolling::Resumes(_) => {
            outcomes.push(Outcome::Cadence(index, turn.verdict));
        }
        _ => {}
    }
    for found in &turn.found {
        let becomes = if found.late {
            "missed: later than its grace"
        } else if seen.whens.get(found.due.step) == Some(&false) {
            "suppressed: its condition does not hold"
        } else {
            "due"
        };
        outcomes.push(Outcome::Step(index, found.due.step, found.due.at, becomes));
    }
    let completes =
        |kept: &Enrolment| kept.ended.is_some() && kept.reason.as_deref() == Some(End::Completed.as_str());
    if turn.enrolment.as_ref().is_some_and(completes) && !matches!(turn.verdict, Enrolling::Ends(_)) {
        outcomes.push(Outcome::Cadence(index, Enrolling::Ends(End::Completed)));
    }
    for kept in turn.replaced.into_iter().chain(turn.enrolment) {
        match enrolments
            .iter_mut()
            .find(|known| known.number == kept.number && known.identity == kept.identity)
        {
            Some(known) => *known = kept,
            None => enrolments.push(kept),
        }
    }
}
