//! Everything that happens by chance follows from one seed.

use guanxi::ports::simulated::SeededEntropy;

/// Numbers by chance, one independent stream per use, so that one more draw for a crash changes nothing in the world.
pub(crate) struct Chance(SeededEntropy);

impl Chance {
    /// The stream of a name.
    pub(crate) fn new(seed: u64, stream: &str) -> Self {
        // FNV-1a, then one draw to mix it.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let start = stream.bytes().fold(0xcbf2_9ce4_8422_2325, hash);
        Self(SeededEntropy::new(SeededEntropy::new(start ^ seed.rotate_left(17)).next()))
    }

    /// A number below an end.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.0.next() % end.max(1)
    }

    /// An instant, a span or a place: as [`Chance::below`].
    pub(crate) fn upto(&self, end: i64) -> i64 {
        i64::try_from(self.below(u64::try_from(end.max(1)).unwrap())).unwrap()
    }

    /// Whether it happens this time.
    pub(crate) fn one_in(&self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    /// How many of `tries` happen, each about once in `times`: sparse events for many customers.
    pub(crate) fn count(&self, tries: u64, times: u64) -> u64 {
        tries / times + u64::from(self.below(times) < tries % times)
    }
}
