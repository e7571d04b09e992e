//! When schedules fire. Pure: the last fire and `now` are arguments.
//!
//! Cron fields are read on zone-free local time and only then resolved to instants, so that a local
//! time which a daylight-saving change skips means the moment after the gap and one that occurs twice
//! means the first. Resolving never puts a later local time before an earlier one, hence fire times
//! strictly increase.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{NaiveDateTime, Timelike};
use chrono_tz::Tz;

use crate::model::time::DAY;
use crate::model::{Timestamp, civil};
use crate::policy::compiled::{CatchUp, Schedule, Scope, Start};

/// The fire times of one schedule.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// The schedule's name.
    pub name: Arc<str>,
    /// What its runs evaluate.
    pub scope: Scope,
    /// What becomes of runs missed while down.
    pub catch_up: CatchUp,
    cron: cron::Schedule,
    timezone: Tz,
}

/// The cron fields of a schedule can't be read; the checks of the policy set refuse such a schedule.
#[derive(Debug, thiserror::Error)]
#[error("schedule {name}: `{cron}` is no cron expression: {source}")]
pub struct TimetableError {
    /// The schedule.
    pub name: Arc<str>,
    /// Its fields.
    pub cron: String,
    /// What the reader says.
    pub source: cron::error::Error,
}

/// Runs that fall on the same moment are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRun {
    /// The moment it was due.
    pub at: Timestamp,
    /// The schedules, in order of name.
    pub schedules: Vec<Arc<str>>,
    /// All they evaluate.
    pub scope: Scope,
}

impl DueRun {
    /// The schedules as one word for the record of runs.
    #[must_use]
    pub fn label(&self) -> String {
        self.schedules.join("+")
    }
}

impl Timetable {
    /// Reads the cron fields of a schedule; `None` for one that goes by events.
    ///
    /// # Errors
    /// The fields can't be read.
    pub fn new(schedule: &Schedule) -> Result<Option<Self>, TimetableError> {
        let Start::Times { cron, timezone, catch_up } = &schedule.start else { return Ok(None) };
        let read = cron::Schedule::from_str(cron).map_err(|source| TimetableError {
            name: Arc::clone(&schedule.name),
            cron: cron.clone(),
            source,
        })?;
        Ok(Some(Self {
            name: Arc::clone(&schedule.name),
            scope: schedule.evaluate.clone(),
            catch_up: *catch_up,
            cron: read,
            timezone: *timezone,
        }))
    }

    /// What fire times hang on; a schedule edited elsewhere keeps its memory.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} {}", self.cron.source(), self.timezone)
    }

    /// The first fire after an instant; none where the fields never fall again.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = civil::local(after, self.timezone)?.with_nanosecond(0)?;
        // Local times up to this one resolve to instants up to `after`; those behind it may too while
        // a repeated hour passes for the second time.
        self.cron
            .after(&local.and_utc())
            .map(|at| self.instant(at.naive_utc()))
            .find(|&instant| instant > after)
    }

    fn instant(&self, local: NaiveDateTime) -> Timestamp {
        civil::resolve(local, self.timezone)
    }

    /// The last fire within `last < at <= now`.
    fn latest(&self, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let fires_by_now = |after: i64| self.next_after(Timestamp(after)).filter(|&at| at <= now);
        let mut found = fires_by_now(last.0)?;
        // Whether there is a fire between an instant and `now` turns from yes to no once.
        let (mut yes, mut no) = (last.0, now.0);
        while yes.saturating_add(1) < no {
            let middle = yes.midpoint(no);
            if let Some(at) = fires_by_now(middle) {
                found = at;
                yes = middle;
            } else {
                no = middle;
            }
        }
        Some(found)
    }

    /// The next fire to act on after `last` that is due by `now`: with [`CatchUp::All`] the earliest,
    /// otherwise the latest, which stands for those before it.
    #[must_use]
    pub fn due(&self, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self.catch_up {
            CatchUp::All => self.next_after(last).filter(|&at| at <= now),
            CatchUp::Latest | CatchUp::None => self.latest(last, now),
        }
    }

    /// From when fires count after the program was down since `last`: with [`CatchUp::None`] from `now`.
    #[must_use]
    pub fn resume(&self, last: Timestamp, now: Timestamp) -> Timestamp {
        let last = if is_far_ahead(last, now) { now } else { last };
        if self.catch_up == CatchUp::None { last.max(now) } else { last }
    }
}

/// Whether a last fire lies so far ahead that the clock must have been wrong then: fires count from now on, or none
/// would come until it is there. Less far, as when a clock is set right, what has fired needn't fire again.
#[must_use]
pub fn is_far_ahead(last: Timestamp, now: Timestamp) -> bool {
    last > now.plus(DAY)
}

/// The earliest run due by `now`, for timetables with their last fire; those due at the same moment
/// are one run.
#[must_use]
pub fn next_due(timetables: &[(Timetable, Timestamp)], now: Timestamp) -> Option<DueRun> {
    let mut due: Vec<(Timestamp, &Timetable)> = timetables
        .iter()
        .filter_map(|(timetable, last)| timetable.due(*last, now).map(|at| (at, timetable)))
        .collect();
    let at = due.iter().map(|(at, _)| *at).min()?;
    due.retain(|(other, _)| *other == at);
    due.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
    Some(DueRun {
        at,
        schedules: due.iter().map(|(_, timetable)| Arc::clone(&timetable.name)).collect(),
        scope: united(due.iter().map(|(_, timetable)| &timetable.scope)),
    })
}

/// The first fire after `now` of any timetable, with its schedule.
#[must_use]
pub fn next_fire(timetables: &[(Timetable, Timestamp)], now: Timestamp) -> Option<(Timestamp, Arc<str>)> {
    timetables
        .iter()
        .filter_map(|(timetable, last)| {
            timetable.next_after((*last).max(now)).map(|at| (at, Arc::clone(&timetable.name)))
        })
        .min()
}

/// All that several scopes name.
pub(super) fn united<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Scope {
    let (mut all_values, mut all_triggers, mut all_cadences) = (Vec::new(), Vec::new(), Vec::new());
    for scope in scopes {
        match scope {
            Scope::Everything => return Scope::Everything,
            Scope::Some { values, triggers, cadences } => {
                all_values.extend_from_slice(values);
                all_triggers.extend_from_slice(triggers);
                all_cadences.extend_from_slice(cadences);
            }
        }
    }
    for indices in [&mut all_values, &mut all_triggers, &mut all_cadences] {
        indices.sort_unstable();
        indices.dedup();
    }
    Scope::Some { values: all_values, triggers: all_triggers, cadences: all_cadences }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Australia, Europe, Pacific};
    use proptest::prelude::*;

    use super::*;
    use crate::policy::compiled::About;

    fn timetable(cron: &str, timezone: Tz, catch_up: CatchUp) -> Timetable {
        named("test", cron, timezone, catch_up)
    }

    fn named(name: &str, cron: &str, timezone: Tz, catch_up: CatchUp) -> Timetable {
        Timetable::new(&Schedule {
            name: name.into(),
            about: About::default(),
            start: Start::Times { cron: cron.to_owned(), timezone, catch_up },
            evaluate: Scope::Everything,
        })
        .unwrap()
        .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn fires(cron: &str, timezone: Tz, after: &str, count: usize) -> Vec<String> {
        let timetable = timetable(cron, timezone, CatchUp::Latest);
        let mut last = at(after);
        let mut fires = Vec::new();
        while fires.len() < count
            && let Some(next) = timetable.next_after(last)
        {
            fires.push(next.to_string());
            last = next;
        }
        fires
    }

    #[test]
    fn a_skipped_local_time_fires_once_after_the_gap() {
        assert_eq!(
            fires("0 30 1 * * *", Europe::London, "2027-03-27T12:00:00Z", 2),
            ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
        );
        assert_eq!(
            fires("0 30 2 * * *", America::New_York, "2027-03-13T12:00:00Z", 2),
            ["2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"]
        );
    }

    #[test]
    fn many_skipped_times_are_one_moment() {
        assert_eq!(
            fires("0 */20 * * * *", Europe::London, "2027-03-28T00:30:00Z", 3),
            ["2027-03-28T00:40:00Z", "2027-03-28T01:00:00Z", "2027-03-28T01:20:00Z"]
        );
    }

    #[test]
    fn a_repeated_local_time_fires_the_first_time_only() {
        assert_eq!(
            fires("0 30 1 * * *", Europe::London, "2027-10-30T12:00:00Z", 2),
            ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]
        );
        assert_eq!(
            fires("0 */30 * * * *", America::New_York, "2027-11-07T05:00:00Z", 3),
            ["2027-11-07T05:30:00Z", "2027-11-07T07:00:00Z", "2027-11-07T07:30:00Z"]
        );
    }

    #[test]
    fn a_zone_that_shifts_by_half_an_hour_is_right_both_ways() {
        assert_eq!(
            fires("0 15 2 * * *", Australia::Lord_Howe, "2027-10-02T00:00:00Z", 2),
            ["2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z"]
        );
        assert_eq!(
            fires("0 45 1 * * *", Australia::Lord_Howe, "2027-04-03T12:00:00Z", 2),
            ["2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"]
        );
    }

    #[test]
    fn a_day_that_a_zone_skips_fires_once_at_its_end() {
        assert_eq!(
            fires("0 0 12 * * *", Pacific::Apia, "2011-12-29T00:00:00Z", 3),
            ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]
        );
    }

    #[test]
    fn the_29th_of_february_comes_every_four_years_but_1900s() {
        assert_eq!(
            fires("0 0 9 29 2 *", Asia::Shanghai, "2027-01-01T00:00:00Z", 2),
            ["2028-02-29T01:00:00Z", "2032-02-29T01:00:00Z"]
        );
        assert!(fires("0 0 9 30 2 *", Asia::Shanghai, "2027-01-01T00:00:00Z", 1).is_empty());
    }

    #[test]
    fn weekdays_are_those_named() {
        assert_eq!(
            fires("0 0 9 * * Mon-Fri", Asia::Shanghai, "2027-01-07T12:00:00Z", 2),
            ["2027-01-08T01:00:00Z", "2027-01-11T01:00:00Z"]
        );
    }

    #[test]
    fn a_fraction_of_a_second_neither_skips_nor_repeats() {
        let every_second = timetable("* * * * * *", Asia::Shanghai, CatchUp::Latest);
        let next = |text: &str| every_second.next_after(at(text)).unwrap().to_string();
        assert_eq!(next("2027-01-01T00:00:00.999Z"), "2027-01-01T00:00:01Z");
        assert_eq!(next("2027-01-01T00:00:00Z"), "2027-01-01T00:00:01Z");
        assert_eq!(next("2026-12-31T23:59:59.001Z"), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn what_was_missed_is_caught_up_as_asked() {
        let (last, now) = (at("2027-01-01T09:00:00Z"), at("2027-01-04T10:00:00Z"));
        let due = |catch_up| {
            let timetable = timetable("0 0 9 * * *", Tz::UTC, catch_up);
            timetable.due(timetable.resume(last, now), now).map(|at| at.to_string())
        };
        assert_eq!(due(CatchUp::Latest), Some("2027-01-04T09:00:00Z".to_owned()));
        assert_eq!(due(CatchUp::All), Some("2027-01-02T09:00:00Z".to_owned()));
        assert_eq!(due(CatchUp::None), None);
    }

    #[test]
    fn years_of_missed_seconds_are_found_at_once() {
        let timetable = timetable("* * * * * *", Europe::London, CatchUp::Latest);
        let now = at("2027-10-31T01:30:00.500Z");
        assert_eq!(timetable.due(at("1990-01-01T00:00:00Z"), now), Some(at("2027-10-31T00:59:59Z")));
    }

    #[test]
    fn schedules_due_at_the_same_moment_are_one_run() {
        let last = at("2027-01-01T00:00:00Z");
        let tables = [
            (named("b", "0 0 9 * * *", Tz::UTC, CatchUp::Latest), last),
            (named("a", "0 0 17 * * *", Asia::Shanghai, CatchUp::Latest), last),
            (named("c", "0 0 8 * * *", Tz::UTC, CatchUp::Latest), last),
        ];
        let first = next_due(&tables, at("2027-01-01T12:00:00Z")).unwrap();
        assert_eq!((first.at, first.label()), (at("2027-01-01T08:00:00Z"), "c".to_owned()));
        let second = next_due(&tables[..2], at("2027-01-01T12:00:00Z")).unwrap();
        assert_eq!((second.at, second.label()), (at("2027-01-01T09:00:00Z"), "a+b".to_owned()));
        assert_eq!(next_due(&tables, last), None);
        assert_eq!(next_fire(&tables, last).map(|(at, _)| at), Some(at("2027-01-01T08:00:00Z")));
    }

    #[test]
    fn scopes_unite() {
        let some =
            |values: &[usize]| Scope::Some { values: values.into(), triggers: vec![7], cadences: vec![5] };
        let (one, other) = (some(&[3, 1]), some(&[2, 1]));
        assert_eq!(united([&one, &other].into_iter()), some(&[1, 2, 3]));
        assert_eq!(united([&one, &Scope::Everything].into_iter()), Scope::Everything);
    }

    proptest! {
        #[test]
        fn fire_times_strictly_increase(
            zone in prop::sample::select(vec![
                Europe::London, America::New_York, Australia::Lord_Howe, Pacific::Apia, Asia::Shanghai,
            ]),
            cron in prop::sample::select(vec![
                "0 */7 * * * *", "0 30 1 * * *", "0 0,30 2 * * *", "0 15 */3 * * *", "59 59 23 * * *",
            ]),
            start in 1_293_840_000_000_i64..1_893_456_000_000,
        ) {
            let timetable = timetable(cron, zone, CatchUp::Latest);
            let mut last = Timestamp(start);
            for _ in 0..40 {
                let next = timetable.next_after(last).unwrap();
                prop_assert!(next > last);
                prop_assert_eq!(timetable.next_after(Timestamp(next.0 - 1)), Some(next));
                prop_assert_eq!(timetable.latest(last, next), Some(next));
                last = next;
            }
        }
    }
}
