//! When the steps of an enrolment are due.

use chrono::{Days, NaiveTime};

use super::enrol::Terms;
use super::timeline::{Rhythm, Timeline};
use crate::model::time::DAY;
use crate::model::{Duration, Timestamp, civil};
use crate::policy::compiled::{CadenceStep, Offset};

/// A step of a cycle that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// Index in the cadence's steps.
    pub step: usize,
    /// The cycle's number.
    pub cycle: i64,
}

/// How far the local time of day, and the ends of months, may move a step away from its offset.
const SLACK: i64 = 6 * DAY;

/// When a step of the cycle at a place is due: its offset, then the first such local time of day not before it.
#[must_use]
pub fn due(timeline: &Timeline<'_>, step: &CadenceStep, place: i64) -> Option<Timestamp> {
    let start = timeline.start(place)?;
    let offset = match step.offset {
        Offset::After(Duration::Fixed(after)) => timeline.shift(start, after),
        Offset::Before(Duration::Fixed(before)) => timeline.shift(start, -before),
        Offset::After(months) => months.after(start, timeline.zone),
        Offset::Before(months) => months.before(start, timeline.zone),
    };
    Some(step.at.map_or(offset, |at| at_or_after(timeline, offset, at)))
}

/// The first local time of day `at` that is not before an instant. One that a daylight-saving change skips is the
/// moment after the gap, of one that occurs twice the first counts.
fn at_or_after(timeline: &Timeline<'_>, from: Timestamp, at: u16) -> Timestamp {
    let clock = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(at) * 60, 0);
    let (Some(local), Some(at)) = (civil::local(from, timeline.zone), clock) else { return from };
    let on = |days| local.date().checked_add_days(Days::new(days));
    // The second day is enough but where a whole day was skipped.
    (0..3)
        .filter_map(|days| Some(civil::resolve(on(days)?.and_time(at), timeline.zone)))
        .find(|&at| at >= from)
        .unwrap_or(from)
}

/// Everything due after `from` and not after `to`, in order of time and step.
#[must_use]
pub fn due_within(
    timeline: &Timeline<'_>,
    steps: &[CadenceStep],
    from: Timestamp,
    to: Timestamp,
) -> Vec<Due> {
    let mut found = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let mut place = first_place(timeline, step, from);
        while let Some(at) = due(timeline, step, place).filter(|&at| at <= to) {
            if at > from {
                found.push(Due { at, step: index, cycle: timeline.number(place) });
            }
            place += 1;
        }
    }
    found.sort_unstable();
    found
}

/// When anything is due next after an instant.
#[must_use]
pub fn next_due(timeline: &Timeline<'_>, steps: &[CadenceStep], after: Timestamp) -> Option<Timestamp> {
    let next = |step: &CadenceStep| {
        let mut place = first_place(timeline, step, after);
        loop {
            let at = due(timeline, step, place)?;
            if at > after {
                return Some(at);
            }
            place += 1;
        }
    };
    steps.iter().filter_map(next).min()
}

/// Whether it is plain, without reckoning by the calendar, that nothing is due after an instant.
#[must_use]
pub(super) fn is_over(timeline: &Timeline<'_>, steps: &[CadenceStep], after: Timestamp) -> bool {
    timeline.rhythm == Rhythm::Once && timeline.base.plus(latest(steps).saturating_add(SLACK)) <= after
}

/// The longest offset after a start.
fn latest(steps: &[CadenceStep]) -> i64 {
    let latest = |step: &CadenceStep| match step.offset {
        Offset::After(Duration::Fixed(after)) => after,
        Offset::After(Duration::Months(months)) => i64::from(months) * 31 * DAY,
        Offset::Before(_) => 0,
    };
    steps.iter().map(latest).max().unwrap_or(0)
}

/// A place before which no cycle has this step due after an instant.
fn first_place(timeline: &Timeline<'_>, step: &CadenceStep, after: Timestamp) -> i64 {
    let start = match step.offset {
        Offset::After(offset) => offset.before(after, timeline.zone),
        Offset::Before(offset) => offset.after(after, timeline.zone),
    };
    timeline.place_by(start.plus(-SLACK))
}

/// An instant before all events of which anything can still be due or within the grace. Where times count from a
/// field of the event, or cycles repeat, that is any.
#[must_use]
pub fn reaches_back(terms: &Terms<'_>, by_field: bool, started: Timestamp) -> Timestamp {
    if by_field || terms.rhythm != Rhythm::Once {
        return Timestamp(i64::MIN);
    }
    terms
        .grace_start(started)
        .plus(-(latest(terms.steps).saturating_add(SLACK).saturating_add(terms.stagger)))
}
