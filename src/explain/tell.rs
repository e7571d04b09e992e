//! The whole answer to a question about a customer.

use std::sync::Arc;

use serde::Serialize;

use super::forecast::{Forecast, forecast};
use super::overview::Overview;
use super::rule::RuleTree;
use super::subject::Lens;
use super::topic::{Topic, TopicError};
use super::value::{Teller, ValueTree};
use crate::archive::{Archive, ArchiveError};
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, EvaluateError};
use crate::model::Timestamp;
use crate::model::standing::NEVER;
use crate::policy::Compiled;
use crate::schedule::TimetableError;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Of whom.
    pub customer: &'a str,
    /// About which table of the policy; the whole where absent.
    pub name: Option<&'a str>,
    /// When.
    pub now: Timestamp,
    /// How many days to look ahead.
    pub days: u32,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The customer.
    pub customer: Arc<str>,
    /// The id asked for, where it was joined with another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// When the customer came first.
    pub known_since: Timestamp,
    /// The instant of the answer.
    pub now: Timestamp,
    /// The version of the policy set it goes by.
    pub policy_version: Arc<str>,
    /// The version of the set of the last run, where that was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run_version: Option<String>,
    /// When a run last wrote where the customer stands.
    pub standing_as_of: Option<Timestamp>,
    /// What is told.
    #[serde(flatten)]
    pub answer: Answer,
    /// What changes next if no data comes; of what was asked about and what is behind it.
    pub forecast: Forecast,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of the customer as a whole.
    Overview(Box<Overview>),
    /// Of one table of the policy.
    Named(Box<Named>),
}

/// One table of the policy with all that is behind it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    /// Of which: `trigger.overdue`.
    pub about: String,
    /// A trigger, cadence, guard or action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleTree>,
    /// The values and fields behind it, each once, in the order in which they come up.
    pub values: Vec<ValueTree>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Nobody is known by the id.
    #[error("no customer is known by the id `{id}`{}", if *forgotten { "; one was, and was forgotten".to_owned() } else { nearest.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")) })]
    NoCustomer {
        /// As asked.
        id: String,
        /// The nearest id there is.
        nearest: Option<String>,
        /// Whether a customer of this id was forgotten.
        forgotten: bool,
    },
    /// Nothing in the policies has the name.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// The store.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The evaluation.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// What runs do.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The times of a schedule can't be read.
    #[error(transparent)]
    Schedule(#[from] TimetableError),
}

/// Tells why a customer stands where they stand. The archive must have adopted the engine's policy set.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(
    archive: &mut Archive,
    engine: &Engine,
    question: &Question<'_>,
) -> Result<Explanation, ExplainError> {
    let policy = engine.policy();
    let topic = question.name.map(|name| Topic::find(policy, name)).transpose()?;
    let id = known(archive, question.customer, question.now)?;
    let archive: &Archive = archive;
    let _still = archive.snapshot()?;
    let mut lens = Lens::new(engine)?;
    let Some(mut facts) = lens.read(archive, &id, question.now)? else {
        return Err(nobody(question.customer.to_owned()));
    };
    let lens_batch = lens.batch();
    let cuts = CutPoints::new(engine.plan(), policy, archive.cut_points()?);
    let subject = lens.see(&mut facts, question.now, &cuts)?;
    let failed = lens.script_failures();
    let failures: Vec<(Arc<str>, String)> =
        failed.map(|failure| (failure.function.clone(), failure.message.clone())).collect();
    let teller = Teller { archive, engine, cuts: &cuts, subject: &subject, failures: &failures };
    let seen = facts.prior.seen.first().copied().unwrap_or(NEVER);
    let answer = match topic {
        None => Answer::Overview(Box::new(teller.overview(seen)?)),
        Some(topic) => Answer::Named(Box::new(named(&teller, topic, seen)?)),
    };
    let mut ahead = forecast(
        (archive, engine, &cuts),
        (&id, seen),
        &mut lens,
        lens_batch,
        (question.now, question.days),
    )?;
    if let Answer::Named(named) = &answer {
        ahead.changes.retain(|change| named.concerns(change.kind, &change.name));
    }
    let last_run = archive.runs(1)?.into_iter().next().map(|run| run.run.policy_version);
    Ok(Explanation {
        customer: subject.id.clone(),
        joined: (*subject.id != *question.customer).then(|| question.customer.to_owned()),
        known_since: subject.known_since,
        now: question.now,
        policy_version: policy.version.clone(),
        last_run_version: last_run.filter(|version| **version != *policy.version),
        standing_as_of: archive.standing_as_of(&id)?,
        answer,
        forecast: ahead,
    })
}

impl Named {
    /// Whether a table is the one asked about, or behind it.
    fn concerns(&self, kind: &str, name: &str) -> bool {
        self.about == format!("{kind}.{name}")
            || self.values.iter().any(|value| value.kind == kind && *value.name == *name)
    }
}

/// The customer an id means at an instant.
///
/// # Errors
/// [`ExplainError::NoCustomer`], and the store's.
pub fn known(archive: &mut Archive, asked: &str, now: Timestamp) -> Result<String, ExplainError> {
    let id = archive.customer_of(asked)?;
    if archive.is_known(&id, now)? {
        return Ok(id);
    }
    let forgotten = archive.identities()?.is_forgotten(asked);
    let near = archive.ids_near(asked)?;
    let nearest = crate::policy::nearest(asked, near.iter().map(String::as_str)).map(str::to_owned);
    Err(ExplainError::NoCustomer { id: asked.to_owned(), nearest, forgotten })
}

const fn nobody(id: String) -> ExplainError {
    ExplainError::NoCustomer { id, nearest: None, forgotten: false }
}

fn named(teller: &Teller<'_>, topic: Topic, seen: i64) -> Result<Named, ExplainError> {
    let policy = teller.policy();
    let mut values = Vec::new();
    let rule = match topic {
        Topic::Field(index) => {
            values.push(teller.field(index));
            None
        }
        Topic::Value(index) => {
            values.push(teller.value(index)?);
            None
        }
        Topic::Trigger(index) => Some(teller.trigger(index, seen)?),
        Topic::Cadence(index) => Some(teller.cadence(index)?),
        Topic::Guard(index) => Some(teller.guard(index)?),
        Topic::Action(index) => Some(teller.action(index)?),
    };
    let used = rule.iter().flat_map(|rule| rule.uses.iter().cloned());
    let mut waiting: Vec<Arc<str>> = used.collect();
    for name in values.first().map(|value| value.uses.clone()).unwrap_or_default() {
        waiting.push(name);
    }
    waiting.reverse();
    while let Some(name) = waiting.pop() {
        if values.iter().any(|value| value.name == name) {
            continue;
        }
        let Some(tree) = value_named(teller, policy, &name)? else { continue };
        waiting.extend(tree.uses.iter().rev().cloned());
        values.push(tree);
    }
    Ok(Named { about: topic.full_name(policy), rule, values })
}

fn value_named(
    teller: &Teller<'_>,
    policy: &Compiled,
    name: &str,
) -> Result<Option<ValueTree>, ArchiveError> {
    match policy.value(name) {
        Some(index) => teller.value(index).map(Some),
        None => Ok(policy.schema.customer_field(name).map(|field| teller.field(field))),
    }
}
