//! What came of our calls: often to the largest, seldom to others, more and more in vain to those who have left.

use super::moment::Minute;
use super::person::{LARGEST_25, Past, Person};
use super::random::{Topic, whole};
use super::season::{DAY_MINUTES, office_minute, working_day};
use super::sheet::{Rows, Sheet};

/// What comes of a call to a customer who orders.
const HERE: [(&str, f64); 3] = [("reached", 0.75), ("not_reached", 0.22), ("wrong_number", 0.03)];
/// What comes of a call to one who has left.
const GONE: [(&str, f64); 3] = [("reached", 0.30), ("not_reached", 0.60), ("wrong_number", 0.10)];

/// Adds the calls to a customer.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Contacts);
    let every = if person.size > LARGEST_25 { 45.0 } else { 200.0 };
    let id = person.id();
    let mut day = random.fraction().mul_add(every, past.first_day() + 1.0);
    for number in 1.. {
        let called = working_day(whole(day.floor()));
        if called > rows.end().div_euclid(DAY_MINUTES) {
            break;
        }
        let minute = called * DAY_MINUTES + office_minute(&mut random);
        let result = random.choose(if past.is_gone(minute) { &GONE } else { &HERE });
        let talked = random.count(2, 15);
        let minutes = if result == "reached" { talked } else { 0 };
        rows.add(
            minute,
            Sheet::Contacts,
            format_args!("call-{id}-{number},{id},{},{result},{minutes}", Minute(minute)),
        );
        day += every * random.between(0.7, 1.3);
    }
}
