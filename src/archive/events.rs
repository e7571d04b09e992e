//! Single events, where whole batches are not wanted: for payloads, and to match one with another.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use rusqlite::{Row, params};

use super::adopt::EventLayout;
use super::value::read_value;
use super::{Archive, ArchiveError, Result};
use crate::model::event::{Arrival, Event};
use crate::model::{EventShape, Timestamp};

impl Archive {
    /// An event of a kind (index in the schema) by its id; `None` where there is none.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn event(&self, kind: usize, id: &str) -> Result<Option<Event>> {
        let Some((shape, layout)) = self.stored_kind(kind)? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(&select(layout, "id = ?1"))?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(|row| event_of(row, shape)).transpose()
    }

    /// The events of a kind (index in the schema) that happened to a customer within a range, in order of
    /// (`at`, `id`); for kinds that happen to everyone, all of them. Meant for a few.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn events_of(
        &self,
        kind: usize,
        customer: &str,
        at: impl RangeBounds<Timestamp>,
    ) -> Result<Vec<Event>> {
        let Some((shape, layout)) = self.stored_kind(kind)? else { return Ok(Vec::new()) };
        let first = match at.start_bound() {
            Bound::Included(at) => at.0,
            Bound::Excluded(at) => at.0.saturating_add(1),
            Bound::Unbounded => i64::MIN,
        };
        let last = match at.end_bound() {
            Bound::Included(at) => at.0,
            Bound::Excluded(at) => at.0.saturating_sub(1),
            Bound::Unbounded => i64::MAX,
        };
        let customer = if shape.everyone { "" } else { customer };
        let mut statement = self
            .connection
            .prepare_cached(&select(layout, "customer = ?1 AND at >= ?2 AND at <= ?3 ORDER BY at, id"))?;
        let mut rows = statement.query(params![customer, first, last])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event_of(row, shape)?);
        }
        Ok(events)
    }

    /// The events of a kind (index in the schema) that happened within a range, at most so many after the last
    /// one given: one scan over them all, for a table of the policy that is new. Their numbers as arrivals are 0.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn past_events(
        &self,
        kind: usize,
        at: RangeInclusive<Timestamp>,
        after: Option<&Arrival>,
        limit: usize,
    ) -> Result<Vec<Arrival>> {
        let Some((_, layout)) = self.stored_kind(kind)? else { return Ok(Vec::new()) };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, customer, at FROM {} WHERE (customer, at, id) > (?1, ?2, ?3) AND at >= ?4 AND at <= ?5 \
             ORDER BY customer, at, id LIMIT ?6",
            layout.table
        ))?;
        let (customer, last, id) =
            after.map_or(("", i64::MIN, ""), |after| (&*after.customer, after.at.0, &*after.id));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let events =
            statement.query_map(params![customer, last, id, at.start().0, at.end().0, limit], |row| {
                let (id, customer) = (row.get(0)?, row.get(1)?);
                Ok(Arrival { number: 0, id, customer, at: Timestamp(row.get(2)?) })
            })?;
        Ok(events.collect::<rusqlite::Result<_>>()?)
    }

    /// A kind of the schema with where its events are; `None` where the store that is looked at lacks it.
    fn stored_kind(&self, kind: usize) -> Result<Option<(&EventShape, &EventLayout)>> {
        let known = self.schema.events.get(kind).zip(self.layout.events.get(kind));
        let unknown = || ArchiveError::Unknown { what: "event kind", id: kind.to_string() };
        known.ok_or_else(unknown).map(|known| Some(known).filter(|(_, layout)| layout.stored))
    }
}

fn select(layout: &EventLayout, condition: &str) -> String {
    let columns: String = layout.fields.iter().flat_map(|slot| [", ", slot.selected()]).collect();
    format!("SELECT id, customer, at{columns} FROM {} WHERE {condition}", layout.table)
}

fn event_of(row: &Row<'_>, shape: &EventShape) -> Result<Event> {
    let mut fields = Vec::with_capacity(shape.fields.len());
    for (index, field) in shape.fields.iter().enumerate() {
        fields.push(read_value(row.get_ref(index + 3)?, &field.ty).or_else(|| field.default.clone()));
    }
    Ok(Event { id: row.get(0)?, customer: row.get(1)?, at: Timestamp(row.get(2)?), fields })
}
