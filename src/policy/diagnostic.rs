//! Problems of a policy set: what is wrong, where, why, and what to do.

use std::ops::Range;
use std::sync::Arc;

/// A kind of problem. Codes are contracts: they never change their meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `E` or `W` and three digits: 1xx files and TOML, 2xx tables and keys, 3xx expressions,
    /// 4xx what tables say together, 5xx payload templates, 6xx scripts, 7xx policy tests.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is a problem and what to do, for the reference.
    pub explanation: &'static str,
    /// A policy file with this problem (and no other); a test holds it to that.
    pub example: &'static str,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The set can't be used.
    Error,
    /// The set can be used but can't mean what it says.
    Warning,
}

/// A problem within one piece of text, before it is known where that text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind; a code that begins with `W` is a warning.
    pub code: &'static Code,
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What is wrong here, naming what was found.
    pub message: String,
    /// A few words beside the underlined part; may be empty.
    pub label: String,
    /// What to do; may be empty.
    pub help: String,
    /// Text that would do in place of the underlined part.
    pub suggestion: Option<String>,
}

/// A problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as named when loaded.
    pub file: Arc<str>,
    /// The problem; its span is in bytes of the file.
    pub problem: Problem,
    /// Further places that belong to it, with a few words each (as in "first declared here").
    pub related: Vec<(Arc<str>, Range<usize>, String)>,
}

impl Code {
    /// How bad problems of this kind are.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.id.starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}
