//! Problems that only follow from what could not be read as TOML, and would be gone once it can.

use super::codes;
use super::diagnostic::{Code, Diagnostic, Severity};
use super::expression;
use super::files::Files;

/// Something is said not to be there: it may stand in what could not be read.
static UNKNOWN: [&Code; 7] = [
    &codes::together::UNKNOWN_REFERENCE,
    &codes::together::TARGET,
    &codes::template::NAME,
    &codes::template::ATTRIBUTE,
    &expression::codes::UNKNOWN_NAME,
    &expression::codes::UNKNOWN_FUNCTION,
    &expression::codes::UNKNOWN_TAG,
];

/// Found by reasoning about conditions.
static REASONED: [&Code; 7] = [
    &expression::codes::NEVER,
    &expression::codes::ALWAYS,
    &expression::codes::OUTSIDE,
    &expression::codes::EQUALITY,
    &codes::together::NOBODY_ENTERS,
    &codes::together::EMPTY_CELLS,
    &codes::together::NEVER_FIRES,
];

/// Something is missing from a table: it may be what could not be read.
static MISSING: [&Code; 3] =
    [&codes::table::MISSING_KEY, &codes::together::TARGET_MISSING, &codes::together::CHANNEL_KIND];

/// What conditions can be is told of a set without errors only: what is in error may change it.
pub(crate) fn drop_reasoning(diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.iter().any(|found| found.problem.code.severity() == Severity::Error) {
        diagnostics.retain(|found| !REASONED.contains(&found.problem.code));
    }
}

/// Takes out what only follows from a problem of TOML.
pub(crate) fn drop_follow_ups(diagnostics: &mut Vec<Diagnostic>, files: &Files) {
    let unreadable: Vec<Diagnostic> =
        diagnostics.iter().filter(|found| *found.problem.code == codes::toml::TOML).cloned().collect();
    if unreadable.is_empty() {
        return;
    }
    diagnostics.retain(|found| {
        let code = found.problem.code;
        if *code == codes::toml::TOML {
            return true;
        }
        let is_same_place = unreadable
            .iter()
            .any(|error| error.file == found.file && error.problem.span == found.problem.span);
        let follows = (UNKNOWN.contains(&code) && is_declared(found, &unreadable, files))
            || (MISSING.contains(&code) && is_in_table(found, &unreadable, files));
        !is_same_place && !follows
    });
}

/// Whether a name that is said to be unknown stands in a file with unreadable parts as if declared.
fn is_declared(found: &Diagnostic, unreadable: &[Diagnostic], files: &Files) -> bool {
    let names: Vec<&str> = found.problem.message.split('`').skip(1).step_by(2).collect();
    let texts = unreadable.iter().filter_map(|error| files.policies.get(&*error.file));
    texts.flat_map(|text| text.lines()).any(|line| {
        let line = line.trim_start();
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        // A list of tags declares each of them.
        let is_list = line.starts_with('[') || words.first() == Some(&"tags");
        let declares = if is_list { words.as_slice() } else { words.get(..1).unwrap_or_default() };
        names.iter().any(|name| name.split('.').any(|part| declares.contains(&part)))
    })
}

/// Whether something between the place and the next header could not be read.
fn is_in_table(found: &Diagnostic, unreadable: &[Diagnostic], files: &Files) -> bool {
    let Some(text) = files.policies.get(&*found.file) else { return false };
    let start = found.problem.span.start;
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find("\n[").map_or(text.len(), |next| {
        let after = rest.get(next + 1..).and_then(|rest| rest.find('\n')).unwrap_or(rest.len());
        start + next + 1 + after
    });
    let line = text.get(..start).and_then(|before| before.rfind('\n')).unwrap_or(0);
    unreadable
        .iter()
        .any(|error| error.file == found.file && (line..=end).contains(&error.problem.span.start))
}
