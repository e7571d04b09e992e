//! Triggers that fire for events: each, the so manieth alike, or one that no other followed in time.

use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{Alike, Awaited, Happening, Shape};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::kind::metric;
use crate::policy::names::{Known, Scope};
use crate::policy::raw::{At, Reader};

/// More would be a metric.
pub(super) const MOST_TIMES: u32 = 1_000;

/// `on` and what belongs to it, as written.
pub(super) struct RawEvent {
    on: Option<At<String>>,
    filter: Option<Formula>,
    rest: Rest,
}

/// What must come together for it to fire.
enum Rest {
    Nothing,
    Times { times: Option<u32>, same: Option<At<String>>, within: Option<i64> },
    Unless { unless: Option<At<String>>, same: Option<At<String>>, within: Option<Duration> },
}

impl RawEvent {
    pub(super) fn read(reader: &Reader<'_>) -> Self {
        Self { on: reader.word("on"), filter: Formula::read(reader, "where"), rest: Rest::read(reader) }
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.on.as_ref().map(|on| on.value.as_str())
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let answer = match &self.rest {
            Rest::Unless { unless: Some(unless), .. } => Some(unless.value.as_str()),
            _ => None,
        };
        self.name().into_iter().chain(answer).collect()
    }

    pub(super) fn formulas(&self, known: &Known) -> Vec<(&Formula, Scope)> {
        let event = self.name().and_then(|name| known.event(name));
        event
            .zip(self.filter.as_ref())
            .map(|(event, filter)| (filter, Scope::Event(event)))
            .into_iter()
            .collect()
    }

    pub(super) fn check(&self, context: Context<'_>) -> Option<Shape> {
        let event = metric::event(self.on.as_ref(), context);
        let filter = match (&self.filter, event) {
            (Some(filter), Some(event)) => Some(filter.check(context, Scope::Event(event), &Expected::Bool)),
            (Some(_), None) => Some(None),
            (None, _) => None,
        };
        let rest = self.rest.check(event, context);
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        let happening = Happening { event: event?, filter };
        Some(match rest? {
            Checked::Nothing => Shape::Event(happening),
            Checked::Times(alike) => Shape::Times(happening, alike),
            Checked::Unless(awaited) => Shape::Awaited(happening, awaited),
        })
    }
}

enum Checked {
    Nothing,
    Times(Alike),
    Unless(Awaited),
}

impl Rest {
    fn read(reader: &Reader<'_>) -> Self {
        let has = |key| reader.entry(key).is_some();
        if has("times") {
            let help = "count what was answered too, or wait for an answer to each: make two triggers of it";
            reader.excludes("times", "unless", help);
            return Self::Times {
                times: reader.whole("times"),
                same: reader.word("same"),
                within: reader.required_here("within", reader.fixed("within")),
            };
        }
        if has("unless") {
            let within = reader.required_here("within", reader.duration("within"));
            return Self::Unless {
                unless: reader.word("unless"),
                same: reader.word("same"),
                within: within.and_then(|within| longer_than_nothing(&within, reader)),
            };
        }
        reader.useless("same", "it belongs to `times` or `unless`");
        reader.useless("within", "it belongs to `times` or `unless`");
        Self::Nothing
    }

    fn check(&self, event: Option<usize>, context: Context<'_>) -> Option<Checked> {
        match self {
            Self::Nothing => Some(Checked::Nothing),
            Self::Times { times, same, within } => {
                let same = match same {
                    None => None,
                    Some(same) => Some(metric::field(same, context.known.events.get(event?)?, context)?),
                };
                Some(Checked::Times(Alike { times: (*times)?, same, within: (*within)? }))
            }
            Self::Unless { unless, same, within } => {
                let answer = metric::unless(unless.as_ref()?, same.as_ref(), event, context);
                Some(Checked::Unless(Awaited { answer: answer?, within: (*within)? }))
            }
        }
    }
}

fn longer_than_nothing(within: &At<Duration>, reader: &Reader<'_>) -> Option<Duration> {
    if within.value.is_zero() {
        let message = "`within` must be longer than nothing";
        reader.sink.problem(&codes::table::OUT_OF_RANGE, &within.place, message).report();
        return None;
    }
    Some(within.value)
}
