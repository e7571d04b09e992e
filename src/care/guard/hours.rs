//! Only at certain hours, in the customer's own zone.

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::Verdict;
use crate::care::calendar::is_workday;
use crate::model::civil::{in_words, local_date, resolve};
use crate::model::{Date, Timestamp};
use crate::policy::compiled::{Calendar, Hours};

/// How many days ahead an opening is looked for.
const AHEAD: i32 = 400;

/// The zone of a customer whose zone is named so, and whether the name told it.
#[must_use]
pub fn zone_of(name: Option<&str>, otherwise: Tz) -> (Tz, bool) {
    match name.and_then(|name| name.trim().parse().ok()) {
        Some(zone) => (zone, true),
        None => (otherwise, false),
    }
}

/// Decides about a touch at a real time. A window belongs to the day on which it opens: where it crosses midnight,
/// that day must be a working day, not the next.
#[must_use]
pub fn decide(hours: &Hours, calendar: Option<&Calendar>, zone: Tz, at: Timestamp) -> Verdict {
    let Some(today) = local_date(at, zone) else { return never() };
    // Yesterday's window may last until today.
    for ahead in -1..=AHEAD {
        let day = Date(today.0.saturating_add(ahead));
        if calendar.is_some_and(|calendar| !is_workday(calendar, day)) {
            continue;
        }
        let Some((opens, closes)) = window(hours, day, zone) else { continue };
        if at >= closes || opens >= closes {
            continue;
        }
        if opens <= at {
            return Verdict::Passes;
        }
        return Verdict::Waits {
            reason: format!("closed until {}", in_words(opens, zone)),
            until: Some(opens),
        };
    }
    never()
}

fn never() -> Verdict {
    Verdict::Waits { reason: format!("doesn't open within {AHEAD} days"), until: None }
}

/// When the window of a day opens and closes. Local times that are skipped mean the moment after the gap, those that
/// occur twice the first.
fn window(hours: &Hours, day: Date, zone: Tz) -> Option<(Timestamp, Timestamp)> {
    let midnight = day.to_naive()?.and_time(NaiveTime::MIN);
    let instant =
        |minutes: i64| Some(resolve(midnight.checked_add_signed(TimeDelta::minutes(minutes))?, zone));
    let over_midnight = if hours.until <= hours.from { 24 * 60 } else { 0 };
    Some((instant(hours.from.into())?, instant(i64::from(hours.until) + over_midnight)?))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::Timelike;
    use chrono_tz::{America, Asia, Europe, Pacific};
    use proptest::prelude::*;

    use super::*;
    use crate::policy::compiled::About;

    fn hours(from: &str, until: &str) -> Hours {
        let minutes = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        Hours { from: minutes(from), until: minutes(until), calendar: None, timezone: None }
    }

    fn calendar(holidays: &[&str], workdays: &[&str]) -> Calendar {
        let days = |texts: &[&str]| -> BTreeSet<Date> {
            texts.iter().map(|text| Date::parse(text).unwrap()).collect()
        };
        Calendar {
            name: "cn".into(),
            about: About::default(),
            weekend: [false, false, false, false, false, true, true],
            holidays: days(holidays),
            workdays: days(workdays),
            days: BTreeMap::new(),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    /// `open`, or when it opens.
    fn says(hours: &Hours, calendar: Option<&Calendar>, zone: Tz, when: &str) -> String {
        match decide(hours, calendar, zone, at(when)) {
            Verdict::Passes => "open".to_owned(),
            Verdict::Waits { until, .. } => until.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            Verdict::Drops { .. } => "dropped".to_owned(),
        }
    }

    #[test]
    fn it_is_open_from_the_first_minute_until_the_last() {
        let day = hours("09:00", "20:00");
        let zone = Asia::Shanghai;
        assert_eq!(says(&day, None, zone, "2027-03-01T08:59:59.999+08:00"), "2027-03-01T01:00:00Z");
        assert_eq!(says(&day, None, zone, "2027-03-01T09:00:00+08:00"), "open");
        assert_eq!(says(&day, None, zone, "2027-03-01T19:59:59.999+08:00"), "open");
        assert_eq!(says(&day, None, zone, "2027-03-01T20:00:00+08:00"), "2027-03-02T01:00:00Z");
    }

    #[test]
    fn a_window_across_midnight_belongs_to_the_day_it_began_on() {
        let night = hours("22:00", "06:00");
        // 2027-03-05 is a Friday.
        let cn = calendar(&[], &[]);
        assert_eq!(says(&night, None, Tz::UTC, "2027-03-05T03:00:00Z"), "open");
        assert_eq!(says(&night, None, Tz::UTC, "2027-03-05T06:00:00Z"), "2027-03-05T22:00:00Z");
        assert_eq!(says(&night, Some(&cn), Tz::UTC, "2027-03-06T03:00:00Z"), "open", "Friday's night");
        assert_eq!(says(&night, Some(&cn), Tz::UTC, "2027-03-06T23:00:00Z"), "2027-03-08T22:00:00Z");
        assert_eq!(
            says(&night, Some(&cn), Tz::UTC, "2027-03-08T03:00:00Z"),
            "2027-03-08T22:00:00Z",
            "Sunday's"
        );
    }

    #[test]
    fn days_off_are_closed_and_make_up_days_open() {
        let day = hours("09:00", "20:00");
        let cn = calendar(&["2027-02-08", "2027-02-09"], &["2027-02-07"]);
        assert_eq!(says(&day, Some(&cn), Tz::UTC, "2027-02-06T10:00:00Z"), "2027-02-07T09:00:00Z");
        assert_eq!(says(&day, Some(&cn), Tz::UTC, "2027-02-07T10:00:00Z"), "open", "a Sunday made up for");
        assert_eq!(says(&day, Some(&cn), Tz::UTC, "2027-02-08T10:00:00Z"), "2027-02-10T09:00:00Z");
    }

    #[test]
    fn whole_days_follow_the_calendar() {
        let days = hours("00:00", "24:00");
        let cn = calendar(&[], &[]);
        assert_eq!(says(&days, Some(&cn), Tz::UTC, "2027-03-05T23:59:59Z"), "open");
        assert_eq!(says(&days, Some(&cn), Tz::UTC, "2027-03-06T00:00:00Z"), "2027-03-08T00:00:00Z");
    }

    #[test]
    fn an_opening_that_is_skipped_is_the_moment_after_the_gap() {
        // London skips from 01:00 to 02:00 on 2027-03-28.
        let early = hours("01:30", "05:00");
        assert_eq!(says(&early, None, Europe::London, "2027-03-28T00:59:59Z"), "2027-03-28T01:00:00Z");
        assert_eq!(says(&early, None, Europe::London, "2027-03-28T01:00:00Z"), "open");
        // A window that is skipped as a whole does not open that day.
        let short = hours("01:10", "01:50");
        assert_eq!(says(&short, None, Europe::London, "2027-03-28T00:59:00Z"), "2027-03-29T00:10:00Z");
    }

    #[test]
    fn an_hour_that_occurs_twice_is_meant_the_first_time() {
        // London repeats 01:00 to 02:00 on 2027-10-31, first at 00:00 UTC.
        let early = hours("01:30", "05:00");
        assert_eq!(says(&early, None, Europe::London, "2027-10-31T00:29:00Z"), "2027-10-31T00:30:00Z");
        assert_eq!(says(&early, None, Europe::London, "2027-10-31T01:10:00Z"), "open");
        let late = hours("00:30", "01:30");
        assert_eq!(says(&late, None, Europe::London, "2027-10-31T00:29:00Z"), "open");
        assert_eq!(says(&late, None, Europe::London, "2027-10-31T01:10:00Z"), "2027-11-01T00:30:00Z");
    }

    #[test]
    fn a_day_that_a_zone_skips_does_not_open() {
        let day = hours("09:00", "20:00");
        // Apia had no 2011-12-30.
        assert_eq!(says(&day, None, Pacific::Apia, "2011-12-30T09:00:00Z"), "2011-12-30T19:00:00Z");
    }

    #[test]
    fn a_calendar_that_never_opens_says_so() {
        let never = Calendar { weekend: [true; 7], ..calendar(&[], &[]) };
        assert_eq!(says(&hours("09:00", "20:00"), Some(&never), Tz::UTC, "2027-03-05T03:00:00Z"), "never");
    }

    #[test]
    fn an_unknown_or_missing_zone_is_the_sets() {
        assert_eq!(zone_of(Some("Europe/London"), Asia::Shanghai), (Europe::London, true));
        assert_eq!(zone_of(Some(" Europe/London "), Asia::Shanghai), (Europe::London, true));
        assert_eq!(zone_of(Some("Atlantis/Main"), Asia::Shanghai), (Asia::Shanghai, false));
        assert_eq!(zone_of(None, Asia::Shanghai), (Asia::Shanghai, false));
    }

    proptest! {
        #[test]
        fn whatever_is_let_through_is_inside_the_local_window(
            from in 0_u16..1_440,
            until in 0_u16..1_440,
            minutes in 29_000_000_i64..32_000_000,
            zone in 0_usize..4,
        ) {
            prop_assume!(from != until);
            let zone = [Tz::UTC, Europe::London, America::St_Johns, Pacific::Chatham][zone];
            let hours = Hours { from, until, calendar: None, timezone: None };
            let at = Timestamp(minutes * 60_000);
            let verdict = decide(&hours, None, zone, at);
            let inside = |at: Timestamp| {
                let local = crate::model::civil::local(at, zone).unwrap();
                let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap();
                if from < until { (from..until).contains(&minute) } else { minute >= from || minute < until }
            };
            // Hours that are skipped or occur twice shift the ends of a window by up to the change, an hour here.
            let is_near_change = |at: Timestamp| {
                let offset = |hours: i64| {
                    let at = at.plus(hours * 3_600_000);
                    crate::model::civil::local(at, zone).unwrap() - at.to_utc().unwrap().naive_utc()
                };
                offset(-30) != offset(30)
            };
            match verdict {
                Verdict::Passes => prop_assert!(inside(at) || is_near_change(at)),
                Verdict::Waits { until: Some(opens), .. } => {
                    prop_assert!(!inside(at) || is_near_change(at));
                    prop_assert!(opens > at);
                    prop_assert_eq!(decide(&hours, None, zone, opens), Verdict::Passes);
                    prop_assert!(decide(&hours, None, zone, opens.plus(-1)) != Verdict::Passes);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
