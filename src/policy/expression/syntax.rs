//! The untyped tree of an expression, each part with its place in the text.

use std::ops::Range;
use std::sync::Arc;

use super::check;
use super::names::{Expected, Names};
use super::tree::{Binary, Expression, Unary};
use super::{parse, reason};
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
        self.root.each(&mut |part| {
            if let PartKind::Path(path) = &part.kind {
                paths.push((path.clone(), part.span.clone()));
            }
        });
        paths.sort_by_key(|(_, span)| span.start);
        paths
    }

    /// The names of the functions it calls, in order of place.
    #[must_use]
    pub fn calls(&self) -> Vec<(&str, Range<usize>)> {
        let mut calls = Vec::new();
        self.root.each(&mut |part| {
            if let PartKind::Call(name, place, _) = &part.kind {
                calls.push((name.as_str(), place.clone()));
            }
        });
        calls.sort_by_key(|(_, place)| place.start);
        calls
    }

    /// The tags it asks for by `tagged`.
    #[must_use]
    pub fn tags(&self) -> Vec<&str> {
        let mut tags = Vec::new();
        self.root.each(&mut |part| {
            if let PartKind::Call(name, _, arguments) = &part.kind
                && name == "tagged"
            {
                tags.extend(arguments.iter().filter_map(Part::literal_text).map(AsRef::as_ref));
            }
        });
        tags
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
        let expression = Expression { text: Arc::clone(&self.text), root };
        let warnings = reason::warnings(&expression, names);
        Ok((expression, warnings))
    }
}

/// Whether a word can name a value or a field: it is no word of the expression syntax.
#[must_use]
pub fn can_be_name(word: &str) -> bool {
    Syntax::parse(word)
        .is_ok_and(|syntax| matches!(&syntax.root.kind, PartKind::Path(path) if path.as_slice() == [word]))
}

impl Part {
    /// Shows every part, each before those within it.
    fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            PartKind::Number(_) | PartKind::Text(_) | PartKind::Bool(_) | PartKind::Path(_) => {}
            PartKind::Unary(_, operand) => operand.each(visit),
            PartKind::Binary(_, left, right) | PartKind::Coalesce(left, right) => {
                left.each(visit);
                right.each(visit);
            }
            PartKind::In(subject, list) => {
                subject.each(visit);
                for item in list {
                    item.each(visit);
                }
            }
            PartKind::If(condition, yes, no) => {
                condition.each(visit);
                yes.each(visit);
                no.each(visit);
            }
            PartKind::Call(_, _, arguments) => {
                for argument in arguments {
                    argument.each(visit);
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
