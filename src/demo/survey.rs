//! Answers to surveys: by half of the customers, the first soon after the first order, then about every five months
//! while they still have to do with us. The largest are asked each quarter by those who look after them, and mostly
//! answer.

use super::acquaintance::Acquaintance;
use super::moment::Minute;
use super::person::{LARGEST_5, Past, Person};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute, working_day};
use super::sheet::{Rows, Sheet};
use super::staff::Staff;

/// Share of customers who answer: of most, and of the largest.
const ANSWER: [f64; 2] = [0.5, 0.9];
/// Days between two answers on average: of most, and of the largest.
const EVERY: [f64; 2] = [150.0, 85.0];
/// By how much shorter or longer that may be.
const GIVE_OR_TAKE: [f64; 2] = [40.0, 15.0];
/// Share of customers whose contentment wears off, from some day within so many on; and by how much.
const WORN_OUT: f64 = 0.1;
const WEARS_WITHIN: f64 = 600.0;
const WORN: f64 = 1.0;
/// How content they are with whoever looks after them, on average, and how much that differs.
const LIKED: f64 = 3.7;
const LIKING: f64 = 1.3;
/// For how many days somebody new has to be got used to, and how much that takes off.
const NEW: i64 = 120;
const MISSED: f64 = 1.2;

/// Adds a customer's answers.
pub fn write(person: &Person, past: &Past, with: &Acquaintance, staff: &Staff, rows: &mut Rows) {
    let of = |[most, largest]: [f64; 2]| if person.size > LARGEST_5 { largest } else { most };
    let mut random = person.random(Topic::Surveys);
    if !random.chance(of(ANSWER)) {
        return;
    }
    let mut day = past.first_day() + random.between(10.0, 60.0);
    let wears = past.first_day() + random.between(0.0, WEARS_WITHIN);
    let worn_out = random.chance(WORN_OUT);
    for number in 1.. {
        let minute = working_day(whole(day.floor())) * DAY_MINUTES + office_minute(&mut random);
        let leaves = number > 1 && minute > past.here_until(person, i64::MAX);
        if minute.div_euclid(DAY_MINUTES) > rows.end().div_euclid(DAY_MINUTES) || leaves {
            break;
        }
        let worn = if worn_out && day > wears { WORN } else { 0.0 };
        let [product, service, society] = [(); 3].map(|()| satisfaction(person, worn, &mut random));
        let colleague = 0.5_f64.mul_add(random.normal(), liking(person, minute, with, staff));
        let colleague = whole(colleague).clamp(1, 5);
        let recommend = recommendation(person, &mut random);
        let id = person.id();
        rows.add(
            minute,
            Sheet::Surveys,
            format_args!(
                "survey-{id}-{number},{id},{},{product},{service},{society},{recommend},{colleague}",
                Minute(minute)
            ),
        );
        day += of(EVERY) + random.between(-1.0, 1.0) * of(GIVE_OR_TAKE);
    }
}

/// How content they are with whoever looks after them at a minute: each of those who follow one another is liked or not,
/// and the one before is missed for a while.
fn liking(person: &Person, minute: i64, with: &Acquaintance, staff: &Staff) -> f64 {
    let mut random = person.random(Topic::Colleagues);
    let usual = 0.3_f64.mul_add(person.mood, LIKED);
    let mut liking = LIKING.mul_add(random.normal(), usual);
    let followed = with.desk.into_iter().flat_map(|desk| staff.taken_over(desk));
    for (since, _) in followed.take_while(|(since, _)| *since <= minute) {
        let missed = if minute < since + NEW * DAY_MINUTES { MISSED } else { 0.0 };
        liking = LIKING.mul_add(random.normal(), usual - missed);
    }
    liking
}

/// From 1, very dissatisfied, to 5; less by what has worn off.
fn satisfaction(person: &Person, worn: f64, random: &mut Random) -> i64 {
    whole(0.7_f64.mul_add(random.normal(), 0.9_f64.mul_add(person.mood, 3.6 - worn))).clamp(1, 5)
}

/// From 0, would never recommend us, to 10.
fn recommendation(person: &Person, random: &mut Random) -> i64 {
    whole(1.2_f64.mul_add(random.normal(), 1.8_f64.mul_add(person.mood, 7.0))).clamp(0, 10)
}
