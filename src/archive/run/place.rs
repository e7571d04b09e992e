//! Places and the clocks of changes that wait: only what differs from before is written.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql, params};

use super::{RunWriter, counts};
use crate::archive::Result;
use crate::archive::adopt::parameters;
use crate::model::facts::FactBatch;
use crate::model::standing::{
    ClassDecision, NEVER, NO_PLACE, PendingClock, Place, Transition, TransitionCause,
};
use crate::model::{ClassShape, Timestamp};

/// One class this run decided.
pub(super) struct Decided<'run> {
    pub(super) class: usize,
    pub(super) shape: &'run ClassShape,
    column: &'run str,
    pub(super) decision: &'run ClassDecision,
}

/// A place on its way into the store.
pub(super) struct Stored<'shape>(pub(super) &'shape ClassShape, pub(super) Place);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let Self(shape, place) = self;
        Ok(ToSqlOutput::Borrowed(match &shape.places {
            _ if *place == NO_PLACE => ValueRef::Null,
            None => ValueRef::Integer(i64::from(*place != 0)),
            Some(places) => {
                places.get(usize::from(*place)).map_or(ValueRef::Null, |name| ValueRef::Text(name.as_bytes()))
            }
        }))
    }
}

impl RunWriter<'_> {
    /// Writes the places of a batch: `decisions` one a class of the schema, `None` where the run did not decide it;
    /// `pending` all clocks of decided classes that run on. Only what differs from `facts.prior` is written.
    /// A run places every customer once, as it also counts them.
    /// Returns the changes of place in order of (row, class).
    ///
    /// # Errors
    /// SQLite's own.
    pub fn place(
        &mut self,
        facts: &FactBatch,
        decisions: &[Option<ClassDecision>],
        pending: &[PendingClock],
        now: Timestamp,
        cause: TransitionCause,
    ) -> Result<Vec<Transition>> {
        let decided: Vec<Decided<'_>> = decisions
            .iter()
            .enumerate()
            .filter_map(|(class, decision)| {
                Some(Decided {
                    class,
                    shape: self.archive.schema.classes.get(class)?,
                    column: &self.archive.layout.classes.get(class)?.column,
                    decision: decision.as_ref()?,
                })
            })
            .collect();
        counts::count(&mut self.counts, &decided);
        self.write_standing(facts, &decided, now)?;
        let transitions = self.write_transitions(facts, &decided, now, cause)?;
        self.write_pending(facts, &decided, pending)?;
        Ok(transitions)
    }

    /// A statement that writes one customer's row: the customer, the table's own column, then the classes.
    /// With `keep`, what is there stays where nothing new is given.
    fn upsert(
        &self,
        table: &str,
        own: &str,
        decided: &[Decided<'_>],
        keep: bool,
    ) -> Result<CachedStatement<'_>> {
        let columns: String = decided.iter().flat_map(|class| [", ", class.column]).collect();
        let values = parameters(3, decided.len());
        let sets: Vec<String> = std::iter::once(own)
            .chain(decided.iter().map(|class| class.column))
            .map(|column| {
                if keep {
                    format!("{column} = coalesce(excluded.{column}, {table}.{column})")
                } else {
                    format!("{column} = excluded.{column}")
                }
            })
            .collect();
        Ok(self.transaction.prepare_cached(&format!(
            "INSERT INTO {table} (customer, {own}{columns}) VALUES (?1, ?2{values}) \
             ON CONFLICT (customer) DO UPDATE SET {}",
            sets.join(", ")
        ))?)
    }

    fn write_standing(&self, facts: &FactBatch, decided: &[Decided<'_>], now: Timestamp) -> Result<()> {
        let mut standing = self.upsert("standing", "as_of", decided, false)?;
        let mut since = self.upsert("standing_since", "_seen", decided, true)?;
        for (row, customer) in facts.ids.iter().enumerate() {
            let moves =
                |class: &Decided<'_>| class.decision.first.get(row) || class.decision.changed.get(row);
            let unseen = facts.prior.seen.get(row) == Some(&NEVER);
            if !unseen && !decided.iter().any(moves) {
                continue;
            }
            standing.raw_bind_parameter(1, customer)?;
            standing.raw_bind_parameter(2, now.0)?;
            since.raw_bind_parameter(1, customer)?;
            since.raw_bind_parameter(2, unseen.then_some(self.id))?;
            for (index, class) in decided.iter().enumerate() {
                let place = class.decision.place.get(row).copied().unwrap_or(NO_PLACE);
                standing.raw_bind_parameter(index + 3, Stored(class.shape, place))?;
                since.raw_bind_parameter(index + 3, moves(class).then_some(now.0))?;
            }
            standing.raw_execute()?;
            since.raw_execute()?;
        }
        Ok(())
    }

    fn write_transitions(
        &self,
        facts: &FactBatch,
        decided: &[Decided<'_>],
        now: Timestamp,
        cause: TransitionCause,
    ) -> Result<Vec<Transition>> {
        let mut moves: Vec<(usize, &Decided<'_>)> = decided
            .iter()
            .flat_map(|class| class.decision.changed.ones().map(move |row| (row, class)))
            .collect();
        moves.sort_by_key(|&(row, class)| (row, class.class));
        let mut history = self.transaction.prepare_cached(
            "INSERT INTO transition (customer, value, \"from\", \"to\", cause, at, run) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut transitions = Vec::with_capacity(moves.len());
        for (row, class) in moves {
            let Some(customer) = facts.ids.get(row) else { continue };
            let before = prior_place(facts, class.class, row);
            let place = class.decision.place.get(row).copied().unwrap_or(NO_PLACE);
            let mut previous = self.transaction.prepare_cached(&format!(
                "INSERT INTO standing_previous (customer, {column}) VALUES (?1, ?2) \
                 ON CONFLICT (customer) DO UPDATE SET {column} = excluded.{column}",
                column = class.column
            ))?;
            previous.execute(params![customer, Stored(class.shape, before)])?;
            let transition = Transition {
                customer: customer.into(),
                value: class.shape.name.clone(),
                from: place_name(class.shape, before),
                to: place_name(class.shape, place),
                cause,
            };
            history.execute(params![
                customer,
                transition.value,
                transition.from,
                transition.to,
                cause.as_str(),
                now.0,
                self.id
            ])?;
            transitions.push(transition);
        }
        Ok(transitions)
    }

    fn write_pending(
        &self,
        facts: &FactBatch,
        decided: &[Decided<'_>],
        pending: &[PendingClock],
    ) -> Result<()> {
        let shape = |clock: &PendingClock| {
            decided
                .iter()
                .find(|decided| u32::try_from(decided.class) == Ok(clock.class))
                .map(|decided| decided.shape)
        };
        let key = |clock: &PendingClock| (clock.row, clock.class);
        let mut delete =
            self.transaction.prepare_cached("DELETE FROM pending WHERE customer = ?1 AND value = ?2")?;
        let mut kept = pending.to_vec();
        kept.sort_by_key(key);
        for former in &facts.prior.pending {
            let (Some(shape), Some(customer)) = (shape(former), customer(facts, former.row)) else {
                continue;
            };
            if kept.binary_search_by_key(&key(former), key).is_err() {
                delete.execute(params![customer, shape.name])?;
            }
        }
        let mut insert = self.transaction.prepare_cached(
            "INSERT OR REPLACE INTO pending (customer, value, place, since) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for clock in &kept {
            if facts
                .prior
                .pending
                .binary_search_by_key(&key(clock), key)
                .is_ok_and(|index| facts.prior.pending.get(index) == Some(clock))
            {
                continue;
            }
            if let (Some(shape), Some(customer)) = (shape(clock), customer(facts, clock.row)) {
                insert.execute(params![customer, shape.name, Stored(shape, clock.to), clock.since.0])?;
            }
        }
        Ok(())
    }
}

/// The id of a row of the batch.
pub(super) fn customer(facts: &FactBatch, row: u32) -> Option<&str> {
    usize::try_from(row).ok().and_then(|row| facts.ids.get(row))
}

fn prior_place(facts: &FactBatch, class: usize, row: usize) -> Place {
    let prior = facts.prior.classes.get(class).and_then(Option::as_ref);
    prior.and_then(|prior| prior.place.get(row)).copied().unwrap_or(NO_PLACE)
}

/// A place as a transition says it.
fn place_name(shape: &ClassShape, place: Place) -> Option<std::sync::Arc<str>> {
    match &shape.places {
        _ if place == NO_PLACE => None,
        None => Some(if place == 0 { "false" } else { "true" }.into()),
        Some(places) => places.get(usize::from(place)).cloned(),
    }
}
