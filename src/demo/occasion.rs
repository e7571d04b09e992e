//! Promotions and events of the largest customers, which they tell us of some weeks before.

use super::moment::{Day, Minute};
use super::person::{LARGEST_5, Past, Person};
use super::random::Topic;
use super::season::{DAY_MINUTES, NowAndThen};
use super::sheet::{Rows, Sheet};

/// Days between two of a customer.
const EVERY: f64 = 120.0;
/// What they are.
const KINDS: [(&str, f64); 3] = [("promotion", 0.6), ("opening", 0.1), ("fair", 0.3)];

/// Adds those of a customer.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    if person.size <= LARGEST_5 {
        return;
    }
    let mut random = person.random(Topic::Occasions);
    let mut told = NowAndThen { every: EVERY, day: past.first_day() };
    let (id, end) = (person.id(), past.here_until(person, rows.end()));
    let mut number = 1;
    while let Some(minute) = told.next(end, &mut random) {
        let kind = random.choose(&KINDS);
        let place = Day(minute.div_euclid(DAY_MINUTES) + random.count(25, 60));
        rows.add(
            minute,
            Sheet::Occasions,
            format_args!("occasion-{id}-{number},{id},{},{kind},{place}", Minute(minute)),
        );
        number += 1;
    }
}
