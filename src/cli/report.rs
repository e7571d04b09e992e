//! `guanxi report`: where customers stood and how they moved, what was done, and what came of it.

mod json;
mod text;

use super::arguments::{Common, Report};
use super::failure::Failure;
use super::print::Out;
use super::{open, times};
use crate::archive::Archive;
use crate::model::time::DAY;
use crate::model::{Duration, Type};
use crate::policy::Compiled;
use crate::report::{self, Asked, Goal, ReportError};

/// What is shown, and by which words.
struct Shown<'a> {
    policy: &'a Compiled,
    asked: &'a Asked,
    report: &'a report::Report,
}

pub(super) fn execute(common: &Common, command: &Report, out: &mut Out) -> Result<(), Failure> {
    let mut archive = Archive::open_read_only(&common.store)?;
    let Some(set) = open::active(&archive)? else {
        return Err(Failure::Input(
            "nothing ran on this store yet, so there is nothing to report".to_owned(),
        ));
    };
    let policy = &set.compiled;
    archive.adopt(policy.schema.clone())?;
    let timezone = policy.settings.timezone;
    let now = times::clock(command.at.now.as_deref(), timezone)?.now();
    let from = match &command.from {
        Some(date) => times::parse(date, timezone)?,
        None => now.plus(-DAY * i64::from(command.days)),
    };
    if from >= now {
        return Err(Failure::Input("--from must be before now".to_owned()));
    }
    let goal = command.goal.as_deref().zip(command.within.as_deref());
    let asked = Asked {
        from,
        now,
        goal: goal.map(|(event, within)| goal_of(policy, event, within)).transpose()?,
        by: command.by.as_deref().map(|field| field_of(policy, field)).transpose()?,
    };
    let report = report::report(&archive, policy, &asked)?;
    let shown = Shown { policy, asked: &asked, report: &report };
    if common.json {
        out.json(&json::report(&shown))?;
        return Ok(());
    }
    text::show(&shown, out)
}

fn goal_of(policy: &Compiled, event: &str, within: &str) -> Result<Goal, Failure> {
    let Some(index) = policy.schema.event(event) else {
        let known: Vec<&str> = policy.schema.events.iter().map(|event| &*event.name).collect();
        return Err(Failure::Input(format!("there is no event `{event}`; known are {}", known.join(", "))));
    };
    let within = Duration::parse(within)
        .map_err(|error| Failure::Input(format!("--within: `{within}` is no duration: {error}")))?;
    Ok(Goal { event: index, within })
}

fn field_of(policy: &Compiled, name: &str) -> Result<usize, Failure> {
    let fields = &policy.schema.customer;
    let found = policy.schema.customer_field(name).and_then(|index| Some((index, fields.get(index)?)));
    match found {
        Some((_, field)) if field.personal => {
            Err(Failure::Input(format!("`{name}` is personal: outcomes are not split by it")))
        }
        Some((index, field)) if matches!(field.ty, Type::Text | Type::Choice(_)) => Ok(index),
        Some((_, field)) => {
            Err(Failure::Input(format!("`{name}` is a {}: outcomes are split by a text or choice", field.ty)))
        }
        None => {
            let usable = fields.iter().filter(|field| !field.personal && field.ty.is_textual());
            let names: Vec<&str> = usable.map(|field| &*field.name).collect();
            Err(Failure::Input(format!(
                "there is no customer field `{name}`; usable are {}",
                names.join(", ")
            )))
        }
    }
}

impl Shown<'_> {
    /// The name of a goal's event.
    fn event(&self, goal: Goal) -> &str {
        self.policy.schema.events.get(goal.event).map_or("", |event| &event.name)
    }

    /// The name of the field by which outcomes are split.
    fn by(&self) -> Option<&str> {
        self.asked.by.and_then(|field| self.policy.schema.customer.get(field)).map(|field| &*field.name)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Archive(error) => error.into(),
            error @ ReportError::TooManySlices { .. } => Self::input(error),
        }
    }
}
