//! Numbers from a seed, and the few distributions the world draws from.

/// A stream of numbers that follows from its seed (`SplitMix64`, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

/// What a stream is about: each topic draws from its own, so that one more draw in one changes no other.
/// The orders of a customer have the stream of [`Random::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Mood, and what else stands behind a customer.
    Person,
    /// Favourites, and the lines of invoices.
    Lines,
    /// What is known from the first contact on.
    Acquaintance,
    /// What colleagues know.
    Profile,
    /// When that changes.
    Changes,
    /// Those who may become customers.
    Prospects,
    /// How they are rated.
    Ratings,
    /// Incoming payments.
    Payments,
    /// Answers to surveys.
    Surveys,
    /// Complaints and what became of them.
    Complaints,
    /// What came of calls.
    Contacts,
    /// Questions about products.
    Enquiries,
    /// Suggestions.
    Suggestions,
    /// Offers by rivals.
    Rivals,
    /// Changes of our terms.
    Terms,
    /// Points spent.
    Redemptions,
    /// Promotions and events of customers.
    Occasions,
    /// Colleagues who leave.
    Staff,
    /// News of the market.
    Market,
    /// When somebody comes to know those whom nobody knew at first.
    Meeting,
    /// How well they get on with those who look after them.
    Colleagues,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Spreads each bit over all others.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream of one of many under a seed: each its own, whichever are asked for.
    #[must_use]
    pub const fn of(seed: u64, index: u64) -> Self {
        Self { state: mix(mix(seed.wrapping_add(STEP)) ^ mix(index.wrapping_add(STEP))) }
    }

    /// The stream of one of many on a topic under a seed.
    #[must_use]
    pub const fn about(seed: u64, topic: Topic, index: u64) -> Self {
        let mut topic = Self::of(seed, u64::MAX - topic as u64);
        Self::of(topic.bits(), index)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in `0.0..1.0`, in steps of 2⁻⁵³.
    pub const fn fraction(&mut self) -> f64 {
        const STEPS: f64 = 9_007_199_254_740_992.0;
        (self.bits() >> 11) as f64 / STEPS
    }

    /// True so often.
    pub fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.fraction()).cos()
    }

    /// Log-normal: the exponential of a normal with this mean and standard deviation.
    pub fn log_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        deviation.mul_add(self.normal(), mean).exp()
    }

    /// Exponential with this mean: the time to the next of events that come independently of each other.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.fraction()).ln()
    }

    /// Uniform between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.fraction().mul_add(high - low, low)
    }

    /// Whole and uniform, both ends included.
    pub fn count(&mut self, low: i64, high: i64) -> i64 {
        whole(self.between(low as f64, (high + 1) as f64).floor()).min(high)
    }

    /// One of some things, each as likely.
    pub fn one_of<T: Copy + Default>(&mut self, things: &[T]) -> T {
        let index = whole((self.fraction() * things.len() as f64).floor());
        usize::try_from(index).ok().and_then(|index| things.get(index)).copied().unwrap_or_default()
    }

    /// One of some things, each as often as its share of the weights.
    pub fn choose<T: Copy + Default>(&mut self, things: &[(T, f64)]) -> T {
        let mut left = self.fraction() * things.iter().map(|(_, weight)| weight).sum::<f64>();
        let found = things.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        found.or(things.last()).map(|(thing, _)| *thing).unwrap_or_default()
    }

    /// The index of one of the weights, each as often as its share of their sum.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.fraction() * weights.iter().sum::<f64>();
        let found = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        found.unwrap_or_else(|| weights.len().saturating_sub(1))
    }
}

/// The nearest whole number, held within ±10¹⁵.
#[expect(clippy::cast_possible_truncation, reason = "held within the range that both types show exactly")]
#[must_use]
pub fn whole(number: f64) -> i64 {
    const LIMIT: f64 = 1e15;
    number.round().clamp(-LIMIT, LIMIT) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    fn mean_and_deviation(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let draws: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(DRAWS);
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / f64::from(DRAWS);
        (mean, variance.sqrt())
    }

    #[test]
    fn the_bits_are_those_of_the_published_generator() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn neighbours_under_one_seed_have_streams_of_their_own() {
        let firsts: std::collections::BTreeSet<u64> =
            (0..10_000).map(|index| Random::of(7, index).bits()).collect();
        assert_eq!(firsts.len(), 10_000);
        let (mean, _) = {
            let mut index = 0;
            mean_and_deviation(|| {
                index += 1;
                Random::of(7, index).fraction()
            })
        };
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
    }

    #[test]
    fn fractions_are_uniform_and_normals_normal() {
        let mut random = Random::new(1);
        let (mean, deviation) = mean_and_deviation(|| random.fraction());
        assert!((mean - 0.5).abs() < 0.005 && (deviation - 0.2887).abs() < 0.005, "{mean} {deviation}");
        let (mean, deviation) = mean_and_deviation(|| random.normal());
        assert!(mean.abs() < 0.01 && (deviation - 1.0).abs() < 0.01, "{mean} {deviation}");
        let (mean, deviation) = mean_and_deviation(|| random.log_normal(2.0, 0.5).ln());
        assert!((mean - 2.0).abs() < 0.01 && (deviation - 0.5).abs() < 0.01, "{mean} {deviation}");
    }

    #[test]
    fn picks_follow_the_weights() {
        let mut random = Random::new(2);
        let mut counts = [0_u32; 3];
        for _ in 0..DRAWS {
            counts[random.pick(&[1.0, 0.0, 3.0])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((f64::from(counts[0]) / f64::from(DRAWS) - 0.25).abs() < 0.005);
        assert_eq!(random.pick(&[]), 0);
    }

    #[test]
    fn topics_have_streams_of_their_own() {
        let first = |topic| Random::about(7, topic, 3).bits();
        assert_eq!(first(Topic::Surveys), first(Topic::Surveys));
        assert_ne!(first(Topic::Surveys), first(Topic::Payments));
        assert_ne!(first(Topic::Surveys), Random::of(7, 3).bits());
    }

    #[test]
    fn choices_follow_the_weights_and_counts_reach_both_ends() {
        let mut random = Random::new(4);
        let mut seen = [0_u32; 2];
        for _ in 0..DRAWS {
            seen[usize::from(random.choose(&[(false, 1.0), (true, 3.0)]))] += 1;
        }
        assert!((f64::from(seen[0]) / f64::from(DRAWS) - 0.25).abs() < 0.005);
        let counts: std::collections::BTreeSet<i64> = (0..1_000).map(|_| random.count(2, 5)).collect();
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
        let (mean, deviation) = mean_and_deviation(|| random.exponential(7.0));
        assert!((mean - 7.0).abs() < 0.1 && (deviation - 7.0).abs() < 0.1, "{mean} {deviation}");
        assert_eq!(random.one_of(&[] as &[u8]), 0);
    }

    #[test]
    fn whole_numbers_are_held_in_range() {
        assert_eq!(
            [whole(2.5), whole(-2.4), whole(f64::INFINITY), whole(f64::NAN)],
            [3, -2, 10_i64.pow(15), 0]
        );
    }
}
