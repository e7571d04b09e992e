//! The events behind a value: those that a metric counted, what they put into a ledger.

use std::ops::Bound;
use std::sync::Arc;

use serde::Serialize;

use super::is_personal;
use super::subject::Subject;
use super::trace::is_false;
use crate::archive::{Archive, ArchiveError};
use crate::care::trigger::awaited::answers;
use crate::evaluate::scalar::{self, Row};
use crate::evaluate::window_bounds;
use crate::model::event::Event;
use crate::model::standing::Place;
use crate::model::{Timestamp, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Fades, Ledger, Metric, Take, Window};
use crate::policy::expression::tree::Reference;

/// How many events are shown.
pub(super) const EXAMPLES: usize = 5;

/// The events that a metric put together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    /// Their kind.
    pub event: Arc<str>,
    /// How they are put together: `sum of amount`.
    pub take: String,
    /// Which: as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#where: Option<Arc<str>>,
    /// The kind of event that none of them was followed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Arc<str>>,
    /// Those after this count; all where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// Those up to this count.
    pub until: Timestamp,
    /// How many there are.
    pub count: usize,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last did.
    pub last: Option<Timestamp>,
    /// The latest of them, latest first.
    pub examples: Vec<Example>,
    /// Whether what counts of each is personal.
    #[serde(skip_serializing_if = "is_false")]
    pub personal: bool,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// Its id.
    pub id: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// What of it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What events put into a ledger and took out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Booked {
    /// What becomes of entries: `half every 90d`.
    pub fades: String,
    /// How many there are.
    pub count: usize,
    /// When the first was made.
    pub first: Option<Timestamp>,
    /// When the last was.
    pub last: Option<Timestamp>,
    /// The latest of them, latest first.
    pub examples: Vec<Entry>,
}

/// One entry of a ledger.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// The kind of event that made it.
    pub event: Arc<str>,
    /// The event's id.
    pub id: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// What it put in, or took out.
    pub amount: f64,
    /// What it weighs now, of a ledger that halves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<f64>,
    /// When it lapses, of a ledger that expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lapses: Option<Timestamp>,
}

/// An event of a customer, of whom it may speak too.
#[derive(Clone, Copy)]
pub(super) struct EventRow<'a> {
    pub(super) event: &'a Event,
    pub(super) subject: &'a Subject,
}

impl Row for EventRow<'_> {
    fn get(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::EventAt => Some(Value::Time(self.event.at)),
            Reference::EventId => Some(Value::Text(Arc::clone(&self.event.id))),
            Reference::Event(field) => self.event.fields.get(*field).cloned().flatten(),
            other => self.subject.get(other),
        }
    }

    fn place(&self, value: usize) -> Option<Place> {
        self.subject.place(value)
    }

    fn since(&self, value: usize) -> Option<Timestamp> {
        self.subject.since(value)
    }

    fn expiring(&self, value: usize, days: f64) -> Option<f64> {
        self.subject.expiring(value, days)
    }

    fn previous(&self, value: usize) -> Option<Value> {
        self.subject.previous(value)
    }
}

/// The events that a metric counts, in order, each with what of it counts.
pub(super) fn counted(
    archive: &Archive,
    subject: &Subject,
    metric: &Metric,
) -> Result<Vec<(Event, Option<Value>)>, ArchiveError> {
    let moment = &subject.moment;
    let (after, until) = window_bounds(metric.within, metric.before, moment);
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let events = archive.events_of(metric.event, &subject.id, (from, Bound::Included(until)))?;
    let followers = match &metric.unless {
        Some(unless) => archive.events_of(unless.event, &subject.id, ..=moment.now)?,
        None => Vec::new(),
    };
    let mut counted = Vec::new();
    for event in events {
        let row = EventRow { event: &event, subject };
        let is_out = metric.filter.as_ref().is_some_and(|filter| !scalar::holds(&filter.root, &row, moment));
        let is_followed = |unless| followers.iter().any(|other| answers(&event, other, unless));
        if is_out || metric.unless.as_ref().is_some_and(is_followed) {
            continue;
        }
        let of = metric.of.as_ref().map(|of| scalar::evaluate(&of.root, &row, moment));
        if of != Some(None) {
            counted.push((event, of.flatten()));
        }
    }
    Ok(counted)
}

/// What is told of the events that a metric counts.
pub(super) fn metric(
    archive: &Archive,
    policy: &Compiled,
    subject: &Subject,
    metric: &Metric,
) -> Result<Counted, ArchiveError> {
    let events = counted(archive, subject, metric)?;
    let name =
        |kind: usize| policy.schema.events.get(kind).map_or_else(|| "".into(), |kind| kind.name.clone());
    let (after, until) = window_bounds(metric.within, metric.before, &subject.moment);
    let of = metric.of.as_ref().map_or_else(String::new, |of| format!(" of {}", of.text));
    let example = |(event, value): &(Event, Option<Value>)| Example {
        id: Arc::clone(&event.id),
        at: event.at,
        value: value.clone(),
    };
    Ok(Counted {
        event: name(metric.event),
        take: format!("{}{of}{}", take_word(metric.take), window_words(metric)),
        r#where: metric.filter.as_ref().map(|filter| Arc::clone(&filter.text)),
        unless: metric.unless.as_ref().map(|unless| name(unless.event)),
        after,
        until,
        count: events.len(),
        first: events.first().map(|(event, _)| event.at),
        last: events.last().map(|(event, _)| event.at),
        examples: events.iter().rev().take(EXAMPLES).map(example).collect(),
        personal: metric
            .of
            .as_ref()
            .is_some_and(|of| is_personal(&of.root, &policy.schema, Some(metric.event))),
    })
}

fn window_words(metric: &Metric) -> String {
    use crate::model::Duration;
    use crate::model::civil::Period;
    let within = match metric.within {
        Window::All => String::new(),
        Window::Sliding(length) => format!(" within {}", Duration::Fixed(length)),
        Window::This(Period::Month) => " this month".to_owned(),
        Window::This(Period::Quarter) => " this quarter".to_owned(),
        Window::This(Period::Year) => " this year".to_owned(),
    };
    let before = metric.before.map_or_else(String::new, |before| format!(", {before} earlier"));
    let fades = metric
        .half_life
        .map_or_else(String::new, |half| format!(", half the weight every {}", Duration::Fixed(half)));
    format!("{within}{before}{fades}")
}

const fn take_word(take: Take) -> &'static str {
    match take {
        Take::Count => "count",
        Take::Sum => "sum",
        Take::Mean => "mean",
        Take::Min => "min",
        Take::Max => "max",
        Take::Median => "median",
        Take::First => "first",
        Take::Last => "last",
        Take::Distinct => "number of different values",
        Take::Mode => "most frequent value",
        Take::DaysSinceFirst => "days since the first",
        Take::DaysSinceLast => "days since the last",
        Take::MedianGapDays => "median of the days between them",
        Take::MeanGapDays => "mean of the days between them",
    }
}

/// What is told of the entries of a ledger.
pub(super) fn ledger(
    archive: &Archive,
    policy: &Compiled,
    subject: &Subject,
    ledger: &Ledger,
) -> Result<Booked, ArchiveError> {
    use crate::model::Duration;
    let moment = &subject.moment;
    let mut booked: Vec<(usize, Entry)> = Vec::new();
    for (place, entry) in ledger.entries.iter().enumerate() {
        let Some(kind) = policy.schema.events.get(entry.event) else { continue };
        for event in archive.events_of(entry.event, &subject.id, ..=moment.now)? {
            let row = EventRow { event: &event, subject };
            let is_out =
                entry.filter.as_ref().is_some_and(|filter| !scalar::holds(&filter.root, &row, moment));
            let Some(amount) = scalar::number(&entry.amount.root, &row, moment).filter(|_| !is_out) else {
                continue;
            };
            let age = moment.now.0.saturating_sub(event.at.0) as f64;
            let (now, lapses) = match ledger.fades {
                Fades::Never => (None, None),
                Fades::HalfLife(half_life) => (Some(amount * (-age / half_life as f64).exp2()), None),
                Fades::Expires(expires) => (None, (amount > 0.0).then(|| event.at.plus(expires))),
            };
            let (event_name, id, at) = (Arc::clone(&kind.name), event.id, event.at);
            booked.push((place, Entry { event: event_name, id, at, amount, now, lapses }));
        }
    }
    booked.sort_by(|(one_place, one), (other_place, other)| {
        (one.at, &one.id, one_place).cmp(&(other.at, &other.id, other_place))
    });
    Ok(Booked {
        fades: match ledger.fades {
            Fades::Never => "never fades".to_owned(),
            Fades::HalfLife(half) => format!("half the weight every {}", Duration::Fixed(half)),
            Fades::Expires(expires) => format!("what is put in lapses after {}", Duration::Fixed(expires)),
        },
        count: booked.len(),
        first: booked.first().map(|(_, entry)| entry.at),
        last: booked.last().map(|(_, entry)| entry.at),
        examples: booked.into_iter().rev().take(EXAMPLES).map(|(_, entry)| entry).collect(),
    })
}
