//! What stands behind a customer beyond the orders: how content, how large; and what the orders tell so far.
//!
//! This and all that follows from it is assumed, not measured: correlated with the orders, so that those who are
//! likely to leave are discontent, pay late, complain, and buy elsewhere as well.

use super::calibration::{AMOUNT_BETWEEN, AMOUNT_MEAN, GAP_DEVIATION, GAP_MEAN, LEAVE_LOGIT};
use super::customer::{self, Customer};
use super::order::Order;
use super::random::{Random, Topic, whole};
use super::season::DAY_MINUTES;

/// Days in a month on average.
pub const MONTH: f64 = 30.44;

/// Above which size the largest twentieth of customers is.
pub const LARGEST_5: f64 = 1.645;
/// Above which size the largest tenth is.
pub const LARGEST_10: f64 = 1.282;
/// Above which size the largest quarter is.
pub const LARGEST_25: f64 = 0.674;
/// Above which size the largest 30 % are.
pub const LARGEST_30: f64 = 0.524;
/// Above which size the largest 40 % are.
pub const LARGEST_40: f64 = 0.253;

/// Beyond this, up or down, is a fifth of customers.
const FIFTH: f64 = 0.842;

/// One customer, seen from within.
#[derive(Clone, Debug)]
pub struct Person {
    /// Rhythm, purse, loyalty.
    pub customer: Customer,
    /// How content, normal with mean 0 and deviation 1: mostly how unlikely to leave.
    pub mood: f64,
    /// How large, normal with mean 0 and deviation 1: orders large and often.
    pub size: f64,
    seed: u64,
}

impl Person {
    /// Who is behind a customer of a world.
    #[must_use]
    pub fn new(seed: u64, customer: Customer) -> Self {
        /// How much of the mood shows in the chance to leave.
        const SHOWN: f64 = 0.9;
        let mut random = Random::about(seed, Topic::Person, u64::from(customer.number));
        let [mean, deviation, with_gap] = LEAVE_LOGIT;
        let logit = (customer.leaves / (1.0 - customer.leaves)).ln().clamp(-20.0, 20.0);
        let content = -(logit - mean) / deviation.hypot(with_gap);
        let quickness = (GAP_MEAN - customer.gap.ln()) / GAP_DEVIATION;
        let purse = (customer.usual - AMOUNT_MEAN) / AMOUNT_BETWEEN;
        Self {
            mood: SHOWN.mul_add(content, (1.0 - SHOWN * SHOWN).sqrt() * random.normal()),
            size: (purse + quickness) * std::f64::consts::FRAC_1_SQRT_2,
            customer,
            seed,
        }
    }

    /// The customer's stream on a topic.
    #[must_use]
    pub const fn random(&self, topic: Topic) -> Random {
        Random::about(self.seed, topic, self.customer.number as u64)
    }

    /// The customer's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        customer::id(self.customer.number)
    }

    /// Whether among the fifth that is least content.
    #[must_use]
    pub fn is_unhappy(&self) -> bool {
        self.mood < -FIFTH
    }

    /// Whether among the fifth that is most content.
    #[must_use]
    pub fn is_happy(&self) -> bool {
        self.mood > FIFTH
    }
}

/// What the orders of a customer tell up to some minute.
#[derive(Clone, Debug)]
pub struct Past {
    /// Orders and cancellations before that minute.
    pub orders: Vec<Order>,
    /// The minute of the first order, also where it is still to come.
    pub first: i64,
    /// The minute of the last order, where the customer has left after it.
    pub left: Option<i64>,
}

impl Past {
    /// Of orders and cancellations in order of time, and the minute of the next order, `None` where none ever comes.
    #[must_use]
    pub fn new(orders: Vec<Order>, first: i64, next: Option<i64>) -> Self {
        let last = orders.iter().rev().find(|order| !order.cancelled).map(|order| order.minute);
        Self { orders, first, left: if next.is_none() { last } else { None } }
    }

    /// The orders without cancellations.
    pub fn placed(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| !order.cancelled)
    }

    /// The day of the first order.
    #[must_use]
    pub fn first_day(&self) -> f64 {
        self.first.div_euclid(DAY_MINUTES) as f64
    }

    /// Whether the customer had left at a minute without having said so.
    #[must_use]
    pub fn is_gone(&self, minute: i64) -> bool {
        self.left.is_some_and(|left| left < minute)
    }

    /// Until when, but no longer than `end`, the customer still has to do with us: for one more of their own gaps
    /// after the last order, at most two months.
    #[must_use]
    pub fn here_until(&self, person: &Person, end: i64) -> i64 {
        let lingers = whole(person.customer.gap.min(2.0 * MONTH) * DAY_MINUTES as f64);
        self.left.map_or(end, |left| end.min(left + lingers))
    }
}
