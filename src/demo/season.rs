//! When orders fall: the season stretches and shrinks gaps, weekdays move an order to a day that is
//! worked, the hour comes from the day's profile. All in local days and minutes since 1970-01-01.

use chrono::{Datelike, Months};

use super::calibration::{HOURS, MONTHS, WEEKDAYS};
use super::random::{Random, whole};
use crate::model::Date;

/// Minutes in a day.
pub const DAY_MINUTES: i64 = 1_440;

/// The day reached from `day` when so many days of an average season pass.
#[must_use]
pub fn advance(mut day: f64, days: f64) -> f64 {
    let mut left = days;
    while let Some((pace, month_end)) = month_at(day) {
        let passes = (month_end - day) * pace;
        if left <= passes {
            return day + left / pace;
        }
        left -= passes;
        day = month_end;
    }
    day + left
}

/// The pace of the month that holds `day`, and the day after its last.
fn month_at(day: f64) -> Option<(f64, f64)> {
    let date = Date(i32::try_from(whole(day.floor())).ok()?).to_naive()?;
    let pace = MONTHS.get(usize::try_from(date.month0()).ok()?)?;
    let next = date.with_day(1)?.checked_add_months(Months::new(1))?;
    Some((*pace, f64::from(Date::from(next).0)))
}

/// For each weekday from Monday, how often an order that falls due on it is placed that day and not
/// left for the next, such that the shares of weekdays come out as measured.
///
/// Due on a day is a seventh of all orders and what the day before left over. How much Monday takes
/// over is free within limits: as little as lets every day place its share.
#[derive(Clone, Debug)]
pub struct Weekdays([f64; 7]);

impl Default for Weekdays {
    fn default() -> Self {
        let total: f64 = WEEKDAYS.iter().sum();
        let mut backlog = 0.0;
        let mut least = 0.0;
        let mut due = [0.0; 7];
        for (due, share) in due.iter_mut().zip(WEEKDAYS) {
            let share = share / total;
            *due = backlog + 1.0 / 7.0;
            least = f64::max(least, share - *due);
            backlog = *due - share;
        }
        let mut placed = [0.0; 7];
        for ((placed, due), share) in placed.iter_mut().zip(due).zip(WEEKDAYS) {
            *placed = share / total / (due + least);
        }
        Self(placed)
    }
}

impl Weekdays {
    /// The day on which an order that falls due on `day` is placed.
    #[must_use]
    pub fn place(&self, mut day: i64, random: &mut Random) -> i64 {
        const LONGEST: usize = 60;
        for _ in 0..LONGEST {
            let share = usize::try_from(weekday(day)).ok().and_then(|weekday| self.0.get(weekday));
            if share.is_some_and(|&share| random.chance(share)) {
                break;
            }
            day += 1;
        }
        day
    }
}

/// A minute of the day by the profile of hours.
pub fn minute_of_day(random: &mut Random) -> i64 {
    let hour = i64::try_from(random.pick(&HOURS)).unwrap_or_default();
    hour * 60 + whole((random.fraction() * 60.0).floor())
}

/// From Monday, 0.
#[must_use]
pub const fn weekday(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    const EPOCH_WEEKDAY: i64 = 3;
    (day + EPOCH_WEEKDAY).rem_euclid(7)
}

/// The day, or the Monday after a weekend.
#[must_use]
pub const fn working_day(day: i64) -> i64 {
    match weekday(day) {
        5 => day + 2,
        6 => day + 1,
        _ => day,
    }
}

/// A minute of the day between nine and six: when people call, pay and write.
pub fn office_minute(random: &mut Random) -> i64 {
    random.count(9 * 60, 18 * 60 - 1)
}

/// What comes now and then, independently of what came before, on working days.
#[derive(Clone, Debug)]
pub struct NowAndThen {
    /// Days between two on average.
    pub every: f64,
    /// Up to here all have come; in local days since 1970-01-01.
    pub day: f64,
}

impl NowAndThen {
    /// The minute at which the next comes; none after the day that holds the minute `end`.
    ///
    /// Two of one day may come in any order: who keeps those before an instant goes on to the end of its day.
    pub fn next(&mut self, end: i64, random: &mut Random) -> Option<i64> {
        self.day += random.exponential(self.every);
        let day = working_day(whole(self.day.floor()));
        let minute = day * DAY_MINUTES + office_minute(random);
        (day <= end.div_euclid(DAY_MINUTES)).then_some(minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        i64::from(Date::parse(text).unwrap().0)
    }

    #[test]
    fn a_gap_passes_faster_in_november_than_in_january() {
        let january = advance(day("2027-01-01") as f64, 10.0) - day("2027-01-01") as f64;
        let november = advance(day("2027-11-01") as f64, 10.0) - day("2027-11-01") as f64;
        assert!((january - 10.0 / 0.64).abs() < 1e-9 && (november - 10.0 / 1.78).abs() < 1e-9);
    }

    #[test]
    fn a_year_of_season_passes_in_a_year() {
        let start = day("2027-01-01") as f64;
        assert!((advance(start, 365.0) - start - 365.0).abs() < 4.0);
    }

    #[test]
    fn weekdays_come_out_as_measured_and_saturdays_empty() {
        let (weekdays, mut random) = (Weekdays::default(), Random::new(3));
        let mut counts = [0_u32; 7];
        for due in 0..140_000 {
            let placed = weekdays.place(due, &mut random);
            counts[usize::try_from((placed + 3).rem_euclid(7)).unwrap()] += 1;
        }
        for (count, share) in counts.into_iter().zip(WEEKDAYS) {
            assert!((f64::from(count) / 140_000.0 - share).abs() < 0.005, "{counts:?}");
        }
        assert_eq!(counts[5], 0);
    }

    #[test]
    fn what_comes_now_and_then_comes_as_often_as_said_on_working_days() {
        let (mut when, mut random) = (NowAndThen { every: 10.0, day: 0.0 }, Random::new(5));
        let mut minutes = Vec::new();
        while let Some(minute) = when.next(100_000 * DAY_MINUTES, &mut random) {
            minutes.push(minute);
        }
        assert!((minutes.len() as f64 / 10_000.0 - 1.0).abs() < 0.05, "{}", minutes.len());
        assert!(minutes.iter().all(|minute| weekday(minute / DAY_MINUTES) < 5));
        assert!(minutes.iter().all(|minute| (9..18).contains(&(minute % DAY_MINUTES / 60))));
    }

    #[test]
    fn every_weekday_can_place_its_share() {
        assert!(Weekdays::default().0.iter().all(|share| (0.0..=1.0 + 1e-12).contains(share)));
    }
}
