//! `guanxi import`: files imported once, by pairs of field and column.

use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::{Common, Import};
use super::failure::Failure;
use super::print::{self, Out};
use super::progress::ImportBar;
use super::{open, times};
use crate::archive::Archive;
use crate::daemon::inbox::{tally, told};
use crate::intake::{self, AdHoc, ImportReport, Options, Rejection};

pub(super) fn execute(common: &Common, command: &Import, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let clock = times::clock(command.at.now.as_deref(), set.compiled.settings.timezone)?;
    let settings = AdHoc {
        maps: command.maps.clone(),
        time_format: command.time_format.clone(),
        timezone: command.timezone,
        encoding: command.encoding.clone(),
    };
    let mut archive = Archive::open(&common.store)?;
    archive.adopt(Arc::clone(&set.compiled.schema))?;
    let mut reports = Vec::new();
    for file in &command.files {
        let columns = intake::columns_of(file, command.encoding.as_deref())?;
        let source = intake::ad_hoc(&set.compiled, &command.target, columns.as_deref(), &settings)?;
        let options = Options { rejected: common.data_folder().join("rejected"), now: clock.now() };
        let bar = ImportBar::new(file);
        let report = intake::import_file(
            &mut archive,
            &set.compiled,
            &source,
            file,
            &options,
            Some(&mut |progress| bar.show(progress)),
        )?;
        drop(bar);
        if !common.json {
            show(out, &report)?;
        }
        reports.push(as_json(&report));
    }
    if common.json {
        out.json(&Value::Array(reports))?;
    }
    Ok(())
}

/// Prints what became of a file, with examples of what was rejected.
pub(super) fn show(out: &mut Out, report: &ImportReport) -> Result<(), Failure> {
    if report.already {
        out.line(format_args!(
            "imported   {}: the same content was imported before; nothing changed",
            report.file
        ))?;
        return Ok(());
    }
    out.line(format_args!("imported   {}: {}", report.file, tally(report)))?;
    if let Some(rejected) = &report.rejected_file {
        for ((column, reason), count) in &report.reasons {
            print::message(format_args!("{}: {count} × {}", report.file, told(column, reason)));
        }
        for example in report.examples.iter().take(3) {
            print::message(format_args!(
                "{}:{}: {}",
                report.file,
                example.line,
                told(&example.column, &reason(example))
            ));
        }
        print::message(format_args!("rejected rows are in {}", rejected.display()));
    }
    Ok(())
}

/// What is wrong with a row, without the value where that is personal.
fn reason(example: &Rejection) -> String {
    if example.personal { example.reason.kind().to_owned() } else { example.reason.to_string() }
}

/// What became of a file, as JSON.
pub(super) fn as_json(report: &ImportReport) -> Value {
    let tally = &report.tally;
    json!({
        "source": report.source,
        "file": report.file,
        "already": report.already,
        "rows": tally.rows,
        "new": tally.new,
        "same": tally.same,
        "replaced": tally.replaced,
        "forgotten": tally.forgotten,
        "filtered": tally.filtered,
        "rejected": tally.rejected,
        "rejected_file": report.rejected_file,
        "examples": report.examples.iter().map(|example| json!({
            "line": example.line, "column": example.column, "reason": reason(example),
        })).collect::<Vec<_>>(),
    })
}
