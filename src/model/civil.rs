//! Civil time in a zone: instants to local time and back. Local times that a daylight-saving
//! change skips mean the moment after the gap; those that occur twice mean the first.

use chrono::{Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::time::{Date, Timestamp};

/// The local time in `zone` at an instant; `None` beyond chrono's range.
#[must_use]
pub fn local(at: Timestamp, zone: Tz) -> Option<NaiveDateTime> {
    at.to_utc().map(|at| at.with_timezone(&zone).naive_local())
}

/// An instant for people: local time to the minute, and the zone.
#[must_use]
pub fn in_words(at: Timestamp, zone: Tz) -> String {
    let local = local(at, zone);
    let local = local.map_or_else(|| at.to_string(), |local| local.format("%Y-%m-%d %H:%M").to_string());
    format!("{local} {zone}")
}

/// The local day in `zone` at an instant.
#[must_use]
pub fn local_date(at: Timestamp, zone: Tz) -> Option<Date> {
    local(at, zone).map(|local| Date::from(local.date()))
}

/// The instant of a local time in `zone`.
#[must_use]
pub fn resolve(local: NaiveDateTime, zone: Tz) -> Timestamp {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => {
            Timestamp::from(at.with_timezone(&Utc))
        }
        MappedLocalTime::None => end_of_gap(local, zone),
    }
}

/// The instant at which local midnight begins a day in `zone`.
#[must_use]
pub fn midnight(day: Date, zone: Tz) -> Option<Timestamp> {
    day.to_naive().map(|day| resolve(day.and_time(NaiveTime::MIN), zone))
}

/// The first instant after a gap that swallows `local`: gaps end on a whole minute, and a local
/// time inside one is found by walking to the first minute that exists.
fn end_of_gap(local: NaiveDateTime, zone: Tz) -> Timestamp {
    const LONGEST_GAP_MINUTES: i64 = 26 * 60;
    let minute = local.with_second(0).and_then(|at| at.with_nanosecond(0)).unwrap_or(local);
    (1..=LONGEST_GAP_MINUTES)
        .find_map(|minutes| {
            let later = minute.checked_add_signed(chrono::Duration::minutes(minutes))?;
            zone.from_local_datetime(&later).earliest()
        })
        .map_or_else(|| Timestamp::from(local.and_utc()), |at| Timestamp::from(at.with_timezone(&Utc)))
}

/// The first day of the month, quarter or year that holds `day`.
#[must_use]
pub fn start_of(period: Period, day: NaiveDate) -> Option<NaiveDate> {
    let month = match period {
        Period::Month => day.month(),
        Period::Quarter => (day.month0() / 3) * 3 + 1,
        Period::Year => 1,
    };
    NaiveDate::from_ymd_opt(day.year(), month, 1)
}

/// A calendar period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// From the first of the month.
    Month,
    /// From the first of January, April, July or October.
    Quarter,
    /// From the first of January.
    Year,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: Tz) -> String {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
            .map_or_else(|error| error.to_string(), |local| resolve(local, zone).to_string())
    }

    #[test]
    fn a_skipped_local_time_means_the_moment_after_the_gap() {
        let zone = chrono_tz::Europe::London;
        assert_eq!(at("2027-03-28 01:30:15", zone), "2027-03-28T01:00:00Z");
        assert_eq!(at("2027-03-28 00:59:59", zone), "2027-03-28T00:59:59Z");
        assert_eq!(at("2011-12-30 12:00:00", chrono_tz::Pacific::Apia), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_repeated_local_time_means_the_first() {
        assert_eq!(at("2027-10-31 01:30:00", chrono_tz::Europe::London), "2027-10-31T00:30:00Z");
    }

    #[test]
    fn quarters_begin_in_january_april_july_and_october() {
        let day = NaiveDate::from_ymd_opt(2027, 6, 30);
        let start = day.and_then(|day| start_of(Period::Quarter, day));
        assert_eq!(start, NaiveDate::from_ymd_opt(2027, 4, 1));
    }
}
