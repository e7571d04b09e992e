//! `guanxi runs`: the last runs, and what to do with one that made unusually many touches.

use serde_json::{Value, json};

use super::arguments::{Common, Runs, Said as Asked, Say};
use super::ask::Running;
use super::failure::Failure;
use super::print::{Out, table};
use super::{open, times};
use crate::archive::{Approval, Archive, ArchiveError, RunOutcome, RunRow, Said};
use crate::daemon::status::run_row;
use chrono_tz::Tz;

pub(super) fn execute(common: &Common, command: &Runs, out: &mut Out) -> Result<(), Failure> {
    match &command.say {
        None => show(common, command, out),
        Some(say) => execute_say(common, say, out),
    }
}

fn execute_say(common: &Common, say: &Say, out: &mut Out) -> Result<(), Failure> {
    let (Say::Approve(asked) | Say::Reject(asked)) = say;
    let (run, approval) = match say {
        Say::Approve(asked) => (asked.run, Approval::Approved),
        Say::Reject(asked) => (asked.run, Approval::Rejected),
    };
    let (touches, when) = match open::existing(common) {
        Ok(archive) => (say_here(archive, asked, approval)?, "at the next run"),
        Err(in_use @ ArchiveError::InUse { .. }) => (say_there(asked, approval, &in_use)?, "at once"),
        Err(error) => return Err(error.into()),
    };
    if common.json {
        out.json(&json!({ "run": run, "approval": approval.as_str(), "touches": touches }))?;
        return Ok(());
    }
    out.line(match approval {
        Approval::Rejected => format!("rejected   run {run}: {touches} touches are cancelled for good"),
        Approval::Approved | Approval::Waiting => {
            format!("approved   run {run}: {touches} touches go to the guards {when}")
        }
    })?;
    Ok(())
}

/// Says it in the store; returns how many touches it is about.
fn say_here(mut archive: Archive, Asked { run, at, .. }: &Asked, approval: Approval) -> Result<u64, Failure> {
    let said = match approval {
        Approval::Approved | Approval::Waiting => archive.approve_run(*run)?,
        Approval::Rejected => {
            let clock = times::clock(at.now.as_deref(), open::timezone(&archive)?)?;
            archive.reject_run(*run, clock.now())?
        }
    };
    match said {
        Said::Done(touches) => Ok(touches),
        Said::NoRun => Err(Failure::Input(format!("there is no run {run}"))),
        Said::NotWaiting(known) => {
            let known = known.map_or("made no more touches than usual", |known| match known {
                Approval::Approved => "was approved before",
                Approval::Rejected | Approval::Waiting => "was rejected before",
            });
            Err(Failure::Input(format!("run {run} doesn't wait for approval: it {known}")))
        }
    }
}

/// Has the running guanxi say it.
fn say_there(
    Asked { run, ask, .. }: &Asked,
    approval: Approval,
    in_use: &ArchiveError,
) -> Result<u64, Failure> {
    let word = if approval == Approval::Rejected { "reject" } else { "approve" };
    let path = format!("/v1/runs/{run}/{word}");
    let answer = Running::find(ask, in_use, &path)?.post(&path)?.map_err(Failure::Input)?;
    let touches = answer.get("touches").and_then(Value::as_u64);
    touches.ok_or_else(|| Failure::Fault("the running guanxi answered something else".to_owned()))
}

fn show(common: &Common, command: &Runs, out: &mut Out) -> Result<(), Failure> {
    let archive = Archive::open_read_only(&common.store)?;
    let runs = archive.runs(command.limit)?;
    if common.json {
        out.json(&Value::Array(runs.iter().map(run_row).collect()))?;
        return Ok(());
    }
    let timezone = open::timezone(&archive)?;
    let rows = runs.iter().map(|run| row(run, timezone)).collect();
    let header = [
        "run",
        "decided for",
        "schedule",
        "took",
        "customers",
        "transitions",
        "touches",
        "policy",
        "outcome",
    ];
    out.line(table(&header, rows, &[0, 3, 4, 5, 6]))?;
    Ok(())
}

fn row(row: &RunRow, timezone: Tz) -> Vec<String> {
    let took = |finished: crate::model::Timestamp| match finished.0.saturating_sub(row.run.started.0) {
        // A run under a set clock (`--now`) has no length.
        0 => "-".to_owned(),
        milliseconds => format!("{:.1} s", milliseconds as f64 / 1000.0),
    };
    let mut cells = vec![row.id.to_string(), times::show(row.run.now, timezone), row.run.schedule.clone()];
    match &row.outcome {
        RunOutcome::Committed(totals) => cells.extend([
            took(totals.finished),
            totals.customers.to_string(),
            totals.transitions.to_string(),
            totals.touches.to_string(),
            row.run.policy_version.clone(),
            match row.approval {
                None => "committed".to_owned(),
                Some(Approval::Waiting) => "committed, waits for approval".to_owned(),
                Some(approval) => format!("committed, {}", approval.as_str()),
            },
        ]),
        RunOutcome::Failed { finished, error } => cells.extend([
            took(*finished),
            String::new(),
            String::new(),
            String::new(),
            row.run.policy_version.clone(),
            format!("failed: {error}"),
        ]),
    }
    cells
}
