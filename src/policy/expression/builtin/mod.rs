//! The functions of the expression language: what they take and give, what missing does to them,
//! and how they are computed. Both evaluators compute by [`Compute`], so a meaning stands once.
//!
//! # Adding a function
//!
//! Say `cbrt(number)`, the cube root. In the file of its family, here `numbers.rs`, add an entry to
//! `FUNCTIONS`: its name and parameters, what it gives, a sentence on what it means, one on when it is
//! missing, how it is computed (one of [`Compute`]) and examples with their values.
//! ```text
//! Function {
//!     name: "cbrt",
//!     summary: "The cube root.",
//!     compute: Compute::Numbers(|numbers| first(numbers).cbrt()),
//!     examples: &[("cbrt(-8)", "-2")],
//!     ..ONE
//! },
//! ```
//! That is all. Names, counts and types of arguments are checked by the entry, both evaluators compute
//! by it, a missing argument makes the result missing without its doing, and the reference shows it.
//! The tests hold that names are unique and that every example gives its value, in rows and in columns.
//!
//! A new family is a file with a list of its own and one line in `FAMILIES` below (and Rust's `mod`).
//!
//! What more there is to say is said in the entry too, where it is known: [`Function::results`] tells
//! warnings what the results can be (`cbrt` keeps the sign), and [`Function::kernel`] names a loop over
//! columns where one is worth having.

pub mod compute;
pub mod forms;
mod known;
mod numbers;
pub mod operators;
pub mod results;
mod text;
mod time;

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use chrono_tz::Tz;
use results::Results;

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

/// A function of the language as expressions hold it, resolved by name, count and types of arguments.
pub type Builtin = &'static Function;

/// What a function of the language takes and gives, and what it means. Two of one name are the same.
#[derive(Debug)]
pub struct Function {
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
    /// A loop over columns that is faster than computing row by row.
    pub kernel: Option<Kernel>,
    /// What is known of its results without any data.
    pub results: Results,
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

/// Loops over whole columns. Most functions do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// The number without its sign.
    Absolute,
    /// The next whole number below.
    Floor,
    /// The next whole number above.
    Ceiling,
    /// The square root.
    SquareRoot,
    /// The first number to the power of the second.
    Power,
    /// The least, two by two.
    Least,
    /// The greatest, two by two.
    Greatest,
    /// Days from a time to the run.
    DaysSince,
    /// Days from the run to a time.
    DaysUntil,
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

    /// Whether it is `now()`.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.name == time::NOW
    }

    /// Whether missing arguments make the result missing.
    #[must_use]
    pub const fn is_strict(&self) -> bool {
        !matches!(self.compute, Compute::Known(_) | Compute::CountKnown)
    }

    /// What it takes: `a number, a number`.
    #[must_use]
    pub fn takes(&self) -> String {
        let takes: Vec<&str> =
            self.parameters.iter().map(|parameter| parameter.accepts.described()).collect();
        if takes.is_empty() { "nothing".to_owned() } else { takes.join(", ") }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Every family, in the order of their functions.
static FAMILIES: &[&[Function]] = &[numbers::FUNCTIONS, text::FUNCTIONS, time::FUNCTIONS, known::FUNCTIONS];

/// Every function.
pub fn functions() -> impl Iterator<Item = Builtin> {
    FAMILIES.iter().copied().flatten()
}

/// The function of a name.
#[must_use]
pub fn named(name: &str) -> Option<Builtin> {
    functions().find(|function| function.name == name)
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
