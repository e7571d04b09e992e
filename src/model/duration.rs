//! Durations as policies write them: `30s 15m 48h 90d 12w 3mo 1y`.

use std::fmt;

use chrono::Months;
use chrono_tz::Tz;

use super::civil;
use super::time::{DAY, Timestamp};

/// A length of time. Fixed lengths are exact; months and years follow the calendar of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duration {
    /// Milliseconds, from `s m h d w`; a day is 24 hours.
    Fixed(i64),
    /// Calendar months, from `mo` and `y` (twelve).
    Months(u32),
}

/// Why text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No leading whole number.
    #[error("a duration starts with a whole number, as in \"90d\"")]
    NoNumber,
    /// The unit is none of those known.
    #[error("the unit must be one of s, m, h, d, w, mo, y")]
    UnknownUnit,
    /// Longer than a thousand years.
    #[error("the duration is too long")]
    TooLong,
}

impl Duration {
    const LONGEST: i64 = 365_250 * DAY;

    /// So many days of 24 hours.
    #[must_use]
    pub const fn days(days: i64) -> Self {
        Self::Fixed(days * DAY)
    }

    /// Reads `90d`.
    ///
    /// # Errors
    /// Says which part of the text is off.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(DurationError::NoNumber);
        }
        let number: i64 = number.parse().map_err(|_| DurationError::TooLong)?;
        let unit_milliseconds = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => DAY,
            "w" => 7 * DAY,
            "mo" | "y" => return Self::months(number, if unit == "y" { 12 } else { 1 }),
            _ => return Err(DurationError::UnknownUnit),
        };
        match number.checked_mul(unit_milliseconds) {
            Some(milliseconds) if milliseconds <= Self::LONGEST => Ok(Self::Fixed(milliseconds)),
            _ => Err(DurationError::TooLong),
        }
    }

    fn months(number: i64, each: u32) -> Result<Self, DurationError> {
        let months = u32::try_from(number).ok().and_then(|number| number.checked_mul(each));
        match months {
            Some(months) if months <= 12_000 => Ok(Self::Months(months)),
            _ => Err(DurationError::TooLong),
        }
    }

    /// Whether nothing passes.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Fixed(0) | Self::Months(0))
    }

    /// The milliseconds of a fixed length; `None` for months and years.
    #[must_use]
    pub const fn fixed(self) -> Option<i64> {
        match self {
            Self::Fixed(milliseconds) => Some(milliseconds),
            Self::Months(_) => None,
        }
    }

    /// The instant this long after `from`. Months keep the local time of day in `zone` and hold
    /// at the month's last day (31 January + `1mo` is the last of February).
    #[must_use]
    pub fn after(self, from: Timestamp, zone: Tz) -> Timestamp {
        self.shift(from, zone, true)
    }

    /// The instant this long before `from`, by the same rules as [`Duration::after`].
    #[must_use]
    pub fn before(self, from: Timestamp, zone: Tz) -> Timestamp {
        self.shift(from, zone, false)
    }

    fn shift(self, from: Timestamp, zone: Tz, forward: bool) -> Timestamp {
        match self {
            Self::Fixed(milliseconds) => from.plus(if forward { milliseconds } else { -milliseconds }),
            Self::Months(months) => {
                let Some(local) = civil::local(from, zone) else { return from };
                let months = Months::new(months);
                let moved =
                    if forward { local.checked_add_months(months) } else { local.checked_sub_months(months) };
                moved.map_or(from, |moved| civil::resolve(moved, zone))
            }
        }
    }
}

/// Writes the largest unit that divides the length: `Fixed(172_800_000)` is `2d`.
impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Months(months) if months > 0 && months % 12 == 0 => write!(formatter, "{}y", months / 12),
            Self::Months(months) => write!(formatter, "{months}mo"),
            Self::Fixed(milliseconds) => {
                for (unit, size) in [("d", DAY), ("h", 3_600_000), ("m", 60_000)] {
                    if milliseconds % size == 0 {
                        return write!(formatter, "{}{unit}", milliseconds / size);
                    }
                }
                write!(formatter, "{}s", milliseconds / 1_000)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_reads() {
        assert_eq!(Duration::parse("30s"), Ok(Duration::Fixed(30_000)));
        assert_eq!(Duration::parse("15m"), Ok(Duration::Fixed(900_000)));
        assert_eq!(Duration::parse("12w"), Ok(Duration::days(84)));
        assert_eq!(Duration::parse("3mo"), Ok(Duration::Months(3)));
        assert_eq!(Duration::parse("1y"), Ok(Duration::Months(12)));
        assert_eq!(Duration::parse("d"), Err(DurationError::NoNumber));
        assert_eq!(Duration::parse("5 days"), Err(DurationError::UnknownUnit));
        assert_eq!(Duration::parse("99999999999999999999d"), Err(DurationError::TooLong));
    }

    #[test]
    fn a_month_after_the_31st_is_the_last_day_of_the_next_month() {
        let from = Timestamp::parse_rfc3339("2027-01-31T09:00:00+08:00").unwrap_or_default();
        let after = Duration::Months(1).after(from, chrono_tz::Asia::Shanghai);
        assert_eq!(after.to_string(), "2027-02-28T01:00:00Z");
    }
}
