//! What must be true of a store, told from its tables, the receiver's log and the course of the world by plain
//! models: nothing here asks the engine.

mod cadences;
mod events;
mod known;
mod limits;
mod occasions;
mod once;
mod overdue;
mod touches;

use std::collections::BTreeSet;

use self::known::Known;
use self::touches::Touch;
use crate::simulation::Simulation;

/// What is owed and why: customer, occurrence, step, action.
type Owed = BTreeSet<(String, String, String, String)>;

/// Fails where anything is not as it must be; the message says the seed.
pub(crate) fn check(simulation: &Simulation) {
    let touches = touches::read(simulation.program.store());
    let known = Known::new(&simulation.facts);
    once::check(simulation, &touches);
    limits::check(simulation, &touches, &known);
    let owed = [
        ("overdue", overdue::owed(simulation)),
        ("apology", occasions::apologies(simulation)),
        ("staff_left", occasions::staff_left(simulation, &known)),
        ("staged", occasions::staged(simulation, &known)),
        ("fallen", occasions::fallen(simulation)),
        ("welcome", cadences::welcome(simulation, &known)),
        ("project", cadences::projects(simulation)),
    ];
    for (name, owed) in &owed {
        compare(name, owed, owed, &touches);
    }
    let (surely, maybe) = occasions::unanswered(simulation);
    let (birthdays, at_most) = cadences::birthdays(simulation, &known, &touches);
    compare("birthday", &birthdays, &at_most, &touches);
    let care = cadences::care(simulation);
    let made = touches.iter().filter(|touch| touch.name == "care").map(Touch::key);
    compare("care", &care, &made.collect(), &touches);
    eprintln!("care: {} of them far from edits", care.len());
    compare("unanswered", &surely, &surely.union(&maybe).cloned().collect(), &touches);
}

/// Holds what was made for one table against what surely was owed, and what may have been.
fn compare(name: &str, surely: &Owed, at_most: &Owed, touches: &[Touch]) {
    let made: Owed = touches.iter().filter(|touch| touch.name == name).map(Touch::key).collect();
    let lost: Vec<_> = surely.difference(&made).take(5).collect();
    assert!(lost.is_empty(), "{name} owes but never made {lost:?} …");
    let spurious: Vec<_> = made.difference(at_most).take(5).collect();
    assert!(spurious.is_empty(), "{name} made but never owed {spurious:?} …");
    eprintln!("{name}: {} touches owed and made", made.len());
}
