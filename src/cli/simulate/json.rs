//! What a simulation did, for programs: everything, by day.

use serde_json::{Map, Value, json};

use super::Simulated;
use crate::policy::compiled::CapacityPeriod;
use crate::rehearsal::{Deliveries, Refresh};
use crate::simulate::{Day, Figures, Room};

pub(super) fn of(simulated: &Simulated<'_>) -> Value {
    let Simulated { set, active, command, options, figures, .. } = simulated;
    json!({
        "begin": figures.begin.to_string(),
        "until": figures.until.to_string(),
        "timezone": figures.timezone.name(),
        "replay": command.from.is_some(),
        "policy_version": &*set.compiled.version,
        "active": active,
        "cut_points_held": options.refresh == Refresh::Never,
        "deliveries": options.deliveries == Deliveries::Taken,
        "approved": figures.approved,
        "known": figures.told.map(|told| json!({
            "customers": told.customers,
            "events_when_they_happened": told.first_load,
            "events_when_they_arrived": told.arrived,
        })),
        "customers": figures.customers,
        "runs": counts(&figures.runs),
        "by": figures.by.as_deref(),
        "places": figures.places.iter().map(|place| &**place).collect::<Vec<_>>(),
        "days": figures.days.iter().map(|each| day(figures, each)).collect::<Vec<_>>(),
        "capacity": figures.rooms.iter().enumerate().map(|(index, terms)| room(figures, index, terms)).collect::<Vec<_>>(),
        "on_hold": figures.held.iter().map(|held| json!({
            "at": held.at.to_string(),
            "schedule": held.label,
            "touches": held.touches,
        })).collect::<Vec<_>>(),
        "script_failures": counts(&figures.script_failures),
    })
}

fn day(figures: &Figures, day: &Day) -> Value {
    let touches = day.queued.iter().map(|(kind, touches)| {
        json!({
            "channel": &*kind.channel,
            "action": &*kind.action,
            "place": kind.place.as_deref(),
            "touches": touches,
        })
    });
    let capacity = day.taken.iter().map(|taken| {
        json!({
            "guard": figures.rooms.get(taken.room).map(|room| &*room.guard),
            "owner": taken.key.as_deref(),
            "period": taken.period.to_string(),
            "taken": taken.taken,
            "places": figures.rooms.get(taken.room).map(|room| room.places),
        })
    });
    let places = figures.places.iter().map(|place| &**place).chain([""]);
    let standing: Map<String, Value> =
        places.zip(&day.standing).map(|(place, customers)| (place.to_owned(), (*customers).into())).collect();
    json!({
        "date": day.date.to_string(),
        "runs": day.runs,
        "touches": touches.collect::<Vec<_>>(),
        "waiting": counts(&day.waiting),
        "on_hold": day.on_hold,
        "suppressed": counts(&day.suppressed),
        "expired": day.expired,
        "missed": day.missed,
        "cancelled": day.cancelled,
        "transitions": day.transitions,
        "enrolled": day.enrolled,
        "ended": day.ended,
        "capacity": capacity.collect::<Vec<_>>(),
        "standing": standing,
    })
}

fn room(figures: &Figures, index: usize, room: &Room) -> Value {
    let used = figures.use_of(index, &figures.days);
    let owners: Map<String, Value> = used
        .by_owner
        .iter()
        .filter(|_| room.by.is_some())
        .map(|(owner, taken)| (owner.as_deref().unwrap_or_default().to_owned(), (*taken).into()))
        .collect();
    json!({
        "guard": &*room.guard,
        "places": room.places,
        "per": match room.per {
            CapacityPeriod::Day => "day",
            CapacityPeriod::Week => "week",
            CapacityPeriod::Month => "month",
        },
        "by": room.by,
        "taken": used.taken,
        "there": used.there,
        "owners": owners,
    })
}

fn counts<'a>(counts: impl IntoIterator<Item = (&'a std::sync::Arc<str>, &'a u64)>) -> Map<String, Value> {
    counts.into_iter().map(|(name, count)| (name.to_string(), (*count).into())).collect()
}
