//! What is known of somebody from the first contact on, whoever tells it first: a colleague who rates a prospect, or one
//! who knows a customer.

use super::person::{LARGEST_40, Person};
use super::random::{Random, Topic, whole};
use super::staff::DESKS;

/// Where people are found.
const SOURCES: [(&str, f64); 8] = [
    ("customer_file", 0.15),
    ("cold_visit", 0.08),
    ("directory", 0.10),
    ("referral", 0.20),
    ("activity", 0.08),
    ("advertising", 0.15),
    ("exhibition", 0.09),
    ("new_media", 0.15),
];
/// How often it is known where a customer, and where a prospect who never orders, was found.
const SOURCE_KNOWN: [f64; 2] = [0.9, 0.8];
/// How many have somebody who looks after them: of the largest 40 %, and of others.
const MANAGED: [f64; 2] = [0.95, 0.5];
/// Why to be wary of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wary {
    /// There is no reason.
    #[default]
    No,
    /// Buys once, from everyone, for the lowest price.
    Price,
    /// Does all alone and takes no advice.
    SelfReliant,
    /// Gives things no time.
    Impatient,
}

/// How often, of those who are rated before they order.
const WARY: [(Wary, f64); 4] =
    [(Wary::No, 0.625), (Wary::Price, 0.125), (Wary::SelfReliant, 0.125), (Wary::Impatient, 0.125)];

/// What is known from the first contact on.
#[derive(Clone, Copy, Debug)]
pub struct Acquaintance {
    /// Where we found them; empty where nobody knows.
    pub source: &'static str,
    /// The desk whose holder looks after them.
    pub desk: Option<usize>,
    /// From 1 to 5: how much they look at the price alone.
    pub price_focus: i64,
    /// Whether, and why, to be wary of them.
    pub wary: Wary,
}

impl Acquaintance {
    /// With a customer, who was rated as a prospect before or not.
    #[must_use]
    pub fn with(person: &Person, rated: bool) -> Self {
        let mut random = person.random(Topic::Acquaintance);
        let [customers, _] = SOURCE_KNOWN;
        let [largest, others] = MANAGED;
        let managed = if person.size > LARGEST_40 { largest } else { others };
        let price_focus = 0.9_f64.mul_add(random.normal(), 0.8_f64.mul_add(-person.mood, 2.7));
        let desk = usize::try_from(person.customer.number).unwrap_or_default() % DESKS;
        Self::drawn(customers, (desk, managed), whole(price_focus).clamp(1, 5), rated, &mut random)
    }

    /// With a prospect who never orders.
    #[must_use]
    pub fn with_prospect(ordinal: usize, random: &mut Random) -> Self {
        let [_, prospects] = SOURCE_KNOWN;
        let [_, managed] = MANAGED;
        let price_focus = random.count(1, 4);
        Self::drawn(prospects, (ordinal % DESKS, managed), price_focus, true, random)
    }

    fn drawn(
        source_known: f64,
        (desk, managed): (usize, f64),
        price_focus: i64,
        rated: bool,
        random: &mut Random,
    ) -> Self {
        let source = random.choose(&SOURCES);
        let wary = if rated { random.choose(&WARY) } else { Wary::No };
        Self {
            source: if random.chance(source_known) { source } else { "" },
            desk: random.chance(managed).then_some(desk),
            price_focus: if wary == Wary::Price { 5 } else { price_focus },
            wary,
        }
    }
}
