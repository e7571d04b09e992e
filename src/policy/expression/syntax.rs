//! The untyped tree of an expression, each part with its place in the text.

use std::ops::Range;

use super::codes;
use super::names::{Expected, Names};
use super::tree::Expression;
use crate::policy::diagnostic::Problem;

/// An expression that could be read, not yet checked against any names.
#[derive(Clone, Debug)]
pub struct Syntax {
    text: std::sync::Arc<str>,
}

impl Syntax {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is no expression of the language, with its place in bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        Ok(Self { text: text.into() })
    }

    /// The names it uses, each with its place: of `pyramid.data.visits` the whole path.
    #[must_use]
    pub fn paths(&self) -> Vec<(Vec<String>, Range<usize>)> {
        Vec::new()
    }

    /// The first part of each name it uses: of `pyramid.data.visits` only `pyramid`.
    #[must_use]
    pub fn names(&self) -> Vec<(String, Range<usize>)> {
        self.paths()
            .into_iter()
            .filter_map(|(path, span)| path.into_iter().next().map(|top| (top, span)))
            .collect()
    }

    /// Types it: the expression to run, and warnings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(
        &self,
        names: &dyn Names,
        expected: &Expected,
    ) -> Result<(Expression, Vec<Problem>), Vec<Problem>> {
        let _ = (names, expected);
        Err(vec![Problem {
            code: &codes::SYNTAX,
            span: 0..self.text.len(),
            message: "expressions can't be checked yet".to_owned(),
            label: String::new(),
            help: String::new(),
            suggestion: None,
        }])
    }
}
