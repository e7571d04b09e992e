//! Which fires of a schedule were missed. Pure.

use crate::model::Timestamp;
use crate::schedule::Timetable;

/// A run that begins later than this after its time was missed, in milliseconds.
const LATE: i64 = 60_000;
/// Most fires counted at once: two months of every minute.
const MOST: usize = 90_000;

/// How many fires after `last` up to `next` got no run in time, when a schedule goes on from `next` at `now`: those
/// before `next` got none of their own, and the one at `next` itself was missed if it is late, or if it gets none,
/// since fires count from `now`.
pub(super) fn missed(timetable: &Timetable, last: Timestamp, next: Timestamp, now: Timestamp) -> u64 {
    let mut missed = 0;
    let mut at = last;
    while missed < MOST
        && let Some(fire) = timetable.next_after(at).filter(|&fire| fire <= next)
    {
        let gets_a_run_in_time = fire == next && now.0.saturating_sub(fire.0) <= LATE;
        missed += usize::from(!gets_a_run_in_time);
        at = fire;
    }
    missed as u64
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;
    use crate::policy::compiled::{About, CatchUp, Schedule, Scope, Start};

    fn timetable(cron: &str) -> Timetable {
        let start = Start::Times { cron: cron.to_owned(), timezone: Tz::UTC, catch_up: CatchUp::Latest };
        let schedule =
            Schedule { name: "s".into(), about: About::default(), start, evaluate: Scope::Everything };
        Timetable::new(&schedule).unwrap().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn count(last: &str, next: &str, now: &str) -> u64 {
        missed(&timetable("0 0 9 * * *"), at(last), at(next), at(now))
    }

    #[test]
    fn a_run_in_time_misses_nothing() {
        assert_eq!(count("2027-01-01T09:00:00Z", "2027-01-02T09:00:00Z", "2027-01-02T09:00:01Z"), 0);
    }

    #[test]
    fn a_late_run_was_missed_and_so_were_those_it_stands_for() {
        assert_eq!(count("2027-01-01T09:00:00Z", "2027-01-02T09:00:00Z", "2027-01-02T09:02:00Z"), 1);
        assert_eq!(count("2027-01-01T09:00:00Z", "2027-01-05T09:00:00Z", "2027-01-05T09:00:01Z"), 3);
        assert_eq!(count("2027-01-01T09:00:00Z", "2027-01-05T09:00:00Z", "2027-01-05T10:00:00Z"), 4);
    }

    #[test]
    fn fires_that_get_no_run_at_all_were_missed() {
        assert_eq!(count("2027-01-01T09:00:00Z", "2027-01-05T10:00:00Z", "2027-01-05T10:00:00Z"), 4);
    }

    #[test]
    fn years_of_seconds_are_counted_no_further_than_is_quick() {
        let missed = missed(
            &timetable("* * * * * *"),
            at("2020-01-01T00:00:00Z"),
            at("2027-01-01T00:00:00Z"),
            at("2027-01-01T00:00:00Z"),
        );
        assert_eq!(missed, MOST as u64);
    }
}
