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
        // 1970-01-01 was a Thursday.
        const EPOCH_WEEKDAY: i64 = 3;
        const LONGEST: usize = 60;
        for _ in 0..LONGEST {
            let weekday = usize::try_from((day + EPOCH_WEEKDAY).rem_euclid(7)).unwrap_or_default();
            if self.0.get(weekday).is_some_and(|&share| random.chance(share)) {
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
    fn every_weekday_can_place_its_share() {
        assert!(Weekdays::default().0.iter().all(|share| (0.0..=1.0 + 1e-12).contains(share)));
    }
}
