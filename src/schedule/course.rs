//! The runs that the schedules of a policy set ask for over a span of time, in order.

use chrono::{Days, NaiveDateTime};
use chrono_tz::Tz;

use super::timetable::{DueRun, Timetable, TimetableError, united};
use crate::model::{Timestamp, civil};
use crate::policy::Compiled;
use crate::policy::compiled::{Schedule, Scope};

/// The label of runs where no schedule asks for any.
const DAILY: &str = "daily";

/// The runs of a policy set's schedules after one instant and up to another, as a daemon that is never down does
/// them: those that fall on the same moment are one. Where no schedule goes by the clock, everything is run once a day at
/// the local time at which the course begins. Schedules that go by events ask for nothing here.
#[derive(Clone, Debug)]
pub struct Course {
    runs: Runs,
    until: Timestamp,
}

#[derive(Clone, Debug)]
enum Runs {
    /// Each schedule with its next fire.
    Scheduled(Vec<(Timetable, Option<Timestamp>)>),
    /// Once a day.
    Daily { begin: NaiveDateTime, days: u64, timezone: Tz },
}

impl Course {
    /// The runs at `from < at <= until`.
    ///
    /// # Errors
    /// The times of a schedule can't be read; the checks of the policy set refuse such a schedule.
    pub fn new(policy: &Compiled, from: Timestamp, until: Timestamp) -> Result<Self, TimetableError> {
        Self::of(policy, from, until, |_| true)
    }

    /// The runs of some of the schedules at `from < at <= until`.
    ///
    /// # Errors
    /// As [`Course::new`].
    pub fn of(
        policy: &Compiled,
        from: Timestamp,
        until: Timestamp,
        is_chosen: impl Fn(&Schedule) -> bool,
    ) -> Result<Self, TimetableError> {
        let mut scheduled = Vec::new();
        for schedule in policy.schedules.iter().filter(|schedule| is_chosen(schedule)) {
            if let Some(timetable) = Timetable::new(schedule)? {
                let next = timetable.next_after(from);
                scheduled.push((timetable, next));
            }
        }
        let timezone = policy.settings.timezone;
        let runs = if scheduled.is_empty() {
            // Beyond the calendar's range no day follows.
            let begin = civil::local(from, timezone).unwrap_or(NaiveDateTime::MAX);
            Runs::Daily { begin, days: 0, timezone }
        } else {
            Runs::Scheduled(scheduled)
        };
        Ok(Self { runs, until })
    }
}

impl Iterator for Course {
    type Item = DueRun;

    fn next(&mut self) -> Option<DueRun> {
        let due = match &mut self.runs {
            Runs::Scheduled(scheduled) => next_scheduled(scheduled),
            Runs::Daily { begin, days, timezone } => {
                *days += 1;
                let local = begin.checked_add_days(Days::new(*days))?;
                let at = civil::resolve(local, *timezone);
                Some(DueRun { at, schedules: vec![DAILY.into()], scope: Scope::Everything })
            }
        };
        due.filter(|due| due.at <= self.until)
    }
}

/// The earliest of the next fires; those of its moment go on to the one after.
fn next_scheduled(scheduled: &mut [(Timetable, Option<Timestamp>)]) -> Option<DueRun> {
    let at = scheduled.iter().filter_map(|(_, next)| *next).min()?;
    let mut due: Vec<&mut (Timetable, Option<Timestamp>)> =
        scheduled.iter_mut().filter(|(_, next)| *next == Some(at)).collect();
    due.sort_by(|one, other| one.0.name.cmp(&other.0.name));
    for (timetable, next) in &mut due {
        *next = timetable.next_after(at);
    }
    Some(DueRun {
        at,
        schedules: due.iter().map(|(timetable, _)| timetable.name.clone()).collect(),
        scope: united(due.iter().map(|(timetable, _)| &timetable.scope)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Files, load};

    fn course(policy: &str, from: &str, until: &str) -> Vec<(String, String)> {
        let mut files = Files::default();
        files.policies.insert("policy.toml".to_owned(), policy.to_owned());
        let policy = load(&files).compiled.unwrap();
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let course = Course::new(&policy, at(from), at(until)).unwrap();
        course.map(|due| (due.at.to_string(), due.label())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(at, label)| ((*at).to_owned(), (*label).to_owned())).collect()
    }

    #[test]
    fn schedules_that_fall_together_are_one_run() {
        let policy = "[settings]\ntimezone = \"UTC\"\n\
            [schedule.morning]\ncron = \"0 9 * * *\"\nevaluate = [\"everything\"]\n\
            [schedule.often]\ncron = \"0 */9 * * *\"\nevaluate = [\"everything\"]\n";
        assert_eq!(
            course(policy, "2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"),
            pairs(&[
                ("2027-01-01T09:00:00Z", "morning+often"),
                ("2027-01-01T18:00:00Z", "often"),
                ("2027-01-02T00:00:00Z", "often"),
            ])
        );
    }

    #[test]
    fn without_schedules_everything_runs_daily_at_the_same_local_time() {
        assert_eq!(
            course(
                "[settings]\ntimezone = \"Europe/London\"\n",
                "2027-03-26T09:00:00Z",
                "2027-03-29T08:00:00Z"
            ),
            pairs(&[
                ("2027-03-27T09:00:00Z", "daily"),
                ("2027-03-28T08:00:00Z", "daily"),
                ("2027-03-29T08:00:00Z", "daily"),
            ])
        );
    }
}
