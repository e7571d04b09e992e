//! Incoming payments: one for each order, thirty days after it and as late as the customer is.

use super::moment::Minute;
use super::person::{Past, Person};
use super::product::Pounds;
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute};
use super::sheet::{Rows, Sheet};

/// Days after an order on which its payment is due.
const DUE: i64 = 30;
/// How often nobody knows when a payment comes: two to six months late.
const VERY_LATE: f64 = 0.02;
/// How customers pay, and how many do so.
const METHODS: [(&str, f64); 4] = [("transfer", 0.55), ("card", 0.25), ("credit", 0.15), ("cash", 0.05)];

/// Adds a customer's payments.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Payments);
    let method = random.choose(&METHODS);
    for order in past.placed() {
        let late = days_late(person, &mut random);
        let day = order.minute.div_euclid(DAY_MINUTES) + DUE + late;
        let minute = day * DAY_MINUTES + office_minute(&mut random);
        rows.add(
            minute,
            Sheet::Payments,
            format_args!(
                "pay-{},{},{},{},{method},{late}",
                order.invoice(),
                person.id(),
                Minute(minute),
                Pounds(order.pence)
            ),
        );
    }
}

/// The discontent pay late; below zero is early, but not on the day of the order.
fn days_late(person: &Person, random: &mut Random) -> i64 {
    let usual =
        if person.is_unhappy() { 12.0_f64.mul_add(random.normal(), 20.0) } else { 4.0 * random.normal() };
    let very = random.between(60.0, 180.0);
    whole(if random.chance(VERY_LATE) { very } else { usual }).max(1 - DUE)
}
