//! A cadence: whether the customer is enrolled, what comes next, and what stands against an enrolment.

use super::rule::{EnrolmentTree, Reason, RuleTree, StepTree};
use super::uses;
use super::value::{Condition, Teller};
use crate::care::cadence::{Changed, Sight, Standing, Start, Terms, Verdict, decide, due_within};
use crate::engine::{EngineError, cadence_expressions};
use crate::evaluate::scalar;
use crate::model::enrolment::Enrolment;
use crate::model::{Timestamp, Value, civil};
use crate::policy::compiled::{Anchor, Cadence, Happening, Reenter};

/// How far ahead steps are looked for, and how many are shown.
const AHEAD: i64 = 400 * crate::model::time::DAY;
const STEPS: usize = 8;

impl Teller<'_> {
    /// A cadence of the policy, by its index.
    pub(super) fn cadence(&self, index: usize) -> Result<RuleTree, EngineError> {
        let Some(cadence) = self.policy().cadences.get(index) else { return Ok(RuleTree::default()) };
        let terms = Terms::of(self.policy(), cadence);
        let mut conditions: Vec<Condition> =
            cadence.audience.iter().map(|audience| self.condition("audience", audience)).collect();
        conditions.extend(cadence.stop_when.iter().map(|stop| self.condition("stop_when", stop)));
        if let Anchor::Value(anchor) = &cadence.anchor {
            conditions.push(self.condition("anchor", anchor));
        }
        let enrolments = self.archive.enrolments_in(&self.subject.id, &cadence.name)?;
        let applies = enrolments.iter().any(|enrolment| enrolment.ended.is_none());
        let why = self.enrolled(cadence, &terms, &conditions, &enrolments);
        for step in &cadence.steps {
            let role = |step: &str| format!("step {step} when");
            conditions.extend(step.when.iter().map(|when| self.condition(role(&step.id), when)));
        }
        let mut actions: Vec<usize> = cadence.steps.iter().map(|step| step.action).collect();
        actions.sort_unstable();
        actions.dedup();
        let occasions = match &cadence.anchor {
            Anchor::Event { event, filter, .. } => {
                let happening = Happening { event: *event, filter: filter.clone() };
                self.events(&happening)?.into_iter().map(|(_, occasion)| occasion).collect()
            }
            _ => Vec::new(),
        };
        Ok(RuleTree {
            kind: "cadence",
            name: cadence.name.clone(),
            title: cadence.about.title.clone(),
            applies,
            why,
            occasions,
            enrolments: enrolments.iter().rev().map(|enrolment| self.enrolment(cadence, enrolment)).collect(),
            actions: self.actions(&actions)?,
            touches: self.touches_of("cadence", &cadence.name)?,
            uses: uses::of(self.policy(), cadence_expressions(cadence)),
            conditions,
            ..RuleTree::default()
        })
    }

    /// An enrolment with its next steps.
    pub(super) fn enrolment(&self, cadence: &Cadence, enrolment: &Enrolment) -> EnrolmentTree {
        let now = self.subject.moment.now;
        let terms = Terms::of(self.policy(), cadence);
        let timeline = terms.timeline(enrolment.counts_from());
        let from = enrolment.next.map_or(now, |next| next.min(now).plus(-1));
        let due = if enrolment.ended.is_none() && enrolment.next.is_some() {
            due_within(&timeline, &cadence.steps, from, now.plus(AHEAD))
        } else {
            Vec::new()
        };
        let step = |due: &crate::care::cadence::Due| {
            let step = cadence.steps.get(due.step)?;
            let action = self.policy().actions.get(step.action)?.name.clone();
            Some(StepTree { step: step.id.clone(), action, due: due.at })
        };
        EnrolmentTree {
            cadence: cadence.name.clone(),
            number: enrolment.number,
            event: enrolment.event.clone(),
            started: enrolment.started,
            ended: enrolment.ended,
            reason: enrolment.reason.clone(),
            next: due.iter().filter_map(step).take(STEPS).collect(),
        }
    }

    /// Where the customer stands with regard to a cadence now.
    fn standing_in(conditions: &[Condition]) -> Standing {
        let holds = |role: &str| {
            let condition = conditions.iter().find(|condition| condition.role == role);
            condition.map(|condition| condition.part.holds == Some(true))
        };
        match (holds("stop_when"), holds("audience")) {
            (Some(true), _) => Standing::Stopped,
            (_, Some(false)) => Standing::Out,
            _ => Standing::In,
        }
    }

    /// Why the customer is enrolled, or not: what a run now would decide, in the decision's own words.
    fn enrolled(
        &self,
        cadence: &Cadence,
        terms: &Terms<'_>,
        conditions: &[Condition],
        enrolments: &[Enrolment],
    ) -> Vec<Reason> {
        let mut why = Vec::new();
        let standing = Self::standing_in(conditions);
        let stands = |role: &str| conditions.iter().find(|condition| condition.role == role);
        if let Some(condition) = stands("stop_when").filter(|_| standing == Standing::Stopped) {
            why.push(Reason::condition("stop_when", condition));
        }
        if let Some(condition) = stands("audience").filter(|condition| condition.part.holds != Some(true)) {
            why.push(Reason::condition("audience", condition));
        }
        let anchor = self.anchor(cadence, terms);
        if terms.is_anchored() && anchor.is_none() {
            why.push(Reason::new("anchor", "the date or time it counts from is missing"));
        }
        let last = enrolments.iter().max_by_key(|last| (last.ended.is_none(), last.ended, last.number));
        if cadence.event().is_none() {
            let now = self.subject.moment.now;
            let sight = Sight {
                customer: &self.subject.id,
                standing,
                anchor,
                last_number: enrolments.iter().map(|enrolment| enrolment.number).max().unwrap_or(0),
                now,
                started: now,
                changed: Changed::No,
            };
            why.extend(self.told(decide(last, &sight, terms), last, terms));
        } else if enrolments.iter().all(|enrolment| enrolment.ended.is_some()) {
            why.push(Reason::new("on", "no enrolment goes on; each event that counts begins one"));
        }
        why
    }

    fn told(&self, verdict: Verdict, last: Option<&Enrolment>, terms: &Terms<'_>) -> Option<Reason> {
        let zone = terms.zone;
        let words = |at: Timestamp| civil::in_words(at, zone);
        let ended = last.and_then(|last| Some((last.ended?, last.reason.as_deref().unwrap_or("ended"))));
        Some(match verdict {
            Verdict::Outside => return None,
            Verdict::Continues | Verdict::Moves(_) => {
                let started = last.map_or(self.subject.moment.now, |last| last.started);
                Reason::new("enrolled", format!("enrolled since {}", words(started)))
            }
            Verdict::Enrols { number, .. } => {
                Reason::new("enrols", format!("a run now would begin enrolment {number}"))
            }
            Verdict::Resumes(_) => Reason::new("enrols", "a run now would go on with the enrolment"),
            Verdict::Ends(end) => Reason::new("ends", format!("a run now would end it: {}", end.as_str())),
            Verdict::Rests | Verdict::RestsMoved(_) => {
                let (at, reason) = ended?;
                let says = format!("ended {}: {reason}", words(at));
                match terms.reenter {
                    _ if terms.is_anchored() => Reason::new("ended", says),
                    Reenter::Never => Reason::new("reenter", format!("{says}; may not begin again")),
                    Reenter::Always => Reason::new("ended", says),
                    Reenter::After(wait) => {
                        let until = wait.after(at, zone);
                        let may = format!("{says}; may begin again from {}", words(until));
                        Reason::new("reenter", may).until(until)
                    }
                }
            }
        })
    }

    /// What the customer's cycles count from.
    pub(super) fn anchor(&self, cadence: &Cadence, terms: &Terms<'_>) -> Option<Timestamp> {
        let Anchor::Value(anchor) = &cadence.anchor else { return None };
        match scalar::evaluate(&anchor.root, self.subject, &self.subject.moment)? {
            Value::Time(at) => Some(at),
            Value::Date(day) if terms.start == Start::Date => civil::midnight(day, terms.zone),
            _ => None,
        }
    }
}
