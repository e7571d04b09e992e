//! What the active policy set is, as `GET /v1/policies` shows it.

use serde_json::{Value, json};

use super::state::{Active, ReloadReport};
use super::status;
use crate::policy::compiled::ValueKind;

/// The active set: its files, its tables by kind, and what became of the last look at the files.
#[must_use]
pub fn policies(active: &Active, reload: &ReloadReport) -> Value {
    let mut shown = status::reload(active, reload);
    let rest = json!({
        "files": {
            "policies": active.set.files.policies.keys().collect::<Vec<_>>(),
            "scripts": active.set.files.scripts.keys().collect::<Vec<_>>(),
        },
        "tables": tables(active),
    });
    if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
        shown.extend(rest);
    }
    shown
}

fn tables(active: &Active) -> Value {
    let set = &active.set.compiled;
    let values = |wanted: fn(&ValueKind) -> bool| {
        set.values.iter().filter(|value| wanted(&value.kind)).map(|value| &*value.name).collect::<Vec<_>>()
    };
    json!({
        "event": set.schema.events.iter().map(|event| &*event.name).collect::<Vec<_>>(),
        "source": set.sources.iter().map(|source| &*source.name).collect::<Vec<_>>(),
        "metric": values(|kind| matches!(kind, ValueKind::Metric(_))),
        "ledger": values(|kind| matches!(kind, ValueKind::Ledger(_))),
        "score": values(|kind| matches!(kind, ValueKind::Score(_) | ValueKind::Rank(_))),
        "segment": values(|kind| matches!(kind, ValueKind::Segment(_))),
        "tier": values(|kind| matches!(kind, ValueKind::Tier(_))),
        "quadrant": values(|kind| matches!(kind, ValueKind::Quadrant(_))),
        "trigger": set.triggers.iter().map(|trigger| &*trigger.name).collect::<Vec<_>>(),
        "cadence": set.cadences.iter().map(|cadence| &*cadence.name).collect::<Vec<_>>(),
        "guard": set.guards.iter().map(|guard| &*guard.name).collect::<Vec<_>>(),
        "action": set.actions.iter().map(|action| &*action.name).collect::<Vec<_>>(),
        "channel": set.channels.iter().map(|channel| &*channel.name).collect::<Vec<_>>(),
        "schedule": set.schedules.iter().map(|schedule| &*schedule.name).collect::<Vec<_>>(),
        "calendar": set.calendars.iter().map(|calendar| &*calendar.name).collect::<Vec<_>>(),
    })
}
