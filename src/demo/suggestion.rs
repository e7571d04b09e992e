//! Suggestions by customers, some of which we take up.

use super::moment::Minute;
use super::person::{MONTH, Past, Person};
use super::random::Topic;
use super::season::NowAndThen;
use super::sheet::{Rows, Sheet};

/// Share of customers who suggest something in a month.
const A_MONTH: f64 = 0.01;
/// How many we take up.
const ADOPTED: f64 = 0.4;

/// Adds a customer's suggestions.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Suggestions);
    let mut made = NowAndThen { every: MONTH / A_MONTH, day: past.first_day() };
    let (id, end) = (person.id(), past.here_until(person, rows.end()));
    let mut number = 1;
    while let Some(minute) = made.next(end, &mut random) {
        let adopted = random.chance(ADOPTED);
        rows.add(
            minute,
            Sheet::Suggestions,
            format_args!("suggestion-{id}-{number},{id},{},{adopted}", Minute(minute)),
        );
        number += 1;
    }
}
