//! What is known of names beyond their types.

use super::domain::Domain;
use crate::model::Type;

/// What is known of a name without any data.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// What it can be.
    pub domain: Domain,
    /// How its numbers come about.
    pub precision: Precision,
    /// Whether it is a time that is never later than the run.
    pub is_past: bool,
}

/// How a number comes about, and with that whether asking for equality makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// As given, counted or rounded.
    Exact,
    /// Computed with a rounding error, as by division.
    Rounded,
    /// Measured with fractions, as the days since an instant.
    Continuous,
}

impl Facts {
    /// Of a name of which only the type is known.
    #[must_use]
    pub fn of_type(ty: &Type) -> Self {
        Self::of(Domain::any(ty))
    }

    /// Exact values.
    #[must_use]
    pub const fn of(domain: Domain) -> Self {
        Self { domain, precision: Precision::Exact, is_past: false }
    }
}
