//! What operators mean on known operands, and civil time of numbers. Dates are day numbers and times
//! milliseconds, all as `f64`; a result that is not finite is missing.

use chrono::{NaiveDate, NaiveDateTime};

use super::Moment;
use crate::model::time::DAY;
use crate::model::{Date, Timestamp, Type, civil};
use crate::policy::expression::tree::Binary;

/// Greatest day number and time that are exact, in both directions: about 200,000 years.
const LAST_DAY: f64 = 73_000_000.0;
const LAST_TIME: f64 = LAST_DAY * DAY as f64;

/// A number where it is finite.
#[must_use]
#[inline]
pub fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// Which numbers an arithmetic operator works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// Numbers, or the difference of two dates.
    Plain,
    /// The difference of two times, in days.
    Times,
    /// A date moved by days; fractions of days fall to the earlier day.
    MoveDate,
    /// A time, which the checker puts on the left, moved by days.
    MoveTime,
}

impl Arithmetic {
    /// By the types of both operands and of the result.
    #[must_use]
    pub fn of(left: &Type, right: &Type, result: &Type) -> Self {
        match result {
            Type::Date => Self::MoveDate,
            Type::Time => Self::MoveTime,
            _ if (left, right) == (&Type::Time, &Type::Time) => Self::Times,
            _ => Self::Plain,
        }
    }

    /// The result for known operands; not finite where it is missing. For comparisons and logic it
    /// is never finite.
    #[must_use]
    #[inline]
    pub fn apply(self, operator: Binary, left: f64, right: f64) -> f64 {
        self.with(|left, right| plain(operator, left, right), left, right)
    }

    /// The result of an operator that is given as it is for plain numbers.
    #[must_use]
    #[inline]
    pub fn with(self, operator: impl Fn(f64, f64) -> f64, left: f64, right: f64) -> f64 {
        match self {
            Self::Plain => operator(left, right),
            Self::Times => operator(left, right) / DAY as f64,
            Self::MoveDate => within(operator(left, right).floor(), LAST_DAY),
            Self::MoveTime => within(operator(left, right * DAY as f64).round(), LAST_TIME),
        }
    }
}

/// An operator on two numbers.
#[must_use]
#[inline]
pub fn plain(operator: Binary, left: f64, right: f64) -> f64 {
    match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::Remainder => left % right,
        Binary::Power => left.powf(right),
        _ => f64::NAN,
    }
}

fn within(number: f64, last: f64) -> f64 {
    if number.abs() <= last { number } else { f64::NAN }
}

/// The day of a day number.
#[must_use]
pub fn date_of(day: f64) -> Option<NaiveDate> {
    whole_date(day).and_then(Date::to_naive)
}

/// The date of a day number.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub fn whole_date(day: f64) -> Option<Date> {
    (day.abs() <= LAST_DAY).then_some(Date(day as i32))
}

/// The instant of a number of milliseconds.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
pub fn instant(milliseconds: f64) -> Option<Timestamp> {
    (milliseconds.abs() <= LAST_TIME).then_some(Timestamp(milliseconds as i64))
}

/// The local time of an instant.
pub(super) fn local_of(at: f64, moment: &Moment) -> Option<NaiveDateTime> {
    instant(at).and_then(|at| civil::local(at, moment.timezone))
}

/// The instant of a day's local midnight, milliseconds.
pub(super) fn midnight_of(day: f64, moment: &Moment) -> f64 {
    whole_date(day).and_then(|day| civil::midnight(day, moment.timezone)).map_or(f64::NAN, |at| at.0 as f64)
}
