//! Taking away what is too old to be kept, a little at a time.
//!
//! What grows with time and goes: events, by when they happened; transitions, runs, what ended touches said (payload,
//! verdicts, places left and taken), imported files, arrivals and awaited answers that nobody took, places of
//! capacities. What stays for good, since it keeps anything from being done twice: the rows of touches, enrolments,
//! the memory of triggers and of tables, aliases and traces of the forgotten, `known_since`, the length of written
//! files. All else is as large as the customers and the policy are many.
//!
//! Events stay that something still needs: those nobody has taken yet, those of enrolments that go on and of touches
//! not sent yet, and those that happen to everyone, which are few and may be in anybody's enrolment.

mod events;
mod history;

use std::collections::VecDeque;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::forget::count;
use super::meta::{self, EVENTS_FROM, PRUNED};
use super::{Archive, Result, RowCounts};
use crate::model::Timestamp;
use crate::model::time::DAY;

/// From when on what is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Events that happened at this instant or later; all where absent.
    pub events: Option<Timestamp>,
    /// History of this instant or later; all where absent.
    pub history: Option<Timestamp>,
}

/// Something to be looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// Arrivals of a kind of event that nobody took.
    Arrivals(String),
    /// Events of a kind whose answer a trigger awaits, and never asks for.
    Awaited {
        trigger: String,
        event: String,
    },
    /// Events of a kind.
    Events(String),
    Touches,
    Transitions,
    Runs,
    Files,
    /// Places of a capacity.
    Places(String),
}

/// What is left to be looked through, and what was taken away so far.
#[derive(Clone, Debug)]
pub struct Pruning {
    keep: Keep,
    started: Timestamp,
    steps: VecDeque<Step>,
    /// The customer that the first step has come to.
    customer: String,
    /// The number that it has come to.
    number: i64,
    removed: RowCounts,
}

impl Pruning {
    /// Rows taken away so far, by table; of `touch` those emptied of what they said.
    #[must_use]
    pub const fn removed(&self) -> &RowCounts {
        &self.removed
    }

    fn next(&mut self) {
        self.steps.pop_front();
        self.customer.clear();
        self.number = 0;
    }
}

/// What one transaction did.
struct Slice {
    removed: usize,
    /// Whether the step has nothing left.
    done: bool,
}

impl Archive {
    /// The instant to take away by, once a day: never later than `now`, than what the last run decided for, and than
    /// the time before, so that a clock that runs ahead for some hours costs nothing. `None` where it is too soon, or
    /// nothing was decided yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn prune_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let Some(decided) = self.last_run_now()? else { return Ok(None) };
        let before = meta::recall(&self.connection, PRUNED)?.map(Timestamp);
        let by = now.min(decided);
        Ok(match before {
            Some(before) if before <= now && now < before.plus(DAY) => None,
            Some(before) => Some(by.min(before)),
            None => Some(by),
        })
    }

    /// Begins to take away what is older than is kept.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn begin_pruning(&mut self, keep: Keep, now: Timestamp) -> Result<Pruning> {
        let steps = steps(&self.connection, keep)?;
        if let Some(from) = keep.events {
            let known: Option<i64> = meta::recall(&self.connection, EVENTS_FROM)?;
            meta::remember(&self.connection, EVENTS_FROM, known.map_or(from.0, |known| known.max(from.0)))?;
        }
        let (customer, removed) = (String::new(), RowCounts::new());
        Ok(Pruning { keep, started: now, steps, customer, number: 0, removed })
    }

    /// Goes on with it in one transaction that looks at about so many customers or rows; false where nothing is left.
    ///
    /// # Errors
    /// SQLite's own; what was taken away before stays away, and the same may be asked again.
    pub fn prune(&mut self, pruning: &mut Pruning, rows: usize) -> Result<bool> {
        let Some(step) = pruning.steps.front().cloned() else {
            meta::remember(&self.connection, PRUNED, pruning.started.0)?;
            return Ok(false);
        };
        self.events_change();
        let limit = i64::try_from(rows.max(1)).unwrap_or(i64::MAX);
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut next = pruning.clone();
        let slice = take_away(&transaction, &mut next, &step, limit)?;
        transaction.commit()?;
        *pruning = next;
        count(&mut pruning.removed, &step.table(), slice.removed);
        if slice.done {
            pruning.next();
        }
        Ok(true)
    }
}

impl Step {
    fn table(&self) -> String {
        match self {
            Self::Arrivals(_) => "arrival".to_owned(),
            Self::Awaited { .. } => "awaited".to_owned(),
            Self::Events(kind) => format!("event_{kind}"),
            Self::Touches => "touch".to_owned(),
            Self::Transitions => "transition".to_owned(),
            Self::Runs => "run".to_owned(),
            Self::Files => "imported_file".to_owned(),
            Self::Places(_) => "capacity_use".to_owned(),
        }
    }
}

/// Arrivals go before the events they are of, which stay as long as somebody may take them.
fn steps(connection: &Connection, keep: Keep) -> Result<VecDeque<Step>> {
    let names = |sql: &str| -> Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(names)
    };
    // Tables of kinds that are no longer declared are among them.
    let kinds =
        names("SELECT substr(name, 7) FROM tally WHERE name LIKE 'event\\_%' ESCAPE '\\' ORDER BY name")?;
    let mut steps = VecDeque::new();
    if keep.history.is_some() {
        steps.extend(kinds.iter().cloned().map(Step::Arrivals));
        for trigger in names("SELECT substr(name, 9) FROM rule WHERE name LIKE 'trigger.%' ORDER BY name")? {
            let step = |event: &String| Step::Awaited { trigger: trigger.clone(), event: event.clone() };
            steps.extend(kinds.iter().map(step));
        }
    }
    if keep.events.is_some() {
        steps.extend(kinds.into_iter().map(Step::Events));
    }
    if keep.history.is_some() {
        steps.extend([Step::Touches, Step::Transitions, Step::Runs]);
        steps.extend(history::capacities(connection)?.into_iter().map(Step::Places));
    }
    if keep.events.is_some() && keep.history.is_some() {
        steps.push_back(Step::Files);
    }
    Ok(steps)
}

fn take_away(connection: &Connection, pruning: &mut Pruning, step: &Step, limit: i64) -> Result<Slice> {
    // A step is only made where what it goes by is kept for some time.
    let events = pruning.keep.events.map_or(i64::MIN, |from| from.0);
    let history = pruning.keep.history.map_or(i64::MIN, |from| from.0);
    match step {
        Step::Events(kind) => events::events(connection, kind, events, &mut pruning.customer, limit),
        Step::Arrivals(kind) => history::arrivals(connection, kind, history, limit),
        Step::Awaited { trigger, event } => history::awaited(connection, (trigger, event), history, limit),
        Step::Touches => history::touches(connection, history, limit),
        Step::Transitions => history::transitions(connection, history, limit),
        Step::Runs => history::runs(connection, history, &mut pruning.number, limit),
        // Only rows that would come in and go again are forgotten to have been imported.
        Step::Files => history::files(connection, history.min(events), limit),
        Step::Places(guard) => history::places(connection, guard, history, limit),
    }
}
