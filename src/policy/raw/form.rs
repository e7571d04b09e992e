//! The form of what a key takes: said in words by the reference, held against the code that reads it,
//! and written as a rule into the schema for editors.

use super::reader::Key;

/// What a key takes.
#[derive(Debug)]
pub(crate) struct Takes {
    /// In words.
    pub(crate) words: &'static str,
    /// As a rule.
    pub(crate) form: Form,
}

/// A rule for a value.
#[derive(Debug)]
pub(crate) enum Form {
    /// Any text.
    Text,
    /// Text that is not empty.
    Word,
    /// Text that a regular expression matches as a whole.
    Matching(&'static str),
    /// Text of the form of a name, such as one of a table.
    Name,
    /// An expression of the language.
    Expression,
    /// A time zone of the IANA database.
    Zone,
    /// A time of day.
    Clock,
    /// A percentage of something.
    Share,
    /// A duration.
    Duration,
    /// A duration of fixed length above zero.
    Fixed,
    /// A civil day, as a date or text.
    Date,
    /// A time with its offset, as text.
    Instant,
    /// `true` or `false`.
    Flag,
    /// A number within bounds.
    Number(Bounds),
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// One of some words.
    Words(&'static [&'static str]),
    /// A value of any type but a list or a table.
    Constant,
    /// What a payload may hold: anything.
    Anything,
    /// Any of several.
    Either(&'static [Form]),
    /// A list with so many items at least.
    List(usize, &'static Form),
    /// A table with keys of its own.
    Table(&'static Part),
    /// A list of so many such tables at least.
    Tables(usize, &'static Part),
    /// A list of tables that have these keys and others as well, which hold constants.
    Rows(&'static Part),
    /// A table whose keys are free.
    Map(MapKeys, &'static Form),
}

/// Bounds of a number.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    /// It is greater than this.
    pub(crate) above: Option<f64>,
    /// The least allowed.
    pub(crate) least: Option<f64>,
    /// The greatest allowed.
    pub(crate) most: Option<f64>,
}

/// The keys of a table in which they are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapKeys {
    /// Names that are taken by no word of the language.
    Fields,
    /// Names.
    Names,
    /// Any.
    Any,
}

/// A table within a table.
#[derive(Debug)]
pub(crate) struct Part {
    /// What the reference calls it.
    pub(crate) title: &'static str,
    /// Its keys.
    pub(crate) keys: &'static [Key],
    /// What holds among its keys.
    pub(crate) constraints: &'static [Constraint],
}

/// What holds among the keys of a table.
#[derive(Debug)]
pub(crate) enum Constraint {
    /// Exactly one of these is there.
    One(&'static [&'static str]),
    /// At least one of these is there.
    Some(&'static [&'static str]),
    /// The first and the second exclude each other.
    Excludes(&'static str, &'static str),
    /// The first has no effect without one of the others.
    Needs(&'static str, &'static [&'static str]),
    /// Where a key has one of some words, another is there; elsewhere the other has no effect.
    Where { key: &'static str, words: &'static [&'static str], other: &'static str, needed: bool },
}

/// What a key takes, of a table that has these.
pub(crate) fn of_key(keys: &'static [Key], key: &str) -> Option<&'static Form> {
    keys.iter().find(|known| known.name == key).map(|known| &known.takes.form)
}

/// What a key takes, in words of its own.
pub(crate) const fn takes(words: &'static str, form: Form) -> Takes {
    Takes { words, form }
}

/// Any number.
pub(crate) const ANY: Bounds = Bounds { above: None, least: None, most: None };
/// Any text.
pub(crate) const TEXT: Takes = takes("text", Form::Text);
/// Text that is not empty.
pub(crate) const WORD: Takes = takes("text", Form::Word);
/// A name.
pub(crate) const NAME: Takes = takes("name", Form::Name);
/// A condition over the customer.
pub(crate) const CONDITION: Takes = takes("condition", Form::Expression);
/// A condition over an event.
pub(crate) const EVENT_CONDITION: Takes = takes("condition over the event", Form::Expression);
/// An expression that gives a number.
pub(crate) const NUMBER_EXPRESSION: Takes = takes("number by expression", Form::Expression);
/// An expression of any type.
pub(crate) const EXPRESSION: Takes = takes("expression", Form::Expression);
/// The name of a kind of event.
pub(crate) const EVENT: Takes = takes("event kind", Form::Name);
/// A time zone.
pub(crate) const ZONE: Takes = takes("IANA time zone", Form::Zone);
/// A time of day.
pub(crate) const CLOCK: Takes = takes("time of day", Form::Clock);
/// A share.
pub(crate) const SHARE: Takes = takes("share", Form::Share);
/// A duration.
pub(crate) const DURATION: Takes = takes("duration", Form::Duration);
/// A duration of fixed length.
pub(crate) const FIXED: Takes = takes("duration", Form::Fixed);
/// `true` or `false`.
pub(crate) const FLAG: Takes = takes("true or false", Form::Flag);
/// Any number.
pub(crate) const NUMBER: Takes = takes("number", Form::Number(ANY));
/// Texts.
pub(crate) const WORDS: Takes = takes("list of texts", Form::List(0, &Form::Word));
/// Dates.
pub(crate) const DATES: Takes = takes("list of dates", Form::List(0, &Form::Date));
/// Values by name, each of any type.
pub(crate) const DATA: Takes = takes("table", Form::Map(MapKeys::Names, &Form::Constant));
/// A payload.
pub(crate) const PAYLOAD: Takes = takes("table", Form::Map(MapKeys::Any, &Form::Anything));
/// What becomes of a touch.
pub(crate) const EFFECT: Takes = takes("drop or wait", Form::Words(&["drop", "wait"]));

/// A number above a bound.
pub(crate) const fn above(bound: f64) -> Bounds {
    Bounds { above: Some(bound), ..ANY }
}

/// A number from a bound.
pub(crate) const fn from(bound: f64) -> Bounds {
    Bounds { least: Some(bound), ..ANY }
}

/// A number between bounds, both allowed.
pub(crate) const fn between(least: f64, most: f64) -> Bounds {
    Bounds { least: Some(least), most: Some(most), ..ANY }
}

/// A whole number.
pub(crate) const fn whole(least: u32, most: u32) -> Takes {
    takes("whole number", Form::Whole(least, most))
}

/// A table within.
pub(crate) const fn table(part: &'static Part) -> Takes {
    takes("table", Form::Table(part))
}

impl Form {
    /// This form, and those it is made of.
    pub(crate) fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match self {
            Self::Either(forms) => forms.iter().for_each(|form| form.each(visit)),
            Self::List(_, form) | Self::Map(_, form) => form.each(visit),
            _ => {}
        }
    }

    /// Whether it is, or may be, one of this sort.
    pub(crate) fn may_be(&self, sort: impl Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.each(&mut |form| found |= sort(form));
        found
    }

    /// What a key of it takes, where it is a table, a list of tables or may be either.
    pub(crate) fn under(&self, key: &str) -> Option<&'static Self> {
        match self {
            Self::Table(part) | Self::Tables(_, part) | Self::Rows(part) => of_key(part.keys, key),
            Self::Map(_, form) => Some(form),
            Self::Either(forms) => forms.iter().find_map(|form| form.under(key)),
            _ => None,
        }
    }

    /// Whether a text under it is an expression.
    pub(crate) fn is_expression(&self, text: &str) -> bool {
        match self {
            Self::Expression => true,
            Self::Either(forms) => {
                forms.iter().any(|form| form.is_expression(text))
                    && !forms.iter().any(|form| form.is_said_by(text))
            }
            _ => false,
        }
    }

    /// Whether a text can only be meant as this, where an expression might stand too.
    fn is_said_by(&self, text: &str) -> bool {
        match self {
            Self::Text | Self::Word => true,
            Self::Words(words) => words.contains(&text),
            Self::Zone => text.parse::<chrono_tz::Tz>().is_ok(),
            _ => false,
        }
    }

    /// The table within that it leads to, if there is one.
    pub(crate) fn part(&self) -> Option<&'static Part> {
        let mut found = None;
        self.each(&mut |form| {
            if let Self::Table(part) | Self::Tables(_, part) | Self::Rows(part) = form {
                found = Some(*part);
            }
        });
        found
    }
}
