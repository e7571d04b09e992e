//! The facts of a batch of customers, as columns: what the archive fills and evaluation reads.

use super::column::{Column, Dictionary, TextList};
use super::standing::Prior;
use super::time::Timestamp;

/// How many customers make a batch.
pub const BATCH: usize = 2048;

/// Which columns a run needs; all others are neither read nor filled. Indices are those of the
/// [`Schema`](super::Schema).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactRequest {
    /// Customer fields.
    pub customer: Vec<usize>,
    /// Event kinds with their fields.
    pub events: Vec<EventRequest>,
    /// Classes whose former standing is needed.
    pub classes: Vec<ClassRequest>,
    /// Names of the triggers whose memory is needed.
    pub triggers: Vec<String>,
    /// Numbers of the triggers of which it is needed whether their condition held.
    pub conditions: Vec<u32>,
    /// The cadences whose enrolments are needed.
    pub cadences: Vec<CadenceRequest>,
}

impl FactRequest {
    /// Wants all fields, events and classes that another wants as well.
    pub fn join(&mut self, other: &Self) {
        join_sorted(&mut self.customer, &other.customer);
        for wanted in &other.events {
            match self.events.iter_mut().find(|events| events.event == wanted.event) {
                Some(events) => {
                    join_sorted(&mut events.fields, &wanted.fields);
                    events.ids |= wanted.ids;
                    // None, which is all of them, is the least.
                    events.after = events.after.min(wanted.after);
                }
                None => self.events.push(wanted.clone()),
            }
        }
        for wanted in &other.classes {
            match self.classes.iter_mut().find(|class| class.class == wanted.class) {
                Some(class) => class.previous |= wanted.previous,
                None => self.classes.push(*wanted),
            }
        }
    }
}

fn join_sorted(indices: &mut Vec<usize>, others: &[usize]) {
    indices.extend_from_slice(others);
    indices.sort_unstable();
    indices.dedup();
}

/// One cadence whose enrolments a run needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CadenceRequest {
    /// Its name.
    pub name: String,
    /// Enrolments that go on with nothing due by this instant are marked in [`AtRest::waits`](super::standing::AtRest),
    /// not filled in.
    pub due_by: Option<Timestamp>,
    /// Enrolments that ended are marked in [`AtRest::ended`](super::standing::AtRest), not filled in.
    pub is_once: bool,
}

/// One event kind that a run needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRequest {
    /// Index in [`Schema::events`](super::Schema::events).
    pub event: usize,
    /// Fields needed, as indices of the event's fields.
    pub fields: Vec<usize>,
    /// Whether their ids are needed.
    pub ids: bool,
    /// Only events after this instant are needed (`None`: all).
    pub after: Option<Timestamp>,
}

/// One class whose former standing a run needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassRequest {
    /// Index in [`Schema::classes`](super::Schema::classes).
    pub class: usize,
    /// Whether the place before the present one is needed as well.
    pub previous: bool,
}

/// The facts of up to [`BATCH`] customers in order of id, as known at an instant. Reused from batch to batch.
#[derive(Debug, Default)]
pub struct FactBatch {
    /// Customer ids in ascending byte order.
    pub ids: TextList,
    /// When each customer's row or earliest event came first, milliseconds.
    pub known_since: Vec<i64>,
    /// A column per customer field of the schema, filled where requested; defaults are already filled in.
    pub customer: Vec<Option<Column>>,
    /// The events of these customers per event kind of the schema, filled where requested.
    pub events: Vec<Option<EventBatch>>,
    /// What was decided of these customers before.
    pub prior: Prior,
    /// The texts of all code columns above; fixed words in front.
    pub dictionary: Dictionary,
}

impl FactBatch {
    /// Number of customers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The last customer, after whom the next batch begins; `None` where there is none.
    #[must_use]
    pub fn last_id(&self) -> Option<String> {
        self.ids.get(self.len().checked_sub(1)?).map(str::to_owned)
    }

    /// About how many numbers, texts and flags it holds.
    #[must_use]
    pub fn cells(&self) -> usize {
        let filled = |columns: &[Option<Column>]| columns.iter().flatten().count();
        let classes = self.prior.classes.iter().flatten().count();
        let of_customers = self.len() * (2 + filled(&self.customer) + 2 * classes);
        let of_events = self.events.iter().flatten().map(|events| {
            events.offsets.len()
                + events.at.len() * (1 + filled(&events.fields) + usize::from(events.ids.is_some()))
        });
        of_customers + of_events.sum::<usize>()
    }
}

/// The events of one kind of a batch of customers, grouped by customer, each group in order of (`at`, `id`).
/// Events later than the run's `now` are not among them.
/// An event that happens to everyone stands in every customer's group.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// Where each customer's events begin; one more entry than customers, the last is the number of events.
    pub offsets: Vec<u32>,
    /// When each happened, milliseconds as a float (exact up to the year 287,396).
    pub at: Vec<f64>,
    /// Their ids, a code column, filled where requested.
    pub ids: Option<Column>,
    /// A column per field of the event kind, filled where requested.
    pub fields: Vec<Option<Column>>,
}
