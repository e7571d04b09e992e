//! The untyped tree of an expression, each part with its place in the text.

use std::ops::Range;
use std::sync::Arc;

use super::check;
use super::names::{Expected, Names};
use super::parse;
use super::tree::{Binary, Expression, Unary};
use crate::policy::diagnostic::Problem;

/// An expression that could be read, not yet checked against any names.
#[derive(Clone, Debug)]
pub struct Syntax {
    text: Arc<str>,
    pub(super) root: Part,
}

/// One part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) kind: PartKind,
    /// Bytes of the text.
    pub(super) span: Range<usize>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PartKind {
    Number(f64),
    Text(Arc<str>),
    Bool(bool),
    /// `pyramid.data.visits`, part by part.
    Path(Vec<String>),
    Unary(Unary, Box<Part>),
    Binary(Binary, Box<Part>, Box<Part>),
    In(Box<Part>, Vec<Part>),
    If(Box<Part>, Box<Part>, Box<Part>),
    Coalesce(Box<Part>, Box<Part>),
    /// The name, its place, the arguments.
    Call(String, Range<usize>, Vec<Part>),
}

impl Syntax {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is no expression of the language, with its place in bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        parse::parse(text).map(|root| Self { text: text.into(), root })
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses in order of place: of `pyramid.data.visits` the whole path.
    #[must_use]
    pub fn paths(&self) -> Vec<(Vec<String>, Range<usize>)> {
        let mut paths = Vec::new();
        self.root.collect_paths(&mut paths);
        paths.sort_by_key(|(_, span)| span.start);
        paths
    }

    /// The first part of each name it uses: of `pyramid.data.visits` only `pyramid`.
    #[must_use]
    pub fn names(&self) -> Vec<(String, Range<usize>)> {
        self.paths()
            .into_iter()
            .filter_map(|(path, span)| {
                let top = path.into_iter().next()?;
                let end = span.start + top.len();
                Some((top, span.start..end))
            })
            .collect()
    }

    /// Types it: the expression to run, and warnings.
    ///
    /// # Errors
    /// Everything that is wrong with it, in order of place.
    pub fn check(
        &self,
        names: &dyn Names,
        expected: &Expected,
    ) -> Result<(Expression, Vec<Problem>), Vec<Problem>> {
        let root = check::check(&self.root, names, expected)?;
        Ok((Expression { text: Arc::clone(&self.text), root }, Vec::new()))
    }
}

/// Whether a word can name a value or a field: it is no word of the expression syntax.
#[must_use]
pub fn can_be_name(word: &str) -> bool {
    Syntax::parse(word)
        .is_ok_and(|syntax| matches!(&syntax.root.kind, PartKind::Path(path) if path.as_slice() == [word]))
}

impl Part {
    fn collect_paths(&self, paths: &mut Vec<(Vec<String>, Range<usize>)>) {
        match &self.kind {
            PartKind::Number(_) | PartKind::Text(_) | PartKind::Bool(_) => {}
            PartKind::Path(path) => paths.push((path.clone(), self.span.clone())),
            PartKind::Unary(_, operand) => operand.collect_paths(paths),
            PartKind::Binary(_, left, right) | PartKind::Coalesce(left, right) => {
                left.collect_paths(paths);
                right.collect_paths(paths);
            }
            PartKind::In(subject, list) => {
                subject.collect_paths(paths);
                for item in list {
                    item.collect_paths(paths);
                }
            }
            PartKind::If(condition, yes, no) => {
                condition.collect_paths(paths);
                yes.collect_paths(paths);
                no.collect_paths(paths);
            }
            PartKind::Call(_, _, arguments) => {
                for argument in arguments {
                    argument.collect_paths(paths);
                }
            }
        }
    }

    /// The text of a literal.
    pub(super) fn literal_text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            PartKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A name of one part.
    pub(super) fn single_name(&self) -> Option<&str> {
        match &self.kind {
            PartKind::Path(path) => match path.as_slice() {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}
