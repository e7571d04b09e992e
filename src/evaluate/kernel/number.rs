//! Arithmetic and comparisons of numbers, dates and times.

use super::{Numbers, fill};
use crate::evaluate::graph::op::Comparison;
use crate::model::{FlagColumn, NumberColumn};

/// One function on every row; what is not finite becomes missing.
pub(in crate::evaluate) fn unary(
    operand: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
    function: impl Fn(f64) -> f64,
) {
    out.values.clear();
    if operand.single {
        out.values.resize(rows, function(operand.first()));
    } else {
        out.values.extend(operand.values.iter().map(|&value| function(value)));
    }
    fill(&mut out.valid, rows, |index| operand.valid.word(index));
    settle(out);
}

/// One function on every pair of rows; what is not finite becomes missing.
pub(in crate::evaluate) fn binary(
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
    function: impl Fn(f64, f64) -> f64,
) {
    out.values.clear();
    let (one, other) = (left.first(), right.first());
    match (left.single, right.single) {
        (true, true) => out.values.resize(rows, function(one, other)),
        (true, false) => out.values.extend(right.values.iter().map(|&value| function(one, value))),
        (false, true) => out.values.extend(left.values.iter().map(|&value| function(value, other))),
        (false, false) => {
            let pairs = left.values.iter().zip(right.values);
            out.values.extend(pairs.map(|(&left, &right)| function(left, right)));
        }
    }
    fill(&mut out.valid, rows, |index| left.valid.word(index) & right.valid.word(index));
    settle(out);
}

/// Makes what is not finite missing, and what is missing 0.
pub(in crate::evaluate) fn settle(out: &mut NumberColumn) {
    for (values, word) in out.values.chunks_mut(64).zip(out.valid.words_mut()) {
        let mut finite = 0_u64;
        for (bit, value) in values.iter().enumerate() {
            finite |= u64::from(value.is_finite()) << bit;
        }
        *word &= finite;
        if *word != u64::MAX {
            for (bit, value) in values.iter_mut().enumerate() {
                *value = if *word >> bit & 1 == 1 { *value } else { 0.0 };
            }
        }
    }
}

/// Compares row by row. With a missing side `!=` is true and all others false.
#[expect(clippy::float_cmp, reason = "the language compares numbers exactly")]
pub(in crate::evaluate) fn compare(
    comparison: Comparison,
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut FlagColumn,
) {
    match comparison {
        Comparison::Equal => compare_by(left, right, rows, out, false, |a, b| a == b),
        Comparison::NotEqual => compare_by(left, right, rows, out, true, |a, b| a != b),
        Comparison::Less => compare_by(left, right, rows, out, false, |a, b| a < b),
        Comparison::LessOrEqual => compare_by(left, right, rows, out, false, |a, b| a <= b),
        Comparison::Greater => compare_by(left, right, rows, out, false, |a, b| a > b),
        Comparison::GreaterOrEqual => compare_by(left, right, rows, out, false, |a, b| a >= b),
    }
}

fn compare_by(
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut FlagColumn,
    missing: bool,
    test: impl Fn(f64, f64) -> bool,
) {
    out.valid.reset(rows, true);
    let words = &mut out.values;
    words.reset(rows, false);
    let (one, other) = (left.first(), right.first());
    match (left.single, right.single) {
        (true, true) => words.reset(rows, test(one, other)),
        (true, false) => {
            for (word, values) in words.words_mut().iter_mut().zip(right.values.chunks(64)) {
                *word = bits(values, |value| test(one, value));
            }
        }
        (false, true) => {
            for (word, values) in words.words_mut().iter_mut().zip(left.values.chunks(64)) {
                *word = bits(values, |value| test(value, other));
            }
        }
        (false, false) => {
            let pairs = left.values.chunks(64).zip(right.values.chunks(64));
            for (word, (left, right)) in words.words_mut().iter_mut().zip(pairs) {
                *word = left
                    .iter()
                    .zip(right)
                    .enumerate()
                    .fold(0, |word, (bit, (&left, &right))| word | u64::from(test(left, right)) << bit);
            }
        }
    }
    for (index, word) in words.words_mut().iter_mut().enumerate() {
        let known = left.valid.word(index) & right.valid.word(index);
        *word = (*word & known) | (if missing { !known } else { 0 });
    }
    words.mask_tail();
}

#[inline]
fn bits(values: &[f64], test: impl Fn(f64) -> bool) -> u64 {
    values.iter().enumerate().fold(0, |word, (bit, &value)| word | u64::from(test(value)) << bit)
}
