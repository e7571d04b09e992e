//! Looking back: where customers stood, how they moved, what was sent to whom and what followed. All rows pass by one at
//! a time, so that a store of any size is looked through in little memory.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};

use super::meta;
use super::value::as_count;
use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;
use crate::model::standing::TransitionCause;
use crate::model::touch::TouchState;

/// The touches from a number on that runs up to another made, in order of customer. The plus signs keep SQLite on the index
/// that has them in this order, where it sees their numbers as well: sorting them would take memory.
pub(super) const TOUCHES: &str = "
SELECT customer, number, kind, name, state, state_at, guard,
    state = 'suppressed' AND coalesce(verdicts ->> '$[#-1].kind', '') = 'holdout'
FROM touch WHERE +number >= ?1 AND +run <= ?2 ORDER BY customer
";

/// One change of place as it passes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassingMove<'row> {
    /// The run that made it.
    pub run: i64,
    /// The run that saw the customer first.
    pub seen: i64,
    /// The segment, tier, quadrant or field.
    pub value: &'row str,
    /// The place left.
    pub from: Option<&'row str>,
    /// The place taken.
    pub to: Option<&'row str>,
    /// Why.
    pub cause: TransitionCause,
}

/// One touch as it passes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassingTouch<'row> {
    /// Whose.
    pub customer: &'row str,
    /// Counts up in the order of making.
    pub number: i64,
    /// `trigger` or `cadence`.
    pub kind: &'row str,
    /// The table's name.
    pub name: &'row str,
    /// Where it is in its life.
    pub state: TouchState,
    /// When it came there.
    pub state_at: Timestamp,
    /// The guard that holds or dropped it.
    pub guard: Option<&'row str>,
    /// Whether that was a holdout, where that is still on record.
    pub is_held_out: bool,
}

/// Enrolments of one cadence in a span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnrolmentCount {
    /// The cadence.
    pub cadence: String,
    /// Begun.
    pub started: u64,
    /// Ended.
    pub ended: u64,
    /// That go on now.
    pub open: u64,
}

impl Archive {
    /// The last committed run that decided for an instant not later than this.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn run_at(&self, at: Timestamp) -> Result<Option<i64>> {
        let sql = "SELECT max(id) FROM run WHERE outcome = 'committed' AND now <= ?1";
        Ok(self.connection.prepare_cached(sql)?.query_row([at.0], |row| row.get(0))?)
    }

    /// From when on all changes of place are on record: since the first run, or since what was older was taken away.
    /// `None` where nothing ran yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn history_from(&self) -> Result<Option<Timestamp>> {
        let oldest = "SELECT number, at FROM transition ORDER BY number LIMIT 1";
        let oldest: Option<(i64, i64)> = self
            .connection
            .prepare_cached(oldest)?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let was_pruned = meta::recall::<i64>(&self.connection, meta::PRUNED)?.is_some();
        if let Some((_, at)) = oldest.filter(|(number, _)| was_pruned && *number > 1) {
            // Others of its run may be gone.
            return Ok(Some(Timestamp(at).plus(1)));
        }
        let first = "SELECT min(now) FROM run WHERE outcome = 'committed'";
        let first: Option<i64> = self.connection.prepare_cached(first)?.query_row([], |row| row.get(0))?;
        Ok(first.map(Timestamp))
    }

    /// Where everybody stands: the run that saw the customer first, and the place in each class of the schema, in its
    /// order; a segment has `true` and `false`.
    ///
    /// # Errors
    /// SQLite's own, and those of `take`.
    pub fn each_standing<E: From<ArchiveError>>(
        &self,
        mut take: impl FnMut(i64, &[Option<&str>]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let columns = self.layout.classes.iter().map(|slot| {
            if slot.stored { format!(", standing.{}", slot.column) } else { ", NULL".to_owned() }
        });
        let columns: String = columns.collect();
        let sql = format!(
            "SELECT standing_since._seen{columns} FROM standing \
             JOIN standing_since ON standing_since.customer = standing.customer"
        );
        let mut statement = self.connection.prepare(&sql).map_err(ArchiveError::from)?;
        let mut rows = statement.query([]).map_err(ArchiveError::from)?;
        let classes = self.layout.classes.len();
        while let Some(row) = rows.next().map_err(ArchiveError::from)? {
            let mut places: Vec<Option<&str>> = Vec::with_capacity(classes);
            for index in 0..classes {
                places.push(place(row, index + 1)?);
            }
            take(number(row, 0)?, &places)?;
        }
        Ok(())
    }

    /// The changes of place of the runs after one and up to another, in order.
    ///
    /// # Errors
    /// SQLite's own, and those of `take`.
    pub fn each_move<E: From<ArchiveError>>(
        &self,
        after: i64,
        until: i64,
        mut take: impl FnMut(PassingMove<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let first = self.first_numbered("transition", after)?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT transition.run, coalesce(standing_since._seen, 0), transition.value, \
                 transition.\"from\", transition.\"to\", transition.cause FROM transition \
                 LEFT JOIN standing_since ON standing_since.customer = transition.customer \
                 WHERE transition.number >= ?1 ORDER BY transition.number",
            )
            .map_err(ArchiveError::from)?;
        let mut rows = statement.query([first]).map_err(ArchiveError::from)?;
        while let Some(row) = rows.next().map_err(ArchiveError::from)? {
            let run = number(row, 0)?;
            if run > until {
                break;
            }
            take(PassingMove {
                run,
                seen: number(row, 1)?,
                value: text(row, 2)?.unwrap_or_default(),
                from: text(row, 3)?,
                to: text(row, 4)?,
                cause: TransitionCause::parse(text(row, 5)?.unwrap_or_default()),
            })?;
        }
        Ok(())
    }

    /// The touches that the runs after one and up to another made, in order of customer.
    ///
    /// # Errors
    /// SQLite's own, and those of `take`.
    pub fn each_touch<E: From<ArchiveError>>(
        &self,
        after: i64,
        until: i64,
        mut take: impl FnMut(PassingTouch<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let first = self.first_numbered("touch", after)?;
        let mut statement = self.connection.prepare_cached(TOUCHES).map_err(ArchiveError::from)?;
        let mut rows = statement.query([first, until]).map_err(ArchiveError::from)?;
        while let Some(row) = rows.next().map_err(ArchiveError::from)? {
            let word = text(row, 4)?.unwrap_or_default();
            let state = TouchState::parse(word).ok_or_else(|| ArchiveError::Corrupt {
                what: format!("a touch is in the unknown state {word}"),
            })?;
            take(PassingTouch {
                customer: text(row, 0)?.unwrap_or_default(),
                number: number(row, 1)?,
                kind: text(row, 2)?.unwrap_or_default(),
                name: text(row, 3)?.unwrap_or_default(),
                state,
                state_at: Timestamp(number(row, 5)?),
                guard: text(row, 6)?,
                is_held_out: number(row, 7)? != 0,
            })?;
        }
        Ok(())
    }

    /// The first number in a table that counts up with its runs, of runs after one.
    fn first_numbered(&self, table: &str, after: i64) -> Result<i64> {
        let last: Option<i64> = self
            .connection
            .prepare_cached(&format!("SELECT max(number) FROM {table}"))?
            .query_row([], |row| row.get(0))?;
        let mut next = self.connection.prepare_cached(&format!(
            "SELECT number, run FROM {table} WHERE number >= ?1 ORDER BY number LIMIT 1"
        ))?;
        // All below `low` are of runs up to `after`, all from `high` on of later ones.
        let (mut low, mut high) = (0, last.map_or(0, |last| last.saturating_add(1)));
        while low < high {
            let middle = low + (high - low) / 2;
            let (number, run): (i64, i64) = next.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if run <= after {
                low = number + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Enrolments that began, ended and go on, by cadence: those of a span, both ends included.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolment_counts(&self, from: Timestamp, until: Timestamp) -> Result<Vec<EnrolmentCount>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT cadence, total(started >= ?1 AND started <= ?2), total(ended >= ?1 AND ended <= ?2), \
             total(started <= ?2 AND (ended IS NULL OR ended > ?2)) FROM enrolment GROUP BY cadence ORDER BY cadence",
        )?;
        let counts = statement.query_map([from.0, until.0], |row| {
            #[expect(clippy::cast_possible_truncation, reason = "a count that SQLite gives as a float")]
            let count = |index: usize| row.get::<_, f64>(index).map(|count| as_count(count as i64));
            Ok(EnrolmentCount { cadence: row.get(0)?, started: count(1)?, ended: count(2)?, open: count(3)? })
        })?;
        Ok(counts.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether an event of a kind (index in the schema) happened to a customer after an instant and not after another.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn happened(&self, kind: usize, customer: &str, after: Timestamp, until: Timestamp) -> Result<bool> {
        let layouts = self.layout.events.get(kind).zip(self.schema.events.get(kind));
        let Some((layout, shape)) = layouts.filter(|(layout, _)| layout.stored) else { return Ok(false) };
        let customer = if shape.everyone { "" } else { customer };
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE customer = ?1 AND at > ?2 AND at <= ?3)",
            layout.table
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row(params![customer, after.0, until.0], |row| row.get(0))?)
    }

    /// A customer's text or choice in a field (index in the schema).
    ///
    /// # Errors
    /// SQLite's own.
    pub fn word_of(&self, customer: &str, field: usize) -> Result<Option<String>> {
        let Some(slot) = self.layout.customer.get(field) else { return Ok(None) };
        let sql = format!("SELECT {} FROM customer WHERE id = ?1", slot.selected());
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([customer], |row| row.get(0)).optional()?.flatten())
    }

    /// Those who became known in a span of time, both ends included, with the instant and their text or choice in a field
    /// (index in the schema).
    ///
    /// # Errors
    /// SQLite's own, and those of `take`.
    pub fn each_newcomer<E: From<ArchiveError>>(
        &self,
        (from, until): (Timestamp, Timestamp),
        field: Option<usize>,
        mut take: impl FnMut(&str, Timestamp, Option<&str>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let slot = field.and_then(|field| self.layout.customer.get(field));
        let sql = format!(
            "SELECT id, known_since, {} FROM customer WHERE known_since >= ?1 AND known_since <= ?2",
            slot.map_or("NULL", |slot| slot.selected())
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(ArchiveError::from)?;
        let mut rows = statement.query([from.0, until.0]).map_err(ArchiveError::from)?;
        while let Some(row) = rows.next().map_err(ArchiveError::from)? {
            take(text(row, 0)?.unwrap_or_default(), Timestamp(number(row, 1)?), text(row, 2)?)?;
        }
        Ok(())
    }
}

fn number(row: &Row<'_>, index: usize) -> Result<i64> {
    Ok(row.get::<_, Option<i64>>(index)?.unwrap_or(0))
}

fn text<'row>(row: &'row Row<'_>, index: usize) -> Result<Option<&'row str>> {
    let value = row.get_ref(index)?;
    value.as_str_or_null().map_err(|_| ArchiveError::Corrupt { what: "a text is none".to_owned() })
}

/// A place as transitions have it.
fn place<'row>(row: &'row Row<'_>, index: usize) -> Result<Option<&'row str>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Integer(0) => Some("false"),
        ValueRef::Integer(_) => Some("true"),
        _ => text(row, index)?,
    })
}
