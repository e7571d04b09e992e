//! Looking: counts, runs, touches, what runs remember.

use rusqlite::types::ValueRef;
use rusqlite::{Row, params};

use super::approval::Approval;
use super::facts::place_of;
use super::value::as_count;
use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;
use crate::model::cut::{CutPoint, Figure};
use crate::model::standing::{NO_PLACE, Place, Transition, TransitionCause};
use crate::model::touch::{Touch, TouchState};
use crate::model::trigger::RuleMemory;

use super::run::{NewRun, RunTotals};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// All it decided stands.
    Committed(RunTotals),
    /// It came to nothing.
    Failed {
        /// When it gave up.
        finished: Timestamp,
        /// Why.
        error: String,
    },
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Counts up from 1.
    pub id: i64,
    /// What it was to do.
    pub run: NewRun,
    /// How it ended.
    pub outcome: RunOutcome,
    /// What was said of its touches, where it made unusually many.
    pub approval: Option<Approval>,
}

/// Which touches; an absent part allows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TouchFilter<'filter> {
    /// Of this customer.
    pub customer: Option<&'filter str>,
    /// Of this action.
    pub action: Option<&'filter str>,
    /// In this state.
    pub state: Option<TouchState>,
    /// Made before the one of this number.
    pub before: Option<i64>,
}

/// A touch with when it came to its state.
#[derive(Clone, Debug, PartialEq)]
pub struct TouchRow {
    /// Counts up as touches are made.
    pub number: i64,
    /// The touch.
    pub touch: Touch,
    /// When it came to its state.
    pub state_at: Timestamp,
    /// The run that made it.
    pub run: i64,
    /// The guard that holds it back, or dropped it.
    pub guard: Option<String>,
    /// Whether it waits for approval of its run.
    pub is_on_hold: bool,
    /// What guards said of it, oldest first: a JSON array.
    pub verdicts: String,
}

/// Touches of one action in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchCount {
    /// The action.
    pub action: String,
    /// The state.
    pub state: TouchState,
    /// How many.
    pub count: u64,
}

/// How much there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Customers.
    pub customers: u64,
    /// Events by kind, by name, also of kinds no longer declared.
    pub events: Vec<(String, u64)>,
    /// Touches by action and state.
    pub touches: Vec<TouchCount>,
}

/// The columns [`touch_of`] reads.
pub(super) const TOUCH_COLUMNS: &str = "touch.id, touch.customer, touch.action, touch.channel, touch.because, \
     touch.occurrence, touch.due, touch.expires, touch.priority, touch.state, touch.state_at, touch.reason, \
     touch.policy_version, touch.payload, touch.run, touch.event, touch.made, touch.queued AS queued_at, \
     touch.effort, touch.guard, touch.hold IS NOT NULL AND touch.state = 'waiting', touch.verdicts, \
     touch.number AS touch_number";

/// That a touch is neither queued nor delivered: those of the other states are found by an index.
const IN_INDEX: &str = " AND touch.state NOT IN ('queued', 'delivered')";

/// Whether [`IN_INDEX`] holds of touches in a state.
const fn is_indexed(state: TouchState) -> bool {
    !matches!(state, TouchState::Queued | TouchState::Delivered)
}

impl Archive {
    /// How much there is; fast on stores of any size.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn counts(&self) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut statement = self.connection.prepare_cached("SELECT name, rows FROM tally ORDER BY name")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let count = as_count(row.get(1)?);
            match name.strip_prefix("event_") {
                Some(kind) => counts.events.push((kind.to_owned(), count)),
                None => counts.customers = count,
            }
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT action, state, touches FROM touch_count WHERE touches > 0 ORDER BY action, state",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (action, state) = (row.get(0)?, state_of(&row.get::<_, String>(1)?)?);
            counts.touches.push(TouchCount { action, state, count: as_count(row.get(2)?) });
        }
        Ok(counts)
    }

    /// How many customers the last run left at each place of a class (index in the schema), by place; those in none
    /// are not counted.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn place_counts(&self, class: usize) -> Result<Vec<(Place, u64)>> {
        let Some(shape) = self.schema.classes.get(class) else { return Ok(Vec::new()) };
        let mut statement =
            self.connection.prepare_cached("SELECT place, customers FROM place_count WHERE value = ?1")?;
        let mut rows = statement.query([&shape.name])?;
        let mut counts = Vec::new();
        while let Some(row) = rows.next()? {
            let place = place_of(shape, row.get_ref(0)?);
            if place != NO_PLACE {
                counts.push((place, as_count(row.get(1)?)));
            }
        }
        counts.sort_unstable();
        Ok(counts)
    }

    /// All stored cut points, by value and part.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn cut_points(&self) -> Result<Vec<CutPoint>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT value, part, version, as_of, population, kind, figure, customer, ranked FROM cut_point \
             ORDER BY value, part",
        )?;
        let mut rows = statement.query([])?;
        let mut cuts = Vec::new();
        while let Some(row) = rows.next()? {
            cuts.push(CutPoint {
                value: row.get(0)?,
                part: row.get(1)?,
                version: row.get(2)?,
                as_of: Timestamp(row.get(3)?),
                population: as_count(row.get(4)?),
                figure: figure_of(row)?,
            });
        }
        Ok(cuts)
    }

    /// What is remembered of the tables of the policy, by name.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn rules(&self) -> Result<Vec<RuleMemory>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, version, first_seen, last_run, run, policy_version FROM rule ORDER BY name",
        )?;
        let rules = statement.query_map([], |row| {
            Ok(RuleMemory {
                name: row.get(0)?,
                version: row.get(1)?,
                first_seen: Timestamp(row.get(2)?),
                last_run: Timestamp(row.get(3)?),
                run: row.get(4)?,
                policy_version: row.get(5)?,
            })
        })?;
        Ok(rules.collect::<rusqlite::Result<_>>()?)
    }

    /// The last runs, latest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn runs(&self, limit: usize) -> Result<Vec<RunRow>> {
        self.runs_before(None, limit)
    }

    /// The last runs before the one of an id, latest first.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn runs_before(&self, before: Option<i64>, limit: usize) -> Result<Vec<RunRow>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, now, started, finished, schedule, policy_version, outcome, error, customers, \
             transitions, touches, cancelled, approval FROM run WHERE id < ?2 ORDER BY id DESC LIMIT ?1",
        )?;
        let mut rows = statement.query([as_limit(limit), before.unwrap_or(i64::MAX)])?;
        let mut runs = Vec::new();
        while let Some(row) = rows.next()? {
            runs.push(run_of(row)?);
        }
        Ok(runs)
    }

    /// The `now` of the committed run that has the latest.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn last_run_now(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT max(now) FROM run WHERE outcome = 'committed'";
        let now: Option<i64> = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(now.map(Timestamp))
    }

    /// Touches, latest first.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touches(&self, filter: &TouchFilter<'_>, limit: usize) -> Result<Vec<TouchRow>> {
        // Only the conditions that are asked for, so that the customer's index serves.
        let mut conditions = String::from("?4 >= 0");
        for (asked, condition) in [
            (filter.customer.is_some(), " AND customer = ?1"),
            (filter.action.is_some(), " AND action = ?2"),
            (filter.state.is_some(), " AND state = ?3"),
            (filter.state.is_some_and(is_indexed), IN_INDEX),
            (filter.before.is_some(), " AND number < ?5"),
        ] {
            conditions.push_str(if asked { condition } else { "" });
        }
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {TOUCH_COLUMNS} FROM touch WHERE {conditions} ORDER BY number DESC LIMIT ?4"
        ))?;
        for (parameter, value) in
            [(1, filter.customer), (2, filter.action), (3, filter.state.map(TouchState::as_str))]
        {
            if value.is_some() {
                statement.raw_bind_parameter(parameter, value)?;
            }
        }
        statement.raw_bind_parameter(4, as_limit(limit))?;
        if filter.before.is_some() {
            statement.raw_bind_parameter(5, filter.before)?;
        }
        let mut rows = statement.raw_query();
        let mut touches = Vec::new();
        while let Some(row) = rows.next()? {
            touches.push(touch_of(row)?);
        }
        Ok(touches)
    }

    /// One touch.
    ///
    /// # Errors
    /// SQLite's own, [`Json`](super::ArchiveError::Json).
    pub fn touch(&self, id: &str) -> Result<Option<TouchRow>> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {TOUCH_COLUMNS} FROM touch WHERE id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(touch_of).transpose()
    }

    /// Changes of place with the run that made them, latest first; of one customer where named.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn transitions(&self, customer: Option<&str>, limit: usize) -> Result<Vec<(i64, Transition)>> {
        let condition = if customer.is_some() { "customer = ?1" } else { "?1 IS NULL" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT run, customer, value, \"from\", \"to\", cause FROM transition WHERE {condition} \
             ORDER BY number DESC LIMIT ?2"
        ))?;
        let transitions = statement.query_map(params![customer, as_limit(limit)], |row| {
            let cause: String = row.get(5)?;
            Ok((
                row.get(0)?,
                Transition {
                    customer: row.get(1)?,
                    value: row.get(2)?,
                    from: row.get(3)?,
                    to: row.get(4)?,
                    cause: TransitionCause::parse(&cause),
                },
            ))
        })?;
        Ok(transitions.collect::<rusqlite::Result<_>>()?)
    }
}

/// Reads a row that begins with [`TOUCH_COLUMNS`].
pub(super) fn touch_of(row: &Row<'_>) -> Result<TouchRow> {
    let id: std::sync::Arc<str> = row.get(0)?;
    let json = |source| ArchiveError::Json { what: format!("touch {id}"), source };
    let text = |index: usize| -> Result<&str> {
        row.get_ref(index)?
            .as_str()
            .map_err(|_| ArchiveError::Corrupt { what: format!("touch {id} lacks a text") })
    };
    Ok(TouchRow {
        touch: Touch {
            customer: row.get(1)?,
            action: row.get(2)?,
            channel: row.get(3)?,
            because: serde_json::from_str(text(4)?).map_err(json)?,
            occurrence: row.get(5)?,
            due: Timestamp(row.get(6)?),
            expires: Timestamp(row.get(7)?),
            priority: row.get(8)?,
            state: state_of(text(9)?)?,
            reason: row.get(11)?,
            policy_version: row.get(12)?,
            payload: serde_json::from_str(text(13)?).map_err(json)?,
            event: row.get(15)?,
            made: Timestamp(row.get(16)?),
            queued: row.get::<_, Option<i64>>(17)?.map(Timestamp),
            effort: row.get(18)?,
            id: id.clone(),
        },
        state_at: Timestamp(row.get(10)?),
        run: row.get(14)?,
        guard: row.get(19)?,
        is_on_hold: row.get(20)?,
        verdicts: row.get(21)?,
        number: row.get(22)?,
    })
}

fn run_of(row: &Row<'_>) -> Result<RunRow> {
    let finished = Timestamp(row.get(3)?);
    let error: Option<String> = row.get(7)?;
    let outcome = match error {
        Some(error) => RunOutcome::Failed { finished, error },
        None => RunOutcome::Committed(RunTotals {
            finished,
            customers: as_count(row.get(8)?),
            transitions: as_count(row.get(9)?),
            touches: as_count(row.get(10)?),
            cancelled: as_count(row.get(11)?),
        }),
    };
    let approval: Option<String> = row.get(12)?;
    Ok(RunRow {
        approval: Approval::read(approval.as_deref())?,
        id: row.get(0)?,
        run: NewRun {
            now: Timestamp(row.get(1)?),
            started: Timestamp(row.get(2)?),
            schedule: row.get(4)?,
            policy_version: row.get(5)?,
        },
        outcome,
    })
}

/// The figure in columns 5 to 8 of a cut point.
fn figure_of(row: &Row<'_>) -> Result<Figure> {
    let kind: String = row.get(5)?;
    let figure: Option<f64> = row.get(6)?;
    Ok(match kind.as_str() {
        "population" => {
            let bytes = match row.get_ref(8)? {
                ValueRef::Blob(bytes) => bytes,
                _ => &[],
            };
            Figure::Population(bytes.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect())
        }
        "best" => Figure::Best(figure.zip(row.get(7)?)),
        _ => Figure::Threshold(figure),
    })
}

pub(super) fn state_of(word: &str) -> Result<TouchState> {
    TouchState::parse(word)
        .ok_or_else(|| ArchiveError::Corrupt { what: format!("a touch is in the unknown state {word}") })
}

fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
