//! Anchors that move: a corrected birthday, a renewed contract, an edited `repeat`, another day in a calendar.

use chrono::Datelike;

use super::enrol::{Base, Changed, Sight, Start, Terms};
use super::timeline::{Rhythm, Timeline};
use crate::model::enrolment::{DAYS, Enrolment, YEARLY};
use crate::model::time::DAY;
use crate::model::{Duration, Timestamp, civil};

/// Moved by less than this, it is the same cycle.
pub(super) const SAME_CYCLE: i64 = 30 * DAY;

/// Whether, and how far, what an enrolment counts from moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// Not at all.
    Not,
    /// Its cycles go on, counted from here.
    Within(Base),
    /// Another enrolment begins.
    Beyond,
}

/// How far what an enrolment counts from moved.
pub(super) fn moved(base: Base, sight: &Sight<'_>, terms: &Terms<'_>) -> Moved {
    match (terms.start, sight.anchor) {
        (Start::Time | Start::Date, Some(anchor)) if anchor != base.at => {
            if terms.rhythm == Rhythm::Yearly {
                moved_in_year(base, anchor, sight.now, terms)
            } else if distance(anchor, base.at) < SAME_CYCLE {
                Moved::Within(Base { at: anchor, offset: base.offset })
            } else {
                Moved::Beyond
            }
        }
        (Start::Days, _) if sight.changed != Changed::No => moved_in_list(base, terms),
        _ => Moved::Not,
    }
}

const fn distance(one: Timestamp, other: Timestamp) -> i64 {
    one.0.saturating_sub(other.0).saturating_abs()
}

/// Compares by the day of the year, so that a corrected year changes nothing. Across the turn of the year the
/// cycle keeps its number.
fn moved_in_year(base: Base, anchor: Timestamp, now: Timestamp, terms: &Terms<'_>) -> Moved {
    let year_of = |at| civil::local(at, terms.zone).map(|local| i64::from(local.year()));
    let in_year = |at: Timestamp, year: i64| {
        // Places are counted from the base's year; the base's day in any year is wanted.
        let timeline = terms.timeline(Base { at, offset: 0 });
        day_in_year(&timeline, year)
    };
    let Some(year) = year_of(now) else { return Moved::Beyond };
    let Some(before) = in_year(base.at, year) else { return Moved::Beyond };
    let nearest =
        (-1..=1).filter_map(|step| Some((distance(in_year(anchor, year + step)?, before), step))).min();
    match nearest {
        Some((far, step)) if far < SAME_CYCLE => {
            Moved::Within(Base { at: anchor, offset: base.offset - step })
        }
        _ => Moved::Beyond,
    }
}

/// The base's day in any year, also one before the base.
fn day_in_year(timeline: &Timeline<'_>, year: i64) -> Option<Timestamp> {
    let base = civil::local(timeline.base, timeline.zone)?;
    let year = i32::try_from(year).ok()?;
    let day = base.with_year(year).or_else(|| base.with_day(28)?.with_year(year))?;
    Some(civil::resolve(day, timeline.zone))
}

/// The day in progress among days that were edited: itself, or the nearest less than 30 days away.
fn moved_in_list(base: Base, terms: &Terms<'_>) -> Moved {
    let Rhythm::Days(days) = terms.rhythm else { return Moved::Not };
    let nearest = days
        .iter()
        .filter_map(|&day| civil::midnight(day, terms.zone))
        .map(|at| (distance(at, base.at), at))
        .min();
    match nearest {
        Some((far, at)) if far > 0 && far < SAME_CYCLE => Moved::Within(Base { at, offset: base.offset }),
        _ => Moved::Not,
    }
}

/// The day of a list that an enrolment begins with: the next, or else the last.
pub(super) fn listed(terms: &Terms<'_>, now: Timestamp) -> Option<Base> {
    let Rhythm::Days(days) = terms.rhythm else { return None };
    let today = civil::local_date(now, terms.zone)?;
    let place = days.partition_point(|&day| day < today).min(days.len().checked_sub(1)?);
    let place = i64::try_from(place).ok()?;
    let timeline = terms.timeline(Base { at: Timestamp(i64::MIN), offset: 0 });
    Some(Base { at: timeline.start(place)?, offset: timeline.number(place) })
}

/// What an enrolment counts from once `repeat` was edited: the cycle in progress keeps its number, and from an
/// enrolment or an event also its start, and the next follow at the new distance. Counted from a date, the cycle that
/// starts nearest to it takes its place.
pub(super) fn redistanced(former: &Enrolment, terms: &Terms<'_>, now: Timestamp) -> Base {
    let rhythm = match former.distance {
        0 => Rhythm::Once,
        YEARLY => Rhythm::Yearly,
        DAYS => return former.counts_from(),
        months @ ..0 => {
            Rhythm::Every(Duration::Months(u32::try_from(months.unsigned_abs()).unwrap_or(u32::MAX)))
        }
        every => Rhythm::Every(Duration::Fixed(every)),
    };
    if terms.start == Start::Days {
        return listed(terms, now).unwrap_or(former.counts_from());
    }
    let before = Timeline { rhythm, ..terms.timeline(former.counts_from()) };
    let place = in_progress(&before, now);
    let number = before.number(place);
    let at = match terms.start {
        Start::Time | Start::Date => former.base,
        _ => before.start(place).unwrap_or(former.base),
    };
    let after = terms.timeline(Base { at, offset: 0 });
    Base { at, offset: number - after.number(same_cycle(&after, before.start(place), now)) }
}

/// The place of the cycle that is the same as one that started then: the next, where it starts less than 30 days off
/// and nearer to it than the one in progress; else that.
fn same_cycle(timeline: &Timeline<'_>, start: Option<Timestamp>, now: Timestamp) -> i64 {
    let place = in_progress(timeline, now);
    let far = |place| Some(distance(timeline.start(place)?, start?));
    match (far(place), far(place + 1)) {
        (Some(here), Some(next)) if next < SAME_CYCLE && next < here => place + 1,
        _ => place,
    }
}

/// The place of the cycle that started last; the first where none has.
fn in_progress(timeline: &Timeline<'_>, now: Timestamp) -> i64 {
    let mut place = timeline.place_by(now);
    while timeline.start(place + 1).is_some_and(|start| start <= now) {
        place += 1;
    }
    place
}
