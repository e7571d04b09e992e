//! Points spent with an order, by those who order often.

use super::moment::Minute;
use super::person::{Past, Person};
use super::random::Topic;
use super::sheet::{Rows, Sheet};

/// The order from which on points are spent.
const FROM: u32 = 5;
/// Share of orders with which points are spent.
const SPENT: f64 = 0.1;

/// Adds what a customer spends.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Redemptions);
    let id = person.id();
    for order in past.placed().filter(|order| order.ordinal >= FROM) {
        let points = random.one_of(&[200, 500]);
        if random.chance(SPENT) {
            rows.add(
                order.minute,
                Sheet::Redemptions,
                format_args!("points-{},{id},{},{points}", order.invoice(), Minute(order.minute)),
            );
        }
    }
}
