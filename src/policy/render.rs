//! Diagnostics as people and programs read them.

use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Severity};
use super::files::Files;

/// The diagnostics as text for a terminal: code, place, the line with the part underlined, what to do.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], files: &Files, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&renderer.render(&groups(diagnostic, files)));
        out.push_str("\n\n");
    }
    out
}

fn text<'f>(files: &'f Files, file: &str) -> &'f str {
    files.policies.get(file).or_else(|| files.scripts.get(file)).map_or("", String::as_str)
}

fn groups<'d>(diagnostic: &'d Diagnostic, files: &'d Files) -> Vec<Group<'d>> {
    let problem = &diagnostic.problem;
    let level = match problem.code.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = (!problem.label.is_empty()).then_some(problem.label.as_str());
    let source = text(files, &diagnostic.file);
    let span = within(source, &problem.span);
    let mut snippet = Snippet::source(source)
        .path(&*diagnostic.file)
        .annotation(AnnotationKind::Primary.span(span.clone()).label(label));
    let mut others = Vec::new();
    for (file, place, words) in &diagnostic.related {
        let annotation = AnnotationKind::Context.span(within(text(files, file), place)).label(words.as_str());
        if *file == diagnostic.file {
            snippet = snippet.annotation(annotation);
        } else {
            others.push(Snippet::source(text(files, file)).path(&**file).annotation(annotation));
        }
    }
    let mut group = level.primary_title(problem.message.as_str()).id(problem.code.id).element(snippet);
    for other in others {
        group = group.element(other);
    }
    let mut groups = Vec::new();
    match &problem.suggestion {
        Some(suggestion) => {
            groups.push(group);
            let help = if problem.help.is_empty() { "write" } else { problem.help.as_str() };
            let patch =
                Snippet::source(source).path(&*diagnostic.file).patch(Patch::new(span, suggestion.as_str()));
            groups.push(Level::HELP.secondary_title(help).element(patch));
        }
        None if problem.help.is_empty() => groups.push(group),
        None => groups.push(group.element(Level::HELP.message(problem.help.as_str()))),
    }
    groups
}

/// A span that can be shown: within the text, at whole characters.
fn within(text: &str, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = floor(text, span.start);
    start..floor(text, span.end).max(start)
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The diagnostics as `check --json` prints them: `{"version", "diagnostics": […]}`, lines and
/// columns (in characters) from 1.
#[must_use]
pub fn to_json(version: Option<&str>, diagnostics: &[Diagnostic], files: &Files) -> serde_json::Value {
    let diagnostics: Vec<serde_json::Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let problem = &diagnostic.problem;
            let source = text(files, &diagnostic.file);
            let (line, column) = position(source, problem.span.start);
            let (end_line, end_column) = position(source, problem.span.end);
            serde_json::json!({
                "code": problem.code.id,
                "severity": match problem.code.severity() {
                    Severity::Error => "error",
                    Severity::Warning => "warning",
                },
                "message": problem.message,
                "file": &*diagnostic.file,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "help": (!problem.help.is_empty()).then_some(&problem.help),
                "suggestion": problem.suggestion,
            })
        })
        .collect();
    serde_json::json!({ "version": version, "diagnostics": diagnostics })
}

/// Line and column, in characters, from 1.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..floor(text, at)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
