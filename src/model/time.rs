//! Instants and civil days as plain integers.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, SecondsFormat, TimeZone, Utc};
use serde::{Serialize, Serializer};

/// Milliseconds in a day of 24 hours.
pub const DAY: i64 = 86_400_000;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant as chrono's UTC time, or `None` beyond chrono's range (about ±262,000 years).
    #[must_use]
    pub fn to_utc(self) -> Option<DateTime<Utc>> {
        Utc.timestamp_millis_opt(self.0).single()
    }

    /// Reads RFC 3339 (`2027-03-01T09:00:00+08:00`).
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.timestamp_millis()))
    }

    /// This instant moved by so many milliseconds, held at the ends of the range.
    #[must_use]
    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

/// Writes RFC 3339 in UTC with milliseconds only where they are not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utc() {
            Some(at) => formatter.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => write!(formatter, "{} ms", self.0),
        }
    }
}

/// As it is written.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A civil day: days since 1970-01-01, no zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

impl Date {
    /// Day number of 1970-01-01 in chrono's count from the Common Era.
    const EPOCH_FROM_CE: i32 = 719_163;

    /// The day as chrono's date, or `None` beyond chrono's range.
    #[must_use]
    pub fn to_naive(self) -> Option<NaiveDate> {
        NaiveDate::from_num_days_from_ce_opt(self.0.checked_add(Self::EPOCH_FROM_CE)?)
    }

    /// Reads `2027-03-01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self::from)
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day.num_days_from_ce() - Self::EPOCH_FROM_CE)
    }
}

/// Writes `2027-03-01`.
impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_naive() {
            Some(day) => write!(formatter, "{day}"),
            None => write!(formatter, "day {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_survives_text_and_back() {
        for text in ["1970-01-01", "2024-02-29", "1900-03-01", "2027-12-31"] {
            assert_eq!(Date::parse(text).map(|day| day.to_string()), Some(text.to_owned()));
        }
        assert_eq!(Date::parse("1970-01-02"), Some(Date(1)));
        assert_eq!(Date::parse("2023-02-29"), None);
    }

    #[test]
    fn an_instant_is_written_in_utc() {
        let at = Timestamp::parse_rfc3339("2027-03-01T09:00:00+08:00");
        assert_eq!(at.map(|at| at.to_string()), Some("2027-03-01T01:00:00Z".to_owned()));
    }
}
