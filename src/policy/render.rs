//! Diagnostics as people and programs read them.

use super::diagnostic::Diagnostic;
use super::files::Files;

/// The diagnostics as text for a terminal: code, place, the line with the part underlined, what to do.
#[must_use]
pub fn render(_diagnostics: &[Diagnostic], _files: &Files, _color: bool) -> String {
    String::new()
}

/// The diagnostics as `check --json` prints them: `{"version", "diagnostics": […]}`, lines and
/// columns (in characters) from 1.
#[must_use]
pub fn to_json(version: Option<&str>, _diagnostics: &[Diagnostic], _files: &Files) -> serde_json::Value {
    serde_json::json!({ "version": version, "diagnostics": [] })
}
