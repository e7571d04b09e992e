//! Places and the clocks of changes that wait: only what differs from before is written.

use std::sync::Arc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql, params};

use super::RunWriter;
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

/// An edit of a class: what its former definition makes of a batch, on the same facts.
#[derive(Clone, Copy, Debug)]
pub struct ClassEdit<'run> {
    /// Index in the schema's classes.
    pub class: usize,
    /// The former definition's word; `None` where there is none, and all that changes is the edit's doing.
    pub former: Option<FormerPlaces<'run>>,
}

/// Places by a class's former definition, one a customer.
#[derive(Clone, Copy, Debug)]
pub struct FormerPlaces<'run> {
    /// The names of its places.
    pub shape: &'run ClassShape,
    /// Where customers stood before this run.
    pub before: &'run [Place],
    /// Where they would stand now.
    pub now: &'run [Place],
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
    /// A run places every customer once, as it also counts them. What changes is the data's doing, but for the
    /// classes of `edits`.
    /// Returns the changes of place in order of (row, class), the data's before the edit's.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn place(
        &mut self,
        facts: &FactBatch,
        decisions: &[Option<ClassDecision>],
        pending: &[PendingClock],
        now: Timestamp,
        edits: &[ClassEdit<'_>],
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
        self.counts.count(facts, &decided);
        self.write_standing(facts, &decided, now)?;
        self.write_previous(facts, &decided)?;
        let transitions = self.write_transitions(facts, &decided, now, edits)?;
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

    /// Keeps the places that were left.
    fn write_previous(&self, facts: &FactBatch, decided: &[Decided<'_>]) -> Result<()> {
        for class in decided.iter().filter(|class| class.decision.changed.ones().next().is_some()) {
            let mut previous = self.transaction.prepare_cached(&format!(
                "INSERT INTO standing_previous (customer, {column}) VALUES (?1, ?2) \
                 ON CONFLICT (customer) DO UPDATE SET {column} = excluded.{column}",
                column = class.column
            ))?;
            for row in class.decision.changed.ones() {
                if let Some(customer) = facts.ids.get(row) {
                    let before = prior_place(facts, class.class, row);
                    previous.execute(params![customer, Stored(class.shape, before)])?;
                }
            }
        }
        Ok(())
    }

    fn write_transitions(
        &self,
        facts: &FactBatch,
        decided: &[Decided<'_>],
        now: Timestamp,
        edits: &[ClassEdit<'_>],
    ) -> Result<Vec<Transition>> {
        let mut moves = Vec::new();
        for class in decided {
            match edits.iter().find(|edit| edit.class == class.class).map(|edit| edit.former) {
                None => changed(facts, class, TransitionCause::Data, &mut moves),
                Some(None) => changed(facts, class, TransitionCause::Policy, &mut moves),
                Some(Some(former)) => edited(facts, class, former, &mut moves),
            }
        }
        // Stable: what the data did to a customer comes before what the edit did.
        moves.sort_by_key(|&(row, class, _)| (row, class));
        let mut history = self.transaction.prepare_cached(
            "INSERT INTO transition (customer, value, \"from\", \"to\", cause, at, run) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let mut transitions = Vec::with_capacity(moves.len());
        for (_, _, transition) in moves {
            let Transition { customer, value, from, to, cause } = &transition;
            history.execute(params![customer, value, from, to, cause.as_str(), now.0, self.id])?;
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

/// A change of place with its row and class, by which they are ordered.
type Move = (usize, usize, Transition);

/// Takes up what changed, all of one cause.
fn changed(facts: &FactBatch, class: &Decided<'_>, cause: TransitionCause, moves: &mut Vec<Move>) {
    for row in class.decision.changed.ones() {
        let place = class.decision.place.get(row).copied().unwrap_or(NO_PLACE);
        let from = class.shape.place_name(prior_place(facts, class.class, row));
        moves.extend(transition(facts, class, row, (from, class.shape.place_name(place)), cause));
    }
}

/// Takes up what the data did, which the former definition tells, and from there what the edit did. A customer
/// placed for the first time makes no transition.
fn edited(facts: &FactBatch, class: &Decided<'_>, former: FormerPlaces<'_>, moves: &mut Vec<Move>) {
    let rows = former.before.iter().zip(former.now).zip(&class.decision.place).enumerate();
    for (row, ((&before, &unedited), &place)) in rows.filter(|(row, _)| !class.decision.first.get(*row)) {
        let unedited = former.shape.place_name(unedited);
        let by_data = (former.shape.place_name(before), unedited.clone());
        let by_edit = (unedited, class.shape.place_name(place));
        moves.extend(transition(facts, class, row, by_data, TransitionCause::Data));
        moves.extend(transition(facts, class, row, by_edit, TransitionCause::Policy));
    }
}

fn transition(
    facts: &FactBatch,
    class: &Decided<'_>,
    row: usize,
    (from, to): (Option<Arc<str>>, Option<Arc<str>>),
    cause: TransitionCause,
) -> Option<Move> {
    let customer = facts.ids.get(row).filter(|_| from != to)?.into();
    let value = class.shape.name.clone();
    Some((row, class.class, Transition { customer, value, from, to, cause }))
}

/// The id of a row of the batch.
pub(super) fn customer(facts: &FactBatch, row: u32) -> Option<&str> {
    usize::try_from(row).ok().and_then(|row| facts.ids.get(row))
}

fn prior_place(facts: &FactBatch, class: usize, row: usize) -> Place {
    let prior = facts.prior.classes.get(class).and_then(Option::as_ref);
    prior.and_then(|prior| prior.place.get(row)).copied().unwrap_or(NO_PLACE)
}
