//! Columns over a batch of rows: numbers with a validity bitmap, booleans as bitmaps, texts and
//! choices as small codes of the batch's dictionary.
//!
//! A batch holds a few thousand rows; a column is cleared and filled again for the next batch, so
//! that nothing is allocated per row. Where a row is not valid its number is 0, its flag false and
//! its code [`Dictionary::MISSING`].

use std::cmp::Ordering;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A bit per row, 64 to a word, lowest bit first; bits past the length are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// So many equal bits.
    #[must_use]
    pub fn filled(len: usize, bit: bool) -> Self {
        let mut bitmap = Self::default();
        bitmap.reset(len, bit);
        bitmap
    }

    /// Becomes so many equal bits, keeping its memory.
    pub fn reset(&mut self, len: usize, bit: bool) {
        self.words.clear();
        self.words.resize(len.div_ceil(64), if bit { u64::MAX } else { 0 });
        self.len = len;
        self.mask_tail();
    }

    /// Becomes so many rows, keeping its memory. Their bits are whatever was there: the caller writes
    /// every word and calls [`Bitmap::mask_tail`].
    pub fn prepare(&mut self, len: usize) {
        self.words.resize(len.div_ceil(64), 0);
        self.len = len;
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit of a row; false past the end.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Sets the bit of a row; past the end nothing happens.
    #[inline]
    pub fn set(&mut self, row: usize, bit: bool) {
        if row >= self.len {
            return;
        }
        if let Some(word) = self.words.get_mut(row / 64) {
            let mask = 1_u64 << (row % 64);
            *word = if bit { *word | mask } else { *word & !mask };
        }
    }

    /// Adds a row at the end.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        if bit {
            self.set(self.len - 1, true);
        }
    }

    /// The words, lowest rows first.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Writes whole words; the caller leaves the length alone and calls [`Bitmap::mask_tail`].
    pub fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    /// Clears the bits past the length after whole-word logic.
    pub fn mask_tail(&mut self) {
        let used = self.len % 64;
        if used != 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1_u64 << used) - 1;
        }
    }

    /// How many rows have the bit.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows that have the bit, in order.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    index * 64 + bit
                })
            })
        })
    }
}

/// Numbers, dates (day numbers) or times (milliseconds).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberColumn {
    /// One a row; 0 where missing.
    pub values: Vec<f64>,
    /// Which rows are known.
    pub valid: Bitmap,
}

/// Booleans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagColumn {
    /// One a row; false where missing.
    pub values: Bitmap,
    /// Which rows are known.
    pub valid: Bitmap,
}

/// Texts and choices as codes of the batch's [`Dictionary`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeColumn {
    /// One a row; [`Dictionary::MISSING`] where missing.
    pub codes: Vec<u32>,
}

impl NumberColumn {
    /// Forgets all rows, keeping memory.
    pub fn clear(&mut self) {
        self.values.clear();
        self.valid.reset(0, false);
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, value: Option<f64>) {
        self.values.push(value.unwrap_or(0.0));
        self.valid.push(value.is_some());
    }

    /// The value of a row, if known.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> Option<f64> {
        if self.valid.get(row) { self.values.get(row).copied() } else { None }
    }
}

impl FlagColumn {
    /// Forgets all rows, keeping memory.
    pub fn clear(&mut self) {
        self.values.reset(0, false);
        self.valid.reset(0, false);
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, value: Option<bool>) {
        self.values.push(value.unwrap_or(false));
        self.valid.push(value.is_some());
    }

    /// The value of a row, if known.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> Option<bool> {
        self.valid.get(row).then(|| self.values.get(row))
    }
}

impl CodeColumn {
    /// Forgets all rows, keeping memory.
    pub fn clear(&mut self) {
        self.codes.clear();
    }

    /// Adds a row.
    #[inline]
    pub fn push(&mut self, code: Option<u32>) {
        self.codes.push(code.unwrap_or(Dictionary::MISSING));
    }

    /// The code of a row, if known.
    #[must_use]
    #[inline]
    pub fn get(&self, row: usize) -> Option<u32> {
        self.codes.get(row).copied().filter(|&code| code != Dictionary::MISSING)
    }
}

/// A column of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers, dates, times.
    Number(NumberColumn),
    /// Booleans.
    Flag(FlagColumn),
    /// Texts and choices.
    Code(CodeColumn),
}

impl Column {
    /// An empty column fit for a type.
    #[must_use]
    pub fn of(ty: &super::Type) -> Self {
        match ty {
            super::Type::Bool => Self::Flag(FlagColumn::default()),
            super::Type::Text | super::Type::Choice(_) => Self::Code(CodeColumn::default()),
            super::Type::Number | super::Type::Date | super::Type::Time => {
                Self::Number(NumberColumn::default())
            }
        }
    }

    /// Forgets all rows, keeping memory.
    pub fn clear(&mut self) {
        match self {
            Self::Number(column) => column.clear(),
            Self::Flag(column) => column.clear(),
            Self::Code(column) => column.clear(),
        }
    }

    /// Adds a missing row.
    pub fn push_missing(&mut self) {
        match self {
            Self::Number(column) => column.push(None),
            Self::Flag(column) => column.push(None),
            Self::Code(column) => column.push(None),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Number(column) => column.values.len(),
            Self::Flag(column) => column.values.len(),
            Self::Code(column) => column.codes.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row as a value of the type the column was made for.
    #[must_use]
    pub fn value(&self, row: usize, ty: &super::Type, dictionary: &Dictionary) -> Option<super::Value> {
        use super::{Date, Timestamp, Type, Value};
        match self {
            Self::Flag(column) => column.get(row).map(Value::Bool),
            Self::Code(column) => column.get(row).and_then(|code| dictionary.text(code)).map(Value::text),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "dates and times are stored as whole numbers in range"
            )]
            Self::Number(column) => column.get(row).map(|number| match ty {
                Type::Date => Value::Date(Date(number as i32)),
                Type::Time => Value::Time(Timestamp(number as i64)),
                _ => Value::Number(number),
            }),
        }
    }
}

/// Many texts in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextList {
    bytes: String,
    ends: Vec<usize>,
}

impl TextList {
    /// Forgets all texts, keeping memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a text at the end.
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// The text at a place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or(0);
        self.bytes.get(start..end)
    }

    /// The place of a text, where they are in order.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle)?.cmp(text) {
                Ordering::Equal => return Some(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Keeps the first so many texts.
    pub fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }
}

/// Texts to codes and back, for one batch. The words a program names itself are fixed in front, with
/// the same codes in every batch; what a batch's rows bring comes behind and goes with the batch.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    texts: TextList,
    /// Codes by the hash of their text.
    codes: HashTable<u32>,
    hasher: DefaultHashBuilder,
    fixed: usize,
}

impl Dictionary {
    /// The code of a missing text; no text has it.
    pub const MISSING: u32 = u32::MAX;

    /// A dictionary whose first codes are these words, in this order; a repeated word keeps its first code.
    #[must_use]
    pub fn with_fixed<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut dictionary = Self::default();
        for word in words {
            dictionary.code(word);
        }
        dictionary.fixed = dictionary.texts.len();
        dictionary
    }

    /// Forgets all but the fixed words, keeping memory.
    pub fn reset(&mut self) {
        if self.texts.len() == self.fixed {
            return;
        }
        let fixed = self.fixed;
        self.codes.retain(|&mut code| place(code) < fixed);
        self.texts.truncate(fixed);
    }

    /// The code of a text, new if need be.
    pub fn code(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        let is_text = |&code: &u32| self.texts.get(place(code)) == Some(text);
        if let Some(&code) = self.codes.find(hash, is_text) {
            return code;
        }
        let code = u32::try_from(self.texts.len()).unwrap_or(Self::MISSING);
        self.texts.push(text);
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash_of = |&code: &u32| hasher.hash_one(texts.get(place(code)).unwrap_or_default());
        self.codes.insert_unique(hash, code, hash_of);
        code
    }

    /// The code of a text that is already here.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let is_text = |&code: &u32| self.texts.get(place(code)) == Some(text);
        self.codes.find(self.hasher.hash_one(text), is_text).copied()
    }

    /// The text of a code.
    #[must_use]
    pub fn text(&self, code: u32) -> Option<&str> {
        self.texts.get(place(code))
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Where the text of a code stands.
fn place(code: u32) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_counts_and_lists_its_ones_past_a_word() {
        let mut bitmap = Bitmap::filled(130, false);
        for row in [0, 63, 64, 129] {
            bitmap.set(row, true);
        }
        bitmap.set(500, true);
        assert_eq!(bitmap.ones().collect::<Vec<_>>(), [0, 63, 64, 129]);
        assert_eq!(bitmap.count(), 4);
        assert_eq!(Bitmap::filled(70, true).count(), 70);
    }

    #[test]
    fn a_dictionary_keeps_its_fixed_words_over_batches() {
        let mut dictionary = Dictionary::with_fixed(["paid", "cancelled"]);
        assert_eq!(dictionary.code("paid"), 0);
        assert_eq!(dictionary.code("from a row"), 2);
        dictionary.reset();
        assert_eq!(dictionary.find("from a row"), None);
        assert_eq!(dictionary.text(1), Some("cancelled"));
        assert_eq!(dictionary.code("another"), 2);
    }
}
