//! The functions of the expression language: what they take and give, what missing does to them,
//! and how they are computed. Both evaluators compute by [`Compute`], so a meaning stands once.
//!
//! # Adding a function
//!
//! Say `cbrt(number)`, the cube root:
//!
//! 1. In the file of its family, here `numbers.rs`, add an entry to `FUNCTIONS` where its name and
//!    [`Builtin`] belong: its parameters, what it gives, a sentence on what it means, one on when it is
//!    missing, how it is computed (one of [`Compute`]) and examples with their values.
//!    ```text
//!    Function {
//!        builtin: Builtin::Cbrt,
//!        name: "cbrt",
//!        summary: "The cube root.",
//!        compute: Compute::Numbers(|numbers| first(numbers).cbrt()),
//!        examples: &[("cbrt(-8)", "-2")],
//!        ..ONE
//!    },
//!    ```
//! 2. Add the line `Cbrt` to [`Builtin`]. The order of its variants is that of nothing else.
//!
//! That is all. Names, counts and types of arguments are checked by the entry, both evaluators compute
//! by it, a missing argument makes the result missing without its doing, and the reference shows it.
//! The tests hold that every variant has one entry and that every example gives its value.
//!
//! A new family is a file with a list of its own, named among the modules below and in [`functions`].
//! Warnings (see [`reason`](super::reason)) take a function whose results they know nothing of as
//! giving anything; where it has bounds, like `month`, a line there tells them.

pub mod compute;
pub mod forms;
mod known;
mod numbers;
pub mod operators;
mod text;
mod time;

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono_tz::Tz;

use crate::model::{Timestamp, Type};

pub use known::bucket;

/// When and where an evaluation takes place: what `now()` and local days mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant of the run.
    pub now: Timestamp,
    /// What local days and hours mean.
    pub timezone: Tz,
}

/// A function of the language: what it takes and gives, and what it means.
#[derive(Debug)]
pub struct Function {
    /// Which one.
    pub builtin: Builtin,
    /// As called.
    pub name: &'static str,
    /// What it takes, in order.
    pub parameters: &'static [Parameter],
    /// Whether the last parameter can be left out.
    pub last_is_optional: bool,
    /// Whether the last parameter can be given more than once.
    pub last_repeats: bool,
    /// What it gives.
    pub returns: Gives,
    /// What it means, a sentence.
    pub summary: &'static str,
    /// When it is missing.
    pub missing: &'static str,
    /// How it is computed.
    pub compute: Compute,
    /// Calls with their values as text; `missing` where there is none.
    pub examples: &'static [(&'static str, &'static str)],
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// For the reference.
    pub name: &'static str,
    /// What may stand for it.
    pub accepts: Accepts,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// A value of any type.
    Any,
    /// A number.
    Number,
    /// Text or a choice.
    Text,
    /// Text in quotes, known when the policy is loaded.
    TextLiteral,
    /// A date.
    Date,
    /// A time.
    Time,
    /// Either.
    DateOrTime,
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A number.
    Number,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A date.
    Date,
    /// A time.
    Time,
}

/// How a function is computed from known arguments. Numbers, dates (day numbers) and times
/// (milliseconds) are all `f64`; a result that is not finite is missing.
#[derive(Clone, Copy, Debug)]
pub enum Compute {
    /// Numbers to a number.
    Numbers(fn(&[f64]) -> f64),
    /// A text to a number.
    TextToNumber(fn(&str) -> f64),
    /// A text to a text.
    TextToText(fn(&str) -> Cow<'_, str>),
    /// Two texts to true or false.
    Texts(fn(&str, &str) -> bool),
    /// From the moment alone.
    Moment(fn(&Moment) -> f64),
    /// From a date or a time, each its own way.
    Civil {
        /// From a day number.
        date: fn(f64, &Moment) -> f64,
        /// From milliseconds.
        time: fn(f64, &Moment) -> f64,
    },
    /// Whether the argument is known (or is missing).
    Known(bool),
    /// How many arguments are known.
    CountKnown,
    /// A salt and the customer's id to a number.
    PerCustomer(fn(&str, &str) -> f64),
}

impl Gives {
    /// As a type.
    #[must_use]
    pub const fn ty(self) -> Type {
        match self {
            Self::Number => Type::Number,
            Self::Text => Type::Text,
            Self::Bool => Type::Bool,
            Self::Date => Type::Date,
            Self::Time => Type::Time,
        }
    }
}

impl Accepts {
    /// In words, for messages and the reference.
    #[must_use]
    pub const fn described(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Number => "a number",
            Self::Text => "text",
            Self::TextLiteral => "text in quotes",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::DateOrTime => "a date or a time",
        }
    }
}

impl Function {
    /// How it is called: `round(number, digits?)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let last = self.parameters.len().saturating_sub(1);
        let shown: Vec<String> = self
            .parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| match parameter.name {
                name if index == last && self.last_is_optional => format!("{name}?"),
                name if index == last && self.last_repeats => format!("{name}, …"),
                name => name.to_owned(),
            })
            .collect();
        format!("{}({})", self.name, shown.join(", "))
    }

    /// What it takes: `a number, a number`.
    #[must_use]
    pub fn takes(&self) -> String {
        let takes: Vec<&str> =
            self.parameters.iter().map(|parameter| parameter.accepts.described()).collect();
        if takes.is_empty() { "nothing".to_owned() } else { takes.join(", ") }
    }
}

static FUNCTIONS: LazyLock<Vec<&'static Function>> = LazyLock::new(|| {
    let families = [numbers::FUNCTIONS, text::FUNCTIONS, time::FUNCTIONS, known::FUNCTIONS];
    let mut functions: Vec<&'static Function> = families.into_iter().flatten().collect();
    functions.sort_by_key(|function| function.builtin as usize);
    functions
});

/// Every function, in the order of [`Builtin`].
pub fn functions() -> impl Iterator<Item = &'static Function> {
    FUNCTIONS.iter().copied()
}

/// The function of a name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Function> {
    functions().find(|function| function.name == name)
}

impl Builtin {
    /// What it takes, gives and means.
    #[must_use]
    pub fn function(self) -> Option<&'static Function> {
        FUNCTIONS.get(self as usize).copied()
    }
}

/// A line of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As called.
    pub name: &'static str,
    /// How it is called.
    pub signature: String,
    /// What it takes, in order.
    pub takes: String,
    /// What it gives.
    pub returns: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// When it is missing.
    pub missing: &'static str,
    /// Calls with their values.
    pub examples: &'static [(&'static str, &'static str)],
}

/// Everything that can be called, by name.
#[must_use]
pub fn catalog() -> Vec<Entry> {
    let functions = functions().map(|function| Entry {
        name: function.name,
        signature: function.signature(),
        takes: function.takes(),
        returns: function.returns.ty().name(),
        summary: function.summary,
        missing: function.missing,
        examples: function.examples,
    });
    let forms = forms::FORMS.iter().map(|form| Entry {
        name: form.name,
        signature: form.signature.to_owned(),
        takes: form.takes.to_owned(),
        returns: form.returns,
        summary: form.summary,
        missing: form.missing,
        examples: form.examples,
    });
    let mut entries: Vec<Entry> = functions.chain(forms).collect();
    entries.sort_by_key(|entry| entry.name);
    entries
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
