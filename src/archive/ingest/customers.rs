//! Customer rows: merged by id, made for the events that name them.

use std::sync::Arc;

use hashbrown::HashMap;
use rusqlite::{Connection, Statement, params};

use super::{Change, Outcome};
use crate::archive::Result;
use crate::archive::adopt::{Slot, parameters, quoted};
use crate::archive::meta::EVENTS_FROM;
use crate::archive::value::{Bound, is_stored};
use crate::model::Schema;

/// How many customers are remembered as made and marked during one import.
const REMEMBERED: usize = 65_536;

/// A field somebody waits for to change.
#[derive(Debug)]
struct Watched<'archive> {
    /// Its index in the schema.
    field: usize,
    name: Arc<str>,
    /// Notes what it is before it changes.
    note: Statement<'archive>,
}

#[derive(Debug)]
pub(super) struct Customers<'archive> {
    insert: Statement<'archive>,
    select: Statement<'archive>,
    update: Statement<'archive>,
    make: Statement<'archive>,
    lower: Statement<'archive>,
    arrived: i64,
    fields: usize,
    watched: Vec<Watched<'archive>>,
    /// Customers this import made or marked, with an instant their `known_since` is not later than.
    marked: HashMap<Box<str>, i64>,
    /// The customer of the event before, likewise: most events come grouped by customer.
    last: (String, i64),
    /// Customers made.
    pub(super) made: u64,
    /// Those of them made for an event.
    pub(super) made_by_events: u64,
}

impl<'archive> Customers<'archive> {
    pub(super) fn prepare(
        connection: &'archive Connection,
        schema: &Schema,
        fields: &[Slot],
        arrived: i64,
    ) -> Result<Self> {
        let columns: String = fields.iter().flat_map(|slot| [", ", &slot.column]).collect();
        let values = parameters(3, fields.len());
        let each = |(field, slot): (usize, &Slot)| {
            let column = &slot.column;
            format!(", {column} = iif(?{}, ?{}, {column})", 2 * field + 3, 2 * field + 4)
        };
        let sets: String = fields.iter().enumerate().map(each).collect();
        Ok(Self {
            insert: connection.prepare(&format!(
                "INSERT INTO customer (id, known_since, arrived, changed{columns}) \
                 VALUES (?1, ?2, ?2, 1{values}) ON CONFLICT DO NOTHING"
            ))?,
            select: connection
                .prepare(&format!("SELECT arrived, known_since{columns} FROM customer WHERE id = ?1"))?,
            update: connection.prepare(&format!(
                "UPDATE customer SET changed = 1, known_since = min(known_since, ?2), \
                 arrived = min(arrived, ?2){sets} WHERE id = ?1"
            ))?,
            make: connection.prepare(
                "INSERT INTO customer (id, known_since, arrived, changed) VALUES (?1, ?2, ?3, 1) \
                 ON CONFLICT DO NOTHING",
            )?,
            lower: connection.prepare(
                "UPDATE customer SET known_since = min(known_since, ?2), arrived = min(arrived, ?3), \
                 changed = 1 \
                 WHERE id = ?1 AND (changed = 0 OR known_since > ?2 OR arrived > ?3)",
            )?,
            arrived,
            fields: fields.len(),
            watched: watched(connection, schema, fields)?,
            marked: HashMap::new(),
            last: (String::new(), i64::MAX),
            made: 0,
            made_by_events: 0,
        })
    }

    /// Merges one row.
    pub(super) fn merge(&mut self, id: &str, changes: &[Change]) -> Result<Outcome> {
        self.insert.raw_bind_parameter(1, id)?;
        self.insert.raw_bind_parameter(2, self.arrived)?;
        for field in 0..self.fields {
            let value = changes.get(field).and_then(Change::value);
            self.insert.raw_bind_parameter(field + 3, Bound(value))?;
        }
        if self.insert.raw_execute()? > 0 {
            self.made += 1;
            return Ok(Outcome::New);
        }
        let (differs, earlier) = self.compare(id, changes)?;
        if differs {
            self.note_watched(id, changes)?;
        }
        if differs || earlier {
            self.update.raw_bind_parameter(1, id)?;
            self.update.raw_bind_parameter(2, self.arrived)?;
            for field in 0..self.fields {
                let change = changes.get(field).unwrap_or(&Change::Keep);
                self.update.raw_bind_parameter(2 * field + 3, *change != Change::Keep)?;
                self.update.raw_bind_parameter(2 * field + 4, Bound(change.value()))?;
            }
            self.update.raw_execute()?;
        }
        Ok(if differs { Outcome::Replaced } else { Outcome::Same })
    }

    /// Notes what watched fields are before the first change since the last run.
    fn note_watched(&mut self, id: &str, changes: &[Change]) -> Result<()> {
        for watched in &mut self.watched {
            let change = changes.get(watched.field).unwrap_or(&Change::Keep);
            if *change != Change::Keep {
                watched.note.execute(params![id, Bound(change.value()), watched.name])?;
            }
        }
        Ok(())
    }

    /// Whether the changes change anything, and whether this arrival is earlier than the one on record.
    fn compare(&mut self, id: &str, changes: &[Change]) -> Result<(bool, bool)> {
        let mut rows = self.select.query([id])?;
        let Some(row) = rows.next()? else { return Ok((true, false)) };
        let earlier = row.get::<_, i64>(0)? > self.arrived;
        for (field, change) in changes.iter().enumerate() {
            if *change != Change::Keep && !is_stored(row.get_ref(field + 2)?, change.value()) {
                return Ok((true, earlier));
            }
        }
        Ok((false, earlier))
    }

    /// Sees to it that the customer of a new event is there, marked, and known since the event at the latest.
    pub(super) fn mention(&mut self, id: &str, at: i64) -> Result<()> {
        // An event that happens to everyone has no customer.
        if id.is_empty() {
            return Ok(());
        }
        let since = at.min(self.arrived);
        if self.last.0 == id {
            if self.last.1 <= since {
                return Ok(());
            }
        } else if let Some(&marked) = self.marked.get(id)
            && marked <= since
        {
            self.remember_last(id, marked);
            return Ok(());
        }
        if self.make.execute(params![id, since, self.arrived])? > 0 {
            self.made += 1;
            self.made_by_events += 1;
        } else {
            self.lower.execute(params![id, since, self.arrived])?;
        }
        if self.marked.len() >= REMEMBERED {
            self.marked.clear();
        }
        self.marked.insert(id.into(), since);
        self.remember_last(id, since);
        Ok(())
    }

    fn remember_last(&mut self, id: &str, since: i64) {
        self.last.0.clear();
        self.last.0.push_str(id);
        self.last.1 = since;
    }

    /// Finds anew since when a customer is known, after an event has moved away; marks it.
    pub(super) fn recount(&mut self, connection: &Connection, id: &str) -> Result<()> {
        if id.is_empty() {
            return Ok(());
        }
        self.marked.remove(id);
        self.last.0.clear();
        let tables: Vec<String> = connection
            .prepare_cached("SELECT name FROM tally WHERE name <> 'customer'")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let earliest: Vec<String> = tables
            .iter()
            .map(|table| format!("UNION ALL SELECT min(at) FROM {} WHERE customer = ?1", quoted(table)))
            .collect();
        // Since when those are known whose earliest events are gone can't be found anew.
        let sql = format!(
            "UPDATE customer SET changed = 1, known_since = \
             iif(known_since < (SELECT value FROM meta WHERE name = '{EVENTS_FROM}'), known_since, \
             (SELECT min(at) FROM (SELECT arrived AS at {}))) WHERE id = ?1",
            earliest.join(" ")
        );
        connection.prepare_cached(&sql)?.execute([id])?;
        Ok(())
    }
}

fn watched<'archive>(
    connection: &'archive Connection,
    schema: &Schema,
    fields: &[Slot],
) -> Result<Vec<Watched<'archive>>> {
    let fields = schema.customer.iter().zip(fields).enumerate().filter(|(_, (shape, _))| shape.watched);
    fields
        .map(|(field, (shape, slot))| {
            let column = &slot.column;
            let note = connection.prepare(&format!(
                "INSERT INTO field_change (customer, field, before) \
                 SELECT id, ?3, {column} FROM customer WHERE id = ?1 AND {column} IS NOT ?2 \
                 ON CONFLICT DO NOTHING"
            ))?;
            Ok(Watched { field, name: Arc::clone(&shape.name), note })
        })
        .collect()
}

impl Change {
    /// What the field holds afterwards, where it is not kept.
    const fn value(&self) -> Option<&crate::model::Value> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}
