//! What was not as expected, as people read it: expected and found side by side, why, and where it is expected.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Case, Difference, StepVerdict, Verdict};
use crate::model::civil::in_words;
use crate::policy::{Compiled, Files};

/// The differences of a test as text for a terminal.
#[must_use]
pub fn render(case: &Case, verdict: &Verdict, files: &Files, policy: &Compiled, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for step in &verdict.steps {
        for of_customer in step.differences.chunk_by(|one, other| one.customer == other.customer) {
            out.push_str(&expectation(&renderer, case, (step, of_customer), files, policy));
            out.push_str("\n\n");
        }
    }
    if let Some(error) = &verdict.error {
        let message = format!("{}: {error}", case.name);
        let group = Level::ERROR.primary_title(message.as_str());
        let at = format!("{}:{}", case.file, case.line);
        out.push_str(&renderer.render(&[group.element(Level::NOTE.message(at.as_str()))]));
        out.push_str("\n\n");
    }
    out
}

/// What one customer's expectations of a step came to.
fn expectation(
    renderer: &Renderer,
    case: &Case,
    (step, differences): (&StepVerdict, &[Difference]),
    files: &Files,
    policy: &Compiled,
) -> String {
    let source = files.policies.get(&*case.file).map_or("", String::as_str);
    let labels: Vec<String> = differences.iter().map(|found| format!("found {}", found.found)).collect();
    let mut snippet = Snippet::source(source).path(&*case.file);
    for (difference, label) in differences.iter().zip(&labels) {
        let span = difference.place.span.clone();
        snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(label.as_str()));
    }
    let customer = differences.first().map_or("", |difference| difference.customer.as_str());
    let told =
        format!("{customer} at {}\n{}", in_words(step.at, policy.settings.timezone), table(differences));
    let mut group = Level::ERROR
        .primary_title(case.name.as_str())
        .element(snippet)
        .element(Level::NOTE.message(told.as_str()));
    for reason in differences.iter().flat_map(|difference| &difference.because) {
        group = group.element(Level::HELP.with_name("because").message(reason.as_str()));
    }
    renderer.render(&[group])
}

/// What, expected, found: a line each, under a header.
fn table(differences: &[Difference]) -> String {
    let header = ["", "expected", "found"];
    let rows = differences.iter().map(|found| [found.what.as_str(), &found.expected, &found.found]);
    let rows: Vec<[&str; 3]> = std::iter::once(header).chain(rows).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths = [width(0), width(1)].map(Option::unwrap_or_default);
    let line = |[what, expected, found]: &[&str; 3]| {
        format!("{what:first$}  {expected:second$}  {found}", first = widths[0], second = widths[1])
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
