//! Complaints some days after orders, and the answers to them.

use super::moment::Minute;
use super::person::{Past, Person};
use super::random::{Random, Topic, whole};
use super::season::{DAY_MINUTES, office_minute};
use super::sheet::{Rows, Sheet};

/// Share of orders that are complained about: by most, and by the discontent.
const COMPLAINED: [f64; 2] = [0.05, 0.12];
/// The same of the few for whom it goes wrong again and again.
const TROUBLED: f64 = 0.35;
/// Share of customers who are among them.
const TROUBLED_ARE: f64 = 0.03;
/// What about.
const CAUSES: [(&str, f64); 5] =
    [("delivery", 0.40), ("quality", 0.25), ("billing", 0.15), ("advice", 0.10), ("promise", 0.10)];
/// How often a customer complains about what that customer always complains about.
const OWN_CAUSE: f64 = 0.7;
/// From 1, a remark, to 5: 2.5 on average.
const SEVERITIES: [(i64, f64); 5] = [(1, 0.20), (2, 0.35), (3, 0.25), (4, 0.15), (5, 0.05)];
/// How often an answer comes in time, and how often late; the rest get none.
const ANSWERED: [f64; 3] = [0.85, 0.10, 0.05];

/// Adds a customer's complaints and the answers to them.
pub fn write(person: &Person, past: &Past, rows: &mut Rows) {
    let mut random = person.random(Topic::Complaints);
    let own = random.choose(&CAUSES);
    let [most, discontent] = COMPLAINED;
    let troubled = random.chance(TROUBLED_ARE);
    let share = if person.is_unhappy() { discontent } else { most };
    let share = if troubled { TROUBLED } else { share };
    let id = person.id();
    for order in past.placed() {
        if !random.chance(share) {
            continue;
        }
        let day = order.minute.div_euclid(DAY_MINUTES) + random.count(1, 6);
        let minute = day * DAY_MINUTES + office_minute(&mut random);
        let cause = if random.chance(OWN_CAUSE) { own } else { random.choose(&CAUSES) };
        let severity = random.choose(&SEVERITIES);
        let ticket = format!("T{}", order.invoice());
        rows.add(
            minute,
            Sheet::Complaints,
            format_args!("{ticket},{id},{},{cause},{severity}", Minute(minute)),
        );
        if let Some(minute) = answered(minute, &mut random) {
            rows.add(
                minute,
                Sheet::Answers,
                format_args!("answer-{},{id},{},{ticket}", order.invoice(), Minute(minute)),
            );
        }
    }
}

/// When a complaint is answered: within two days or after three to six, never at night.
fn answered(received: i64, random: &mut Random) -> Option<i64> {
    const NIGHT_ENDS: i64 = 8 * 60;
    let (soon, late) = (random.between(2.0, 40.0), random.between(72.0, 136.0));
    let hours = [soon, late].get(random.pick(&ANSWERED)).copied()?;
    let minute = received + whole(hours * 60.0);
    let asleep = minute.rem_euclid(DAY_MINUTES) < NIGHT_ENDS;
    Some(if asleep { minute + NIGHT_ENDS } else { minute })
}
