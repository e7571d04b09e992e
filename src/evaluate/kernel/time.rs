//! Arithmetic and functions of numbers, dates and times. What they compute is said once, beside the
//! functions of the language; here they run over columns.

use super::{Numbers, number};
use crate::evaluate::graph::op::On;
use crate::model::time::DAY;
use crate::model::{NumberColumn, Timestamp};
use crate::policy::expression::Moment;
use crate::policy::expression::builtin::compute::{Arithmetic, plain};
use crate::policy::expression::builtin::{Builtin, Compute, Kernel};
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
    match (builtin.kernel, builtin.compute) {
        (Some(Kernel::Absolute), _) => number::unary(operand, rows, out, f64::abs),
        (Some(Kernel::Floor), _) => number::unary(operand, rows, out, f64::floor),
        // Adding zero makes -0 plain 0.
        (Some(Kernel::Ceiling), _) => number::unary(operand, rows, out, |value| value.ceil() + 0.0),
        (Some(Kernel::SquareRoot), _) => number::unary(operand, rows, out, f64::sqrt),
        (Some(Kernel::DaysSince), _) if on == On::Time => {
            number::unary(operand, rows, out, |at| (now - at) / day);
        }
        (Some(Kernel::DaysUntil), _) if on == On::Time => {
            number::unary(operand, rows, out, |at| (at - now) / day);
        }
        (_, Compute::Numbers(compute)) => number::unary(operand, rows, out, |value| compute(&[value])),
        (_, Compute::Civil { date, time }) => {
            let compute = if on == On::Date { date } else { time };
            number::unary(operand, rows, out, |value| compute(value, moment));
        }
        _ => number::unary(operand, rows, out, |_| f64::NAN),
    }
}

/// A function of several operands over columns. `arguments` is room for as many.
pub(in crate::evaluate) fn function_of_several(
    compute: fn(&[f64]) -> f64,
    operands: &[Numbers<'_>],
    arguments: &mut [f64],
    rows: usize,
    out: &mut NumberColumn,
) {
    out.clear();
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
    (arithmetic, operator): (Arithmetic, Binary),
    sides: [Numbers<'_>; 2],
    rows: usize,
    out: &mut NumberColumn,
) {
    // Each operator has loops of its own, so that none is chosen row by row.
    match operator {
        Binary::Add => pairs(arithmetic, sides, rows, out, |a, b| plain(Binary::Add, a, b)),
        Binary::Subtract => pairs(arithmetic, sides, rows, out, |a, b| plain(Binary::Subtract, a, b)),
        Binary::Multiply => pairs(arithmetic, sides, rows, out, |a, b| plain(Binary::Multiply, a, b)),
        Binary::Divide => pairs(arithmetic, sides, rows, out, |a, b| plain(Binary::Divide, a, b)),
        operator => pairs(arithmetic, sides, rows, out, |a, b| plain(operator, a, b)),
    }
}

fn pairs(
    arithmetic: Arithmetic,
    [left, right]: [Numbers<'_>; 2],
    rows: usize,
    out: &mut NumberColumn,
    operator: impl Fn(f64, f64) -> f64,
) {
    match arithmetic {
        Arithmetic::Plain => {
            number::binary(left, right, rows, out, |a, b| Arithmetic::Plain.with(&operator, a, b));
        }
        Arithmetic::Times => {
            number::binary(left, right, rows, out, |a, b| Arithmetic::Times.with(&operator, a, b));
        }
        Arithmetic::MoveDate => {
            number::binary(left, right, rows, out, |a, b| Arithmetic::MoveDate.with(&operator, a, b));
        }
        Arithmetic::MoveTime => {
            number::binary(left, right, rows, out, |a, b| Arithmetic::MoveTime.with(&operator, a, b));
        }
    }
}

/// The lesser of two columns.
pub(in crate::evaluate) fn least(left: Numbers<'_>, right: Numbers<'_>, rows: usize, out: &mut NumberColumn) {
    number::binary(left, right, rows, out, |a, b| if b < a { b } else { a });
}

/// The greater of two columns.
pub(in crate::evaluate) fn greatest(
    left: Numbers<'_>,
    right: Numbers<'_>,
    rows: usize,
    out: &mut NumberColumn,
) {
    number::binary(left, right, rows, out, |a, b| if b > a { b } else { a });
}

/// An instant as columns hold it.
#[must_use]
pub(in crate::evaluate) const fn instant(at: Timestamp) -> f64 {
    at.0 as f64
}
