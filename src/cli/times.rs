//! Times as people write and read them, in the policies' timezone.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

use super::failure::Failure;
use crate::model::{Timestamp, civil};
use crate::ports::Clock;
use crate::ports::simulated::SetClock;
use crate::ports::system::SystemClock;

/// Reads RFC 3339, a local date (its midnight) or a local date and time.
pub(super) fn parse(text: &str, timezone: Tz) -> Result<Timestamp, Failure> {
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok(at);
    }
    let formats = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"];
    let local = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)));
    local.map(|local| civil::resolve(local, timezone)).ok_or_else(|| {
        Failure::Input(format!(
            "`{text}` is no time: write 2027-03-01, \"2027-03-01 09:00\" or 2027-03-01T09:00:00+08:00"
        ))
    })
}

/// Reads a time that ends something: a day counts to its end.
pub(super) fn parse_end(text: &str, timezone: Tz) -> Result<Timestamp, Failure> {
    let next = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.succ_opt());
    match next {
        Some(next) => Ok(civil::resolve(next.and_time(NaiveTime::MIN), timezone).plus(-1)),
        None => parse(text, timezone),
    }
}

/// The clock a command goes by: one that stands at `now` where that is given.
pub(super) fn clock(now: Option<&str>, timezone: Tz) -> Result<Arc<dyn Clock>, Failure> {
    match now {
        Some(text) => Ok(Arc::new(SetClock::at(parse(text, timezone)?))),
        None => Ok(Arc::new(SystemClock)),
    }
}

/// `2027-03-01 09:00:00` in the timezone.
pub(super) fn show(at: Timestamp, timezone: Tz) -> String {
    civil::local(at, timezone)
        .map_or_else(|| at.to_string(), |local| local.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_timezone_unless_they_have_their_own() {
        let zone = chrono_tz::Asia::Shanghai;
        let read = |text: &str| parse(text, zone).map(|at| at.to_string()).ok();
        assert_eq!(read("2027-03-01"), Some("2027-02-28T16:00:00Z".to_owned()));
        assert_eq!(read("2027-03-01 09:00"), Some("2027-03-01T01:00:00Z".to_owned()));
        assert_eq!(read("2027-03-01T09:00:00Z"), Some("2027-03-01T09:00:00Z".to_owned()));
        assert_eq!(read("tomorrow"), None);
        let end = |text: &str| parse_end(text, zone).map(|at| at.to_string()).ok();
        assert_eq!(end("2027-03-01"), Some("2027-03-01T15:59:59.999Z".to_owned()));
        assert_eq!(end("2027-03-01 09:00"), Some("2027-03-01T01:00:00Z".to_owned()));
        assert_eq!(show(Timestamp(0), zone), "1970-01-01 08:00:00");
    }
}
