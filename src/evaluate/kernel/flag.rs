//! Logic over whole words. A missing truth counts as false, so every result is known.

use super::{Flags, View, fill, fill_rows};
use crate::model::{FlagColumn, NumberColumn};

pub(in crate::evaluate) fn both(left: Flags<'_>, right: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    out.valid.reset(rows, true);
    fill(&mut out.values, rows, |index| left.values.word(index) & right.values.word(index));
}

pub(in crate::evaluate) fn either(left: Flags<'_>, right: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    out.valid.reset(rows, true);
    fill(&mut out.values, rows, |index| left.values.word(index) | right.values.word(index));
}

pub(in crate::evaluate) fn not(operand: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    out.valid.reset(rows, true);
    fill(&mut out.values, rows, |index| !operand.values.word(index));
}

/// Whether two truths are the same; with `differ`, whether they are not. A missing side makes
/// neither the same as anything.
pub(in crate::evaluate) fn compare(
    differ: bool,
    left: Flags<'_>,
    right: Flags<'_>,
    rows: usize,
    out: &mut FlagColumn,
) {
    out.valid.reset(rows, true);
    fill(&mut out.values, rows, |index| {
        let known = left.valid.word(index) & right.valid.word(index);
        let same = known & !(left.values.word(index) ^ right.values.word(index));
        if differ { !same } else { same }
    });
}

/// Which rows are known.
pub(in crate::evaluate) fn known(operand: View<'_>, rows: usize, out: &mut FlagColumn) {
    out.valid.reset(rows, true);
    match operand {
        View::Number(numbers) => fill(&mut out.values, rows, |index| numbers.valid.word(index)),
        View::Flag(flags) => fill(&mut out.values, rows, |index| flags.valid.word(index)),
        View::Code(codes) => fill_rows(&mut out.values, rows, |row| codes.get(row).is_some()),
    }
}

/// How many of the operands are known in each row.
pub(in crate::evaluate) fn count_known(operands: &[View<'_>], rows: usize, out: &mut NumberColumn) {
    out.values.clear();
    out.values.resize(rows, 0.0);
    out.valid.reset(rows, true);
    for operand in operands {
        for (row, count) in out.values.iter_mut().enumerate() {
            let known = match operand {
                View::Number(numbers) => numbers.valid.get(row),
                View::Flag(flags) => flags.valid.get(row),
                View::Code(codes) => codes.get(row).is_some(),
            };
            *count += f64::from(u8::from(known));
        }
    }
}

/// Copies the truths of an operand.
pub(in crate::evaluate) fn copy(operand: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    fill(&mut out.values, rows, |index| operand.values.word(index));
    fill(&mut out.valid, rows, |index| operand.valid.word(index));
}
