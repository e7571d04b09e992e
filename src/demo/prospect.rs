//! Prospects: half of those who will order are known some weeks before, and every working day brings some who never do.
//! Colleagues rate them by six principles, and note of whom to be wary.

use std::ops::Range;

use super::acquaintance::{Acquaintance, Wary};
use super::calibration::COUNTRIES;
use super::person::{Past, Person};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute, weekday, working_day};
use super::sheet::{Rows, Sheet};
use super::staff::Staff;
use super::{enquiry, handover};

/// Share of customers who are known before their first order.
const KNOWN_BEFORE: f64 = 0.5;
/// Customers of a world for each prospect in a week who never orders.
const CUSTOMERS_FOR_ONE_A_WEEK: f64 = 375.0;
/// Working days in a week.
const WORKING_DAYS: f64 = 5.0;
/// Share of prospects whom a colleague has rated.
const RATED: f64 = 0.85;
/// How much better those are who will order.
const BETTER: f64 = 0.7;
/// The ids of prospects who never order begin here; for each day so many are set aside.
const IDS: u64 = 20_000_000;
const IDS_A_DAY: u64 = 1_000;

/// The minute at which a customer became known as a prospect, if that was before the first order.
#[must_use]
pub fn known_before(person: &Person, past: &Past) -> Option<i64> {
    let mut random = person.random(Topic::Prospects);
    let day = past.first.div_euclid(DAY_MINUTES) - random.count(20, 60);
    let minute = working_day(day) * DAY_MINUTES + office_minute(&mut random);
    random.chance(KNOWN_BEFORE).then_some(minute)
}

/// Adds a customer-to-be.
pub fn write(person: &Person, minute: i64, with: &Acquaintance, staff: &Staff, rows: &mut Rows) {
    let mut random = person.random(Topic::Ratings);
    let who = (person.id(), person.customer.country());
    add(who, minute, with, BETTER, &mut random, rows);
    handover::write_first(person.id(), minute, with, staff, rows);
}

/// Adds those who never order, of a world with so many customers that began on a local day.
pub fn write_others(seed: u64, (customers, start): (u32, i64), staff: &Staff, rows: &mut Rows) {
    let a_day = f64::from(customers) / CUSTOMERS_FOR_ONE_A_WEEK / WORKING_DAYS;
    let days: Range<i64> = start..rows.end().div_euclid(DAY_MINUTES) + 1;
    for (since, day) in (0..).zip(days).filter(|(_, day)| weekday(*day) < 5) {
        let mut random = Random::about(seed, Topic::Prospects, since);
        let extra = u64::from(random.chance(a_day.fract()));
        let count = u64::try_from(whole(a_day.floor())).unwrap_or_default() + extra;
        for number in 0..count.min(IDS_A_DAY) {
            let id = IDS + since * IDS_A_DAY + number;
            let mut random = Random::about(seed, Topic::Ratings, id);
            let minute = day * DAY_MINUTES + office_minute(&mut random);
            write_other(id, minute, staff, &mut random, rows);
        }
    }
}

fn write_other(id: u64, minute: i64, staff: &Staff, random: &mut Random, rows: &mut Rows) {
    let country = random.choose(&COUNTRIES);
    let with = Acquaintance::with_prospect(usize::try_from(id).unwrap_or_default(), random);
    add((id, country), minute, &with, 0.0, random, rows);
    handover::write_first(id, minute, &with, staff, rows);
    enquiry::write_of_prospect(id, minute, random, rows);
}

fn add(
    (id, country): (u64, &str),
    minute: i64,
    with: &Acquaintance,
    better: f64,
    random: &mut Random,
    rows: &mut Rows,
) {
    let quality = 0.9_f64.mul_add(random.normal(), 3.0 + better);
    let ratings = [(); 6].map(|()| whole(0.6_f64.mul_add(random.normal(), quality)).clamp(1, 5));
    let is = |wary: Wary| with.wary == wary;
    let alone = if is(Wary::SelfReliant) { 5 } else { random.count(1, 4) };
    let patience = if is(Wary::Impatient) { 1 } else { random.count(2, 5) };
    let suppliers = if is(Wary::Price) { random.count(5, 8) } else { random.count(0, 3) };
    let judgement = if random.chance(RATED) {
        let [distinct, foresight, developing, adaptive, finance, prudence] = ratings;
        format!("{distinct},{foresight},{developing},{adaptive},{finance},{prudence}")
    } else {
        ",,,,,".to_owned()
    };
    rows.add(
        minute,
        Sheet::Prospects,
        format_args!(
            "{id},{country},{},,{judgement},{},{alone},{patience},{suppliers}",
            with.source, with.price_focus
        ),
    );
}
