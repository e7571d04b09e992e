//! What no test decided, as people and programs read it.

use serde_json::{Value as Json, json};

use crate::cli::failure::Failure;
use crate::cli::print::{self, Out};
use crate::policy_test::{CoverageReport, Share};

/// Prints what is missing with its place, then a table by file.
pub(super) fn show(report: &CoverageReport, out: &mut Out) -> Result<(), Failure> {
    out.line("")?;
    for (location, point) in &report.missing {
        let (file, line) = (&location.file, location.line);
        out.line(format_args!("not covered  {file}:{line}: {}: {}", point.table, point.unseen))?;
    }
    if !report.missing.is_empty() {
        out.line("")?;
    }
    let row = |file: &str, share: &Share| {
        vec![file.to_owned(), share.seen.to_string(), share.points.to_string(), percent(*share)]
    };
    let mut rows: Vec<Vec<String>> = report.files.iter().map(|(file, share)| row(file, share)).collect();
    rows.push(row("all", &report.total));
    out.line(print::table(&["file", "covered", "of", ""], rows, &[1, 2, 3]))?;
    out.line("")?;
    Ok(())
}

/// Whether so much was covered as is asked; says so where not.
pub(super) fn is_enough(report: &CoverageReport, least: Option<f64>) -> bool {
    let Some(least) = least.filter(|&least| report.total.fraction() < least) else { return true };
    print::message(format_args!(
        "error: the tests cover {} of the policies, less than {}",
        percent(report.total),
        percentage(least)
    ));
    false
}

pub(super) fn to_json(report: &CoverageReport) -> Json {
    let share =
        |share: &Share| json!({ "seen": share.seen, "points": share.points, "share": share.fraction() });
    let files = report.files.iter().map(|(file, found)| {
        let mut object = json!({ "file": &**file });
        if let (Some(object), Json::Object(share)) = (object.as_object_mut(), share(found)) {
            object.extend(share);
        }
        object
    });
    let missing = report.missing.iter().map(|(location, point)| {
        json!({
            "file": &*location.file,
            "line": location.line,
            "table": point.table,
            "part": point.part,
            "outcome": point.outcome,
            "message": point.unseen,
        })
    });
    let mut object = share(&report.total);
    if let Some(object) = object.as_object_mut() {
        object.insert("files".to_owned(), files.collect());
        object.insert("missing".to_owned(), missing.collect());
    }
    object
}

/// Rounded down, so that 100% means all.
fn percent(share: Share) -> String {
    percentage(share.fraction())
}

fn percentage(fraction: f64) -> String {
    format!("{}%", (fraction * 1000.0 + 1e-9).floor() / 10.0)
}
