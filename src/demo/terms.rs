//! Changes of our terms for a customer: mostly harsher ones, above all for the small.

use super::moment::Minute;
use super::person::{MONTH, Past, Person};
use super::random::Topic;
use super::season::NowAndThen;
use super::sheet::{Rows, Sheet};

/// Share of customers whose terms change in a month.
const A_MONTH: f64 = 0.01;
/// How often the change is for the worse: for the larger half, and for the smaller.
const HARSHER: [f64; 2] = [0.4, 0.8];

/// Adds the changes for a customer.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Terms);
    let [large, small] = HARSHER;
    let harsher = if person.size < 0.0 { small } else { large };
    let mut changes = NowAndThen { every: MONTH / A_MONTH, day: past.first_day() };
    let (id, end) = (person.id(), past.here_until(person, rows.end()));
    let mut number = 1;
    while let Some(minute) = changes.next(end, &mut random) {
        let change = if random.chance(harsher) { "harsher" } else { "better" };
        rows.add(minute, Sheet::Terms, format_args!("terms-{id}-{number},{id},{},{change}", Minute(minute)));
        number += 1;
    }
}
