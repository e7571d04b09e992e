//! Acting on what a cadence decided about a customer: enrolments, touches taken back, steps that are due.

use std::sync::Arc;

use super::{Active, Run, Seen};
use crate::archive::{RunWriter, UnsentStep};
use crate::care::cadence::{Found, Turn, Unsent, Verdict, due_of};
use crate::care::identity::touch_id;
use crate::engine::owed::{Fate, Owed};
use crate::engine::{EngineError, RunReport};
use crate::model::civil;
use crate::model::enrolment::Enrolment;
use crate::model::touch::{Because, TouchKey};
use crate::policy::compiled::{Cadence, CadenceStep};

impl Active<'_> {
    /// Acts on what came of a customer.
    pub(in crate::engine) fn act(
        &self,
        turn: &Turn,
        former: Option<&Enrolment>,
        seen: &Seen<'_>,
        writer: &mut RunWriter<'_>,
        run: Run<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let (customer, name) = (seen.customer(), &*self.cadence.name);
        for kept in turn.replaced.iter().chain(&turn.enrolment) {
            writer.enrolment(customer, name, kept)?;
            report.ended += u64::from(kept.ended.is_some());
        }
        report.enrolled +=
            u64::from(turn.enrolment.is_some() && matches!(turn.verdict, Verdict::Enrols { .. }));
        let present = turn.enrolment.as_ref().or(former);
        match turn.unsent {
            Unsent::Stay => {}
            Unsent::Cancelled(end) => {
                if let Some(former) = former {
                    for (unsent, _) in self.unsent_of(customer, former, writer)? {
                        writer.take_back(&unsent.touch, end.as_str(), run.started)?;
                        report.cancelled += 1;
                    }
                }
            }
            Unsent::Moved => {
                if let Some(present) = present {
                    self.take_back_moved(customer, present, writer, run, report)?;
                }
            }
        }
        for found in &turn.found {
            self.owe(found, present, seen, writer, run, report)?;
        }
        Ok(())
    }

    /// The touches of an enrolment that were not sent yet, with their cycles.
    fn unsent_of(
        &self,
        customer: &str,
        enrolment: &Enrolment,
        writer: &RunWriter<'_>,
    ) -> Result<Vec<(UnsentStep, i64)>, EngineError> {
        if !self.unsent.contains_key(customer) {
            return Ok(Vec::new());
        }
        let mut unsent = Vec::new();
        for touch in writer.unsent_steps(customer, &self.cadence.name)? {
            if let Some((number, cycle)) = parts(&touch.occurrence)
                && number == enrolment.number
                && self.is_of(customer, Some(enrolment), &touch.touch, step_key(&touch))
            {
                unsent.push((touch, cycle));
            }
        }
        Ok(unsent)
    }

    /// Whether a touch is an enrolment's: those of two who were merged may have the same numbers.
    fn is_of(
        &self,
        customer: &str,
        enrolment: Option<&Enrolment>,
        touch: &str,
        (occurrence, step, action): (&str, &str, &str),
    ) -> bool {
        let identity = enrolment.and_then(|enrolment| enrolment.identity.as_deref());
        let (kind, name, customer) = ("cadence", &*self.cadence.name, identity.unwrap_or(customer));
        *touch_id(&TouchKey { kind, name, customer, occurrence, step, action }) == *touch
    }

    /// Takes back the unsent touches of steps that are gone or due only later.
    fn take_back_moved(
        &self,
        customer: &str,
        enrolment: &Enrolment,
        writer: &mut RunWriter<'_>,
        run: Run<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        for (unsent, cycle) in self.unsent_of(customer, enrolment, writer)? {
            let has_step = self.terms.steps.iter().any(|step| *step.id == *unsent.step);
            let reason = match due_of(enrolment, cycle, &unsent.step, &self.terms) {
                Some(due) if due <= run.now => continue,
                Some(due) => format!("its step moved to {due}"),
                None if has_step => "its cycle is no longer".to_owned(),
                None => "its step was removed".to_owned(),
            };
            writer.take_back(&unsent.touch, &reason, run.started)?;
            report.cancelled += 1;
        }
        Ok(())
    }

    /// Makes the touch of a step that is due, unless the cycle has it.
    fn owe(
        &self,
        found: &Found,
        enrolment: Option<&Enrolment>,
        seen: &Seen<'_>,
        writer: &mut RunWriter<'_>,
        run: Run<'_>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let Some(step) = self.terms.steps.get(found.due.step) else { return Ok(()) };
        let customer = seen.customer();
        let occurrence = format!("{}.{}", found.enrolment, found.due.cycle);
        for known in writer.step_touches(customer, &self.cadence.name, &occurrence, &step.id)? {
            let key = (&*occurrence, &*step.id, &*known.action);
            if !self.is_of(customer, enrolment, &known.touch, key) {
                continue;
            }
            if known.counts {
                return Ok(());
            }
            writer.remove_taken_back(known.number)?;
        }
        let fate = self.fate(found, step, seen, run);
        report.missed += u64::from(matches!(fate, Fate::Missed(_)));
        let kind = self.cadence.event().and_then(|event| run.engine.policy.schema.events.get(event));
        let owed = Owed {
            because: because(self.cadence, step, enrolment),
            customer: customer.into(),
            identity: enrolment.and_then(|enrolment| enrolment.identity.clone()),
            occurrence,
            event: kind.map(|kind| Arc::clone(&kind.name)),
            action: step.action,
            due: found.due.at,
            fate,
        };
        run.engine.owe(writer, owed, run.started)?;
        Ok(())
    }

    fn fate(&self, found: &Found, step: &CadenceStep, seen: &Seen<'_>, run: Run<'_>) -> Fate {
        if found.late {
            let found = civil::in_words(run.started, run.engine.policy.settings.timezone);
            return Fate::Missed(format!("found {found}, later than its grace of {}", self.terms.grace));
        }
        let column = self.columns.whens.get(found.due.step).copied().flatten();
        match (column, &step.when) {
            (Some(column), Some(when)) if !seen.holds(column) => {
                Fate::Suppressed(format!("its step's condition does not hold: {}", when.text))
            }
            _ => Fate::Waits,
        }
    }
}

/// The number of the enrolment and of the cycle.
fn parts(occurrence: &str) -> Option<(u32, i64)> {
    let (number, cycle) = occurrence.split_once('.')?;
    Some((number.parse().ok()?, cycle.parse().ok()?))
}

fn step_key(touch: &UnsentStep) -> (&str, &str, &str) {
    (&touch.occurrence, &touch.step, &touch.action)
}

pub(in crate::engine) fn because(
    cadence: &Cadence,
    step: &CadenceStep,
    enrolment: Option<&Enrolment>,
) -> Because {
    let title =
        if cadence.about.title.is_empty() { cadence.name.to_string() } else { cadence.about.title.clone() };
    Because {
        kind: "cadence".to_owned(),
        name: cadence.name.to_string(),
        title,
        step: Some(step.id.to_string()),
        event: enrolment.and_then(|enrolment| enrolment.event.as_deref()).map(str::to_owned),
        cause: None,
        severity: None,
        from: None,
        to: None,
    }
}
