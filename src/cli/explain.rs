//! `guanxi explain`: why a customer stands where they stand, and what will change.

mod forecast;
mod lines;
mod overview;
mod tree;

use super::arguments::{Common, Explain};
use super::failure::Failure;
use super::print::Out;
use super::{open, times};
use crate::engine::Engine;
use crate::explain::{Answer, ExplainError, Explanation, Question, explain};
use lines::Lines;

pub(super) fn execute(common: &Common, command: &Explain, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let timezone = set.compiled.settings.timezone;
    let clock = times::clock(command.at.now.as_deref(), timezone)?;
    let now = clock.now();
    let mut archive = open::look(common, &set)?;
    let engine = Engine::new(set.compiled.clone(), clock)?;
    let question =
        Question { customer: &command.customer, name: command.name.as_deref(), now, days: command.days };
    let told = explain(&mut archive, &engine, &question)?;
    if common.json {
        out.json(&serde_json::to_value(&told).map_err(Failure::fault)?)?;
        return Ok(());
    }
    let mut lines = Lines::new(timezone, command.personal);
    introduce(&told, &mut lines);
    match &told.answer {
        Answer::Overview(answer) => overview::overview(answer, &mut lines),
        Answer::Named(answer) => tree::named(answer, &mut lines),
    }
    forecast::forecast(&told.forecast, &mut lines);
    for line in lines.finish() {
        out.line(line)?;
    }
    Ok(())
}

fn introduce(told: &Explanation, lines: &mut Lines) {
    let known = lines.time(told.known_since);
    let now = lines.time(told.now);
    let joined =
        told.joined.as_ref().map_or_else(String::new, |old| format!(" (`{old}` was joined with it)"));
    lines.head(&format!("{}{joined} · known since {known} · seen at {now}", told.customer));
    match (told.standing_as_of, &told.last_run_version) {
        (None, _) => lines.plain(0, "No run has placed this customer yet: what follows is what a run now would do."),
        (Some(_), Some(version)) => lines.plain(0, &format!(
            "The policies here ({}) are not those of the last run ({version}): what follows goes by these.",
            told.policy_version
        )),
        (Some(_), None) => {}
    }
}

impl From<ExplainError> for Failure {
    fn from(error: ExplainError) -> Self {
        match error {
            ExplainError::NoCustomer { .. } | ExplainError::Topic(_) => Self::input(error),
            ExplainError::Archive(error) => error.into(),
            ExplainError::Engine(error) => error.into(),
            error => Self::fault(error),
        }
    }
}
