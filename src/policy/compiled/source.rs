//! Where facts come from.

use std::sync::Arc;

use chrono_tz::Tz;

use crate::model::Value;
use crate::policy::expression::tree::Expression;

/// `[source.NAME]`.
#[derive(Debug)]
pub struct Source {
    /// As declared.
    pub name: Arc<str>,
    /// What rows become.
    pub into: Into,
    /// Path with `*` and `?` in its last part, relative to the data folder.
    pub path: String,
    /// How the bytes are read; UTF-8 where absent. A label of the WHATWG encoding standard.
    pub encoding: Option<String>,
    /// Where each target comes from: `id`, `customer`, `at` or a field.
    pub columns: Vec<Mapping>,
    /// chrono's strftime for times; RFC 3339 or a date where absent.
    pub time_format: Option<String>,
    /// The zone of times without an offset.
    pub timezone: Tz,
    /// Only rows for which this holds.
    pub filter: Option<Expression>,
    /// The raw column names that [`Reference::Raw`](crate::policy::expression::tree::Reference::Raw) indexes.
    pub raw: Vec<Arc<str>>,
}

/// What the rows of a source become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Into {
    /// Customers, merged by id.
    Customer,
    /// Events of a kind, index in [`Schema::events`](crate::model::Schema::events).
    Event(usize),
}

/// One target of a source.
#[derive(Debug)]
pub struct Mapping {
    /// What is filled.
    pub target: Target,
    /// Where from.
    pub from: Origin,
}

/// What a mapping fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The row's id; for events a hash where not mapped.
    Id,
    /// The event's customer.
    Customer,
    /// When the event happened.
    At,
    /// A field of the customer or of the event, by index.
    Field(usize),
}

/// Where a mapping's value comes from.
#[derive(Debug)]
pub enum Origin {
    /// A column of the file, index in [`Source::raw`]; its text is read as the target's type.
    Column(usize),
    /// An expression over the file's columns.
    Value(Expression),
    /// The same for every row.
    Constant(Value),
}
