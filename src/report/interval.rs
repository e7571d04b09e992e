//! The difference of two shares with an interval that says how sure it is.

/// The quantile of the normal distribution for 95 % on both sides.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proportion {
    /// Those for whom it is so.
    pub hits: u64,
    /// All.
    pub of: u64,
}

/// A difference of two shares: the first less the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// From -1 to 1.
    pub value: f64,
    /// Where the 95 % interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl Proportion {
    /// The share; `None` of nobody.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Wilson's score interval, 95 %. E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    /// Journal of the American Statistical Association 22 (1927).
    fn wilson(self) -> Option<(f64, f64)> {
        let (share, of) = (self.share()?, self.of as f64);
        let center = share + Z * Z / (2.0 * of);
        let spread = Z * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
        let scale = 1.0 + Z * Z / of;
        Some((((center - spread) / scale).max(0.0), ((center + spread) / scale).min(1.0)))
    }
}

/// The difference of two shares of independent groups with Newcombe's hybrid score interval, 95 %; `None` where a group
/// is empty. R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
/// methods, Statistics in Medicine 17 (1998), method 10.
#[must_use]
pub fn difference(first: Proportion, second: Proportion) -> Option<Difference> {
    let ((one, other), (one_in, other_in)) =
        ((first.share()?, second.share()?), (first.wilson()?, second.wilson()?));
    let value = one - other;
    Some(Difference {
        value,
        low: value - (one - one_in.0).hypot(other_in.1 - other),
        high: value + (one_in.1 - one).hypot(other - other_in.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_newcombes_table() {
        // Newcombe (1998), Table II, method 10.
        let published = [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1.0),
            ((10, 10), (0, 10), 0.6075, 1.0),
        ];
        for (first, second, low, high) in published {
            let proportion = |(hits, of)| Proportion { hits, of };
            let found = difference(proportion(first), proportion(second)).unwrap();
            assert!(
                (found.low - low).abs() < 5.1e-5 && (found.high - high).abs() < 5.1e-5,
                "{first:?} - {second:?}: {found:?}"
            );
        }
    }

    #[test]
    fn of_nobody_nothing_can_be_said() {
        let some = Proportion { hits: 1, of: 2 };
        assert_eq!(difference(some, Proportion::default()), None);
        assert_eq!(difference(Proportion::default(), some), None);
    }
}
