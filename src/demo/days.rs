//! The days on which the demo's shop asks customers in: near the time that it lives through, whenever that is. The
//! shipped calendar has those of some years; who reads the demo's own finds these.

use std::fmt::Write;

use chrono::Datelike;

use super::season::weekday;
use crate::model::Date;

/// Names of days in the calendar, and how many days from today they lie; each moves to its weekday, Monday being 0.
const HELD: [(&str, &[i32], i64); 2] =
    [("key_meeting", &[-50, 314], WEDNESDAY), ("club_evening", &[-151, -60, 31, 122, 213, 304], FRIDAY)];
const WEDNESDAY: i64 = 2;
const FRIDAY: i64 = 4;
/// Nobody comes about the turn of the year: it is moved to so many days earlier.
const EARLIER: i32 = 21;

/// The table of the shipped calendar that these days replace.
const TABLE: &str = "[calendar.office.days]";

/// A policy file with these days instead of those that the calendar has, if it is the one with the calendar.
#[must_use]
pub fn replaced(text: &str, today: Date) -> String {
    let Some((before, days)) = text.split_once(TABLE) else { return text.to_owned() };
    let after = days.split_once("\n[").map(|(_, after)| format!("\n[{after}")).unwrap_or_default();
    let mut own =
        format!("{before}{TABLE}               # of this demo, near the days that it lives through\n");
    for (name, offsets, on) in HELD {
        let held: Vec<String> =
            offsets.iter().map(|offset| format!("\"{}\"", held(today, *offset, on))).collect();
        // Writing to text never fails.
        let _ = writeln!(own, "{name:<12} = [{}]", held.join(", "));
    }
    own.push_str(&after);
    own
}

/// The weekday at or after a day so far from today, not about the turn of the year.
fn held(today: Date, offset: i32, on: i64) -> Date {
    let day = Date(today.0 + offset);
    let to = i32::try_from((on - weekday(i64::from(day.0))).rem_euclid(7)).unwrap_or_default();
    let day = Date(day.0 + to);
    let turns = day.to_naive().is_some_and(|day| match day.month() {
        12 => day.day() > 17,
        1 => day.day() < 8,
        _ => false,
    });
    if turns { Date(day.0 - EARLIER) } else { day }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::policies;
    use crate::policy::compiled::Compiled;
    use crate::policy::{Files, load};

    fn compiled(today: Date) -> Compiled {
        let texts = policies::with_crm().map(|(path, text)| (path.to_owned(), replaced(&text, today)));
        let scripts = policies::SCRIPTS.iter().map(|&(path, text)| (path.to_owned(), text.to_owned()));
        let outcome = load(&Files { policies: texts.collect(), scripts: scripts.collect() });
        assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
        outcome.compiled.unwrap()
    }

    #[test]
    fn whenever_it_is_the_demo_lives_through_invitations_to_every_kind_of_day() {
        const INVITED: [i32; 2] = [42, 21];
        for today in (20_000..20_730).map(Date) {
            for ((name, offsets, on), before) in HELD.into_iter().zip(INVITED) {
                let days: Vec<Date> = offsets.iter().map(|offset| held(today, *offset, on)).collect();
                assert!(days.iter().all(|day| weekday(i64::from(day.0)) == on), "{name} of {today}");
                let invited = days.iter().filter(|day| (-116..-4).contains(&(day.0 - before - today.0)));
                assert!(invited.count() > 0, "{name} of {today}: {days:?}");
            }
        }
    }

    #[test]
    fn nobody_is_asked_to_come_about_the_turn_of_the_year() {
        let held = |today: &str| held(Date::parse(today).unwrap(), -50, WEDNESDAY).to_string();
        assert_eq!(held("2027-01-20"), "2026-12-02");
        assert_eq!(held("2027-02-10"), "2026-12-02", "and not the 23rd");
        assert_eq!(held("2027-02-24"), "2026-12-16", "and not the 6th");
    }

    #[test]
    fn the_days_of_the_demo_stand_in_its_calendar_and_the_policies_still_load() {
        let today = Date::parse("2027-01-02").unwrap();
        let compiled = compiled(today);
        let office = compiled.calendars.iter().find(|calendar| &*calendar.name == "office").unwrap();
        assert_eq!(office.days.len(), HELD.len(), "every kind of day is replaced");
        assert!(!office.holidays.is_empty());
        for (name, offsets, on) in HELD {
            let own: Vec<Date> = offsets.iter().map(|offset| held(today, *offset, on)).collect();
            let found = office.days.iter().find(|(kind, _)| &***kind == name);
            assert_eq!(found.map(|(_, days)| days.clone()), Some(own));
        }
    }
}
