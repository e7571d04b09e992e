//! Local minutes and days as the files write them.

use std::fmt::{self, Display, Formatter};

use chrono::Datelike;

use super::season::DAY_MINUTES;
use crate::model;

/// A local minute since 1970-01-01: `2026-09-14 12:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub i64);

/// A local day since 1970-01-01: `2026-09-14`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Display for Minute {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let minute = self.0.rem_euclid(DAY_MINUTES);
        write!(out, "{} {:02}:{:02}", Day(self.0.div_euclid(DAY_MINUTES)), minute / 60, minute % 60)
    }
}

impl Display for Day {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let date = i32::try_from(self.0).ok().and_then(|day| model::Date(day).to_naive()).unwrap_or_default();
        write!(out, "{}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_days_are_written_as_people_do() {
        assert_eq!(Minute(20_000 * DAY_MINUTES + 5).to_string(), "2024-10-04 00:05");
        assert_eq!(Day(-1).to_string(), "1969-12-31");
    }
}
