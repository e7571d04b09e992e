//! What an expression may speak of at its place, and what it must give there.

use std::sync::Arc;

use super::reason::Facts;
use super::tree::Reference;
use crate::model::Type;
use crate::policy::script::Function;

/// What an expression may speak of: each place in a policy (a condition over a customer, a metric's
/// filter over an event, a source's column) has its own.
pub trait Names {
    /// What a name stands for: `["orders"]`, `["event", "amount"]`, `["pyramid", "data", "visits"]`.
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)>;

    /// Every name that [`Names::resolve`] knows, as written (`event.amount`), to find the nearest to
    /// one it does not know.
    fn candidates(&self) -> Vec<String>;

    /// A segment, tier or quadrant, for `at_least`, `since` and `previous`.
    fn class(&self, name: &str) -> Option<ClassName> {
        let _ = name;
        None
    }

    /// A ledger, for `expiring`.
    fn ledger(&self, name: &str) -> Option<LedgerName> {
        let _ = name;
        None
    }

    /// Whose touches have a tag, for `tagged`.
    fn tagged(&self, tag: &str) -> Tagged {
        let _ = tag;
        Tagged::NoTouch
    }

    /// A function from a script.
    fn function(&self, name: &str) -> Option<Declared> {
        let _ = name;
        None
    }

    /// The names of all that [`Names::function`] knows.
    fn functions(&self) -> Vec<String> {
        Vec::new()
    }

    /// A column of the file a source reads, for `col("…")`; `None` where there is no file.
    fn column(&self, name: &str) -> Option<(Reference, Type)> {
        let _ = name;
        None
    }

    /// What is known of a name beyond its type, for warnings; `None` where nothing is.
    fn facts(&self, reference: &Reference) -> Option<Facts> {
        let _ = reference;
        None
    }

    /// The levels or cells of a class by index of its value, for warnings.
    fn places(&self, value: usize) -> Option<Arc<[Arc<str>]>> {
        let _ = value;
        None
    }
}

/// A function from a script as an expression sees it.
#[derive(Clone, Debug)]
pub enum Declared {
    /// It can be called.
    Sound(Arc<Function>),
    /// Its declaration or script is in error, which is said there.
    Broken,
}

/// A tag as an expression sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// There is no touch to ask about.
    NoTouch,
    /// No action has it; the tags that actions have.
    Unknown(Vec<String>),
    /// The touch's action, and the actions that have the tag.
    Actions(Reference, Arc<[Arc<str>]>),
}

/// A segment, tier or quadrant as an expression sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassName {
    /// Index in [`Compiled::values`](crate::policy::Compiled::values).
    pub value: usize,
    /// `bool` for a segment, the levels or cells otherwise.
    pub ty: Type,
    /// Whether it is a tier whose levels are ordered from the top.
    pub ordered: bool,
}

/// A ledger as an expression sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerName {
    /// Index in [`Compiled::values`](crate::policy::Compiled::values).
    pub value: usize,
    /// Whether its entries lapse.
    pub lapses: bool,
}

/// What an expression must give at its place.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// A condition.
    Bool,
    /// A number.
    Number,
    /// Whatever it is.
    Any,
    /// This type; for a choice, one of its words.
    Type(Type),
}
