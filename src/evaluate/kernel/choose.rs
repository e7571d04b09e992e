//! Columns put together from others row by row: `if`, `??`, and one space's rows from another's.

use super::{Codes, Flags, Numbers, View, fill, flag, number};
use crate::model::{Column, Dictionary};

/// The first operand where the bit is set, the second elsewhere. `keep` gives the bits by word.
fn select(keep: impl Fn(usize) -> u64, first: View<'_>, second: View<'_>, rows: usize, out: &mut Column) {
    match (first, second, out) {
        (View::Number(first), View::Number(second), Column::Number(out)) => {
            out.values.clear();
            out.values.extend((0..rows).map(|row| {
                let chosen = if keep(row / 64) >> (row % 64) & 1 == 1 { &first } else { &second };
                chosen.values.get(if chosen.single { 0 } else { row }).copied().unwrap_or(0.0)
            }));
            fill(&mut out.valid, rows, |index| {
                let keep = keep(index);
                (keep & first.valid.word(index)) | (!keep & second.valid.word(index))
            });
            number::settle(out);
        }
        (View::Flag(first), View::Flag(second), Column::Flag(out)) => {
            fill(&mut out.values, rows, |index| {
                let keep = keep(index);
                (keep & first.values.word(index)) | (!keep & second.values.word(index))
            });
            fill(&mut out.valid, rows, |index| {
                let keep = keep(index);
                (keep & first.valid.word(index)) | (!keep & second.valid.word(index))
            });
        }
        (View::Code(first), View::Code(second), Column::Code(out)) => {
            out.codes.clear();
            out.codes.extend((0..rows).map(|row| {
                if keep(row / 64) >> (row % 64) & 1 == 1 { first.code(row) } else { second.code(row) }
            }));
        }
        // Both sides of a checked expression hold the same kind.
        (_, _, out) => missing(rows, out),
    }
}

/// `if condition { then } else { otherwise }`; a missing condition counts as false.
pub(in crate::evaluate) fn choose(
    condition: Flags<'_>,
    then: View<'_>,
    otherwise: View<'_>,
    rows: usize,
    out: &mut Column,
) {
    select(|index| condition.values.word(index), then, otherwise, rows, out);
}

/// `first ?? second`.
pub(in crate::evaluate) fn coalesce(first: View<'_>, second: View<'_>, rows: usize, out: &mut Column) {
    match first {
        View::Number(numbers) => select(|index| numbers.valid.word(index), first, second, rows, out),
        View::Flag(flags) => select(|index| flags.valid.word(index), first, second, rows, out),
        View::Code(first) => {
            if let (View::Code(second), Column::Code(out)) = (second, out) {
                out.codes.clear();
                out.codes.extend((0..rows).map(|row| {
                    let code = first.code(row);
                    if code == Dictionary::MISSING { second.code(row) } else { code }
                }));
            }
        }
    }
}

/// The same rows again, or the one row as often as needed.
pub(in crate::evaluate) fn copy(operand: View<'_>, rows: usize, out: &mut Column) {
    match (operand, out) {
        (View::Number(numbers), Column::Number(out)) => number::unary(numbers, rows, out, |value| value),
        (View::Flag(flags), Column::Flag(out)) => flag::copy(flags, rows, out),
        (View::Code(codes), Column::Code(out)) => {
            out.codes.clear();
            if codes.single {
                out.codes.resize(rows, codes.code(0));
            } else {
                out.codes.extend_from_slice(codes.codes);
            }
        }
        (_, out) => missing(rows, out),
    }
}

/// Each customer's value once for each of the customer's events.
pub(in crate::evaluate) fn gather(operand: View<'_>, offsets: &[u32], out: &mut Column) {
    out.clear();
    let groups = offsets.windows(2).enumerate().map(|(customer, ends)| match ends {
        [start, end] => (customer, start.abs_diff(*end) as usize),
        _ => (customer, 0),
    });
    match (operand, out) {
        (View::Number(numbers), Column::Number(out)) => {
            for (customer, count) in groups {
                gather_number(numbers, customer, count, out);
            }
        }
        (View::Flag(flags), Column::Flag(out)) => {
            for (customer, count) in groups {
                let value = flags.valid.get(customer).then(|| flags.values.get(customer));
                for _ in 0..count {
                    out.push(value);
                }
            }
        }
        (View::Code(codes), Column::Code(out)) => {
            for (customer, count) in groups {
                gather_code(codes, customer, count, &mut out.codes);
            }
        }
        _ => {}
    }
}

fn gather_number(numbers: Numbers<'_>, customer: usize, count: usize, out: &mut crate::model::NumberColumn) {
    let value = numbers.get(customer);
    for _ in 0..count {
        out.push(value);
    }
}

fn gather_code(codes: Codes<'_>, customer: usize, count: usize, out: &mut Vec<u32>) {
    out.resize(out.len() + count, codes.code(customer));
}

/// So many missing rows.
pub(in crate::evaluate) fn missing(rows: usize, out: &mut Column) {
    match out {
        Column::Number(out) => {
            out.values.clear();
            out.values.resize(rows, 0.0);
            out.valid.reset(rows, false);
        }
        Column::Flag(out) => {
            out.values.reset(rows, false);
            out.valid.reset(rows, false);
        }
        Column::Code(out) => {
            out.codes.clear();
            out.codes.resize(rows, Dictionary::MISSING);
        }
    }
}
