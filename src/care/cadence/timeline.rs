//! When each cycle of an enrolment starts, and what it is called.

use chrono::{Datelike, Duration as Elapsed, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;

use crate::model::time::DAY;
use crate::model::{Date, Duration, Timestamp, civil};

/// How cycles follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm<'a> {
    /// There is one.
    Once,
    /// At equal distances. Each is counted from the base, so that month ends don't drift.
    Every(Duration),
    /// On the base's day of each year; 29 February is the 28th in common years.
    Yearly,
    /// On each of these days, which are in order.
    Days(&'a [Date]),
}

/// The cycles of one enrolment. A cycle has a *place*, counted from the first at 0, and a *number*, which is
/// part of the identity of its touches and stays whatever moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline<'a> {
    /// How they follow each other.
    pub rhythm: Rhythm<'a>,
    /// Whether it counts from a date: whole days are then days of the calendar, whatever the hour does.
    pub by_days: bool,
    /// The zone of local days.
    pub zone: Tz,
    /// What the first starts at; of [`Rhythm::Days`] the day in progress.
    pub base: Timestamp,
    /// Added to the place to give the number: with the base's year for [`Rhythm::Yearly`]. Of [`Rhythm::Days`]
    /// it is the number of the day in progress.
    pub offset: i64,
}

impl Timeline<'_> {
    /// When the cycle at a place starts; `None` where there is none.
    #[must_use]
    pub fn start(&self, place: i64) -> Option<Timestamp> {
        let index = u32::try_from(place).ok()?;
        match self.rhythm {
            Rhythm::Once => (index == 0).then_some(self.base),
            Rhythm::Every(Duration::Fixed(every)) => Some(self.shift(self.base, every.checked_mul(place)?)),
            Rhythm::Every(Duration::Months(months)) => {
                Some(Duration::Months(months.checked_mul(index)?).after(self.base, self.zone))
            }
            Rhythm::Yearly => {
                let base = civil::local(self.base, self.zone)?;
                let year = base.year().checked_add(i32::try_from(index).ok()?)?;
                Some(civil::resolve(in_year(base, year)?, self.zone))
            }
            Rhythm::Days(days) => civil::midnight(*days.get(usize::try_from(index).ok()?)?, self.zone),
        }
    }

    /// The number of the cycle at a place.
    #[must_use]
    pub fn number(&self, place: i64) -> i64 {
        let own = self.own_number(place);
        match self.rhythm {
            Rhythm::Days(_) if self.start(place) == Some(self.base) => self.offset,
            Rhythm::Days(_) => own,
            _ => own.saturating_add(self.offset),
        }
    }

    /// The number it has where nothing ever moved.
    fn own_number(&self, place: i64) -> i64 {
        match self.rhythm {
            Rhythm::Once | Rhythm::Every(_) => place,
            Rhythm::Yearly => i64::from(self.year()).saturating_add(place),
            Rhythm::Days(days) => {
                let day = usize::try_from(place).ok().and_then(|place| days.get(place)?.to_naive());
                day.map_or(0, day_number)
            }
        }
    }

    /// The place of the cycle of a number.
    #[must_use]
    pub fn place(&self, number: i64) -> Option<i64> {
        match self.rhythm {
            Rhythm::Once | Rhythm::Every(_) => Some(number - self.offset),
            Rhythm::Yearly => Some(number - self.offset - i64::from(self.year())),
            Rhythm::Days(days) => {
                let count = i64::try_from(days.len()).unwrap_or(i64::MAX);
                (0..count).find(|&place| self.number(place) == number)
            }
        }
    }

    /// The place of the last cycle that has started by an instant, or of the one before it; the first where
    /// none has.
    #[must_use]
    pub fn place_by(&self, at: Timestamp) -> i64 {
        let place = match self.rhythm {
            Rhythm::Once => 0,
            Rhythm::Every(Duration::Fixed(every)) => {
                at.0.saturating_sub(self.base.0).checked_div(every).unwrap_or(0)
            }
            Rhythm::Every(Duration::Months(months)) => {
                let passed = self.month(at).saturating_sub(self.month(self.base));
                passed.checked_div(i64::from(months)).unwrap_or(0)
            }
            Rhythm::Yearly => {
                let year = civil::local(at, self.zone).map_or(0, |local| local.year());
                i64::from(year.saturating_sub(self.year()))
            }
            Rhythm::Days(days) => {
                let day = civil::local_date(at, self.zone).unwrap_or_default();
                i64::try_from(days.partition_point(|&listed| listed <= day)).unwrap_or(0)
            }
        };
        // The day counts from here may be one too many: months are counted by their names, years alike.
        place.saturating_sub(1).max(0)
    }

    fn year(&self) -> i32 {
        civil::local(self.base, self.zone).map_or(0, |base| base.year())
    }

    fn month(&self, at: Timestamp) -> i64 {
        civil::local(at, self.zone).map_or(0, |at| i64::from(at.year()) * 12 + i64::from(at.month0()))
    }

    /// An instant moved by so many milliseconds, whole days by the calendar where it counts from a date.
    #[must_use]
    pub fn shift(&self, from: Timestamp, milliseconds: i64) -> Timestamp {
        if !self.by_days || milliseconds % DAY != 0 {
            return from.plus(milliseconds);
        }
        let moved = civil::local(from, self.zone)
            .and_then(|local| local.checked_add_signed(Elapsed::try_days(milliseconds / DAY)?));
        moved.map_or_else(|| from.plus(milliseconds), |moved| civil::resolve(moved, self.zone))
    }
}

/// The same day and time in another year.
fn in_year(base: NaiveDateTime, year: i32) -> Option<NaiveDateTime> {
    base.with_year(year).or_else(|| base.with_day(28)?.with_year(year))
}

/// A day as a number that people can read: 20270206.
fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}
