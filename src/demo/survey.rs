//! Answers to surveys: by half of the customers, the first soon after the first order, then about every five months
//! while they still have to do with us.

use super::moment::Minute;
use super::person::{Past, Person};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute, working_day};
use super::sheet::{Rows, Sheet};

/// Share of customers who answer.
const ANSWER: f64 = 0.5;

/// Adds a customer's answers.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Surveys);
    if !random.chance(ANSWER) {
        return;
    }
    let mut day = past.first_day() + random.between(10.0, 60.0);
    for number in 1.. {
        let minute = working_day(whole(day.floor())) * DAY_MINUTES + office_minute(&mut random);
        let leaves = number > 1 && minute > past.here_until(person, i64::MAX);
        if minute.div_euclid(DAY_MINUTES) > rows.end().div_euclid(DAY_MINUTES) || leaves {
            break;
        }
        let [product, service, society, staff] = [(); 4].map(|()| satisfaction(person, &mut random));
        let recommend = recommendation(person, &mut random);
        let id = person.id();
        rows.add(
            minute,
            Sheet::Surveys,
            format_args!(
                "survey-{id}-{number},{id},{},{product},{service},{society},{recommend},{staff}",
                Minute(minute)
            ),
        );
        day += 150.0 + random.between(-40.0, 40.0);
    }
}

/// From 1, very dissatisfied, to 5.
fn satisfaction(person: &Person, random: &mut Random) -> i64 {
    whole(0.7_f64.mul_add(random.normal(), 0.9_f64.mul_add(person.mood, 3.6))).clamp(1, 5)
}

/// From 0, would never recommend us, to 10.
fn recommendation(person: &Person, random: &mut Random) -> i64 {
    whole(1.2_f64.mul_add(random.normal(), 1.8_f64.mul_add(person.mood, 7.0))).clamp(0, 10)
}
