//! What an import says of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// How many rejected rows a report shows; the file of rejected rows has all.
pub const EXAMPLES: usize = 20;

/// How many row errors the report on an HTTP body lists.
pub const ROW_ERRORS: usize = 1_000;

/// What became of rows: each is counted in `rows` and in exactly one of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows read.
    pub rows: u64,
    /// Customers or events that were not known.
    pub new: u64,
    /// Known already, with the same content.
    pub same: u64,
    /// Known already, with other content: customers that changed, events that were corrected.
    pub replaced: u64,
    /// Of customers who were forgotten: neither stored nor written anywhere else.
    pub forgotten: u64,
    /// Left out by the source's `when`.
    pub filtered: u64,
    /// Turned away, each with a reason.
    pub rejected: u64,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportReport {
    /// The source's name.
    pub source: String,
    /// The file's name as rejected rows give it.
    pub file: String,
    /// SHA-256 of the file's bytes, lower-case hexadecimal.
    pub hash: String,
    /// The same content had been imported before by the same rules: nothing was read, nothing changed.
    pub already: bool,
    /// Counts of rows.
    pub tally: Tally,
    /// How many rows were rejected for which column and kind of reason.
    pub reasons: BTreeMap<(String, &'static str), u64>,
    /// The first [`EXAMPLES`] rejected rows.
    pub examples: Vec<Rejection>,
    /// Where the rejected rows are, if there are any.
    pub rejected_file: Option<PathBuf>,
}

/// Why and where a row of a file was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Line of the bad value in the (unpacked) file, from 1.
    pub line: u64,
    /// The file's column, or the target where no column is to blame; empty for a broken row.
    pub column: String,
    /// What is wrong with it.
    pub reason: Reason,
    /// The value is of a personal field: screens and logs don't show it.
    pub personal: bool,
}

/// What became of an HTTP body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BodyReport {
    /// Counts of rows.
    pub tally: Tally,
    /// The first [`ROW_ERRORS`] rows turned away, in order.
    pub errors: Vec<RowError>,
}

/// A row of an HTTP body that was turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Place in the array, or among the lines that are not blank, from 0.
    pub index: usize,
    /// The field, where one is to blame.
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: Reason,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rows stored, filtered or rejected so far.
    pub rows: u64,
    /// Bytes of the file, as stored, read so far.
    pub bytes: u64,
    /// Bytes of the file, as stored.
    pub total: u64,
}

/// Why a row is turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No value where one must be.
    Missing,
    /// Not a finite number.
    NotNumber(String),
    /// None of the words for true and false.
    NotBool(String),
    /// Not a day.
    NotDate(String),
    /// Not an instant; with the format that was expected.
    NotTime(String, String),
    /// None of the choice's words; with the nearest of them.
    NotChoice(String, Option<String>),
    /// Below the field's `min`.
    BelowMin(String, String),
    /// Above the field's `max`.
    AboveMax(String, String),
    /// Bytes that the encoding doesn't have.
    NotText(&'static str),
    /// Text with a NUL in it.
    Nul,
    /// A JSON number that was rounded where its digits matter.
    InexactText,
    /// A quote that is never closed, which takes all rows behind it.
    OpenQuote,
    /// An id longer than [`Reason::LONGEST_ID`] bytes.
    IdTooLong,
    /// A JSON array or object where a single value must be.
    Nested,
    /// An id is true or false.
    TruthAsId,
    /// Another number of cells than the header has.
    CellCount {
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// Not JSON; with what the parser says.
    NotJson(String),
    /// JSON, but not an object.
    NotObject,
    /// No such field; with the nearest.
    UnknownField(Option<String>),
    /// No such event kind; with the nearest.
    UnknownEvent(String, Option<String>),
    /// The engine alone records events of this kind.
    EngineEvent,
    /// An event that happens to nobody in particular names a customer.
    NobodyInParticular,
    /// A function from a script failed; with what went wrong.
    Script(String),
}

impl Reason {
    /// Most bytes of an id.
    pub const LONGEST_ID: usize = 512;

    /// The kind of reason, without the value: what counts go by.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotNumber(_) => "not a number",
            Self::NotBool(_) => "not true or false",
            Self::NotDate(_) => "not a date",
            Self::NotTime(..) => "not a time",
            Self::NotChoice(..) => "not one of the choices",
            Self::BelowMin(..) => "too small",
            Self::AboveMax(..) => "too large",
            Self::NotText(_) => "not in the encoding",
            Self::Nul => "holds a NUL",
            Self::InexactText => "not exact",
            Self::OpenQuote => "open quote",
            Self::IdTooLong => "too long",
            Self::Nested => "nested",
            Self::TruthAsId => "true or false",
            Self::CellCount { .. } => "another number of cells",
            Self::NotJson(_) => "not JSON",
            Self::NotObject => "not an object",
            Self::UnknownField(_) => "unknown field",
            Self::UnknownEvent(..) => "unknown event",
            Self::EngineEvent => "the engine's own event",
            Self::NobodyInParticular => "has a customer",
            Self::Script(_) => "script failed",
        }
    }
}

/// What is wrong, for the operator; values are cut to a readable length.
impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("missing"),
            Self::NotNumber(text) => write!(formatter, "`{}` is not a number", cut(text)),
            Self::NotBool(text) => {
                write!(formatter, "`{}` is none of true, false, 1, 0, yes, no", cut(text))
            }
            Self::NotDate(text) => write!(formatter, "`{}` is not a date such as 2027-03-01", cut(text)),
            Self::NotTime(text, format) => {
                write!(formatter, "`{}` is not a time of the form {format}", cut(text))
            }
            Self::NotChoice(text, nearest) => {
                write!(formatter, "`{}` is not one of the choices", cut(text))?;
                suggest(formatter, nearest.as_deref())
            }
            Self::BelowMin(text, min) => write!(formatter, "{text} is less than the least allowed, {min}"),
            Self::AboveMax(text, max) => write!(formatter, "{text} is more than the most allowed, {max}"),
            Self::NotText(encoding) => write!(formatter, "holds bytes that are not {encoding}; is the source's `encoding` right?"),
            Self::Nul => formatter.write_str("holds a NUL character, which no text can have"),
            Self::InexactText => {
                formatter.write_str("a number this large is rounded: send it as text, in quotes")
            }
            Self::OpenQuote => formatter.write_str(
                "a quote in this row is never closed, so that it takes all that follows in the file: close or double it",
            ),
            Self::IdTooLong => write!(formatter, "an id has at most {} bytes", Self::LONGEST_ID),
            Self::Nested => formatter.write_str("an array or object where a single value must be"),
            Self::TruthAsId => formatter.write_str("true and false are no ids"),
            Self::CellCount { found, expected } => {
                write!(formatter, "the row has {found} cells, the header {expected}")
            }
            Self::NotJson(error) => write!(formatter, "not JSON: {error}"),
            Self::NotObject => formatter.write_str("not a JSON object"),
            Self::UnknownField(nearest) => {
                formatter.write_str("no such field")?;
                suggest(formatter, nearest.as_deref())
            }
            Self::UnknownEvent(text, nearest) => {
                write!(formatter, "no event kind is called `{}`", cut(text))?;
                suggest(formatter, nearest.as_deref())
            }
            Self::EngineEvent => formatter.write_str("events of this kind are recorded by the engine alone"),
            Self::Script(message) => formatter.write_str(message),
            Self::NobodyInParticular => {
                formatter.write_str("this event happens to nobody in particular: leave the customer out")
            }
        }
    }
}

fn suggest(formatter: &mut fmt::Formatter<'_>, nearest: Option<&str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(formatter, "; did you mean `{nearest}`?"))
}

/// The first characters of a value that may be anything.
fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
