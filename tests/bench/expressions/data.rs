//! Seeded customers and the numbers they are made of. Shared with the hand-written loop, which is
//! compiled on its own.

/// The seed of the customers.
pub(crate) const SEED: u64 = 7;
/// Attributes that are numbers.
pub(crate) const NUMBERS: usize = 8;
/// Attributes that are truths.
pub(crate) const FLAGS: usize = 2;
/// Attributes that are one of [`WORDS`].
pub(crate) const CHOICES: usize = 2;
/// The words of a choice; a column holds their index.
pub(crate) const WORDS: [&str; 6] = ["red", "green", "blue", "white", "black", "grey"];

/// Numbers that look random and are the same every time.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap_or(1)).unwrap_or(0)
    }
}

/// A column as plain vectors; a value that is missing is 0 or false.
#[derive(Debug, Default)]
pub(crate) struct Plain<T> {
    pub(crate) values: Vec<T>,
    pub(crate) valid: Vec<bool>,
}

impl<T: Copy + Default> Plain<T> {
    fn push(&mut self, value: T, random: &mut Random) {
        let valid = random.below(20) != 0;
        self.values.push(if valid { value } else { T::default() });
        self.valid.push(valid);
    }

    pub(crate) fn get(&self, row: usize) -> Option<T> {
        let valid = self.valid.get(row).copied().unwrap_or(false);
        self.values.get(row).copied().filter(|_| valid)
    }
}

/// All customers.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) numbers: [Plain<f64>; NUMBERS],
    pub(crate) flags: [Plain<bool>; FLAGS],
    pub(crate) choices: [Plain<u32>; CHOICES],
}

impl Data {
    /// So many customers; 5% of the values are missing. Numbers are whole, 0 to 999.
    pub(crate) fn new(customers: usize) -> Self {
        let mut data = Self::default();
        let mut random = Random(SEED);
        for _ in 0..customers {
            for column in &mut data.numbers {
                let number = u32::try_from(random.below(1000)).unwrap_or(0);
                column.push(f64::from(number), &mut random);
            }
            for column in &mut data.flags {
                let flag = random.below(2) == 0;
                column.push(flag, &mut random);
            }
            for column in &mut data.choices {
                let code = u32::try_from(random.below(WORDS.len())).unwrap_or(0);
                column.push(code, &mut random);
            }
        }
        data
    }

    pub(crate) fn customers(&self) -> usize {
        self.numbers.first().map_or(0, |column| column.values.len())
    }
}
