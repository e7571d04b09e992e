//! `guanxi simulate`: the engine through virtual time on a copy of the store, and what came of it.

mod chart;
mod json;
mod tables;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Common, Per, Simulate};
use super::failure::Failure;
use super::print::Out;
use super::progress::{CopyBar, TimeBar};
use super::{open, times};
use crate::archive::Archive;
use crate::daemon::policy_set::PolicySet;
use crate::explain::each_expression;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::{Start, ValueDefinition, ValueKind};
use crate::rehearsal::{Deliveries, Options, Refresh};
use crate::simulate::{Figures, SimulateError, Simulation, Span, Terms, draw};

/// Up to so many days each is a row, unless asked otherwise; then up to so many weeks.
const DAYS: usize = 31;
const WEEKS: usize = 53;

/// What was simulated, for those who print it.
struct Simulated<'a> {
    set: &'a PolicySet,
    /// Whether the set is the one the store was last run with.
    active: bool,
    command: &'a Simulate,
    options: Options,
    figures: Figures,
    span: Span,
}

pub(super) fn execute(common: &Common, command: &Simulate, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let store = open::look(common, &set)?;
    let active = store.last_policy_set()?.is_some_and(|(version, _)| *version == *set.compiled.version);
    let terms = terms(&store, &set.compiled, command)?;
    let options = terms.options;
    // Before the work, so that it isn't in vain.
    let drawing = command.svg.as_ref().map(|file| Drawing::open(file)).transpose()?;
    let figures = simulate(&store, &set.compiled, terms, command.from.is_some())?;
    let span = span(command.per, figures.days.len());
    if let Some(drawing) = drawing {
        drawing.write(&draw(&figures, span))?;
    }
    let simulated = Simulated { set: &set, active, command, options, figures, span };
    if common.json { Ok(out.json(&json::of(&simulated))?) } else { tables::show(out, &simulated) }
}

/// The file that is drawn into.
struct Drawing<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Drawing<'a> {
    /// Opens it; what is there stays until there is something new.
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let opened = File::options().write(true).create(true).truncate(false).open(path);
        opened.map(|file| Self { path, file }).map_err(|error| unwritable(path, &error))
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.set_len(0).and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|error| unwritable(self.path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("cannot write {}: {error}", path.display()))
}

/// What is asked for, and that it can be done.
fn terms(store: &Archive, policy: &Compiled, command: &Simulate) -> Result<Terms, Failure> {
    let timezone = policy.settings.timezone;
    let until = times::parse_end(&command.until, timezone)?;
    let begin = if let Some(from) = &command.from {
        times::parse(from, timezone)?
    } else {
        let now = times::clock(command.at.now.as_deref(), timezone)?.now();
        store.last_run_now()?.map_or(now, |last| last.max(now))
    };
    if until <= begin {
        return Err(Failure::Input(format!(
            "--until {} is not after {}, when it begins",
            command.until,
            times::show(begin, timezone)
        )));
    }
    Ok(Terms {
        begin,
        until,
        options: Options {
            refresh: if command.hold_cut_points { Refresh::Never } else { Refresh::WhenOld },
            deliveries: if command.no_deliveries { Deliveries::None } else { Deliveries::Taken },
        },
        approve: command.approve,
        by: class(policy, command.by.as_deref())?,
        schedules: schedules(policy, &command.schedules)?,
    })
}

/// The class to count by: the one named, or the tier that most is decided by.
fn class(policy: &Compiled, name: Option<&str>) -> Result<Option<usize>, Failure> {
    let Some(name) = name else {
        return Ok(most_used_tier(policy).and_then(|tier| tier.kind.class()));
    };
    let known: Vec<&str> = policy.schema.classes.iter().map(|class| &*class.name).collect();
    policy.schema.class(name).map(Some).ok_or_else(|| {
        let known = listed(&known);
        Failure::Input(format!("no segment, tier or quadrant is called `{name}`; there are {known}"))
    })
}

/// The tier that expressions name most often; of equals the first in order of evaluation.
fn most_used_tier(policy: &Compiled) -> Option<&ValueDefinition> {
    let mut named = vec![0_u32; policy.values.len()];
    each_expression(policy, &mut |expression| {
        expression.root.each(&mut |node| {
            if let Some(named) = node.value().and_then(|value| named.get_mut(value)) {
                *named += 1;
            }
        });
    });
    let tiers = policy.values.iter().zip(named).filter(|(value, _)| matches!(value.kind, ValueKind::Tier(_)));
    tiers.rev().max_by_key(|&(_, named)| named).map(|(tier, _)| tier)
}

/// The schedules that are to run.
fn schedules(policy: &Compiled, names: &[String]) -> Result<Vec<Arc<str>>, Failure> {
    let known = |name: &String| {
        let schedule = policy.schedules.iter().find(|schedule| *schedule.name == **name);
        schedule.map(|schedule| Arc::clone(&schedule.name)).ok_or_else(|| {
            let known: Vec<&str> = policy.schedules.iter().map(|schedule| &*schedule.name).collect();
            Failure::Input(format!("no schedule is called `{name}`; there are {}", listed(&known)))
        })
    };
    let chosen: Vec<Arc<str>> = names.iter().map(known).collect::<Result<_, _>>()?;
    let by_time = policy
        .schedules
        .iter()
        .any(|schedule| matches!(schedule.start, Start::Times { .. }) && chosen.contains(&schedule.name));
    if !chosen.is_empty() && !by_time {
        return Err(Failure::Input(
            "only schedules that go by events were named: name one with `cron` as well".to_owned(),
        ));
    }
    Ok(chosen)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn simulate(
    store: &Archive,
    policy: &Arc<Compiled>,
    terms: Terms,
    replay: bool,
) -> Result<Figures, SimulateError> {
    let copying = CopyBar::new();
    let copy = store.scratch_copy(&mut |done, all| copying.show(done, all))?;
    drop(copying);
    let bar = TimeBar::new(terms.begin, terms.until, policy.settings.timezone);
    let begin = if replay { Simulation::replay } else { Simulation::forward };
    let mut simulation = begin(copy, policy, terms)?;
    while let Some(report) = simulation.advance()? {
        bar.show(report.now);
    }
    simulation.figures()
}

fn span(asked: Option<Per>, days: usize) -> Span {
    match asked {
        Some(Per::Day) => Span::Day,
        Some(Per::Week) => Span::Week,
        Some(Per::Month) => Span::Month,
        None => match days {
            0..=DAYS => Span::Day,
            days if days <= WEEKS * 7 => Span::Week,
            _ => Span::Month,
        },
    }
}

impl From<SimulateError> for Failure {
    fn from(error: SimulateError) -> Self {
        use crate::rehearsal::RehearsalError;
        match error {
            SimulateError::Archive(error) | SimulateError::Rehearsal(RehearsalError::Archive(error)) => {
                error.into()
            }
            SimulateError::Rehearsal(RehearsalError::Engine(error)) => error.into(),
            SimulateError::Timetable(error) => Self::input(error),
        }
    }
}

/// A time in the policies' timezone.
fn shown(at: Timestamp, simulated: &Simulated<'_>) -> String {
    times::show(at, simulated.figures.timezone)
}
