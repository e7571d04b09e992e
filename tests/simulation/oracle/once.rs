//! Every touch at most once, in one of the states a touch may have, and what was sent is what the store says.

use std::collections::{BTreeMap, BTreeSet};

use super::touches::Touch;
use crate::simulation::Simulation;

pub(super) fn check(simulation: &Simulation, touches: &[Touch]) {
    let mut keys = BTreeSet::new();
    for touch in touches {
        let key = (&touch.kind, &touch.name, &touch.customer, &touch.occurrence, &touch.step, &touch.action);
        assert!(keys.insert(key), "two touches for one reason: {touch:?}");
    }
    let received: BTreeSet<&str> = simulation.receiver.log.iter().map(|received| &*received.id).collect();
    let outbox = ids(simulation, "SELECT touch FROM outbox");
    let now = simulation.program.now().0;
    let mut states = BTreeMap::<&str, u64>::new();
    for touch in touches {
        *states.entry(&touch.state).or_default() += 1;
        assert_eq!(outbox.contains(&touch.id), touch.state == "queued", "{touch:?}");
        let sent = received.contains(&*touch.id);
        match &*touch.state {
            "delivered" => assert!(sent, "delivered but never sent: {touch:?}"),
            // An attempt that got no answer may have come through.
            "queued" | "dead" | "expired" | "cancelled" | "suppressed" => {
                assert!(!sent || touch.queued.is_some(), "sent but never queued: {touch:?}");
            }
            "waiting" => {
                assert!(touch.queued.is_none() && !sent, "{touch:?}");
                assert!(touch.expires >= now, "waits though it is too late: {touch:?}");
            }
            "missed" => assert!(touch.queued.is_none() && !sent, "{touch:?}"),
            _ => unreachable!("{touch:?}"),
        }
        let finds_reason = touch.state == "delivered" || touch.state == "queued" || !touch.reason.is_empty();
        assert!(finds_reason || touch.state == "waiting", "ended without a reason: {touch:?}");
    }
    let known: BTreeSet<&str> = touches.iter().map(|touch| &*touch.id).collect();
    assert!(received.is_subset(&known), "something was sent of which the store knows nothing");
    eprintln!("touches: {states:?}");
    runs(simulation);
}

/// As many runs as were asked for, each whole.
fn runs(simulation: &Simulation) {
    let mut statement =
        simulation.program.store().prepare("SELECT id, now, started, outcome FROM run ORDER BY id").unwrap();
    let runs: Vec<(i64, i64, i64, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(runs.len(), simulation.runs.len());
    for (found, run) in runs.into_iter().zip(&simulation.runs) {
        assert_eq!(found, (run.id, run.now, run.started, "committed".to_owned()));
    }
    let orphans = ids(
        simulation,
        "SELECT id FROM touch WHERE run NOT IN (SELECT id FROM run) \
         UNION SELECT customer FROM transition WHERE run NOT IN (SELECT id FROM run)",
    );
    assert!(orphans.is_empty(), "parts of runs that never were: {orphans:?}");
}

fn ids(simulation: &Simulation, query: &str) -> BTreeSet<String> {
    let mut statement = simulation.program.store().prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}
