//! What a value may be: the types of the policy language and single values of them.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::time::{Date, Timestamp};

/// A type of the policy language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// 64-bit float; the language has one number type.
    Number,
    /// Unicode text.
    Text,
    /// True or false.
    Bool,
    /// A civil day.
    Date,
    /// An instant.
    Time,
    /// Text out of a declared list, in declared order; for ordered tiers the top level comes first.
    Choice(Arc<[Arc<str>]>),
}

impl Type {
    /// The name an operator writes, which is also how messages say it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Text => "text",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Time => "time",
            Self::Choice(_) => "choice",
        }
    }

    /// Whether values of this type are held as codes of a dictionary.
    #[must_use]
    pub const fn is_textual(&self) -> bool {
        matches!(self, Self::Text | Self::Choice(_))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One value; a missing value is `None` of `Option<Value>`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Always finite.
    Number(f64),
    /// Text, or one of a choice's words.
    Text(Arc<str>),
    /// True or false.
    Bool(bool),
    /// A civil day.
    Date(Date),
    /// An instant.
    Time(Timestamp),
}

impl Value {
    /// A number, or missing where it is not finite.
    #[must_use]
    pub fn number(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Number(number))
    }

    /// Text from anything that can be shared text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The type, where text stands for choices as well.
    #[must_use]
    pub const fn kind(&self) -> Type {
        match self {
            Self::Number(_) => Type::Number,
            Self::Text(_) => Type::Text,
            Self::Bool(_) => Type::Bool,
            Self::Date(_) => Type::Date,
            Self::Time(_) => Type::Time,
        }
    }
}

/// Numbers and truths as JSON has them, all others as text.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number_json(*number).serialize(serializer),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Date(_) | Self::Time(_) => serializer.collect_str(self),
        }
    }
}

/// Whole numbers without a fraction, as they were most likely written.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
pub fn number_json(number: f64) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT { (number as i64).into() } else { number.into() }
}

/// Plain text: numbers in the shortest form that reads back the same, times in UTC.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => formatter.write_str(text),
            Self::Bool(flag) => write!(formatter, "{flag}"),
            Self::Date(day) => write!(formatter, "{day}"),
            Self::Time(at) => write!(formatter, "{at}"),
        }
    }
}
