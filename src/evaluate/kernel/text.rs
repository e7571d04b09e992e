//! Functions of texts. Each different text of a batch is worked on once.

use hashbrown::HashMap;

use super::{Codes, Numbers, fill_rows, number};
use crate::evaluate::graph::op::Comparison;
use crate::model::{Bitmap, CodeColumn, Dictionary, FlagColumn, NumberColumn};

/// Results by code, kept from batch to batch for their memory only.
#[derive(Debug, Default)]
pub(in crate::evaluate) struct Memo {
    texts: HashMap<(u32, u32), u32>,
    numbers: HashMap<u32, f64>,
    truths: HashMap<(u32, u32), bool>,
}

/// The text that a function gives for each row's text.
pub(in crate::evaluate) fn text(
    operand: Codes<'_>,
    rows: usize,
    dictionary: &mut Dictionary,
    memo: &mut Memo,
    out: &mut CodeColumn,
    function: impl Fn(&str) -> String,
) {
    pairs(operand, operand, rows, dictionary, memo, out, |text, _| function(text));
}

/// The text that a function gives for each row's two texts.
pub(in crate::evaluate) fn pairs(
    left: Codes<'_>,
    right: Codes<'_>,
    rows: usize,
    dictionary: &mut Dictionary,
    memo: &mut Memo,
    out: &mut CodeColumn,
    function: impl Fn(&str, &str) -> String,
) {
    memo.texts.clear();
    out.codes.clear();
    for row in 0..rows {
        let key = (left.code(row), right.code(row));
        let code = memo.texts.get(&key).copied().unwrap_or_else(|| {
            let made = match (dictionary.text(key.0), dictionary.text(key.1)) {
                (Some(left), Some(right)) => Some(function(left, right)),
                _ => None,
            };
            let code = made.map_or(Dictionary::MISSING, |made| dictionary.code(&made));
            memo.texts.insert(key, code);
            code
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
    out.valid.reset(rows, true);
    fill_rows(&mut out.values, rows, |row| {
        let (left, right) = (left.code(row), right.code(row));
        (left == right && left != Dictionary::MISSING) != differ
    });
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
