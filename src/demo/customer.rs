//! Who a generated customer is: rhythm, purse, loyalty, country. All follow from seed and number.

use super::calibration::{
    AMOUNT_BETWEEN, AMOUNT_MEAN, CANCELLED, COUNTRIES, FOUNDER_WAIT, FOUNDERS, GAP_DEVIATION, GAP_MEAN,
    LEAVE_LOGIT, PERIOD_DAYS,
};
use super::random::Random;
use super::season::advance;

/// One customer.
#[derive(Clone, Debug)]
pub struct Customer {
    /// From 0.
    pub number: u32,
    /// When the first order falls due, in local days since 1970-01-01.
    pub begins: f64,
    /// Own gap between orders in days.
    pub gap: f64,
    /// Chance to leave for good after an order.
    pub leaves: f64,
    /// Logarithm of the usual amount in pounds.
    pub usual: f64,
    /// Chance that an order is cancelled in part.
    pub cancels: f64,
    country: u8,
}

impl Customer {
    /// The customer of this number in a period of local days.
    ///
    /// New customers come at the measured pace, so the longer the period, the smaller the share of
    /// those who were customers before it.
    pub fn new(number: u32, period: (f64, f64), random: &mut Random) -> Self {
        let (start, end) = period;
        let newcomers = (1.0 - FOUNDERS) * (end - start).max(0.0) / PERIOD_DAYS;
        let founder = random.chance(FOUNDERS / (FOUNDERS + newcomers));
        let slowness = random.normal();
        let gap = GAP_DEVIATION.mul_add(slowness, GAP_MEAN).exp();
        let wait = random.fraction();
        let [mean, deviation, with_gap] = LEAVE_LOGIT;
        let logit = deviation.mul_add(random.normal(), with_gap.mul_add(slowness, mean));
        Self {
            number,
            begins: if founder {
                advance(start, wait * gap * FOUNDER_WAIT)
            } else {
                wait.mul_add(end - start, start)
            },
            gap,
            leaves: 1.0 / (1.0 + (-logit).exp()),
            usual: AMOUNT_BETWEEN.mul_add(random.normal(), AMOUNT_MEAN),
            cancels: 2.0 * CANCELLED * random.fraction(),
            country: u8::try_from(random.pick(&COUNTRIES.map(|(_, share)| share))).unwrap_or_default(),
        }
    }

    /// The country's name.
    #[must_use]
    pub fn country(&self) -> &'static str {
        COUNTRIES.get(usize::from(self.country)).map_or("Unspecified", |(name, _)| name)
    }
}

/// The id of a customer by number: of one length, so that text sorts like the number.
#[must_use]
pub fn id(number: u32) -> u64 {
    10_000_000 + u64::from(number)
}
