//! One customer on a screen: where they stand and why, what goes on, what was done, what comes.

use std::sync::Arc;

use serde::Serialize;

use super::rule::{EnrolmentTree, Memory, Reason, TouchTree};
use super::trace::Part;
use super::value::{Condition, StandingTree, Teller, ValueTree};
use crate::care::trigger::Verdict;
use crate::engine::{EngineError, trigger_conditions};
use crate::evaluate::scalar;
use crate::model::{Value, civil};
use crate::policy::compiled::Shape;

/// How many touches, and enrolments that ended, are shown.
const TOUCHES: usize = 8;
const ENROLMENTS: usize = 50;

/// One customer on a screen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// Every segment, tier and quadrant.
    pub standing: Vec<Stands>,
    /// Enrolments that go on, and what comes next of each.
    pub enrolments: Vec<EnrolmentTree>,
    /// Triggers that hold, or whose cooldown runs.
    pub triggers: Vec<Holds>,
    /// The latest touches, latest first.
    pub touches: Vec<TouchTree>,
}

/// Where the customer stands in a segment, tier or quadrant, and what makes it so.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stands {
    /// As declared.
    pub name: Arc<str>,
    /// `segment`, `tier` or `quadrant`.
    pub kind: &'static str,
    /// What a run now would make of it.
    pub value: Option<Value>,
    /// What the last run made of it.
    #[serde(flatten)]
    pub standing: StandingTree,
    /// The parts of its conditions that decide.
    pub because: Vec<Part>,
}

/// A trigger that holds, or whose cooldown runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holds {
    /// As declared.
    pub name: Arc<str>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Whether its condition holds now.
    pub holds: bool,
    /// What it remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
    /// What goes on with it.
    pub why: Vec<Reason>,
}

impl Teller<'_> {
    /// The whole of a customer. `seen` is the run that looked at the customer first.
    pub(super) fn overview(&self, seen: i64) -> Result<Overview, EngineError> {
        let policy = self.policy();
        let mut standing = Vec::new();
        for (index, definition) in policy.values.iter().enumerate() {
            if definition.kind.class().is_none() {
                continue;
            }
            let tree = self.class(index, definition);
            let because = because(&tree);
            standing.push(Stands {
                name: tree.name,
                kind: tree.kind,
                value: tree.value,
                standing: tree.standing.unwrap_or_default(),
                because,
            });
        }
        let known = self.archive.enrolments(&self.subject.id, ENROLMENTS)?;
        let enrolments = known.iter().filter(|(_, enrolment)| enrolment.ended.is_none());
        let enrolments = enrolments.filter_map(|(name, enrolment)| {
            let cadence = policy.cadences.iter().find(|cadence| *cadence.name == **name)?;
            Some(self.enrolment(cadence, enrolment))
        });
        Ok(Overview {
            enrolments: enrolments.collect(),
            standing,
            triggers: self.holding(seen)?,
            touches: self.touches(TOUCHES, |_| true)?,
        })
    }

    fn holding(&self, seen: i64) -> Result<Vec<Holds>, EngineError> {
        let zone = self.policy().settings.timezone;
        let now = self.subject.moment.now;
        let mut holding = Vec::new();
        for trigger in &self.policy().triggers {
            let memory = self.archive.trigger_memory(&self.subject.id, &trigger.name)?;
            let is_when = matches!(trigger.shape, Shape::When(_));
            let truth = |expression: &crate::policy::expression::Expression| {
                scalar::holds(&expression.root, self.subject, &self.subject.moment)
            };
            let holds = is_when && trigger_conditions(trigger).all(truth);
            let cools = super::trigger::cooldown(trigger, memory.unwrap_or_default(), zone)
                .filter(|until| *until > now);
            if !holds && cools.is_none() {
                continue;
            }
            let mut why = Vec::new();
            if holds {
                let (verdict, _) = self.verdict(trigger, memory, (holds, seen))?;
                why.push(match verdict {
                    Verdict::Fires { .. } => Reason::new("fires", "the next run that asks it fires it"),
                    Verdict::CoolingDown { .. } => Reason::new("cooldown", "holds, and is held back"),
                    Verdict::Backlog => Reason::new("backlog", "true at first sight: noted, not fired"),
                    Verdict::StillTrue | Verdict::Quiet | Verdict::Stopped => {
                        Reason::new("when", "holds, as at the last run")
                    }
                });
            }
            if let Some(until) = cools {
                let says = format!("cools down until {}", civil::in_words(until, zone));
                why.push(Reason::new("cooldown", says).until(until));
            }
            holding.push(Holds {
                name: trigger.name.clone(),
                title: trigger.about.title.clone(),
                holds,
                memory: memory.map(|memory| Memory {
                    holds: memory.truth,
                    times: memory.rises,
                    fired: memory.fired,
                    held_back: memory.held,
                }),
                why,
            });
        }
        Ok(holding)
    }
}

/// The parts of a class's conditions that decide.
fn because(tree: &ValueTree) -> Vec<Part> {
    let mut found = Vec::new();
    let of_role = |role: &str| tree.conditions.iter().find(|condition| condition.role == role);
    match tree.kind {
        "segment" => {
            let is_in = tree.value == Some(Value::Bool(true));
            let leave = of_role("leave_when").filter(|_| is_in);
            let holds = |condition: &Condition| condition.part.holds == Some(true);
            // Who came in stays until the leaving condition holds, whatever `when` says.
            let stays = of_role("when").is_some_and(|when| !holds(when));
            let decides = leave.filter(|leave| stays && !holds(leave));
            let full = of_role("best")
                .filter(|best| !is_in && best.part.holds != Some(true) && of_role("when").is_some_and(holds));
            if let Some(condition) = decides.or(full).or_else(|| of_role("when")) {
                condition.part.decisive(&mut found);
            }
        }
        "tier" => {
            let outside = of_role("among").filter(|among| among.part.holds != Some(true));
            let place = tree.value.as_ref().map(ToString::to_string);
            let level = tree.conditions.iter().find(|condition| Some(&condition.role) == place.as_ref());
            let first = tree
                .conditions
                .iter()
                .find(|condition| condition.role != "among" && condition.part.holds == Some(true));
            let held = level.filter(|level| level.part.holds == Some(true)).or(first);
            if let Some(condition) = outside.or(held) {
                condition.part.decisive(&mut found);
            }
        }
        _ => found.extend(tree.conditions.iter().map(|condition| &condition.part)),
    }
    found.into_iter().map(Part::alone).collect()
}
