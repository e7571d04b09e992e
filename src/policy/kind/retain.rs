//! `retain` of `[settings]`: how long what happened is kept, and whether the set looks back no further.

use crate::model::Duration;
use crate::model::civil::Period;
use crate::model::time::DAY;
use crate::policy::codes::{table, together};
use crate::policy::compiled::{
    Anchor, Cadence, Compiled, Fades, Ledger, Metric, Offset, Retain, Shape, Trigger, ValueKind, Window,
};
use crate::policy::raw::{At, Constraint, Key, Part, Reader, Sink, form, key};

/// Keys of `retain`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "events",
        form::DURATION,
        "Events that happened longer ago are forgotten. At least \"1d\", and as long as any `within` looks back. Default: never.",
    ),
    key(
        "history",
        form::DURATION,
        "Transitions, runs, the payloads of touches that ended, rejected rows. At least \"1d\", and as long as any `grace`. Default: for good.",
    ),
];

/// `retain` as a part of `[settings]`.
pub(crate) static PART: Part =
    Part { title: "`retain`", keys: KEYS, constraints: &[Constraint::Some(&["events", "history"])] };

/// The shortest that makes sense where what is old is taken away once a day.
const LEAST: i64 = DAY;

/// As written.
#[derive(Debug, Default)]
pub(crate) struct RawRetain {
    events: Option<At<Duration>>,
    history: Option<At<Duration>>,
}

/// How far something looks back, in milliseconds.
struct LookBack {
    /// Who, in words.
    who: String,
    /// `None`: without end.
    length: Option<i64>,
}

/// Reads the table, where there is one.
pub(crate) fn read(settings: &Reader<'_>) -> RawRetain {
    let Some(reader) = settings.table("retain") else { return RawRetain::default() };
    let raw = RawRetain { events: duration(&reader, "events"), history: duration(&reader, "history") };
    if reader.entry("events").is_none() && reader.entry("history").is_none() {
        reader.missing("events");
    }
    raw
}

fn duration(reader: &Reader<'_>, key: &str) -> Option<At<Duration>> {
    let duration = reader.duration(key)?;
    if shortest(duration.value) >= LEAST {
        return Some(duration);
    }
    let message = format!("`{key}` must be at least one day, not {}", duration.value);
    reader.sink.problem(&table::OUT_OF_RANGE, &duration.place, message).report();
    None
}

impl RawRetain {
    /// As the set says it.
    pub(crate) fn compiled(&self) -> Retain {
        let value = |kept: &Option<At<Duration>>| kept.as_ref().map(|kept| kept.value);
        Retain { events: value(&self.events), history: value(&self.history) }
    }

    /// Reports what looks back further than is kept, and ledgers meant for good.
    pub(crate) fn check(&self, policy: &Compiled, sink: &Sink<'_>) {
        if let Some(events) = &self.events {
            let all = over_events(policy);
            compare(events, "events are", &all, sink);
            for ledger in lasting(policy) {
                let message = format!(
                    "the ledger `{ledger}` neither fades nor lapses, and events are kept for {}",
                    events.value
                );
                sink.problem(&together::LOOKS_BACK_FOR_GOOD, &events.place, message)
                    .help("give it `expires` or `half_life`, or keep events for good")
                    .report();
            }
        }
        if let Some(history) = &self.history {
            let graces: Vec<LookBack> = policy
                .triggers
                .iter()
                .filter(|trigger| !matches!(trigger.shape, Shape::When(_)))
                .map(|trigger| of_trigger(trigger, longest(trigger.grace)))
                .collect();
            compare(history, "history is", &graces, sink);
        }
    }
}

/// The ledgers whose balance is to hold whatever happened.
fn lasting(policy: &Compiled) -> impl Iterator<Item = &str> {
    policy.values.iter().filter_map(|value| match &value.kind {
        ValueKind::Ledger(ledger) if ledger.fades == Fades::Never => Some(&*value.name),
        _ => None,
    })
}

fn compare(kept: &At<Duration>, what: &str, all: &[LookBack], sink: &Sink<'_>) {
    for LookBack { who, length } in all {
        let Some(length) = length.filter(|length| *length > shortest(kept.value)) else { continue };
        let days = length.saturating_add(DAY - 1) / DAY;
        let message = format!("{what} kept for {}, and {who} looks back over {days} days", kept.value);
        sink.problem(&together::KEPT_TOO_SHORT, &kept.place, message)
            .help(format!("keep them for at least \"{days}d\", or let it look back over less"))
            .report();
    }
}

/// All that looks back over events.
fn over_events(policy: &Compiled) -> Vec<LookBack> {
    let values = policy.values.iter().filter_map(|value| match &value.kind {
        ValueKind::Metric(metric) => {
            Some(LookBack { who: format!("the metric `{}`", value.name), length: of_metric(metric) })
        }
        ValueKind::Ledger(Ledger { fades: Fades::Expires(length), .. }) => {
            Some(LookBack { who: format!("the ledger `{}`", value.name), length: Some(*length) })
        }
        _ => None,
    });
    let triggers = policy.triggers.iter().filter_map(|trigger| {
        let own = match &trigger.shape {
            Shape::When(_) | Shape::Moves(_) => return None,
            Shape::Event(_) => 0,
            Shape::Times(_, alike) => alike.within,
            Shape::Awaited(_, awaited) => longest(awaited.within),
        };
        Some(of_trigger(trigger, own.saturating_add(longest(trigger.grace))))
    });
    let cadences = policy.cadences.iter().filter_map(of_cadence);
    values.chain(triggers).chain(cadences).collect()
}

fn of_metric(metric: &Metric) -> Option<i64> {
    let window = match metric.within {
        Window::All => return None,
        Window::Sliding(length) => length,
        Window::This(Period::Month) => 31 * DAY,
        Window::This(Period::Quarter) => 92 * DAY,
        Window::This(Period::Year) => 366 * DAY,
    };
    // A local day may have 25 hours.
    let uneven = if matches!(metric.within, Window::This(_)) { DAY } else { 0 };
    Some(window.saturating_add(metric.before.map_or(0, longest)).saturating_add(uneven))
}

fn of_trigger(trigger: &Trigger, length: i64) -> LookBack {
    LookBack { who: format!("the trigger `{}`", trigger.name), length: Some(length) }
}

/// What a cadence counts as success, and the events it may enrol for when it is new.
fn of_cadence(cadence: &Cadence) -> Option<LookBack> {
    let goal = cadence.goal.map(|goal| longest(goal.within));
    let enrols = matches!(cadence.anchor, Anchor::Event { .. }).then(|| {
        let offsets = cadence.steps.iter().map(|step| match step.offset {
            Offset::After(after) => longest(after),
            Offset::Before(_) => 0,
        });
        let last = offsets.max().unwrap_or(0);
        last.saturating_add(cadence.stagger).saturating_add(longest(cadence.grace))
    });
    let length = goal.max(enrols)?;
    Some(LookBack { who: format!("the cadence `{}`", cadence.name), length: Some(length) })
}

/// The least a duration can come to, in milliseconds.
fn shortest(duration: Duration) -> i64 {
    match duration {
        Duration::Fixed(length) => length,
        Duration::Months(months) => (i64::from(months / 12) * 365 + i64::from(months % 12) * 28) * DAY,
    }
}

/// The most a duration can come to, in milliseconds.
fn longest(duration: Duration) -> i64 {
    match duration {
        Duration::Fixed(length) => length,
        Duration::Months(months) => (i64::from(months / 12) * 366 + i64::from(months % 12) * 31) * DAY,
    }
}
