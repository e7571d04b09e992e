//! Functions of texts. Each different text of a batch is worked on once.

use hashbrown::HashMap;

use super::lanes::{self, Against};
use super::{Bits, Codes, Numbers, fill_rows, flag, number};
use crate::evaluate::graph::op::Comparison;
use crate::model::{Bitmap, CodeColumn, Dictionary, FlagColumn, NumberColumn};

/// Results by code, kept from batch to batch for their memory only.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct Memo {
    texts: HashMap<(u32, u32), u32>,
    numbers: HashMap<u32, f64>,
    truths: HashMap<(u32, u32), bool>,
    /// A text in the making.
    made: String,
}

/// The text that a function writes for each row's text.
pub(in crate::evaluate) fn text(
    operand: Codes<'_>,
    rows: usize,
    dictionary: &mut Dictionary,
    memo: &mut Memo,
    out: &mut CodeColumn,
    function: impl Fn(&str, &mut String),
) {
    pairs(operand, operand, rows, dictionary, memo, out, |text, _, made| function(text, made));
}

/// The text that a function writes for each row's two texts.
pub(in crate::evaluate) fn pairs(
    left: Codes<'_>,
    right: Codes<'_>,
    rows: usize,
    dictionary: &mut Dictionary,
    memo: &mut Memo,
    out: &mut CodeColumn,
    function: impl Fn(&str, &str, &mut String),
) {
    let Memo { texts, made, .. } = memo;
    texts.clear();
    out.codes.clear();
    for row in 0..rows {
        let key = (left.code(row), right.code(row));
        let code = *texts.entry(key).or_insert_with(|| {
            made.clear();
            match (dictionary.text(key.0), dictionary.text(key.1)) {
                (Some(left), Some(right)) => {
                    function(left, right, made);
                    dictionary.code(made)
                }
                _ => Dictionary::MISSING,
            }
        });
        out.codes.push(code);
    }
}

/// The number that a function gives for each row's text.
pub(in crate::evaluate) fn numbers(
    operand: Codes<'_>,
    rows: usize,
    dictionary: &Dictionary,
    memo: &mut Memo,
    out: &mut NumberColumn,
    function: impl Fn(&str) -> f64,
) {
    memo.numbers.clear();
    out.values.clear();
    for row in 0..rows {
        let code = operand.code(row);
        let number =
            *memo.numbers.entry(code).or_insert_with(|| dictionary.text(code).map_or(f64::NAN, &function));
        out.values.push(number);
    }
    out.valid.reset(rows, true);
    number::settle(out);
}

/// The truth that a function gives for each row's two texts; false where one is missing.
pub(in crate::evaluate) fn truths(
    left: Codes<'_>,
    right: Codes<'_>,
    rows: usize,
    dictionary: &Dictionary,
    memo: &mut Memo,
    out: &mut Bitmap,
    function: impl Fn(&str, &str) -> bool,
) {
    memo.truths.clear();
    fill_rows(out, rows, |row| {
        let key = (left.code(row), right.code(row));
        *memo.truths.entry(key).or_insert_with(|| match (dictionary.text(key.0), dictionary.text(key.1)) {
            (Some(left), Some(right)) => function(left, right),
            _ => false,
        })
    });
}

/// Which rows have both texts.
pub(in crate::evaluate) fn both_known(left: Codes<'_>, right: Codes<'_>, rows: usize, out: &mut Bitmap) {
    fill_rows(out, rows, |row| left.get(row).is_some() && right.get(row).is_some());
}

/// Compares texts by code point.
pub(in crate::evaluate) fn compare(
    comparison: Comparison,
    left: Codes<'_>,
    right: Codes<'_>,
    rows: usize,
    dictionary: &Dictionary,
    memo: &mut Memo,
    out: &mut FlagColumn,
) {
    let test: fn(&str, &str) -> bool = match comparison {
        Comparison::Equal => |left, right| left == right,
        Comparison::NotEqual => |left, right| left != right,
        Comparison::Less => |left, right| left < right,
        Comparison::LessOrEqual => |left, right| left <= right,
        Comparison::Greater => |left, right| left > right,
        Comparison::GreaterOrEqual => |left, right| left >= right,
    };
    out.valid.reset(rows, true);
    truths(left, right, rows, dictionary, memo, &mut out.values, test);
}

/// Whether two texts are the same; with `differ`, whether they are not. A missing side makes neither
/// the same as anything.
pub(in crate::evaluate) fn same(
    differ: bool,
    left: Codes<'_>,
    right: Codes<'_>,
    rows: usize,
    out: &mut FlagColumn,
) {
    if left.single && !right.single {
        return same(differ, right, left, rows, out);
    }
    flag::all_known(&mut out.valid, rows);
    let bits = &mut out.values;
    match (left.single, right.single) {
        (true, _) => {
            let same = left.get(0).is_some() && left.code(0) == right.code(0);
            bits.reset(rows, same);
        }
        (false, true) if right.get(0).is_none() => bits.reset(rows, false),
        (false, true) => {
            bits.prepare(rows);
            lanes::same(left.codes, Against::One(right.code(0)), bits);
        }
        (false, false) => {
            bits.prepare(rows);
            lanes::same(left.codes, Against::Each(right.codes), bits);
            // Where both are missing they are not the same.
            for (word, codes) in bits.words_mut().iter_mut().zip(left.codes.chunks(64)) {
                *word &= codes
                    .iter()
                    .enumerate()
                    .fold(0, |known, (bit, &code)| known | u64::from(code != Dictionary::MISSING) << bit);
            }
        }
    }
    if differ {
        lanes::change(bits, Bits::All(true), |same, all| same ^ all);
        bits.mask_tail();
    }
}

/// The rows with any code but this.
pub(super) fn all_but(codes: &[u32], but: u32, rows: usize, out: &mut Bitmap) {
    out.prepare(rows);
    lanes::same(codes, Against::One(but), out);
    lanes::change(out, Bits::All(true), |same, all| same ^ all);
    out.mask_tail();
}

/// The bucket of each id.
pub(in crate::evaluate) fn buckets<'a>(
    ids: impl Iterator<Item = &'a str>,
    out: &mut NumberColumn,
    function: impl Fn(&str) -> f64,
) {
    out.clear();
    for id in ids {
        out.push(Some(function(id)));
    }
}

/// Numbers again, for operands that are told apart by their bits.
pub(in crate::evaluate) fn bits(numbers: Numbers<'_>, row: usize) -> Option<u64> {
    // Adding zero makes the two zeros one.
    numbers.get(row).map(|number| (number + 0.0).to_bits())
}
