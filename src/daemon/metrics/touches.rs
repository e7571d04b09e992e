//! Touches by what became of them, from the tally that the store keeps.

use std::collections::BTreeMap;

use super::page::{Metric, Samples};
use super::runs::labels;
use crate::archive::CameTo;
use crate::model::touch::TouchState;
use crate::policy::Compiled;

/// How often touches came to a state, by action, state and guard.
type Tally = BTreeMap<(String, String, String), u64>;

/// Where the store's tally stood when the process started: counters begin at 0.
#[derive(Debug)]
pub(super) struct Touches {
    before: Tally,
}

impl Touches {
    pub(super) fn since(tally: Vec<CameTo>) -> Self {
        Self { before: by_labels(tally) }
    }

    pub(super) fn metrics(&self, policy: &Compiled, now: Vec<CameTo>) -> Vec<Metric> {
        let mut by_state: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut by_guard: BTreeMap<String, u64> = BTreeMap::new();
        for (key, touches) in by_labels(now) {
            let since = touches.saturating_sub(self.before.get(&key).copied().unwrap_or_default());
            let (action, state, guard) = key;
            *by_state.entry((action, state)).or_default() += since;
            *by_guard.entry(guard).or_default() += since;
        }
        let of_states = policy.actions.iter().flat_map(|action| {
            TouchState::ALL.map(|state| {
                let (action, state) = (action.name.to_string(), state.as_str().to_owned());
                let labels = labels([("action", &action), ("state", &state)]);
                (labels, by_state.get(&(action, state)).copied().unwrap_or_default() as f64)
            })
        });
        let of_guards = policy.guards.iter().map(|guard| {
            let touches = by_guard.get(&*guard.name).copied().unwrap_or_default();
            (labels([("guard", &guard.name)]), touches as f64)
        });
        vec![
            Metric {
                name: "guanxi_touches_total",
                help: "How often touches came to a state, by action",
                samples: Samples::Counter(of_states.collect()),
            },
            Metric {
                name: "guanxi_touches_suppressed_total",
                help: "Touches that a guard dropped for good",
                samples: Samples::Counter(of_guards.collect()),
            },
        ]
    }
}

fn by_labels(tally: Vec<CameTo>) -> Tally {
    tally.into_iter().map(|came| ((came.action, came.state, came.guard), came.touches)).collect()
}
