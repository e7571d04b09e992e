//! Questions about products, by customers and by prospects; some prospects ask again and again within days.

use super::line::favourites;
use super::moment::Minute;
use super::person::{MONTH, Past, Person};
use super::product::Product;
use super::random::{Random, Topic};
use super::season::{DAY_MINUTES, NowAndThen, office_minute, working_day};
use super::sheet::{Rows, Sheet};

/// Share of customers who ask in a month: of most, and of the discontent.
const A_MONTH: [f64; 2] = [0.08, 0.16];
/// How often the few ask who buy little and ask about everything.
const CURIOUS: f64 = 1.5;
/// Share of the smaller half of customers who do.
const CURIOUS_ARE: f64 = 0.06;
/// How often what they ask for is something they buy already.
const KNOWN: f64 = 0.4;
/// Whether the product does what they need, as far as we know.
const FITS: [(&str, f64); 3] = [("good", 0.85), ("poor", 0.10), ("", 0.05)];
/// The discontent and the curious more often want what does not.
const ODD_FITS: [(&str, f64); 3] = [("good", 0.65), ("poor", 0.30), ("", 0.05)];
/// How often it is urgent.
const URGENT: f64 = 0.2;
/// Share of prospects who ask in the month after we came to know them.
const PROSPECTS: f64 = 0.25;
/// Share of those who ask three times within five days.
const IMPATIENT: f64 = 0.1;

/// Adds a customer's questions.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Enquiries);
    let favourites = favourites(person);
    let [most, discontent] = A_MONTH;
    let (share, fits) = match (person.size < 0.0 && random.chance(CURIOUS_ARE), person.is_unhappy()) {
        (true, _) => (CURIOUS, &ODD_FITS),
        (false, true) => (discontent, &ODD_FITS),
        (false, false) => (most, &FITS),
    };
    let mut asks = NowAndThen { every: MONTH / share, day: past.first_day() };
    let end = past.here_until(person, rows.end());
    let mut number = 1;
    while let Some(minute) = asks.next(end, &mut random) {
        let known = random.one_of(&favourites);
        let product = if random.chance(KNOWN) { known } else { Product::any(&mut random) };
        add((person.id(), number), minute, (product, fits), &mut random, rows);
        number += 1;
    }
}

/// Adds the questions of a prospect known since a minute.
pub fn write_of_prospect(id: u64, since: i64, random: &mut Random, rows: &mut Rows) {
    if !random.chance(PROSPECTS) {
        return;
    }
    let product = Product::any(random);
    let times = if random.chance(IMPATIENT) { 3 } else { 1 };
    let first = since.div_euclid(DAY_MINUTES) + random.count(1, 28);
    for number in 0..times {
        let day = working_day(first) + 2 * number;
        let minute = day * DAY_MINUTES + office_minute(random);
        add((id, number + 1), minute, (product, &FITS), random, rows);
    }
}

fn add(
    (id, number): (u64, i64),
    minute: i64,
    (product, fits): (Product, &[(&'static str, f64)]),
    random: &mut Random,
    rows: &mut Rows,
) {
    let fit = random.choose(fits);
    let urgent = random.chance(URGENT);
    rows.add(
        minute,
        Sheet::Enquiries,
        format_args!("enquiry-{id}-{number},{id},{},{product},{fit},{urgent}", Minute(minute)),
    );
}
