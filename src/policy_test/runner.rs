//! Runs one test, step by step.

use std::sync::Arc;

use super::PolicyTestError;
use super::case::{Case, Step};
use super::expect::differences;
use super::facts::{instant, misfit, take_in};
use crate::archive::Archive;
use crate::engine::{Engine, RunRequest};
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::Scope;
use crate::ports::simulated::SetClock;
use crate::rehearsal::deliver;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All held.
    Passed,
    /// What differed: the step's time, then the differences.
    Failed(Vec<(String, Vec<String>)>),
}

/// Runs a test under a policy set.
///
/// # Errors
/// Where the test doesn't fit the policy set, or the engine fails.
pub fn run(case: &Case, policy: &Arc<Compiled>) -> Result<Verdict, PolicyTestError> {
    let clock = Arc::new(SetClock::default());
    let engine = Engine::new(policy.clone(), clock.clone())?;
    let mut archive = Archive::open_in_memory()?;
    archive.adopt(policy.schema.clone())?;
    let mut failed = Vec::new();
    let mut last = None;
    for (number, step) in (1..).zip(&case.steps) {
        let now = instant(&toml::Value::String(step.at.clone()))?;
        if last.is_some_and(|last| last > now) {
            return Err(misfit(format!("step {} is before the one above it", step.at)));
        }
        clock.set(now);
        if last.is_none() {
            take_in(&mut archive, &case.customers, &case.events, now, "test")?;
        }
        let found = take_step((number, step), &engine, &mut archive, now)?;
        if !found.is_empty() {
            failed.push((step.at.clone(), found));
        }
        last = Some(now);
    }
    Ok(if failed.is_empty() { Verdict::Passed } else { Verdict::Failed(failed) })
}

fn take_step(
    (number, step): (usize, &Step),
    engine: &Engine,
    archive: &mut Archive,
    now: Timestamp,
) -> Result<Vec<String>, PolicyTestError> {
    take_in(archive, &step.customers, &step.events, now, &format!("step-{number}"))?;
    let request = RunRequest { now, scope: Scope::Everything, schedule: "test".to_owned() };
    engine.run(archive, &request)?;
    let mut found = Vec::new();
    for expect in &step.expect {
        found.extend(differences(expect, engine, archive, now)?);
    }
    deliver(engine, archive, now)?;
    Ok(found)
}
