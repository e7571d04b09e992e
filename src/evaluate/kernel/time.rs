//! Arithmetic and functions of numbers, dates and times. What they compute is said once, beside the
//! functions of the language; here they run over columns.

use super::{Numbers, number};
use crate::evaluate::graph::op::{Arithmetic, On};
use crate::model::time::DAY;
use crate::model::{NumberColumn, Timestamp};
use crate::policy::expression::Moment;
use crate::policy::expression::builtin::{Builtin, Compute, compute};
use crate::policy::expression::tree::Binary;

/// A function of one operand over a column.
pub(in crate::evaluate) fn function(
    builtin: Builtin,
    on: On,
    operand: Numbers<'_>,
    moment: &Moment,
    rows: usize,
    out: &mut NumberColumn,
) {
    let now = instant(moment.now);
    let day = instant(Timestamp(DAY));
    match (builtin, on) {
        (Builtin::Abs, _) => number::unary(operand, rows, out, f64::abs),
        (Builtin::Floor, _) => number::unary(operand, rows, out, f64::floor),
        (Builtin::Ceil, _) => number::unary(operand, rows, out, f64::ceil),
        (Builtin::Sqrt, _) => number::unary(operand, rows, out, f64::sqrt),
        (Builtin::DaysSince, On::Time) => number::unary(operand, rows, out, |at| (now - at) / day),
        (Builtin::DaysUntil, On::Time) => number::unary(operand, rows, out, |at| (at - now) / day),
        _ => match builtin.function().map(|function| function.compute) {
            Some(Compute::Numbers(compute)) => number::unary(operand, rows, out, |value| compute(&[value])),
            Some(Compute::Civil { date, time }) => {
                let compute = if on == On::Date { date } else { time };
                number::unary(operand, rows, out, |value| compute(value, moment));
            }
            _ => number::unary(operand, rows, out, |_| f64::NAN),
        },
    }
}

/// What a function of several numbers takes at most.
pub(in crate::evaluate) const MOST_OPERANDS: usize = 3;

/// A function of several operands over columns.
pub(in crate::evaluate) fn function_of_several(
    builtin: Builtin,
    operands: &[Numbers<'_>],
    rows: usize,
    out: &mut NumberColumn,
) {
    out.clear();
    let Some(Compute::Numbers(compute)) = builtin.function().map(|function| function.compute) else { return };
    let mut arguments = [0.0; MOST_OPERANDS];
    let Some(arguments) = arguments.get_mut(..operands.len()) else { return };
    for row in 0..rows {
        let mut known = true;
        for (argument, operand) in arguments.iter_mut().zip(operands) {
            let value = operand.get(row);
            known &= value.is_some();
            *argument = value.unwrap_or(0.0);
        }
        out.push(known.then(|| compute(arguments)));
    }
    number::settle(out);
}

/// Arithmetic over two columns.
pub(in crate::evaluate) fn arithmetic(
    arithmetic: Arithmetic,
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
) {
    let (plain, moved, timed, between) = (
        compute::Arithmetic::Plain,
        compute::Arithmetic::MoveDate,
        compute::Arithmetic::MoveTime,
        compute::Arithmetic::Times,
    );
    match arithmetic {
        Arithmetic::Add => number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Add, a, b)),
        Arithmetic::Subtract => {
            number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Subtract, a, b));
        }
        Arithmetic::Multiply => {
            number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Multiply, a, b));
        }
        Arithmetic::Divide => {
            number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Divide, a, b));
        }
        Arithmetic::Remainder => {
            number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Remainder, a, b));
        }
        Arithmetic::Power => number::binary(left, right, rows, out, |a, b| plain.apply(Binary::Power, a, b)),
        Arithmetic::Least => number::binary(left, right, rows, out, |a, b| if b < a { b } else { a }),
        Arithmetic::Greatest => number::binary(left, right, rows, out, |a, b| if b > a { b } else { a }),
        Arithmetic::DateLater => {
            number::binary(left, right, rows, out, |a, b| moved.apply(Binary::Add, a, b));
        }
        Arithmetic::DateEarlier => {
            number::binary(left, right, rows, out, |a, b| moved.apply(Binary::Subtract, a, b));
        }
        Arithmetic::TimeLater => {
            number::binary(left, right, rows, out, |a, b| timed.apply(Binary::Add, a, b));
        }
        Arithmetic::TimeEarlier => {
            number::binary(left, right, rows, out, |a, b| timed.apply(Binary::Subtract, a, b));
        }
        Arithmetic::DaysBetweenTimes => {
            number::binary(left, right, rows, out, |a, b| between.apply(Binary::Subtract, a, b));
        }
    }
}

/// An instant as columns hold it.
#[must_use]
pub(in crate::evaluate) const fn instant(at: Timestamp) -> f64 {
    at.0 as f64
}
