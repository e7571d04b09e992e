//! Arithmetic and comparisons of numbers, dates and times.

use super::lanes::{self, Against, wide};
use super::{Bits, Numbers, flag};
use crate::evaluate::graph::op::Comparison;
use crate::model::{Bitmap, FlagColumn, NumberColumn};

/// One function on every row; what is not finite becomes missing.
pub(in crate::evaluate) fn unary(
    operand: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
    function: impl Fn(f64) -> f64,
) {
    let values = &mut out.values;
    values.resize(rows, 0.0);
    if operand.single {
        values.fill(function(operand.first()));
    } else {
        wide(|| {
            for (place, &value) in values.iter_mut().zip(operand.values) {
                *place = function(value);
            }
        });
    }
    valid(operand.valid, Bits::All(true), rows, &mut out.valid);
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
    let values = &mut out.values;
    values.resize(rows, 0.0);
    let (one, other) = (left.first(), right.first());
    match (left.single, right.single) {
        (true, true) => values.fill(function(one, other)),
        (true, false) => wide(|| {
            for (place, &value) in values.iter_mut().zip(right.values) {
                *place = function(one, value);
            }
        }),
        (false, true) => wide(|| {
            for (place, &value) in values.iter_mut().zip(left.values) {
                *place = function(value, other);
            }
        }),
        (false, false) => wide(|| {
            for (place, (&left, &right)) in values.iter_mut().zip(left.values.iter().zip(right.values)) {
                *place = function(left, right);
            }
        }),
    }
    valid(left.valid, right.valid, rows, &mut out.valid);
    settle(out);
}

/// The rows that both sides know.
fn valid(left: Bits<'_>, right: Bits<'_>, rows: usize, out: &mut Bitmap) {
    out.prepare(rows);
    lanes::logic(left, right, out, |left, right| left & right);
    out.mask_tail();
}

/// Makes what is not finite missing, and what is missing 0.
pub(in crate::evaluate) fn settle(out: &mut NumberColumn) {
    let NumberColumn { values, valid } = out;
    for (values, word) in values.chunks_mut(64).zip(valid.words_mut()) {
        *word &= lanes::finite(values);
        if *word != u64::MAX {
            for (bit, value) in values.iter_mut().enumerate() {
                *value = if *word >> bit & 1 == 1 { *value } else { 0.0 };
            }
        }
    }
}

/// Compares row by row. With a missing side `!=` is true and all others false.
pub(in crate::evaluate) fn compare(
    comparison: Comparison,
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut FlagColumn,
) {
    if left.single && !right.single {
        return compare(mirrored(comparison), right, left, rows, out);
    }
    flag::all_known(&mut out.valid, rows);
    let bits = &mut out.values;
    bits.prepare(if left.single { 1 } else { rows });
    let against = if right.single { Against::One(right.first()) } else { Against::Each(right.values) };
    lanes::compare(comparison, left.values, against, bits);
    if left.single {
        let holds = bits.get(0);
        bits.reset(rows, holds);
    }
    for known in [left.valid, right.valid] {
        match (known, comparison) {
            (Bits::All(true), _) => {}
            (known, Comparison::NotEqual) => lanes::change(bits, known, |differ, known| differ | !known),
            (known, _) => lanes::change(bits, known, |holds, known| holds & known),
        }
    }
    bits.mask_tail();
}

/// The comparison that says the same with its sides exchanged.
const fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => comparison,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}
