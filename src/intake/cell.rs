//! One cell of a row to one value of a type.
//!
//! Blanks around anything but free text are allowed; a cell of nothing but blanks is empty then. Text
//! is kept as it stands.

use std::sync::Arc;

use hashbrown::HashSet;

use super::nearest::nearest;
use super::report::Reason;
use super::times::{Moment, Times};
use crate::model::{FieldShape, Timestamp, Type, Value};

/// A cell of a raw row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'row> {
    /// The row has no such column.
    Absent,
    /// JSON `null`.
    Null,
    /// Text, which may be empty.
    Text(&'row str),
    /// A JSON number.
    Number(&'row serde_json::Number),
    /// A JSON boolean.
    Bool(bool),
    /// A JSON array or object.
    Nested,
    /// Bytes that the encoding doesn't have.
    NotText,
    /// Text with a NUL in it.
    Nul,
}

impl<'row> Cell<'row> {
    /// A JSON value as a cell.
    pub(super) fn of(value: Option<&'row serde_json::Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(serde_json::Value::Null) => Self::Null,
            Some(serde_json::Value::String(text)) => Self::of_text(text),
            Some(serde_json::Value::Number(number)) => Self::Number(number),
            Some(serde_json::Value::Bool(flag)) => Self::Bool(*flag),
            Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => Self::Nested,
        }
    }

    /// Text as a cell. Many programs take a NUL for the text's end, so that two ids would look like one.
    pub(super) fn of_text(text: &'row str) -> Self {
        if text.contains('\0') { Self::Nul } else { Self::Text(text) }
    }

    /// Whether a cell read as text says what was sent: whole numbers beyond 64 bits are rounded as they are
    /// parsed, and two of them could become one text.
    fn exact(self) -> Result<(), Reason> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let rounded = |number: &serde_json::Number| {
            number.is_f64() && number.as_f64().is_some_and(|number| number.abs() >= EXACT)
        };
        if let Self::Number(number) = self
            && rounded(number)
        {
            Err(Reason::InexactText)
        } else {
            Ok(())
        }
    }
}

/// Reads cells of one source.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) times: Times,
    encoding: &'static str,
    /// Texts that were there before, so that a repeated one takes no memory of its own.
    texts: HashSet<Arc<str>>,
    scratch: String,
}

/// Only texts up to this many bytes are remembered, and so many of them.
const REMEMBERED_LENGTH: usize = 48;
const REMEMBERED: usize = 16_384;

impl Values {
    pub(super) fn new(times: Times, encoding: &'static str) -> Self {
        Self { times, encoding, texts: HashSet::new(), scratch: String::new() }
    }

    /// The value of a cell for a field; `None` where the cell is empty, absent or null.
    pub(super) fn field(&mut self, cell: Cell<'_>, shape: &FieldShape) -> Result<Option<Value>, Reason> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let value = match self.text(cell, &mut scratch) {
            Ok(Some(text)) => self.read(text, cell, shape),
            Ok(None) => Ok(None),
            Err(reason) => Err(reason),
        };
        self.scratch = scratch;
        value
    }

    /// The id in a cell, without the blanks around it; `None` where there is none.
    pub(super) fn id<'row>(
        &self,
        cell: Cell<'row>,
        scratch: &'row mut String,
    ) -> Result<Option<&'row str>, Reason> {
        cell.exact()?;
        // One who lacks an id in his data must not become the customer `false`.
        if matches!(cell, Cell::Bool(_)) {
            return Err(Reason::TruthAsId);
        }
        let id = self.text(cell, scratch)?.map(str::trim).filter(|id| !id.is_empty());
        id.map_or(Ok(None), |id| check_id(id).map(Some))
    }

    /// The time in a cell; `None` where there is none.
    pub(super) fn time(&mut self, cell: Cell<'_>) -> Result<Option<Moment>, Reason> {
        let mut scratch = String::new();
        let text = self.text(cell, &mut scratch)?.map(str::trim).filter(|text| !text.is_empty());
        text.map_or(Ok(None), |text| self.moment(text).map(Some))
    }

    fn moment(&mut self, text: &str) -> Result<Moment, Reason> {
        let moment = self.times.time(text);
        moment.ok_or_else(|| Reason::NotTime(text.to_owned(), self.times.expected().to_owned()))
    }

    /// A cell as text, where it holds anything.
    fn text<'row>(&self, cell: Cell<'row>, scratch: &'row mut String) -> Result<Option<&'row str>, Reason> {
        match cell {
            Cell::Absent | Cell::Null => Ok(None),
            Cell::Text(text) => Ok((!text.is_empty()).then_some(text)),
            Cell::Number(number) => {
                *scratch = number.to_string();
                Ok(Some(scratch))
            }
            Cell::Bool(flag) => Ok(Some(if flag { "true" } else { "false" })),
            Cell::Nested => Err(Reason::Nested),
            Cell::NotText => Err(Reason::NotText(self.encoding)),
            Cell::Nul => Err(Reason::Nul),
        }
    }

    fn read(&mut self, text: &str, cell: Cell<'_>, shape: &FieldShape) -> Result<Option<Value>, Reason> {
        if shape.ty == Type::Text {
            cell.exact()?;
            return Ok(Some(Value::Text(self.shared(text))));
        }
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = match &shape.ty {
            Type::Number => {
                let exact = if let Cell::Number(number) = cell { number.as_f64() } else { None };
                let number = exact.or_else(|| text.parse().ok()).filter(|number: &f64| number.is_finite());
                let number = number.ok_or_else(|| Reason::NotNumber(text.to_owned()))?;
                within(number, shape)?;
                Value::Number(number)
            }
            Type::Bool => Value::Bool(truth(text).ok_or_else(|| Reason::NotBool(text.to_owned()))?),
            Type::Date => Value::Date(self.times.date(text).ok_or_else(|| Reason::NotDate(text.to_owned()))?),
            Type::Time => Value::Time(self.moment(text)?.at),
            Type::Choice(words) => Value::Text(word(text, words)?),
            Type::Text => Value::Text(self.shared(text)),
        };
        Ok(Some(value))
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if text.len() > REMEMBERED_LENGTH {
            return text.into();
        }
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        if self.texts.len() >= REMEMBERED {
            self.texts.clear();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&shared));
        shared
    }
}

/// An id of a length that the store takes.
pub(super) fn check_id(id: &str) -> Result<&str, Reason> {
    if id.len() > Reason::LONGEST_ID { Err(Reason::IdTooLong) } else { Ok(id) }
}

/// Holds the value of an expression or a constant to a field's bounds.
pub(super) fn checked(value: Value, shape: &FieldShape) -> Result<Value, Reason> {
    match (&value, &shape.ty) {
        (Value::Number(number), Type::Number) => within(*number, shape).map(|()| value),
        (Value::Text(text), Type::Choice(words)) => word(text, words).map(Value::Text),
        _ => Ok(value),
    }
}

/// An instant from the value of an expression or a constant for `at`.
pub(super) fn instant(value: &Value, values: &mut Values) -> Result<Timestamp, Reason> {
    match value {
        Value::Time(at) => Ok(*at),
        other => values.moment(other.to_string().trim()).map(|moment| moment.at),
    }
}

fn within(number: f64, shape: &FieldShape) -> Result<(), Reason> {
    if let Some(min) = shape.min.filter(|min| number < *min) {
        return Err(Reason::BelowMin(number.to_string(), min.to_string()));
    }
    if let Some(max) = shape.max.filter(|max| number > *max) {
        return Err(Reason::AboveMax(number.to_string(), max.to_string()));
    }
    Ok(())
}

fn truth(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "1", "yes"]) {
        Some(true)
    } else if is(["false", "0", "no"]) {
        Some(false)
    } else {
        None
    }
}

fn word(text: &str, words: &[Arc<str>]) -> Result<Arc<str>, Reason> {
    words
        .iter()
        .find(|word| &***word == text)
        .cloned()
        .ok_or_else(|| Reason::NotChoice(text.to_owned(), nearest(text, words.iter().map(|word| &**word))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Date;

    fn shape(ty: Type) -> FieldShape {
        FieldShape::new("field", ty)
    }

    fn read(text: &str, ty: Type) -> Result<Option<Value>, Reason> {
        let mut values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        values.field(Cell::Text(text), &shape(ty))
    }

    #[test]
    fn a_number_is_finite_and_may_have_blanks_around_it() {
        assert_eq!(read(" -2.5e1 ", Type::Number), Ok(Some(Value::Number(-25.0))));
        assert_eq!(read("   ", Type::Number), Ok(None));
        for text in ["NaN", "inf", "-infinity", "1e999", "1,5", "0x10", "12 3"] {
            assert_eq!(read(text, Type::Number), Err(Reason::NotNumber(text.into())));
        }
    }

    #[test]
    fn a_number_keeps_to_its_bounds() {
        let bounded = FieldShape { min: Some(0.0), max: Some(1.0), ..shape(Type::Number) };
        let mut values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        assert_eq!(values.field(Cell::Text("1"), &bounded), Ok(Some(Value::Number(1.0))));
        assert_eq!(
            values.field(Cell::Text("1.01"), &bounded),
            Err(Reason::AboveMax("1.01".into(), "1".into()))
        );
        assert_eq!(values.field(Cell::Text("-1"), &bounded), Err(Reason::BelowMin("-1".into(), "0".into())));
        assert_eq!(checked(Value::Number(2.0), &bounded), Err(Reason::AboveMax("2".into(), "1".into())));
    }

    #[test]
    fn true_and_false_have_three_words_each() {
        for (text, flag) in
            [("true", true), ("1", true), ("YES", true), ("False", false), ("0", false), ("no", false)]
        {
            assert_eq!(read(text, Type::Bool), Ok(Some(Value::Bool(flag))));
        }
        assert_eq!(read("on", Type::Bool), Err(Reason::NotBool("on".into())));
    }

    #[test]
    fn text_is_kept_as_it_stands() {
        assert_eq!(read(" a ", Type::Text), Ok(Some(Value::text(" a "))));
        assert_eq!(read("", Type::Text), Ok(None));
    }

    #[test]
    fn a_choice_must_be_one_of_its_words_and_the_nearest_is_named() {
        let ty = Type::Choice(["paid".into(), "cancelled".into()].into());
        assert_eq!(read(" paid ", ty.clone()), Ok(Some(Value::text("paid"))));
        assert_eq!(read("canceled", ty), Err(Reason::NotChoice("canceled".into(), Some("cancelled".into()))));
    }

    #[test]
    fn days_are_days_of_the_calendar() {
        assert_eq!(read("2024-02-29", Type::Date), Ok(Date::parse("2024-02-29").map(Value::Date)));
        assert_eq!(read("2023-02-29", Type::Date), Err(Reason::NotDate("2023-02-29".into())));
    }

    #[test]
    fn json_values_serve_where_they_fit() {
        let mut values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        let number = serde_json::Number::from(17_850);
        assert_eq!(values.field(Cell::Number(&number), &shape(Type::Text)), Ok(Some(Value::text("17850"))));
        assert_eq!(
            values.field(Cell::Number(&number), &shape(Type::Number)),
            Ok(Some(Value::Number(17_850.0)))
        );
        assert_eq!(values.field(Cell::Bool(true), &shape(Type::Bool)), Ok(Some(Value::Bool(true))));
        assert_eq!(
            values.field(Cell::Bool(true), &shape(Type::Number)),
            Err(Reason::NotNumber("true".into()))
        );
        assert_eq!(values.field(Cell::Nested, &shape(Type::Text)), Err(Reason::Nested));
        let one = serde_json::Number::from(1);
        assert_eq!(values.field(Cell::Number(&one), &shape(Type::Bool)), Ok(Some(Value::Bool(true))));
    }

    #[test]
    fn a_number_that_was_rounded_is_no_id_and_no_text() {
        let mut values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        let rounded: serde_json::Value = serde_json::from_str("12345678901234567890123").unwrap();
        let cell = Cell::of(Some(&rounded));
        assert_eq!(values.id(cell, &mut String::new()), Err(Reason::InexactText));
        assert_eq!(values.field(cell, &shape(Type::Text)), Err(Reason::InexactText));
        assert!(values.field(cell, &shape(Type::Number)).is_ok());
        let whole = serde_json::json!(u64::MAX);
        assert_eq!(values.id(Cell::of(Some(&whole)), &mut String::new()), Ok(Some("18446744073709551615")));
    }

    #[test]
    fn a_truth_is_no_id() {
        let values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        for flag in [true, false] {
            assert_eq!(values.id(Cell::Bool(flag), &mut String::new()), Err(Reason::TruthAsId));
        }
    }

    #[test]
    fn a_nul_is_in_no_text() {
        let mut values = Values::new(Times::new(None, chrono_tz::UTC), "UTF-8");
        let text = serde_json::json!("c1\u{0}x");
        assert_eq!(values.id(Cell::of(Some(&text)), &mut String::new()), Err(Reason::Nul));
        assert_eq!(values.field(Cell::of_text("a\0"), &shape(Type::Text)), Err(Reason::Nul));
    }
}
