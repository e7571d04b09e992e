//! What the expressions of a source may speak of: the columns of its files.

use std::cell::RefCell;
use std::sync::Arc;

use super::expression::tree::Reference;
use super::expression::{Declared, Names};
use super::names::{KnownFunction, declared, names_of};
use crate::model::Type;

/// The columns of a file that a source reads, noted as they are named.
pub(crate) struct Columns<'a> {
    names: RefCell<Vec<Arc<str>>>,
    functions: &'a [KnownFunction],
}

impl<'a> Columns<'a> {
    /// None named yet.
    pub(crate) const fn new(functions: &'a [KnownFunction]) -> Self {
        Self { names: RefCell::new(Vec::new()), functions }
    }

    /// The index of a column.
    pub(crate) fn index(&self, name: &str) -> usize {
        let mut names = self.names.borrow_mut();
        if let Some(index) = names.iter().position(|known| &**known == name) {
            return index;
        }
        names.push(name.into());
        names.len() - 1
    }

    /// All columns named, in order of index.
    pub(crate) fn into_names(self) -> Vec<Arc<str>> {
        self.names.into_inner()
    }
}

impl Names for Columns<'_> {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        match path {
            [name] => self.column(name),
            _ => None,
        }
    }

    fn candidates(&self) -> Vec<String> {
        Vec::new()
    }

    fn function(&self, name: &str) -> Option<Declared> {
        declared(self.functions, name)
    }

    fn functions(&self) -> Vec<String> {
        names_of(self.functions)
    }

    fn column(&self, name: &str) -> Option<(Reference, Type)> {
        Some((Reference::Raw(self.index(name)), Type::Text))
    }
}
