//! The main lines of an invoice: which products an order is mostly of.

use super::market::Market;
use super::moment::Minute;
use super::order::Order;
use super::person::{Past, Person};
use super::product::{Pounds, Product};
use super::random::{Random, Topic, whole};
use super::sheet::{Rows, Sheet};

/// How often an order is mostly of the first favourite.
const FAVOURITE: f64 = 0.85;
/// How often a further line is of another favourite.
const OTHER_FAVOURITE: f64 = 0.6;
/// What part of an order its lines stand for, by how many there are.
const PARTS: [&[f64]; 3] = [&[1.0], &[0.65, 0.35], &[0.5, 0.3, 0.2]];

/// So many of a product at a price in pence.
#[derive(Clone, Copy, Debug)]
struct Line {
    product: Product,
    quantity: i64,
    pence: i64,
}

/// What a customer buys most.
#[must_use]
pub fn favourites(person: &Person) -> [Product; 3] {
    Product::favourites(&mut person.random(Topic::Lines))
}

/// Adds the main lines of a customer's orders and cancellations.
pub fn write(person: &Person, past: &Past, market: &Market, rows: &mut Rows) {
    let mut random = person.random(Topic::Lines);
    let favourites = Product::favourites(&mut random);
    let mut bought = Vec::new();
    for order in &past.orders {
        if order.cancelled {
            bought = cancelled(order, &bought);
        } else {
            bought = lines(order, favourites, market, &mut random);
        }
        for line in &bought {
            rows.add(
                order.minute,
                Sheet::Lines,
                format_args!(
                    "{},{},{},{},{},{}",
                    order.invoice(),
                    line.product,
                    line.quantity,
                    Minute(order.minute),
                    Pounds(line.pence),
                    person.id(),
                ),
            );
        }
    }
}

/// The lines of an order, each of another product, that make up about its amount.
fn lines(order: &Order, favourites: [Product; 3], market: &Market, random: &mut Random) -> Vec<Line> {
    let parts = random.choose(&[(PARTS[0], 0.4), (PARTS[1], 0.35), (PARTS[2], 0.25)]);
    let [first, second, third] = favourites;
    let mut taken = Vec::new();
    for _ in parts {
        let usual = if taken.is_empty() { FAVOURITE } else { OTHER_FAVOURITE };
        let likes = match (random.chance(usual), taken.len()) {
            (true, 0) => Some(first),
            (true, 1) => Some(second),
            (true, _) => Some(third),
            (false, _) => None,
        };
        let likes = likes.filter(|product| !taken.contains(product));
        taken.push(likes.unwrap_or_else(|| Product::besides(&taken, || Product::any(random))));
    }
    let priced = taken.into_iter().zip(parts).map(|(product, part)| {
        let pence = market.price(product, order.minute);
        let quantity = whole(order.pence as f64 * part / pence as f64).max(1);
        Line { product, quantity, pence }
    });
    priced.collect()
}

/// What of the first line comes back with a cancellation.
fn cancelled(order: &Order, bought: &[Line]) -> Vec<Line> {
    let back = bought.first().map(|line| {
        let pieces = whole(-order.pence as f64 / line.pence as f64);
        Line { quantity: -pieces.clamp(1, line.quantity.max(1)), ..*line }
    });
    back.into_iter().collect()
}
