//! What there is to buy, what it costs, and who likes what.

use std::fmt::{self, Display, Formatter};

use super::random::Random;

/// One of the sixty products, counted from 1: `P01` to `P60`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Product(u8);

impl Product {
    /// How many there are.
    const COUNT: i64 = 60;
    /// The first of them are those whose prices fall most often and that people lack the means for.
    const WANTED: i64 = 20;
    /// The first of them sell best, and run short at times.
    const BEST_SELLERS: i64 = 5;
    /// How often one of those is what somebody buys most.
    const OFTEN: f64 = 0.5;

    /// Any.
    pub fn any(random: &mut Random) -> Self {
        Self::up_to(Self::COUNT, random)
    }

    /// One of those wanted by people who lack the means.
    pub fn wanted(random: &mut Random) -> Self {
        Self::up_to(Self::WANTED, random)
    }

    /// One of those that sell best, and therefore run short.
    pub fn best_seller(random: &mut Random) -> Self {
        Self::up_to(Self::BEST_SELLERS, random)
    }

    fn up_to(most: i64, random: &mut Random) -> Self {
        Self(u8::try_from(random.count(1, most)).unwrap_or(1))
    }

    /// The first that `draw` gives and that is none of these; the last it gave where many are in vain.
    pub fn besides(others: &[Self], mut draw: impl FnMut() -> Self) -> Self {
        const PATIENCE: usize = 50;
        let mut product = draw();
        for _ in 0..PATIENCE {
            if !others.contains(&product) {
                break;
            }
            product = draw();
        }
        product
    }

    /// Three different ones: what somebody buys most, most often the first.
    pub fn favourites(random: &mut Random) -> [Self; 3] {
        let first = if random.chance(Self::OFTEN) { Self::best_seller(random) } else { Self::any(random) };
        let second = Self::besides(&[first], || Self::any(random));
        [first, second, Self::besides(&[first, second], || Self::any(random))]
    }

    /// What one costs, in pence, unless the news say otherwise.
    #[must_use]
    pub fn list_pence(self) -> i64 {
        (2 + i64::from(self.0) * 7 % 40) * 100
    }
}

impl Display for Product {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "P{:02}", self.0)
    }
}

/// Pence as pounds: `12.05`.
#[derive(Clone, Copy, Debug)]
pub struct Pounds(pub i64);

impl Display for Pounds {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (sign, pence) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(out, "{sign}{}.{:02}", pence / 100, pence % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pounds_have_a_sign_and_two_places() {
        assert_eq!([5, -5, 1_234].map(|pence| Pounds(pence).to_string()), ["0.05", "-0.05", "12.34"]);
    }

    #[test]
    fn favourites_differ() {
        let mut random = Random::new(1);
        for _ in 0..1_000 {
            let [first, second, third] = Product::favourites(&mut random);
            assert!(first != second && second != third && first != third);
            assert!((200..=4_100).contains(&first.list_pence()));
        }
    }
}
