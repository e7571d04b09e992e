//! What changes of what colleagues know: some opt out, contracts are renewed, partners come closer, needs become present,
//! and some who stopped ordering turn out to have closed or moved.

use super::moment::Day;
use super::person::{LARGEST_10, MONTH, Past, Person};
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
/// Share of the largest tenth that takes a step towards partnership in a month.
const CLOSER: f64 = 0.004;
/// Share of needs that become present in a month.
const PRESENT: f64 = 0.02;
/// Share of those who left of whom it turns out why, and what.
const EXPLAINED: f64 = 0.18;
const TRADES: [(&str, f64); 3] = [("moved", 0.4), ("changed_trade", 0.3), ("closed", 0.3)];

/// Adds the changes of a customer who had this profile at the first order.
pub fn write(person: &Person, past: &Past, profile: &Profile, rows: &mut Rows) {
    let mut random = person.random(Topic::Changes);
    let [mut opting, mut renewing, mut closing, mut needing, mut explaining] =
        [(); 5].map(|()| Random::new(random.bits()));
    let here = past.here_until(person, rows.end());
    let once = |share: f64, random: &mut Random| {
        NowAndThen { every: MONTH / share, day: past.first_day() + 1.0 }.next(here, random)
    };
    if profile.opted_out == Some(false)
        && let Some(minute) = once(OPT_OUT, &mut opting)
    {
        add(person, minute, &Profile { opted_out: Some(true), ..Profile::default() }, rows);
    }
    if !matches!(profile.need, "" | "present")
        && let Some(minute) = once(PRESENT, &mut needing)
    {
        add(person, minute, &Profile { need: "present", ..Profile::default() }, rows);
    }
    if person.size > LARGEST_10
        && profile.partnership != "shareholder"
        && let Some(minute) = once(CLOSER, &mut closing)
    {
        let partnership = if profile.partnership == "none" { "strategic" } else { "shareholder" };
        add(person, minute, &Profile { partnership, ..Profile::default() }, rows);
    }
    renewals(person, past, profile, &mut renewing, rows);
    explanation(person, past, &mut explaining, rows);
}

fn add(person: &Person, minute: i64, change: &Profile, rows: &mut Rows) {
    rows.add(minute, Sheet::Profiles, format_args!("{},{change}", person.id()));
}

/// A contract is renewed one to three weeks before it ends, for a year each time, until it once is not.
fn renewals(person: &Person, past: &Past, profile: &Profile, random: &mut Random, rows: &mut Rows) {
    let last = rows.end().div_euclid(DAY_MINUTES) + TERM;
    let Some(Day(mut ends)) = profile.contract_end else { return };
    while ends <= last && random.chance(RENEWED) {
        let minute = working_day(ends - random.count(7, 20)) * DAY_MINUTES + office_minute(random);
        if minute <= past.first || past.is_gone(minute) {
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
