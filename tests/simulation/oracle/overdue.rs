//! What `trigger.overdue` owes: no paid order for more than 40 days, though there was one within 90.

use std::collections::BTreeMap;

use guanxi::model::Value;
use guanxi::model::time::DAY;

use super::Owed;
use crate::simulation::Simulation;
use crate::world::{Event, Fact};

const COOLDOWN: i64 = 15 * DAY;

#[derive(Default)]
struct Memory {
    holds: bool,
    waits: bool,
    rises: u64,
    fired: Option<i64>,
}

/// When each customer ordered and paid, by the order's id.
type Orders = BTreeMap<String, BTreeMap<String, i64>>;

pub(super) fn owed(simulation: &Simulation) -> Owed {
    let mut orders = Orders::new();
    let mut memories = BTreeMap::<String, Memory>::new();
    let mut owed = Owed::new();
    let mut before = 0;
    for run in &simulation.runs {
        for fact in &simulation.facts[before..run.facts] {
            match fact {
                Fact::Event(event) if event.kind == "order" => take_in(&mut orders, event),
                _ => {}
            }
            if let Fact::Customer { id, .. } = fact {
                orders.entry(id.clone()).or_default();
            }
        }
        before = run.facts;
        for (customer, orders) in &orders {
            let last = orders.values().copied().filter(|&at| at <= run.now && at > run.now - 90 * DAY).max();
            let holds = last.is_some_and(|last| run.now - last > 40 * DAY);
            let first = !memories.contains_key(customer);
            let memory = memories.entry(customer.clone()).or_default();
            if let Some(rise) = rise(memory, holds, first, run.now) {
                for action in ["winback", "check_call"] {
                    owed.insert((customer.clone(), rise.to_string(), String::new(), action.to_owned()));
                }
            }
        }
    }
    owed
}

fn take_in(orders: &mut Orders, event: &Event) {
    let orders = orders.entry(event.customer.clone()).or_default();
    if event.fields["status"] == Some(Value::text("paid")) {
        orders.insert(event.id.clone(), event.at);
    } else {
        orders.remove(&event.id);
    }
}

/// The number of the rise that fires now, if one does.
fn rise(memory: &mut Memory, holds: bool, first: bool, now: i64) -> Option<u64> {
    if !holds {
        (memory.holds, memory.waits) = (false, false);
        return None;
    }
    let rises = !memory.holds;
    memory.holds = true;
    memory.rises += u64::from(rises);
    memory.waits |= rises && !first;
    if !memory.waits || memory.fired.is_some_and(|fired| now < fired + COOLDOWN) {
        return None;
    }
    (memory.waits, memory.fired) = (false, Some(now));
    Some(memory.rises)
}
