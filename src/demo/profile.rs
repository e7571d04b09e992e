//! What colleagues know of a customer, mostly from the first order on; much of it only of some.

use std::fmt::{self, Display, Formatter};

use super::acquaintance::Acquaintance;
use super::calibration::{AMOUNT_WITHIN, GAP_WITHIN};
use super::line::favourites;
use super::market::{Market, RIVALS, launch};
use super::moment::Day;
use super::person::{LARGEST_10, LARGEST_30, Past, Person};
use super::product::{Pounds, Product};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute, working_day};
use super::staff::Staff;

/// Share of customers whom a colleague knows when they first order.
const KNOWN: f64 = 0.85;
/// How many days it takes on average until somebody comes to know one of the others, as long as they order.
const UNKNOWN: f64 = 240.0;

const OPTED_OUT: f64 = 0.04;
const CONTACT_KNOWN: f64 = 0.9;
const BIRTHDAY_KNOWN: f64 = 0.7;
const ANNIVERSARY_KNOWN: f64 = 0.5;
const PERSONALITY_KNOWN: f64 = 0.6;
const PREFERENCE_KNOWN: f64 = 0.4;
const MARGIN_KNOWN: f64 = 0.85;
const WALLET_KNOWN: f64 = 0.8;
const CAPABILITY_KNOWN: f64 = 0.7;
const PRICE_FOCUS_KNOWN: f64 = 0.8;
/// How many of the largest 30 % have a contract.
const CONTRACT: f64 = 0.2;
/// How many have a need that they don't buy for.
const NEED: f64 = 0.25;

const FIRST_NAMES: [&str; 40] = [
    "Ada", "Ben", "Cleo", "Dev", "Esme", "Femi", "Gwen", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Milo",
    "Nia", "Otto", "Pia", "Quinn", "Rafi", "Suki", "Theo", "Uma", "Viktor", "Willa", "Xiao", "Yara", "Zeno",
    "Aiko", "Bruno", "Carla", "Dina", "Elio", "Flora", "Gino", "Heidi", "Ines", "Joel", "Kira", "Luca",
    "Maud", "Nils",
];
const LETTERS: [&str; 12] = ["A", "B", "C", "D", "F", "G", "H", "K", "L", "M", "R", "S"];
const PERSONALITIES: [(&str, f64); 6] = [
    ("calm_rational", 0.30),
    ("direct_emotional", 0.20),
    ("quiet", 0.15),
    ("nervous_sensitive", 0.15),
    ("arrogant", 0.08),
    ("suspicious_indecisive", 0.12),
];
const PREFERENCES: [&str; 6] = [
    "delivery in the morning",
    "invoice by post",
    "window table",
    "green tea",
    "short calls",
    "samples first",
];
const TABOOS: [(&str, f64); 6] = [
    ("", 0.88),
    ("calls", 0.03),
    ("messages", 0.03),
    ("gifts", 0.03),
    ("birthday", 0.02),
    ("calls; birthday", 0.01),
];
const PURPOSES: [(&str, f64); 4] = [("resale", 0.60), ("own_use", 0.20), ("gifts", 0.15), ("projects", 0.05)];
/// Of the largest tenth; nobody else is a partner.
const PARTNERSHIPS: [(&str, f64); 3] = [("none", 0.90), ("strategic", 0.08), ("shareholder", 0.02)];
const NEEDS: [(&str, f64); 5] =
    [("no_means", 0.30), ("no_product", 0.15), ("unaware", 0.25), ("comparing", 0.25), ("present", 0.05)];
/// A product that somebody waits for is one of so many to be launched next.
const AWAITED_LAUNCHES: i64 = 8;

/// What a row tells; what is empty, or `None`, isn't known or hasn't changed.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub(super) opted_out: Option<bool>,
    pub(super) contact: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) birthday: Option<Day>,
    pub(super) anniversary: Option<Day>,
    pub(super) account_manager: &'static str,
    pub(super) personality: &'static str,
    pub(super) preference: &'static str,
    pub(super) taboo: &'static str,
    pub(super) source: &'static str,
    pub(super) purpose: &'static str,
    pub(super) margin: Option<Decimal>,
    pub(super) wallet: Option<i64>,
    pub(super) rival_share: Option<Decimal>,
    pub(super) main_supplier: &'static str,
    pub(super) capability: Option<Decimal>,
    pub(super) customisation: Option<Decimal>,
    pub(super) price_focus: Option<i64>,
    pub(super) contract_end: Option<Day>,
    pub(super) integrations: Option<i64>,
    pub(super) partnership: &'static str,
    pub(super) trade: &'static str,
    pub(super) need: &'static str,
    pub(super) wanted_product: String,
    pub(super) wanted_price: Option<Pounds>,
}

/// A number with two places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal(f64);

impl Display for Decimal {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{:.2}", self.0)
    }
}

/// A cell, empty where nothing is known.
struct Cell<'a, T>(&'a Option<T>);

impl<T: Display> Display for Cell<'_, T> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |known| known.fmt(out))
    }
}

impl Display for Profile {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{},{},{},{},{},",
            Cell(&self.opted_out),
            Cell(&self.contact),
            Cell(&self.phone),
            Cell(&self.birthday),
            Cell(&self.anniversary),
        )?;
        write!(
            out,
            "{},{},{},{},{},{},{},{},{},{},",
            self.account_manager,
            self.personality,
            self.preference,
            self.taboo,
            self.source,
            self.purpose,
            Cell(&self.margin),
            Cell(&self.wallet),
            Cell(&self.rival_share),
            self.main_supplier,
        )?;
        write!(
            out,
            "{},{},{},{},{},{},{},{},{},{}",
            Cell(&self.capability),
            Cell(&self.customisation),
            Cell(&self.price_focus),
            Cell(&self.contract_end),
            Cell(&self.integrations),
            self.partnership,
            self.trade,
            self.need,
            self.wanted_product,
            Cell(&self.wanted_price),
        )
    }
}

impl Profile {
    /// What a colleague knows of a customer, and from which minute on; `None` where nobody has come to know them.
    #[must_use]
    pub fn of(
        person: &Person,
        past: &Past,
        with: &Acquaintance,
        staff: &Staff,
        market: &Market,
    ) -> Option<(i64, Self)> {
        let mut random = person.random(Topic::Profile);
        let minute = if random.chance(KNOWN) { past.first } else { met_later(person, past)? };
        let mut profile = Self {
            account_manager: with.desk.map_or("", |desk| staff.at(desk, minute)),
            source: with.source,
            price_focus: random.chance(PRICE_FOCUS_KNOWN).then_some(with.price_focus),
            trade: "active",
            ..Self::default()
        };
        profile.identity(&mut random);
        profile.business(person, &mut random);
        profile.bonds(person, minute.div_euclid(DAY_MINUTES), &mut random);
        profile.need(person, market.launched(minute), &mut random);
        Some((minute, profile))
    }

    /// Who it is, and how to talk with them.
    fn identity(&mut self, random: &mut Random) {
        const YEARS_1950_TO_2001: (i64, i64) = (-7_305, 11_322);
        const YEARS_1970_TO_2020: (i64, i64) = (0, 18_627);
        let day = |(first, last), random: &mut Random| Day(random.count(first, last));
        self.opted_out = Some(random.chance(OPTED_OUT));
        let contact = format!("{} {}.", random.one_of(&FIRST_NAMES), random.one_of(&LETTERS));
        // A range that is set aside for fiction and never given to anybody.
        let phone = format!("07700 900{:03}", random.count(0, 999));
        if random.chance(CONTACT_KNOWN) {
            (self.contact, self.phone) = (Some(contact), Some(phone));
        }
        let (birthday, founded) = (day(YEARS_1950_TO_2001, random), day(YEARS_1970_TO_2020, random));
        self.birthday = random.chance(BIRTHDAY_KNOWN).then_some(birthday);
        self.anniversary = random.chance(ANNIVERSARY_KNOWN).then_some(founded);
        let (personality, preference) = (random.choose(&PERSONALITIES), random.one_of(&PREFERENCES));
        self.personality = if random.chance(PERSONALITY_KNOWN) { personality } else { "" };
        self.preference = if random.chance(PREFERENCE_KNOWN) { preference } else { "" };
        self.taboo = random.choose(&TABOOS);
    }

    /// What they buy for, what it brings, and what they spend elsewhere.
    fn business(&mut self, person: &Person, random: &mut Random) {
        self.purpose = random.choose(&PURPOSES);
        let margin = 0.09_f64.mul_add(random.normal(), 0.05_f64.mul_add(-person.size, 0.32));
        self.margin = random.chance(MARGIN_KNOWN).then_some(Decimal(margin.clamp(0.10, 0.55)));
        let share = 0.2_f64.mul_add(random.normal(), 0.2_f64.mul_add(person.mood, 0.5)).clamp(0.05, 1.0);
        let rival = random.between(0.4, 0.9);
        let (supplier, named) = (random.one_of(&RIVALS), random.chance(0.8));
        if random.chance(WALLET_KNOWN) {
            self.wallet = Some(whole(yearly(person) / share));
            self.rival_share = Some(Decimal((1.0 - share) * rival));
            self.main_supplier = if share < 0.4 && named { supplier } else { "" };
        }
        let capability = 0.18_f64.mul_add(random.normal(), 0.15_f64.mul_add(person.mood, 0.6));
        let customisation = random.fraction().powi(2);
        self.capability = random.chance(CAPABILITY_KNOWN).then_some(Decimal(capability.clamp(0.0, 1.0)));
        self.customisation = random.chance(CAPABILITY_KNOWN).then_some(Decimal(customisation));
    }

    /// What binds them to us.
    fn bonds(&mut self, person: &Person, day: i64, random: &mut Random) {
        let ends = Day(day + random.count(-30, 400));
        let contract = random.chance(CONTRACT) && person.size > LARGEST_30;
        self.contract_end = contract.then_some(ends);
        let tied = 0.45_f64.mul_add(person.size + person.mood, 0.8_f64.mul_add(random.normal(), -0.3));
        self.integrations = Some(whole(tied).clamp(0, 4));
        let partnership = random.choose(&PARTNERSHIPS);
        self.partnership = if person.size > LARGEST_10 { partnership } else { "none" };
    }

    /// What they need and don't buy yet.
    fn need(&mut self, person: &Person, launched: u32, random: &mut Random) {
        let need = random.choose(&NEEDS);
        let awaited = launched + u32::try_from(random.count(1, AWAITED_LAUNCHES)).unwrap_or(1);
        let favourites = favourites(person);
        let wanted = Product::besides(&favourites, || Product::wanted(random));
        let any = Product::besides(&favourites, || Product::any(random));
        let affordable = wanted.list_pence() as f64 * random.between(0.55, 0.95);
        if !random.chance(NEED) {
            return;
        }
        self.need = need;
        self.wanted_product = match need {
            "no_product" => launch(awaited),
            "no_means" => wanted.to_string(),
            _ => any.to_string(),
        };
        self.wanted_price = (need == "no_means").then_some(Pounds(whole(affordable)));
    }
}

/// When somebody comes to know a customer whom nobody knew at the first order; `None` where that one has left by then.
fn met_later(person: &Person, past: &Past) -> Option<i64> {
    let mut random = person.random(Topic::Meeting);
    let day = whole((past.first_day() + 1.0 + random.exponential(UNKNOWN)).floor());
    let minute = working_day(day) * DAY_MINUTES + office_minute(&mut random);
    (!past.is_gone(minute)).then_some(minute)
}

/// What somebody who orders on at the usual pace spends with us in a year, in pounds; at least an order.
fn yearly(person: &Person) -> f64 {
    const YEAR: f64 = 365.0;
    let amount = (0.5 * AMOUNT_WITHIN).mul_add(AMOUNT_WITHIN, person.customer.usual).exp();
    let gap = person.customer.gap * (0.5 * GAP_WITHIN * GAP_WITHIN).exp();
    amount * (YEAR / gap).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::World;
    use crate::demo::world::local_minute;
    use crate::model::Timestamp;
    use crate::model::time::DAY;

    #[test]
    fn most_are_known_when_they_first_order_and_of_the_others_some_are_met_later() {
        const SEED: u64 = 2027;
        let start = Timestamp::parse_rfc3339("2025-08-01T00:00:00Z").unwrap();
        let world = World::new(SEED, 3_000, start, start.plus(520 * DAY));
        let (first, end) = (world.first_day(), local_minute(start.plus(490 * DAY)));
        let (staff, market) = (Staff::new(SEED, first, end), Market::new(SEED, first, end));
        let (mut customers, mut at_once, mut later) = (0.0, 0.0, 0.0);
        for (customer, past) in (0..3_000).map(|number| world.past(number, end)) {
            if past.first >= end {
                continue;
            }
            let person = Person::new(SEED, customer);
            let with = Acquaintance::with(&person, false);
            let known = Profile::of(&person, &past, &with, &staff, &market);
            let since = known.map_or(i64::MAX, |(minute, _)| minute);
            assert!(since >= past.first);
            customers += 1.0;
            at_once += f64::from(u8::from(since == past.first));
            later += f64::from(u8::from((past.first + 1..end).contains(&since)));
        }
        assert!((0.83..0.87).contains(&(at_once / customers)), "{at_once} of {customers}");
        assert!((0.04..0.10).contains(&(later / customers)), "{later} of {customers}");
    }
}
