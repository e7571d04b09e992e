//! Events to one row a customer: how a metric puts them together. Always in the order of the events,
//! so that equal histories give equal sums.

use super::kernel::{Bits, Flags, Numbers, View, number, text};
use crate::model::Column;
use crate::policy::compiled::Take;

/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;

/// The events of a batch as an aggregate sees them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Events<'a> {
    /// Where each customer's events begin.
    pub(super) offsets: &'a [u32],
    /// Which count.
    pub(super) which: Flags<'a>,
    /// Of what; known wherever `which` holds.
    pub(super) of: View<'a>,
}

/// Memory kept from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    numbers: Vec<f64>,
    keys: Vec<(u64, usize)>,
}

impl Events<'_> {
    fn groups(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        self.offsets.windows(2).map(|ends| match *ends {
            [start, end] => start as usize..end as usize,
            _ => 0..0,
        })
    }

    fn rows(&self, group: std::ops::Range<usize>) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let which = self.which.values;
        group.filter(move |&row| which.get(row))
    }

    fn numbers(&self) -> Numbers<'_> {
        match self.of {
            View::Number(numbers) => numbers,
            _ => Numbers { values: &[], valid: Bits::All(false), single: true },
        }
    }
}

/// What an aggregate gives for each customer. `now` in milliseconds.
pub(super) fn aggregate(take: Take, events: Events<'_>, now: f64, scratch: &mut Scratch, out: &mut Column) {
    match take {
        Take::Count => each(events, out, |group| Some(count(events.which.values, group))),
        Take::Distinct => each(events, out, |group| distinct(events, group, &mut scratch.keys)),
        Take::First => pick(events, out, |group| events.rows(group).next()),
        Take::Last => pick(events, out, |group| events.rows(group).next_back()),
        Take::Mode => pick(events, out, |group| mode(events, group, &mut scratch.keys)),
        Take::Sum => {
            let numbers = events.numbers();
            each(events, out, |group| Some(round6(sum(events, numbers, group).0)));
        }
        Take::Mean => {
            let numbers = events.numbers();
            each(events, out, |group| {
                let (sum, count) = sum(events, numbers, group);
                (count > 0.0).then(|| round6(sum / count))
            });
        }
        Take::Min => extreme(events, out, |value, best| value < best),
        Take::Max => extreme(events, out, |value, best| value > best),
        Take::Median => {
            let numbers = events.numbers();
            each(events, out, |group| {
                scratch.numbers.clear();
                scratch.numbers.extend(events.rows(group).filter_map(|row| numbers.get(row)));
                median(&mut scratch.numbers)
            });
        }
        Take::DaysSinceFirst | Take::DaysSinceLast => {
            let at = events.numbers();
            let is_first = take == Take::DaysSinceFirst;
            each(events, out, |group| {
                let mut rows = events.rows(group);
                let row = if is_first { rows.next() } else { rows.next_back() };
                Some((now - at.get(row?)?) / DAY)
            });
        }
        Take::MedianGapDays | Take::MeanGapDays => gaps(take, events, scratch, out),
    }
}

fn gaps(take: Take, events: Events<'_>, scratch: &mut Scratch, out: &mut Column) {
    let at = events.numbers();
    each(events, out, |group| {
        scratch.numbers.clear();
        let mut before = None;
        let mut first = None;
        for at in events.rows(group).filter_map(|row| at.get(row)) {
            if let Some(before) = before {
                scratch.numbers.push((at - before) / DAY);
            }
            first = first.or(Some(at));
            before = Some(at);
        }
        if take == Take::MedianGapDays {
            return median(&mut scratch.numbers);
        }
        let count = scratch.numbers.len();
        first.zip(before).filter(|_| count > 0).map(|(first, last)| (last - first) / DAY / as_number(count))
    });
}

/// A sum or mean in which an event weighs half as much for each `half_life` of milliseconds before `end`.
/// `at` is when each event happened. In a mean the newest weighs one, which changes no quotient: the
/// weights of events that are all very old would vanish.
pub(super) fn fading(take: Take, events: Events<'_>, at: &[f64], end: f64, half_life: f64, out: &mut Column) {
    let numbers = events.numbers();
    let happened = |row: usize| at.get(row).copied().unwrap_or(f64::NEG_INFINITY);
    each(events, out, |group| {
        let is_mean = take == Take::Mean;
        let newest = events.rows(group.clone()).next_back().map(happened);
        let one = if is_mean { newest? } else { end };
        let (mut sum, mut total) = (0.0, 0.0);
        for row in events.rows(group) {
            let weight = ((happened(row) - one) / half_life).exp2();
            sum += weight * numbers.get(row).unwrap_or(0.0);
            total += weight;
        }
        Some(round6(if is_mean { sum / total } else { sum }))
    });
}

fn each(
    events: Events<'_>,
    out: &mut Column,
    mut function: impl FnMut(std::ops::Range<usize>) -> Option<f64>,
) {
    if let Column::Number(out) = out {
        out.values.clear();
        out.values.extend(events.groups().map(|group| function(group).unwrap_or(f64::NAN)));
        out.valid.reset(out.values.len(), true);
        number::settle(out);
    }
}

/// The value of one of each customer's events.
fn pick(
    events: Events<'_>,
    out: &mut Column,
    mut function: impl FnMut(std::ops::Range<usize>) -> Option<usize>,
) {
    out.clear();
    for group in events.groups() {
        let row = function(group);
        match (events.of, &mut *out) {
            (View::Number(numbers), Column::Number(out)) => out.push(row.and_then(|row| numbers.get(row))),
            (View::Flag(flags), Column::Flag(out)) => out.push(row.map(|row| flags.values.get(row))),
            (View::Code(codes), Column::Code(out)) => out.push(row.and_then(|row| codes.get(row))),
            (_, out) => out.push_missing(),
        }
    }
}

fn extreme(events: Events<'_>, out: &mut Column, is_better: impl Fn(f64, f64) -> bool) {
    let numbers = events.numbers();
    each(events, out, |group| {
        events
            .rows(group)
            .filter_map(|row| numbers.get(row))
            .reduce(|best, value| if is_better(value, best) { value } else { best })
    });
}

fn count(which: Bits<'_>, group: std::ops::Range<usize>) -> f64 {
    let mut count = 0_u32;
    let mut start = group.start;
    while start < group.end {
        let index = start / 64;
        let end = group.end.min((index + 1) * 64);
        let mask = (u64::MAX << (start % 64)) & (u64::MAX >> (63 - (end - 1) % 64));
        count += (which.word(index) & mask).count_ones();
        start = end;
    }
    f64::from(count)
}

fn sum(events: Events<'_>, numbers: Numbers<'_>, group: std::ops::Range<usize>) -> (f64, f64) {
    let (mut sum, mut count) = (0.0, 0.0);
    for row in events.rows(group) {
        sum += numbers.get(row).unwrap_or(0.0);
        count += 1.0;
    }
    (sum, count)
}

/// What two equal values of a row have in common.
fn key(of: View<'_>, row: usize) -> u64 {
    match of {
        View::Number(numbers) => text::bits(numbers, row).unwrap_or(0),
        View::Flag(flags) => u64::from(flags.values.get(row)),
        View::Code(codes) => u64::from(codes.code(row)),
    }
}

fn distinct(events: Events<'_>, group: std::ops::Range<usize>, keys: &mut Vec<(u64, usize)>) -> Option<f64> {
    keys.clear();
    keys.extend(events.rows(group).map(|row| (key(events.of, row), 0)));
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty()).then(|| as_number(keys.len()))
}

fn mode(events: Events<'_>, group: std::ops::Range<usize>, keys: &mut Vec<(u64, usize)>) -> Option<usize> {
    keys.clear();
    keys.extend(events.rows(group).map(|row| (key(events.of, row), row)));
    keys.sort_unstable();
    let runs = keys.chunk_by(|left, right| left.0 == right.0);
    runs.filter_map(|run| run.last().map(|&(_, latest)| (run.len(), latest))).max().map(|(_, latest)| latest)
}

/// The middle of the numbers, the mean of the middle two for an even count; sorts them.
#[must_use]
pub fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    let upper = *numbers.get(middle)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *numbers.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Rounded to 6 decimals, half away from zero. Numbers too large to have so many stay as they are.
pub(super) fn round6(number: f64) -> f64 {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let scaled = number * 1e6;
    if scaled.abs() < EXACT { scaled.round() / 1e6 } else { number }
}

const fn as_number(count: usize) -> f64 {
    count as f64
}

/// Which events lie after `after` and up to `until`, in milliseconds.
pub(super) fn window(
    at: Numbers<'_>,
    after: Option<f64>,
    until: f64,
    rows: usize,
    out: &mut crate::model::FlagColumn,
) {
    let after = after.unwrap_or(f64::NEG_INFINITY);
    out.valid.reset(rows, true);
    out.values.reset(rows, false);
    for (word, instants) in out.values.words_mut().iter_mut().zip(at.values.chunks(64)) {
        *word = instants
            .iter()
            .enumerate()
            .fold(0, |word, (bit, &at)| word | u64::from(after < at && at <= until) << bit);
    }
}

/// The two fields of which must be the same, or nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Same<'a> {
    pub(super) first: View<'a>,
    pub(super) other: View<'a>,
}

/// One kind's events of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times<'a> {
    pub(super) offsets: &'a [u32],
    pub(super) at: &'a [f64],
}

/// Which of the first kind's events no event of the other kind has followed: none of the same customer
/// with the same value of the field came at the same time or later. A missing value is the same as nothing.
pub(super) fn unanswered(
    first: Times<'_>,
    other: Times<'_>,
    same: Option<Same<'_>>,
    out: &mut crate::model::FlagColumn,
) {
    out.values.reset(first.at.len(), true);
    out.valid.reset(first.at.len(), true);
    for (group, others) in first.offsets.windows(2).zip(other.offsets.windows(2)) {
        let (&[start, end], &[other_start, other_end]) = (group, others) else { continue };
        for row in start as usize..end as usize {
            let Some(&at) = first.at.get(row) else { continue };
            let follows = |candidate: &usize| other.at.get(*candidate).is_some_and(|&follow| follow >= at);
            let mut followers = (other_start as usize..other_end as usize).rev().take_while(follows);
            let answered = followers.any(|candidate| same.is_none_or(|same| equal(same, row, candidate)));
            out.values.set(row, !answered);
        }
    }
}

fn equal(same: Same<'_>, row: usize, other_row: usize) -> bool {
    match (same.first, same.other) {
        (View::Number(first), View::Number(other)) => {
            first.get(row).is_some() && first.get(row) == other.get(other_row)
        }
        (View::Code(first), View::Code(other)) => {
            first.get(row).is_some() && first.get(row) == other.get(other_row)
        }
        (View::Flag(first), View::Flag(other)) => {
            first.valid.get(row)
                && other.valid.get(other_row)
                && first.values.get(row) == other.values.get(other_row)
        }
        _ => false,
    }
}
