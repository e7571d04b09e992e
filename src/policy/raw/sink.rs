//! Where problems are collected while a policy set is read and checked.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use super::escape;
use super::tree::{At, Place};
use crate::policy::Location;
use crate::policy::diagnostic::{Code, Diagnostic, Problem, Severity};
use crate::policy::files::Files;

/// Collects problems; knows the text of all files.
pub(crate) struct Sink<'a> {
    files: &'a Files,
    found: RefCell<Vec<Diagnostic>>,
}

/// A problem about to be reported.
#[must_use = "a problem counts only when reported"]
pub(crate) struct Report<'s> {
    sink: &'s RefCell<Vec<Diagnostic>>,
    diagnostic: Diagnostic,
}

impl<'a> Sink<'a> {
    /// Empty, over these files.
    pub(crate) fn new(files: &'a Files) -> Self {
        Self { files, found: RefCell::default() }
    }

    /// Begins to report a problem.
    pub(crate) fn problem(
        &self,
        code: &'static Code,
        place: &Place,
        message: impl Into<String>,
    ) -> Report<'_> {
        let problem = Problem {
            code,
            span: place.span(),
            message: message.into(),
            label: String::new(),
            help: String::new(),
            suggestion: None,
        };
        let diagnostic = Diagnostic { file: place.file.clone(), problem, related: Vec::new() };
        Report { sink: &self.found, diagnostic }
    }

    /// Reports a problem within a piece of text that stands in a file as a string.
    pub(crate) fn within(&self, text: &At<String>, mut problem: Problem) {
        let place = self.part(text, &problem.span);
        problem.span = place.span();
        if let Some(suggestion) = &problem.suggestion
            && self.needs_escape(text, suggestion)
        {
            problem.suggestion = None;
        }
        let diagnostic = Diagnostic { file: place.file, problem, related: Vec::new() };
        self.found.borrow_mut().push(diagnostic);
    }

    /// The place of a part of a piece of text that stands in a file as a string.
    pub(crate) fn part(&self, text: &At<String>, part: &Range<usize>) -> Place {
        let literal = self.text(&text.place);
        let span = escape::locate(literal, &text.value, part);
        Place {
            file: text.place.file.clone(),
            start: text.place.start + span.start,
            end: text.place.start + span.end,
        }
    }

    /// A place as it is told outside.
    pub(crate) fn location(&self, place: &Place) -> Location {
        Location::of(place, self.files)
    }

    fn text(&self, place: &Place) -> &'a str {
        self.files.policies.get(&*place.file).and_then(|text| text.get(place.span())).unwrap_or("")
    }

    /// Whether what stands at a place is in quotes.
    pub(crate) fn is_quoted(&self, place: &Place) -> bool {
        self.text(place).starts_with(['"', '\''])
    }

    /// Whether a suggestion can't be put into the string as it stands.
    fn needs_escape(&self, text: &At<String>, suggestion: &str) -> bool {
        let literal = self.text(&text.place);
        match literal.chars().next() {
            Some('"') => suggestion.contains(['"', '\\']),
            _ => suggestion.contains('\''),
        }
    }

    /// Whether any problem is an error.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.borrow().iter().any(|found| found.problem.code.severity() == Severity::Error)
    }

    /// All problems, in order of file and place.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| key(a).cmp(&key(b)));
        found.dedup();
        found
    }
}

fn key(diagnostic: &Diagnostic) -> (&str, usize, usize, &str, &str) {
    let problem = &diagnostic.problem;
    (&diagnostic.file, problem.span.start, problem.span.end, problem.code.id, &problem.message)
}

impl Report<'_> {
    /// A few words beside the underlined part.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.diagnostic.problem.label = label.into();
        self
    }

    /// What to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic.problem.help = help.into();
        self
    }

    /// Text that would do in place of the underlined part, if there is one.
    pub(crate) fn suggest(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.diagnostic.problem.suggestion = suggestion.map(Into::into);
        self
    }

    /// The nearest name, as a suggestion and in words; otherwise what there is.
    pub(crate) fn nearest(self, name: &str, candidates: &[&str], quoted: bool) -> Self {
        match super::suggest::nearest(name, candidates.iter().copied()) {
            Some(near) => {
                let text = if quoted { format!("\"{near}\"") } else { near.to_owned() };
                self.help(format!("did you mean `{near}`?")).suggest(Some(text))
            }
            None if candidates.is_empty() || candidates.len() > 16 => self,
            None => self.help(format!("valid here: {}", candidates.join(", "))),
        }
    }

    /// A further place that belongs to it.
    pub(crate) fn related(mut self, place: &Place, words: impl Into<String>) -> Self {
        self.diagnostic.related.push((Arc::clone(&place.file), place.span(), words.into()));
        self
    }

    /// Reports it.
    pub(crate) fn report(self) {
        self.sink.borrow_mut().push(self.diagnostic);
    }
}
