//! Working days.

use crate::model::Date;
use crate::policy::compiled::Calendar;

/// Whether a day is worked: make-up days win over holidays and the weekend.
#[must_use]
pub fn is_workday(calendar: &Calendar, day: Date) -> bool {
    if calendar.workdays.contains(&day) {
        return true;
    }
    let is_weekend = calendar.weekend.get(weekday(day)).copied().unwrap_or(false);
    !is_weekend && !calendar.holidays.contains(&day)
}

/// Monday is 0. The first day of 1970 was a Thursday.
fn weekday(day: Date) -> usize {
    const THURSDAY: i64 = 3;
    usize::try_from((i64::from(day.0) + THURSDAY).rem_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    fn days(texts: &[&str]) -> std::collections::BTreeSet<Date> {
        texts.iter().map(|text| Date::parse(text).unwrap()).collect()
    }

    fn calendar() -> Calendar {
        Calendar {
            name: "cn".into(),
            about: crate::policy::compiled::About::default(),
            weekend: [false, false, false, false, false, true, true],
            holidays: days(&["2027-02-08", "2027-02-14"]),
            workdays: days(&["2027-02-07", "2027-02-14"]),
            days: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn a_make_up_day_is_worked_on_a_weekend_and_on_a_holiday() {
        let is = |text: &str| is_workday(&calendar(), Date::parse(text).unwrap());
        assert!(is("2027-02-05"), "a plain Friday");
        assert!(!is("2027-02-06"), "a plain Saturday");
        assert!(is("2027-02-07"), "a Sunday made up for");
        assert!(!is("2027-02-08"), "a holiday on a Monday");
        assert!(is("2027-02-14"), "a holiday that is a make-up day as well");
    }

    #[test]
    fn weekdays_are_those_of_the_calendar_before_and_after_1970() {
        for number in [-800_000, -4, -3, -1, 0, 1, 20_000, 800_000] {
            let day = Date(number);
            let known = day.to_naive().unwrap().weekday().num_days_from_monday();
            assert_eq!(u32::try_from(weekday(day)).unwrap(), known, "{day}");
        }
    }
}
