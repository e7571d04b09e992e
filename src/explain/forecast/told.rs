//! What is told of a run: changes of place, what triggers and cadences decide.

use std::sync::Arc;

use super::Change;
use super::program::Placed;
use super::rules::{Moved, Outcome};
use super::walk::Walker;
use crate::care::cadence::Verdict as Enrolling;
use crate::care::trigger::Verdict;
use crate::care::trigger::occasion::OccasionVerdict;
use crate::explain::subject::owner;
use crate::explain::value::clock_length;
use crate::model::standing::NO_PLACE;
use crate::model::{Timestamp, Value, civil};
use crate::policy::Compiled;
use crate::schedule::DueRun;

impl Walker<'_, '_> {
    /// A change of place.
    pub(super) fn tell_move(&mut self, placed: &Placed, due: &DueRun) {
        let policy = self.engine.policy();
        let Some(definition) = owner(policy, placed.class).and_then(|value| policy.values.get(value)) else {
            return;
        };
        let (before, clock) = self.ahead.before(placed.class);
        let counts_from = clock.and_then(|clock| {
            let (_, length) = clock_length(&definition.kind, clock.to)?;
            Some(length.after(clock.since, policy.settings.timezone))
        });
        let turned = self.classes.get(placed.class).and_then(|followed| followed.turned.clone());
        let from = definition.kind.place(before.unwrap_or(NO_PLACE));
        let to = definition.kind.place(placed.place);
        let name = |value: &Option<Value>| value.as_ref().map(|value| Arc::from(value.to_string()));
        let moved = Moved { at: due.at, from: name(&from), to: name(&to) };
        self.rules.note_move(policy, &definition.name, &moved);
        let change = Change {
            from,
            to,
            turns: turned.as_ref().map(|(at, _)| *at),
            counts_from,
            by: turned.map(|(_, by)| by).unwrap_or_default(),
            ..change(due, definition.kind.word(), definition.name.clone())
        };
        self.changes.push(change);
    }

    /// What a trigger or a cadence decides.
    pub(super) fn tell(&mut self, outcome: Outcome, due: &DueRun) {
        let policy = self.engine.policy();
        let change = match outcome {
            Outcome::Trigger(index, verdict) => self.risen(index, verdict, due),
            Outcome::Occasion(index, what, verdict) => policy.triggers.get(index).map(|trigger| Change {
                says: Some(format!("{what}: {}", occasion_words(verdict, policy))),
                ..change(due, "trigger", trigger.name.clone())
            }),
            Outcome::Cadence(index, verdict) => policy.cadences.get(index).and_then(|cadence| {
                let (from, to, says) = match verdict {
                    Enrolling::Enrols { number, .. } => (false, true, format!("enrols (enrolment {number})")),
                    Enrolling::Resumes(_) => (false, true, "goes on".to_owned()),
                    Enrolling::Ends(end) => (true, false, format!("ends: {}", end.as_str())),
                    _ => return None,
                };
                Some(Change {
                    from: Some(Value::Bool(from)),
                    to: Some(Value::Bool(to)),
                    says: Some(says),
                    ..change(due, "cadence", cadence.name.clone())
                })
            }),
            Outcome::Step(index, step, at, becomes) => policy.cadences.get(index).and_then(|cadence| {
                let step = cadence.steps.get(step)?;
                let action = policy.actions.get(step.action)?;
                Some(Change {
                    says: Some(format!("step {} ({}): {becomes}", step.id, action.name)),
                    turns: Some(at),
                    ..change(due, "cadence", cadence.name.clone())
                })
            }),
        };
        self.changes.extend(change);
    }

    fn risen(&self, index: usize, verdict: Verdict, due: &DueRun) -> Option<Change> {
        let policy = self.engine.policy();
        let trigger = policy.triggers.get(index)?;
        let turned = self.triggers.get(index).and_then(|followed| followed.turned.clone());
        let words = |at: Timestamp| civil::in_words(at, policy.settings.timezone);
        let (from, to, says) = match verdict {
            Verdict::Fires { rise } => (false, true, format!("fires (rise {rise})")),
            Verdict::CoolingDown { until } => (false, true, format!("held back until {}", words(until))),
            Verdict::Backlog => (false, true, "true at first sight: noted, not fired".to_owned()),
            Verdict::Stopped => (true, false, "no longer holds; unsent touches are cancelled".to_owned()),
            Verdict::Quiet | Verdict::StillTrue => return None,
        };
        Some(Change {
            from: Some(Value::Bool(from)),
            to: Some(Value::Bool(to)),
            says: Some(says),
            turns: turned.as_ref().map(|(at, _)| *at),
            by: turned.map(|(_, by)| by).unwrap_or_default(),
            ..change(due, "trigger", trigger.name.clone())
        })
    }
}

fn occasion_words(verdict: OccasionVerdict, policy: &Compiled) -> String {
    match verdict {
        OccasionVerdict::Fires { number } => format!("fires (occasion {number})"),
        OccasionVerdict::Backlog => "backlog: noted, not fired".to_owned(),
        OccasionVerdict::TooLate => "later than its grace: noted, not fired".to_owned(),
        OccasionVerdict::CoolingDown { until } => {
            format!("cools down until {}", civil::in_words(until, policy.settings.timezone))
        }
    }
}

/// A change of a table, of which nothing more is told yet.
fn change(due: &DueRun, kind: &'static str, name: Arc<str>) -> Change {
    Change {
        run: due.at,
        schedules: due.label(),
        kind,
        name,
        from: None,
        to: None,
        says: None,
        turns: None,
        counts_from: None,
        by: Vec::new(),
    }
}
