//! The functions of the expression language.

use chrono_tz::Tz;

use crate::model::Timestamp;

/// When and where an evaluation takes place: what `now()` and local days mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant of the run.
    pub now: Timestamp,
    /// What local days and hours mean.
    pub timezone: Tz,
}

/// A function of the language, resolved by name, argument count and types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// `abs(number)`.
    Abs,
    /// `min(number, …)`: missing where any is.
    Min,
    /// `max(number, …)`: missing where any is.
    Max,
    /// `round(number)` or `round(number, digits)`: half away from zero.
    Round,
    /// `floor(number)`.
    Floor,
    /// `ceil(number)`.
    Ceil,
    /// `sqrt(number)`: missing below zero.
    Sqrt,
    /// `ln(number)`: missing at or below zero.
    Ln,
    /// `exp(number)`.
    Exp,
    /// `pow(base, exponent)`.
    Pow,
    /// `clamp(number, low, high)`.
    Clamp,
    /// `lower(text)`.
    Lower,
    /// `upper(text)`.
    Upper,
    /// `trim(text)`.
    Trim,
    /// `len(text)` in characters.
    Len,
    /// `contains(text, part)`.
    Contains,
    /// `starts_with(text, part)`.
    StartsWith,
    /// `ends_with(text, part)`.
    EndsWith,
    /// `number(text)`: missing where the text is no number.
    Number,
    /// `now()`: the instant of the run.
    Now,
    /// `today()`: the local day of the run.
    Today,
    /// `days_since(time or date)`: fractional, a date from local midnight.
    DaysSince,
    /// `hours_since(time or date)`.
    HoursSince,
    /// `days_until(time or date)`.
    DaysUntil,
    /// `age(date)`: whole years.
    Age,
    /// `year(date or time)`, local.
    Year,
    /// `month(date or time)`, 1 to 12.
    Month,
    /// `day(date or time)`, 1 to 31.
    Day,
    /// `weekday(date or time)`, Monday is 1.
    Weekday,
    /// `hour(time)`, 0 to 23, local.
    Hour,
    /// `is_missing(any)`.
    IsMissing,
    /// `is_known(any)`.
    IsKnown,
    /// `count_known(any, …)`.
    CountKnown,
    /// `bucket("salt")`: 0 to 1, fixed per customer.
    Bucket,
}
