//! Why a value is what it is, and why a touch was not made, as `explain` tells it, in a line each.

use super::PolicyTestError;
use crate::archive::Archive;
use crate::engine::{Engine, Ground};
use crate::explain::{Answer, Clock, ExplainError, Named, Part, Question, ValueTree, ground_name};
use crate::model::{Timestamp, Value, civil};

/// The most reasons that are told of one thing.
const MOST: usize = 6;

/// Who asks, and when.
pub(super) struct Asker<'a> {
    pub(super) engine: &'a Engine,
    pub(super) archive: &'a mut Archive,
    pub(super) customer: &'a str,
    pub(super) now: Timestamp,
}

impl Asker<'_> {
    /// What a value comes from.
    pub(super) fn value(&mut self, name: &str) -> Result<Vec<String>, PolicyTestError> {
        let policy = self.engine.policy();
        let kind = policy.value(name).and_then(|index| policy.values.get(index));
        let kind = kind.map_or("customer", |value| value.kind.word());
        let Some(named) = self.ask(&format!("{kind}.{name}"))? else { return Ok(Vec::new()) };
        let Some(value) = named.values.first() else { return Ok(Vec::new()) };
        let mut reasons = conditions(value);
        if let Some(events) = &value.events {
            reasons.push(format!("{} events count", events.count));
        }
        let clock = value.standing.as_ref().and_then(|standing| standing.clock.as_ref());
        reasons.extend(clock.map(|clock| self.waits(clock)));
        reasons.truncate(MOST);
        Ok(reasons)
    }

    /// What stood against all that makes an action due.
    pub(super) fn no_touch(&mut self, action: &str) -> Result<Vec<String>, PolicyTestError> {
        let policy = self.engine.policy();
        let index = policy.actions.iter().position(|known| *known.name == *action);
        let mut grounds: Vec<String> = Vec::new();
        for ground in index.map(|index| self.engine.grounds(index)).unwrap_or_default() {
            let name = match ground {
                Ground::Trigger(_) => ground_name(policy, ground),
                // All steps of a cadence have the same reasons.
                Ground::Step(cadence, _) => policy
                    .cadences
                    .get(cadence)
                    .map_or_else(String::new, |cadence| format!("cadence.{}", cadence.name)),
            };
            if !grounds.contains(&name) {
                grounds.push(name);
            }
        }
        let mut reasons = Vec::new();
        for name in grounds {
            if let Some(named) = self.ask(&name)? {
                reasons.extend(self.against(&name, &named));
            }
        }
        reasons.truncate(MOST);
        Ok(reasons)
    }

    /// What stands against a trigger or cadence.
    fn against(&self, name: &str, named: &Named) -> Vec<String> {
        let Some(rule) = &named.rule else { return Vec::new() };
        let mut reasons = Vec::new();
        for reason in &rule.why {
            let parts = reason.parts.iter().filter(|part| !part.personal).map(told);
            let parts: Vec<String> = parts.collect();
            let says = if parts.is_empty() { reason.says.clone() } else { parts.join("; ") };
            reasons.push(format!("{name}: {}: {says}", reason.about));
            // Of a part that is a segment's name, what decides that.
            let is_meant = |value: &&ValueTree| reason.parts.iter().any(|part| *part.text == *value.name);
            for value in named.values.iter().filter(is_meant) {
                reasons.extend(conditions(value).into_iter().map(|says| format!("{}: {says}", value.name)));
            }
        }
        let next = rule.enrolments.iter().filter(|enrolment| enrolment.ended.is_none());
        reasons.extend(
            next.filter_map(|enrolment| enrolment.next.first()).map(|step| {
                format!("{name}: its next step is `{}`, due {}", step.step, self.words(step.due))
            }),
        );
        reasons
    }

    /// A change that must hold for a while.
    fn waits(&self, clock: &Clock) -> String {
        let to = clock.to.as_ref().map_or_else(|| "no place".to_owned(), shown);
        let (since, until) = (self.words(clock.since), self.words(clock.until));
        format!("{} = {}: {to} holds since {since} and counts from {until}", clock.key, clock.length)
    }

    fn words(&self, at: Timestamp) -> String {
        civil::in_words(at, self.engine.policy().settings.timezone)
    }

    /// What `explain` has to say of a table; nothing of a customer who is not known yet.
    fn ask(&mut self, name: &str) -> Result<Option<Named>, PolicyTestError> {
        let question = Question { customer: self.customer, name: Some(name), now: self.now, days: 0 };
        match crate::explain::explain(self.archive, self.engine, &question) {
            Ok(explanation) => Ok(match explanation.answer {
                Answer::Named(named) => Some(*named),
                Answer::Overview(_) => None,
            }),
            Err(ExplainError::NoCustomer { .. } | ExplainError::Topic(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What decides the conditions of a value.
fn conditions(value: &ValueTree) -> Vec<String> {
    let mut reasons = Vec::new();
    for condition in &value.conditions {
        let mut parts = Vec::new();
        condition.part.decisive(&mut parts);
        let parts = parts.into_iter().filter(|part| !part.personal);
        reasons.extend(parts.map(|part| format!("{}: {}", condition.role, told(part))));
    }
    reasons
}

/// `orders >= 3 is false (2 >= 3)`.
fn told(part: &Part) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "missing".to_owned(), shown);
    let truth = match part.holds {
        Some(true) => " is true".to_owned(),
        Some(false) => " is false".to_owned(),
        None => format!(" is {}", side(&part.value)),
    };
    let mut details = Vec::new();
    if let Some(compared) = &part.compared {
        details.push(format!("{} {} {}", side(&compared.left), compared.operator, side(&compared.right)));
    }
    details.extend(part.given.iter().map(|given| format!("{} = {}", given.name, side(&given.value))));
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
    format!("{}{truth}{details}", part.text)
}

/// Numbers with as many decimals as a test may hang on.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            let text = format!("{number:.6}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            if text == "-0" { "0".to_owned() } else { text.to_owned() }
        }
        other => other.to_string(),
    }
}
