//! A guard, or an action: what guards say of the customer's touches now.

use super::rule::{Reason, RuleTree, Saying};
use super::uses;
use super::value::{Condition, Teller};
use super::words::percent;
use crate::engine::{EngineError, Ground};
use crate::policy::compiled::{Effect, Guard, GuardKind};
use crate::policy::expression::tree::Expression;

impl Teller<'_> {
    /// A guard of the policy, by its index.
    pub(super) fn guard(&self, index: usize) -> Result<RuleTree, EngineError> {
        let Some(guard) = self.policy().guards.get(index) else { return Ok(RuleTree::default()) };
        let expressions = expressions(guard);
        let conditions: Vec<Condition> =
            expressions.iter().map(|(role, expression)| self.condition(role.clone(), expression)).collect();
        let mut actions = self.actions(&guard.actions)?;
        for action in &mut actions {
            action.guards.retain(|said| said.guard == guard.name);
        }
        let holds = |said: &Saying| ["waits", "drops"].contains(&said.verdict);
        let applies = actions.iter().flat_map(|action| &action.guards).any(holds);
        let audience = conditions.iter().find(|condition| condition.role == "audience");
        let outside = audience.filter(|audience| audience.part.holds != Some(true));
        let mut why: Vec<Reason> =
            outside.map(|audience| Reason::condition("audience", audience)).into_iter().collect();
        let mut said: Vec<&Saying> = Vec::new();
        for saying in actions.iter().flat_map(|action| &action.guards).filter(|said| holds(said)) {
            if !said.iter().any(|known| known.reason == saying.reason) {
                said.push(saying);
            }
        }
        why.extend(said.into_iter().map(|said| Reason {
            until: said.until,
            ..Reason::new(said.kind, format!("{}: {}", said.verdict, said.reason))
        }));
        why.push(Reason::new("terms", terms(guard)));
        let touches = self.touches(5, |row| {
            let noted = format!("\"guard\":\"{}\"", guard.name);
            row.guard.as_deref() == Some(&*guard.name) || row.verdicts.contains(&noted)
        })?;
        Ok(RuleTree {
            kind: "guard",
            name: guard.name.clone(),
            title: guard.about.title.clone(),
            applies,
            why,
            actions,
            touches,
            uses: uses::of(self.policy(), expressions.into_iter().map(|(_, expression)| expression)),
            conditions,
            ..RuleTree::default()
        })
    }

    /// An action of the policy, by its index.
    pub(super) fn action(&self, index: usize) -> Result<RuleTree, EngineError> {
        let policy = self.policy();
        let Some(action) = policy.actions.get(index) else { return Ok(RuleTree::default()) };
        let actions = self.actions(&[index])?;
        let held = actions.iter().flat_map(|action| &action.guards);
        let mut why: Vec<Reason> = held
            .filter(|said| ["waits", "drops"].contains(&said.verdict))
            .map(|said| Reason {
                until: said.until,
                ..Reason::new("guard", format!("guard.{} {}: {}", said.guard, said.verdict, said.reason))
            })
            .collect();
        let applies = why.is_empty();
        let grounds: Vec<String> =
            self.engine.grounds(index).into_iter().map(|ground| ground_name(policy, ground)).collect();
        why.push(Reason::new(
            "grounds",
            if grounds.is_empty() {
                "nothing in the policies asks for it".to_owned()
            } else {
                format!("asked for by {}", grounds.join(", "))
            },
        ));
        Ok(RuleTree {
            kind: "action",
            name: action.name.clone(),
            title: action.about.title.clone(),
            applies,
            why,
            conditions: action.priority.iter().map(|priority| self.condition("priority", priority)).collect(),
            actions,
            touches: self.touches(5, |row| row.touch.action == action.name)?,
            uses: uses::of(policy, &action.priority),
            ..RuleTree::default()
        })
    }
}

/// What an action hangs on, by name: `trigger.overdue`, `cadence.care_611.welcome`.
#[must_use]
pub fn ground_name(policy: &crate::policy::Compiled, ground: Ground) -> String {
    match ground {
        Ground::Trigger(index) => {
            policy.triggers.get(index).map_or_else(String::new, |trigger| format!("trigger.{}", trigger.name))
        }
        Ground::Step(index, step) => {
            let cadence = policy.cadences.get(index);
            let named = cadence.and_then(|cadence| Some((cadence, cadence.steps.get(step)?)));
            named.map_or_else(String::new, |(cadence, step)| format!("cadence.{}.{}", cadence.name, step.id))
        }
    }
}

/// The expressions of a guard with their keys.
fn expressions(guard: &Guard) -> Vec<(String, &Expression)> {
    let mut found: Vec<(String, &Expression)> = Vec::new();
    found.extend(guard.audience.iter().map(|audience| ("audience".to_owned(), audience)));
    match &guard.kind {
        GuardKind::Block(block) => found.push(("when".to_owned(), &block.when)),
        GuardKind::Hours(hours) => {
            found.extend(hours.timezone.iter().map(|zone| ("timezone".to_owned(), zone)));
        }
        GuardKind::Capacity(capacity) => {
            found.extend(capacity.by.iter().map(|by| ("by".to_owned(), by)));
            found.extend(capacity.first.iter().map(|first| ("first".to_owned(), first)));
            let reserve = (1..).zip(&capacity.reserve);
            found.extend(reserve.map(|(number, entry)| (format!("reserve {number} when"), &entry.when)));
        }
        GuardKind::Holdout(_) | GuardKind::Cap(_) | GuardKind::BlastRadius(_) => {}
    }
    found
}

/// What a guard's table says, in words.
fn terms(guard: &Guard) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let otherwise = |effect: Effect| match effect {
        Effect::Drop => "drops what it holds back",
        Effect::Wait => "lets what it holds back wait",
    };
    match &guard.kind {
        GuardKind::Block(block) => {
            format!("{}; a missing answer waits", otherwise(block.effect))
        }
        GuardKind::Holdout(holdout) => {
            format!("drops for the same {} of all customers every time", percent(holdout.share))
        }
        GuardKind::Hours(hours) => {
            let working = if hours.calendar.is_some() { " on working days" } else { "" };
            format!("open from {} until {}{working}", clock(hours.from), clock(hours.until))
        }
        GuardKind::Cap(cap) => {
            let per = crate::model::Duration::Fixed(cap.per);
            format!("{} within {per}; {}", cap.max, otherwise(cap.effect))
        }
        GuardKind::Capacity(capacity) => {
            let per = match capacity.per {
                crate::policy::compiled::CapacityPeriod::Day => "day",
                crate::policy::compiled::CapacityPeriod::Week => "week",
                crate::policy::compiled::CapacityPeriod::Month => "month",
            };
            format!("{} places a {per}; what finds none waits", capacity.max)
        }
        GuardKind::BlastRadius(blast) => format!(
            "asked about all touches of a run together: beyond {} of all customers, or {}, they wait for approval",
            percent(blast.share),
            blast.count
        ),
    }
}
