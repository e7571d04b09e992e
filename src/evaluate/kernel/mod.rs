//! Loops over whole columns. Operands are views; an operand of one row for the whole run stands for
//! as many rows as needed. Every loop runs over slices or whole bitmap words, without branches on rows.

pub(super) mod choose;
pub(super) mod flag;
mod lanes;
pub(super) mod number;
pub(super) mod text;
pub(super) mod time;

use crate::model::{Bitmap, Dictionary};

/// A bitmap as operand, by words.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bits<'a> {
    /// The same for every row.
    All(bool),
    Words(&'a [u64]),
}

impl Bits<'_> {
    #[inline]
    pub(super) fn word(self, index: usize) -> u64 {
        match self {
            Bits::All(true) => u64::MAX,
            Bits::All(false) => 0,
            Bits::Words(words) => words.get(index).copied().unwrap_or(0),
        }
    }

    #[inline]
    pub(super) fn get(self, row: usize) -> bool {
        self.word(row / 64) >> (row % 64) & 1 == 1
    }
}

/// Numbers as operand; 0 where missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'a> {
    pub(super) values: &'a [f64],
    pub(super) valid: Bits<'a>,
    /// One value stands for all rows.
    pub(super) single: bool,
}

impl Numbers<'_> {
    #[inline]
    pub(super) fn first(&self) -> f64 {
        self.values.first().copied().unwrap_or(0.0)
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<f64> {
        let place = if self.single { 0 } else { row };
        if self.valid.get(row) { self.values.get(place).copied() } else { None }
    }
}

/// Truths as operand; false where missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags<'a> {
    pub(super) values: Bits<'a>,
    pub(super) valid: Bits<'a>,
}

/// Codes as operand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes<'a> {
    pub(super) codes: &'a [u32],
    /// One code stands for all rows.
    pub(super) single: bool,
}

impl Codes<'_> {
    #[inline]
    pub(super) fn code(&self, row: usize) -> u32 {
        let place = if self.single { 0 } else { row };
        self.codes.get(place).copied().unwrap_or(Dictionary::MISSING)
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<u32> {
        Some(self.code(row)).filter(|&code| code != Dictionary::MISSING)
    }
}

/// A column as operand.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    Number(Numbers<'a>),
    Flag(Flags<'a>),
    Code(Codes<'a>),
}

/// Sets a bitmap to so many rows, word by word.
pub(super) fn fill(bitmap: &mut Bitmap, rows: usize, word: impl Fn(usize) -> u64) {
    bitmap.prepare(rows);
    for (index, place) in bitmap.words_mut().iter_mut().enumerate() {
        *place = word(index);
    }
    bitmap.mask_tail();
}

/// Sets a bitmap to so many rows, row by row.
pub(super) fn fill_rows(bitmap: &mut Bitmap, rows: usize, mut test: impl FnMut(usize) -> bool) {
    bitmap.prepare(rows);
    for (index, place) in bitmap.words_mut().iter_mut().enumerate() {
        let start = index * 64;
        let mut word = 0;
        for (bit, row) in (start..rows.min(start + 64)).enumerate() {
            word |= u64::from(test(row)) << bit;
        }
        *place = word;
    }
}
