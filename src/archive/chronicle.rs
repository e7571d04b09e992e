//! What a store knows, in the order in which it came to know it, to be told to another store once more.
//!
//! A store keeps what it knows now: of a corrected event and a changed field only the last content is there, and
//! when it first arrived. What arrived before the store's first run was brought in to begin with, often all at once,
//! and counts as known when it happened.

use rusqlite::{OptionalExtension, params};

use super::adopt::{EventLayout, quoted};
use super::value::read_value;
use super::{Archive, ArchiveError, Change, EventRow, Ingest, Result};
use crate::model::schema::TOUCH_EVENT;
use crate::model::{EventShape, FieldShape, Timestamp, Value};

/// A store that is told in the order in which it became known.
#[derive(Debug)]
pub struct Chronicle {
    archive: Archive,
    /// What arrived up to here counts as known when it happened.
    first_load: i64,
    /// All up to here has been told.
    told: i64,
}

/// How much has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Customers.
    pub customers: u64,
    /// Events that count as known when they happened.
    pub first_load: u64,
    /// Events told when they arrived.
    pub arrived: u64,
}

impl Chronicle {
    /// Begins with a store that is there for this alone, a [scratch copy](Archive::scratch_copy): it gets the indices that
    /// find what became known next. It must have adopted the schema of the store that is to be told.
    ///
    /// # Errors
    /// SQLite's own; where there is no room for the indices, too.
    pub fn begin(archive: Archive) -> Result<Self> {
        let sql = "SELECT min(started) FROM run WHERE outcome = 'committed'";
        let first: Option<i64> = archive.connection.query_row(sql, [], |row| row.get(0))?;
        let chronicle = Self { archive, first_load: first.unwrap_or(i64::MAX), told: i64::MIN };
        let connection = &chronicle.archive.connection;
        let known = chronicle.known("known_since");
        connection.execute_batch(&format!("CREATE INDEX _known_customer ON customer ({known}, id)"))?;
        let known = chronicle.known("at");
        for (_, shape, layout) in chronicle.kinds() {
            let index = quoted(&format!("_known_{}", shape.name));
            let table = &layout.table;
            connection.execute_batch(&format!("CREATE INDEX {index} ON {table} ({known}, id)"))?;
        }
        Ok(chronicle)
    }

    /// The instant at which a row became known, by the column that says when it happened.
    fn known(&self, happened: &str) -> String {
        format!("iif(arrived <= {}, min({happened}, arrived), arrived)", self.first_load)
    }

    /// The kinds of event that are told: not the touches, which the store that is told makes itself.
    fn kinds(&self) -> impl Iterator<Item = (usize, &EventShape, &EventLayout)> {
        let kinds = self.archive.schema.events.iter().zip(&self.archive.layout.events).enumerate();
        kinds
            .map(|(kind, (shape, layout))| (kind, shape, layout))
            .filter(|(_, shape, layout)| layout.stored && *shape.name != *TOUCH_EVENT)
    }

    /// When anything first became known; `None` of an empty store.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn first(&self) -> Result<Option<Timestamp>> {
        let mut first = self.next_known("customer", "known_since")?;
        for (_, _, layout) in self.kinds() {
            first = [first, self.next_known(&layout.table, "at")?].into_iter().flatten().min();
        }
        Ok(first)
    }

    /// When the next events of some kinds (indices in the schema) became known that have not been told yet.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_of(&self, kinds: &[usize]) -> Result<Option<Timestamp>> {
        let mut next = None;
        for (_, _, layout) in self.kinds().filter(|(kind, ..)| kinds.contains(kind)) {
            next = [next, self.next_known(&layout.table, "at")?].into_iter().flatten().min();
        }
        Ok(next)
    }

    fn next_known(&self, table: &str, happened: &str) -> Result<Option<Timestamp>> {
        let known = self.known(happened);
        let sql = format!("SELECT {known} FROM {table} WHERE {known} > ?1 ORDER BY {known} LIMIT 1");
        let mut statement = self.archive.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([self.told], |row| row.get(0)).optional()?.map(Timestamp))
    }

    /// Tells another store of the same schema, in one transaction, what became known up to an instant, at which it arrives
    /// there.
    ///
    /// # Errors
    /// SQLite's own, of either store.
    pub fn tell(&mut self, to: &mut Archive, until: Timestamp) -> Result<Told> {
        let mut told = Told::default();
        if until.0 <= self.told {
            return Ok(told);
        }
        let mut ingest = to.ingest(until)?;
        told.customers = self.tell_customers(&mut ingest, until)?;
        for (kind, shape, layout) in self.kinds() {
            self.tell_events(&mut ingest, (kind, shape, layout), until, &mut told)?;
        }
        ingest.commit()?;
        self.told = until.0;
        Ok(told)
    }

    fn tell_customers(&self, ingest: &mut Ingest<'_>, until: Timestamp) -> Result<u64> {
        let (shapes, layout) = (&self.archive.schema.customer, &self.archive.layout.customer);
        let columns: String = layout.iter().flat_map(|slot| [", ", slot.selected()]).collect();
        let known = self.known("known_since");
        let mut statement = self.archive.connection.prepare_cached(&format!(
            "SELECT id, {known}{columns} FROM customer WHERE {known} > ?1 AND {known} <= ?2 ORDER BY {known}, id"
        ))?;
        let mut rows = statement.query(params![self.told, until.0])?;
        let mut customers = 0;
        while let Some(row) = rows.next()? {
            let id = text(row.get_ref(0)?)?;
            let changes: Vec<Change> = read(row, 2, shapes)?
                .into_iter()
                .map(|value| value.map_or(Change::Keep, Change::Set))
                .collect();
            ingest.customer(id, &changes)?;
            ingest.known_since(id, Timestamp(row.get(1)?))?;
            customers += 1;
        }
        Ok(customers)
    }

    fn tell_events(
        &self,
        ingest: &mut Ingest<'_>,
        (kind, shape, layout): (usize, &EventShape, &EventLayout),
        until: Timestamp,
        told: &mut Told,
    ) -> Result<()> {
        let columns: String = layout.fields.iter().flat_map(|slot| [", ", slot.selected()]).collect();
        let known = self.known("at");
        let mut statement = self.archive.connection.prepare_cached(&format!(
            "SELECT id, customer, at, arrived{columns} FROM {} \
             WHERE {known} > ?1 AND {known} <= ?2 ORDER BY {known}, id",
            layout.table
        ))?;
        let mut rows = statement.query(params![self.told, until.0])?;
        while let Some(row) = rows.next()? {
            let fields = read(row, 4, &shape.fields)?;
            let (id, customer) = (text(row.get_ref(0)?)?, text(row.get_ref(1)?)?);
            ingest.event(kind, &EventRow { id, customer, at: Timestamp(row.get(2)?), fields: &fields })?;
            let is_late = row.get::<_, i64>(3)? > self.first_load;
            *(if is_late { &mut told.arrived } else { &mut told.first_load }) += 1;
        }
        Ok(())
    }
}

/// The values of declared fields from a column on.
fn read(row: &rusqlite::Row<'_>, from: usize, shapes: &[FieldShape]) -> Result<Vec<Option<Value>>> {
    let each = shapes.iter().enumerate();
    each.map(|(index, shape)| Ok(read_value(row.get_ref(from + index)?, &shape.ty))).collect()
}

fn text(stored: rusqlite::types::ValueRef<'_>) -> Result<&str> {
    stored.as_str().map_err(|error| ArchiveError::Corrupt { what: format!("an id is no text: {error}") })
}
