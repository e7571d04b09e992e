//! Logic over whole words. A missing truth counts as false, so every result is known.

use super::{Bits, Flags, View, lanes};
use crate::model::{Bitmap, Dictionary, FlagColumn, NumberColumn};

/// Marks all rows known. A column belongs to one operation, so one of this length is marked already.
pub(super) fn all_known(valid: &mut Bitmap, rows: usize) {
    if valid.len() != rows {
        valid.reset(rows, true);
    }
}

/// Logic on two truths, by words.
fn logic(
    left: Bits<'_>,
    right: Bits<'_>,
    rows: usize,
    out: &mut FlagColumn,
    op: impl Fn(u64, u64) -> u64 + Copy,
) {
    all_known(&mut out.valid, rows);
    out.values.prepare(rows);
    lanes::logic(left, right, &mut out.values, op);
    out.values.mask_tail();
}

pub(in crate::evaluate) fn both(left: Flags<'_>, right: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    logic(left.values, right.values, rows, out, |left, right| left & right);
}

pub(in crate::evaluate) fn either(left: Flags<'_>, right: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    logic(left.values, right.values, rows, out, |left, right| left | right);
}

pub(in crate::evaluate) fn not(operand: Flags<'_>, rows: usize, out: &mut FlagColumn) {
    logic(operand.values, Bits::All(true), rows, out, |operand, all| operand ^ all);
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
    logic(left.values, right.values, rows, out, |left, right| !(left ^ right));
    lanes::change(&mut out.values, left.valid, |same, known| same & known);
    lanes::change(&mut out.values, right.valid, |same, known| same & known);
    if differ {
        lanes::change(&mut out.values, Bits::All(true), |same, all| same ^ all);
        out.values.mask_tail();
    }
}

/// Which rows are known.
pub(in crate::evaluate) fn known(operand: View<'_>, rows: usize, out: &mut FlagColumn) {
    let valid = match operand {
        View::Number(numbers) => numbers.valid,
        View::Flag(flags) => flags.valid,
        View::Code(codes) if codes.single => Bits::All(codes.code(0) != Dictionary::MISSING),
        View::Code(codes) => {
            all_known(&mut out.valid, rows);
            super::text::all_but(codes.codes, Dictionary::MISSING, rows, &mut out.values);
            return;
        }
    };
    logic(valid, Bits::All(true), rows, out, |valid, all| valid & all);
}

/// How many of the operands are known in each row.
pub(in crate::evaluate) fn count_known<'a>(
    operands: impl Iterator<Item = View<'a>>,
    rows: usize,
    out: &mut NumberColumn,
) {
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
    for (operand, out) in [(operand.values, &mut out.values), (operand.valid, &mut out.valid)] {
        out.prepare(rows);
        lanes::logic(operand, Bits::All(true), out, |operand, all| operand & all);
        out.mask_tail();
    }
}
