//! What must be true of a store, told from its tables, the receiver's log and the course of the world by plain
//! models: nothing here asks the engine.

mod once;
mod overdue;
mod touches;

use std::collections::{BTreeMap, BTreeSet};

use crate::simulation::Simulation;
use touches::Touch;

/// What is owed and why: customer, occurrence, step, action.
type Owed = BTreeSet<(String, String, String, String)>;

/// Fails where anything is not as it must be; the message says the seed.
pub(crate) fn check(simulation: &Simulation) {
    let touches = touches::read(simulation.program.store());
    once::check(simulation, &touches);
    let owed = BTreeMap::from([("overdue", overdue::owed(simulation))]);
    for (name, owed) in owed {
        compare(name, &owed, &touches);
        eprintln!("{name}: {} touches owed and made", owed.len());
    }
}

fn compare(name: &str, owed: &Owed, touches: &[Touch]) {
    let made: Owed = touches
        .iter()
        .filter(|touch| touch.name == name)
        .map(|touch| {
            (touch.customer.clone(), touch.occurrence.clone(), touch.step.clone(), touch.action.clone())
        })
        .collect();
    let lost: Vec<_> = owed.difference(&made).take(5).collect();
    assert!(lost.is_empty(), "{name} owes but never made {lost:?} …");
    let spurious: Vec<_> = made.difference(owed).take(5).collect();
    assert!(spurious.is_empty(), "{name} made but never owed {spurious:?} …");
}
