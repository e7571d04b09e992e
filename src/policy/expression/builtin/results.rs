//! What is known of a function's results before any data is, for warnings. What is not said here is
//! taken as possible.

use crate::policy::expression::reason::Range;

/// What a function's results can be.
#[derive(Clone, Copy, Debug)]
pub struct Results {
    /// The numbers it gives; `None` where that can't be told, or it gives no numbers.
    pub range: fn(&Given<'_>) -> Option<Range>,
    /// Whether it has a result for all numbers that its arguments can be.
    pub is_total: fn(&[Range]) -> bool,
    /// Whether its results are never too large for a number.
    pub is_finite: bool,
    /// How exact they are.
    pub exactness: Exactness,
}

/// How exact the numbers are that a function gives, so that they may be asked for equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// Whole numbers, or such as are written out.
    Exact,
    /// As exact as the arguments.
    OfArguments,
    /// Rounded by the way they are computed.
    Rounded,
    /// Anything in between, as time passes.
    Continuous,
}

/// What is known of the arguments of a call.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// What numbers each can be.
    pub ranges: &'a [Range],
    /// Whether the first is a time that is never later than the run.
    pub is_past: bool,
}

impl Given<'_> {
    /// What number an argument can be.
    #[must_use]
    pub fn argument(&self, index: usize) -> Range {
        argument(self.ranges, index)
    }
}

/// Anything.
pub(super) const ANYTHING: Results =
    Results { range: |_| None, is_total: |_| true, is_finite: false, exactness: Exactness::Exact };

/// What number an argument can be.
pub(super) fn argument(ranges: &[Range], index: usize) -> Range {
    ranges.get(index).cloned().unwrap_or_else(Range::all)
}

/// The number without its sign.
pub(super) fn absolute(range: &Range) -> Range {
    let most = range.low.abs().max(range.high.abs());
    let least = if range.low > 0.0 || range.high < 0.0 { range.low.abs().min(range.high.abs()) } else { 0.0 };
    let ends = Range::between(least, most);
    if range.whole { ends.whole() } else { ends }
}

/// The least or the greatest of several.
pub(super) fn fold(ranges: &[Range], pick: fn(f64, f64) -> f64) -> Range {
    let ends = ranges.iter().map(|range| (range.low, range.high));
    let (low, high) =
        ends.reduce(|a, b| (pick(a.0, b.0), pick(a.1, b.1))).unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    let range = Range::between(low, high);
    if ranges.iter().all(|range| range.whole) { range.whole() } else { range }
}

/// Rounded to a known number of decimals.
pub(super) fn rounded(given: &Given<'_>) -> Option<Range> {
    let range = given.argument(0);
    let Some(digits) = given.ranges.get(1) else { return Some(range.stepped(f64::round).whole()) };
    (digits.only()? >= 0.0).then(|| Range::between(range.low.floor(), range.high.ceil()))
}

/// Held between two others.
pub(super) fn clamped(range: &Range, low: &Range, high: &Range) -> Range {
    Range::between(range.low.max(low.low).min(high.low), range.high.max(low.high).min(high.high))
}

/// To a power.
pub(in crate::policy::expression) fn power(base: &Range, exponent: &Range) -> Range {
    let is_even = exponent.only().is_some_and(|number| number % 2.0 == 0.0);
    if base.low >= 0.0 || is_even { Range::from(0.0) } else { Range::all() }
}
