//! Cheaper offers by rivals that we hear of: more to the discontent, whom they also win more often.

use super::market::RIVALS;
use super::moment::Minute;
use super::person::{MONTH, Past, Person};
use super::random::Topic;
use super::season::NowAndThen;
use super::sheet::{Rows, Sheet};

/// Share of customers with an offer in a month: of most, and of the discontent.
const A_MONTH: [f64; 2] = [0.02, 0.05];
/// What comes of it.
const OUTCOMES: [(&str, f64); 3] = [("kept", 0.6), ("open", 0.2), ("lost", 0.2)];
/// What comes of it with the most content.
const HAPPY_OUTCOMES: [(&str, f64); 3] = [("kept", 0.8), ("open", 0.1), ("lost", 0.1)];

/// Adds the offers to a customer.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Rivals);
    let [most, discontent] = A_MONTH;
    let share = if person.is_unhappy() { discontent } else { most };
    let mut heard = NowAndThen { every: MONTH / share, day: past.first_day() };
    let (id, end) = (person.id(), past.here_until(person, rows.end()));
    let mut number = 1;
    while let Some(minute) = heard.next(end, &mut random) {
        let rival = random.one_of(&RIVALS);
        let outcome = random.choose(if person.is_happy() { &HAPPY_OUTCOMES } else { &OUTCOMES });
        rows.add(
            minute,
            Sheet::Rivals,
            format_args!("offer-{id}-{number},{id},{},{rival},{outcome}", Minute(minute)),
        );
        number += 1;
    }
}
