//! Values as SQLite holds them: numbers REAL, booleans 0 and 1, times milliseconds, dates and texts TEXT.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::model::{Date, Timestamp, Type, Value};

/// A value on its way into a statement.
pub(super) struct Bound<'value>(pub(super) Option<&'value Value>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            None => ToSqlOutput::Borrowed(ValueRef::Null),
            Some(Value::Number(number)) => ToSqlOutput::Borrowed(ValueRef::Real(*number)),
            Some(Value::Text(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Some(Value::Bool(flag)) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*flag))),
            Some(Value::Time(at)) => ToSqlOutput::Borrowed(ValueRef::Integer(at.0)),
            Some(Value::Date(day)) => ToSqlOutput::Owned(day.to_string().into()),
        })
    }
}

/// What the store holds; what is there under another type counts as missing.
pub(super) fn read_value(stored: ValueRef<'_>, ty: &Type) -> Option<Value> {
    match (ty, stored) {
        (Type::Number, ValueRef::Real(number)) => Value::number(number),
        (Type::Text | Type::Choice(_), ValueRef::Text(bytes)) => {
            std::str::from_utf8(bytes).ok().map(Value::text)
        }
        (Type::Bool, ValueRef::Integer(flag)) => Some(Value::Bool(flag != 0)),
        (Type::Date, ValueRef::Text(bytes)) => read_date(bytes).map(|day| Value::Date(Date(day))),
        (Type::Time, ValueRef::Integer(at)) => Some(Value::Time(Timestamp(at))),
        _ => None,
    }
}

/// Whether the store already holds this value.
pub(super) fn is_stored(stored: ValueRef<'_>, value: Option<&Value>) -> bool {
    match (stored, value) {
        (ValueRef::Null, None) => true,
        (ValueRef::Text(bytes), Some(Value::Text(text))) => bytes == text.as_bytes(),
        (ValueRef::Text(bytes), Some(Value::Date(day))) => read_date(bytes) == Some(day.0),
        #[expect(clippy::float_cmp, reason = "the same content is the same number to the bit")]
        (ValueRef::Real(number), Some(Value::Number(other))) => number == *other,
        (ValueRef::Integer(integer), Some(Value::Bool(flag))) => integer == i64::from(*flag),
        (ValueRef::Integer(integer), Some(Value::Time(at))) => integer == at.0,
        _ => false,
    }
}

/// A count as SQLite holds it; more than it can hold do not fit into memory.
pub(super) fn as_integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as it was written.
pub(super) fn as_count(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}

/// The day number of `2027-03-01`.
pub(super) fn read_date(text: &[u8]) -> Option<i32> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return std::str::from_utf8(text).ok().and_then(Date::parse).map(|day| day.0);
    };
    let digits = |digits: &[u8]| {
        digits.iter().try_fold(0_i32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
        })
    };
    let (year, month, day) = (digits(&[y1, y2, y3, y4])?, digits(&[m1, m2])?, digits(&[d1, d2])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(day_number(year, month, day))
}

/// Days since 1970-01-01 of a Gregorian date (Hinnant, "chrono-compatible low-level date algorithms"): years
/// begin in March, so that the leap day is the last.
fn day_number(year: i32, month: i32, day: i32) -> i32 {
    const DAYS_PER_ERA: i32 = 146_097;
    const EPOCH: i32 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_is_read_as_it_was_written() {
        for day in -150_000..150_000 {
            assert_eq!(read_date(Date(day).to_string().as_bytes()), Some(day), "{}", Date(day));
        }
        for text in ["2027-13-01", "2027-00-10", "2027-01-32", "x", "2027/01/01", ""] {
            assert_eq!(read_date(text.as_bytes()), None, "{text}");
        }
    }
}
