//! `guanxi runs`: the last runs.

use serde_json::Value;

use super::arguments::{Common, Runs};
use super::failure::Failure;
use super::print::{Out, table};
use super::{open, times};
use crate::archive::{Archive, RunOutcome, RunRow};
use crate::daemon::status::run_row;
use chrono_tz::Tz;

pub(super) fn execute(common: &Common, command: &Runs, out: &mut Out) -> Result<(), Failure> {
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
            "committed".to_owned(),
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
