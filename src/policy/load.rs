//! From text to [`Compiled`], with every problem on the way.

use super::compiled::Compiled;
use super::diagnostic::Diagnostic;
use super::files::Files;

/// What loading a policy set gave.
#[derive(Debug)]
pub struct Outcome {
    /// The checked set; `None` where any problem is an error.
    pub compiled: Option<Compiled>,
    /// Every problem, in order of file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads and checks a policy set. Reports every problem, not only the first.
#[must_use]
pub fn load(_files: &Files) -> Outcome {
    Outcome { compiled: None, diagnostics: Vec::new() }
}
