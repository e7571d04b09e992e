//! What a value can be, as far as the policy alone tells it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::range::Range;
use crate::model::{Type, Value};

/// Everything a value can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Whether it can be missing.
    pub can_be_missing: bool,
    /// What it can be where it is known.
    pub known: Known,
}

/// What a known value can be.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// A number, date or time.
    Number(Range),
    /// Text or a choice.
    Words(Words),
    /// A condition.
    Truth {
        /// Whether it can be true.
        yes: bool,
        /// Whether it can be false.
        no: bool,
    },
}

/// Texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// One of these.
    Only(BTreeSet<Arc<str>>),
    /// Any but these.
    Except(BTreeSet<Arc<str>>),
}

impl Domain {
    /// Every value of a type, and missing.
    #[must_use]
    pub fn any(ty: &Type) -> Self {
        let known = match ty {
            Type::Number | Type::Time => Known::Number(Range::all()),
            Type::Date => Known::Number(Range::all().whole()),
            Type::Bool => Known::Truth { yes: true, no: true },
            Type::Text => Known::Words(Words::Except(BTreeSet::new())),
            Type::Choice(words) => Known::Words(Words::Only(words.iter().cloned().collect())),
        };
        Self { can_be_missing: true, known }
    }

    /// Numbers that are never missing.
    #[must_use]
    pub const fn numbers(range: Range) -> Self {
        Self { can_be_missing: false, known: Known::Number(range) }
    }

    /// One value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let known = match value {
            Value::Number(number) => Known::Number(Range::point(*number)),
            Value::Date(day) => Known::Number(Range::point(f64::from(day.0))),
            Value::Time(at) => Known::Number(Range::point(at.0 as f64)),
            Value::Bool(flag) => Known::Truth { yes: *flag, no: !*flag },
            Value::Text(text) => Known::Words(Words::Only([text.clone()].into())),
        };
        Self { can_be_missing: false, known }
    }

    /// The same, or missing.
    #[must_use]
    pub fn or_missing(self) -> Self {
        Self { can_be_missing: true, ..self }
    }

    /// Whether there is no such value, not even missing.
    #[must_use]
    pub fn is_impossible(&self) -> bool {
        !self.can_be_missing && self.known.is_nothing()
    }

    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self {
            can_be_missing: self.can_be_missing && other.can_be_missing,
            known: self.known.meet(&other.known),
        }
    }

    /// What either allows.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self {
            can_be_missing: self.can_be_missing || other.can_be_missing,
            known: self.known.join(&other.known),
        }
    }

    /// Its numbers, dates or times; all where it has none.
    #[must_use]
    pub fn range(&self) -> Range {
        match &self.known {
            Known::Number(range) => range.clone(),
            _ => Range::all(),
        }
    }

    /// Whether it is one known value.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        !self.can_be_missing && self.known.is_single()
    }
}

impl Known {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Number(range) => range.is_empty(),
            Self::Words(Words::Only(words)) => words.is_empty(),
            Self::Words(Words::Except(_)) => false,
            Self::Truth { yes, no } => !yes && !no,
        }
    }

    /// Nothing of the same kind.
    #[must_use]
    pub fn nothing(&self) -> Self {
        match self {
            Self::Number(_) => Self::Number(Range::nothing()),
            Self::Words(_) => Self::Words(Words::Only(BTreeSet::new())),
            Self::Truth { .. } => Self::Truth { yes: false, no: false },
        }
    }

    /// Whether one value is left.
    #[must_use]
    pub fn is_single(&self) -> bool {
        match self {
            Self::Number(range) => range.only().is_some(),
            Self::Words(Words::Only(words)) => words.len() == 1,
            Self::Words(Words::Except(_)) => false,
            Self::Truth { yes, no } => yes != no,
        }
    }

    /// What both allow; values of different kinds are never compared.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Self::Number(left.intersect(right)),
            (Self::Words(left), Self::Words(right)) => Self::Words(left.meet(right)),
            (Self::Truth { yes, no }, Self::Truth { yes: also_yes, no: also_no }) => {
                Self::Truth { yes: *yes && *also_yes, no: *no && *also_no }
            }
            _ => self.clone(),
        }
    }

    fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Self::Number(left.hull(right)),
            (Self::Words(left), Self::Words(right)) => Self::Words(left.join(right)),
            (Self::Truth { yes, no }, Self::Truth { yes: or_yes, no: or_no }) => {
                Self::Truth { yes: *yes || *or_yes, no: *no || *or_no }
            }
            _ => self.clone(),
        }
    }

    /// All but what another is, where that is one value.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(range), Self::Number(out)) => match out.only() {
                Some(number) => Self::Number(range.clone().without(number)),
                None => self.clone(),
            },
            (Self::Words(words), Self::Words(Words::Only(out))) if out.len() == 1 => {
                Self::Words(words.meet(&Words::Except(out.clone())))
            }
            _ => self.clone(),
        }
    }
}

impl Words {
    /// What both allow.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(left), Self::Only(right)) => Self::Only(left & right),
            (Self::Only(only), Self::Except(out)) | (Self::Except(out), Self::Only(only)) => {
                Self::Only(only - out)
            }
            (Self::Except(left), Self::Except(right)) => Self::Except(left | right),
        }
    }

    fn join(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(left), Self::Only(right)) => Self::Only(left | right),
            (Self::Only(only), Self::Except(out)) | (Self::Except(out), Self::Only(only)) => {
                Self::Except(out - only)
            }
            (Self::Except(left), Self::Except(right)) => Self::Except(left & right),
        }
    }
}
