//! The tree of a TOML file with the place of every key and value, in the order of the file.

use std::ops::Range;
use std::sync::Arc;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The file as named when loaded.
    pub(crate) file: Arc<str>,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends, in bytes.
    pub(crate) end: usize,
}

/// Something with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct At<T> {
    /// What was written.
    pub(crate) value: T,
    /// Where.
    pub(crate) place: Place,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) content: Content,
    /// Where it stands; of a table under a header, the header.
    pub(crate) place: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    /// A string of any of TOML's four forms, decoded.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A date, a time or both, as written.
    Datetime(String),
    /// `[ … ]` or tables under `[[header]]`.
    Array(Vec<Node>),
    /// `{ … }` or what stands under a header.
    Table(Table),
}

/// A table, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    /// Its keys and values.
    pub(crate) entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The key, decoded.
    pub(crate) key: At<String>,
    /// Its value.
    pub(crate) node: Node,
}

impl Place {
    /// The bytes of the file.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Table {
    /// The entry of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }
}

impl Content {
    /// What it is, as a message says it.
    pub(crate) const fn description(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Datetime(_) => "a date or time",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}
