//! What changes of what colleagues know: some opt out, contracts are signed and renewed, systems are tied to ours, partners
//! come closer, needs become present, and some who stopped ordering turn out to have closed or moved.

use super::moment::Day;
use super::person::{LARGEST_10, LARGEST_30, MONTH, Past, Person};
use super::profile::Profile;
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, NowAndThen, office_minute, working_day};
use super::sheet::{Rows, Sheet};

/// Share of customers who opt out in a month.
const OPT_OUT: f64 = 0.003;
/// How many contracts are renewed before they end.
const RENEWED: f64 = 0.7;
/// For how long, in days.
const TERM: i64 = 365;
/// Share of the largest 30 % without a contract that signs one in a month.
const SIGNED: f64 = 0.02;
/// Share of the largest 30 % that ties a system of theirs to ours in a month.
const TIED: f64 = 0.02;
/// Share of the largest tenth that takes a step towards partnership in a month.
const CLOSER: f64 = 0.004;
/// Share of needs that become present in a month.
const PRESENT: f64 = 0.02;
/// Share of those who left of whom it turns out why, and what.
const EXPLAINED: f64 = 0.18;
const TRADES: [(&str, f64); 3] = [("moved", 0.4), ("changed_trade", 0.3), ("closed", 0.3)];

/// Adds the changes of a customer who had this profile when a colleague came to know them.
pub fn write(person: &Person, past: &Past, (since, profile): (i64, &Profile), rows: &mut Rows) {
    let mut random = person.random(Topic::Changes);
    let [mut opting, mut renewing, mut closing, mut needing, mut explaining, mut binding] =
        [(); 6].map(|()| Random::new(random.bits()));
    let while_here = (since, past.here_until(person, rows.end()));
    if profile.opted_out == Some(false)
        && let Some(minute) = once(OPT_OUT, while_here, &mut opting)
    {
        add(person, minute, &Profile { opted_out: Some(true), ..Profile::default() }, rows);
    }
    if !matches!(profile.need, "" | "present")
        && let Some(minute) = once(PRESENT, while_here, &mut needing)
    {
        add(person, minute, &Profile { need: "present", ..Profile::default() }, rows);
    }
    if person.size > LARGEST_10
        && profile.partnership != "shareholder"
        && let Some(minute) = once(CLOSER, while_here, &mut closing)
    {
        let partnership = if profile.partnership == "none" { "strategic" } else { "shareholder" };
        add(person, minute, &Profile { partnership, ..Profile::default() }, rows);
    }
    if person.size > LARGEST_30 {
        bonds(person, while_here, profile, &mut binding, rows);
    }
    renewals(person, past, (since, profile), &mut renewing, rows);
    explanation(person, past, &mut explaining, rows);
}

/// When a share of customers in a month comes to a customer who is here from one minute to another, if it does.
fn once(share: f64, (since, until): (i64, i64), random: &mut Random) -> Option<i64> {
    let day = since.div_euclid(DAY_MINUTES) + 1;
    NowAndThen { every: MONTH / share, day: day as f64 }.next(until, random)
}

/// A first contract, and a system of theirs that is tied to ours.
fn bonds(person: &Person, here: (i64, i64), profile: &Profile, random: &mut Random, rows: &mut Rows) {
    let (signed, tied) = (once(SIGNED, here, random), once(TIED, here, random));
    if let Some(minute) = signed.filter(|_| profile.contract_end.is_none()) {
        let contract_end = Some(Day(minute.div_euclid(DAY_MINUTES) + TERM));
        add(person, minute, &Profile { contract_end, ..Profile::default() }, rows);
    }
    if let Some(minute) = tied {
        let integrations = profile.integrations.map(|before| before + 1);
        add(person, minute, &Profile { integrations, ..Profile::default() }, rows);
    }
}

fn add(person: &Person, minute: i64, change: &Profile, rows: &mut Rows) {
    rows.add(minute, Sheet::Profiles, format_args!("{},{change}", person.id()));
}

/// A contract is renewed one to three weeks before it ends, for a year each time, until it once is not.
fn renewals(
    person: &Person,
    past: &Past,
    (since, profile): (i64, &Profile),
    random: &mut Random,
    rows: &mut Rows,
) {
    let last = rows.end().div_euclid(DAY_MINUTES) + TERM;
    let Some(Day(mut ends)) = profile.contract_end else { return };
    while ends <= last && random.chance(RENEWED) {
        let minute = working_day(ends - random.count(7, 20)) * DAY_MINUTES + office_minute(random);
        if minute <= since || past.is_gone(minute) {
            break;
        }
        ends += TERM;
        add(person, minute, &Profile { contract_end: Some(Day(ends)), ..Profile::default() }, rows);
    }
}

/// What became of one who left.
fn explanation(person: &Person, past: &Past, random: &mut Random, rows: &mut Rows) {
    let Some(left) = past.left.filter(|_| random.chance(EXPLAINED)) else { return };
    let day = left.div_euclid(DAY_MINUTES) + 10 + whole(random.exponential(30.0));
    let minute = working_day(day) * DAY_MINUTES + office_minute(random);
    add(person, minute, &Profile { trade: random.choose(&TRADES), ..Profile::default() }, rows);
}
