//! The figures themselves, from the population's values in ascending order.

use crate::evaluate::aggregate::median as middle;

/// Parts in the whole of a share.
const WHOLE: u128 = 1_000_000;

/// The value of the ⌈p·N⌉-th from the top; `share` is p in parts of a million. Nothing over an empty
/// population or for no share at all.
pub(super) fn top(sorted: &[f64], share: u32) -> Option<f64> {
    let count = (u128::from(share) * sorted.len() as u128).div_ceil(WHOLE);
    let count = usize::try_from(count).ok().filter(|&count| count > 0)?;
    sorted.len().checked_sub(count).and_then(|place| sorted.get(place)).copied()
}

/// The highest value such that those at or above it hold at least a share of the sum of the positive
/// values, added from the greatest down. Nothing where no value is positive: then nobody holds anything.
pub(super) fn holds(sorted: &[f64], share: u32) -> Option<f64> {
    let positive = || sorted.iter().rev().copied().take_while(|&value| value > 0.0);
    let total: f64 = positive().fold(0.0, |sum, value| sum + value);
    let target = if u128::from(share) >= WHOLE { total } else { total * (f64::from(share) / 1e6) };
    let mut held = 0.0;
    positive().find(|&value| {
        held += value;
        held >= target
    })
}

/// The mean, added in ascending order.
pub(super) fn mean(sorted: &[f64]) -> Option<f64> {
    let count = sorted.len() as f64;
    let sum: f64 = sorted.iter().fold(0.0, |sum, value| sum + value);
    Some(sum / count).filter(|mean| mean.is_finite())
}

/// The middle value, the mean of the middle two for an even number.
pub(super) fn median(sorted: &mut [f64]) -> Option<f64> {
    middle(sorted)
}
