//! Facts of customers in batches, as columns.
//!
//! A batch is read by one range query a table, from its first customer to its last, so that no cursor
//! outlives a batch and memory is bounded. Customers chosen by id are read by one such query each.

mod columns;
mod enrolments;
mod events;
mod kept;
mod prior;

use std::ops::Range;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, params};

use self::columns::FieldReader;
pub(super) use self::enrolments::{COLUMNS as ENROLMENT_COLUMNS, enrolment_of};
pub(super) use self::kept::KeptEvents;
pub(super) use self::prior::place_of;
use super::adopt::{Layout, Slot};
use super::{Archive, ArchiveError, Result};
use crate::model::facts::{BATCH, FactBatch, FactRequest};
use crate::model::{Column, FieldShape, Schema, TextList, Timestamp};

/// Another schema over the same tables: facts can be read by it beside the schema last adopted. What the
/// store has no column for reads as missing.
#[derive(Debug)]
pub struct SchemaView {
    schema: Arc<Schema>,
    layout: Layout,
}

/// Reads facts by one schema.
#[derive(Clone, Copy)]
struct FactReader<'store> {
    connection: &'store Connection,
    schema: &'store Schema,
    layout: &'store Layout,
    kept: Option<&'store KeptEvents>,
}

impl Archive {
    /// Looks at the store through another schema than the one last adopted; nothing is changed by it.
    ///
    /// # Errors
    /// [`ArchiveError::TypeChanged`] where stored values have another type than this schema says.
    pub fn view(&self, schema: Arc<Schema>) -> Result<SchemaView> {
        let layout = self.look_by(&schema)?;
        Ok(SchemaView { schema, layout })
    }

    /// Like [`Archive::next_batch`], with the indices of another schema.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_batch_through(
        &self,
        view: &SchemaView,
        request: &FactRequest,
        now: Timestamp,
        after: Option<&str>,
        facts: &mut FactBatch,
    ) -> Result<bool> {
        let reader = self.reader_by(&view.schema, &view.layout);
        reader.next_batch(request, now, after, facts)
    }

    /// Fills in the next [`BATCH`] customers after an id (`None`: from the first) as known at `now`; false where
    /// there are no more, and the batch is empty then.
    /// The batch's dictionary keeps its fixed words and loses all others.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_batch(
        &self,
        request: &FactRequest,
        now: Timestamp,
        after: Option<&str>,
        facts: &mut FactBatch,
    ) -> Result<bool> {
        self.reader().next_batch(request, now, after, facts)
    }

    /// Fills in the customers of these ids (in any order, at most [`BATCH`]); the batch is in order of id and lacks
    /// those that are not known at `now`.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn batch_of(
        &self,
        request: &FactRequest,
        now: Timestamp,
        ids: &[&str],
        facts: &mut FactBatch,
    ) -> Result<()> {
        self.reader().batch_of(request, now, ids, facts)
    }

    fn reader(&self) -> FactReader<'_> {
        self.reader_by(&self.schema, &self.layout)
    }

    const fn reader_by<'store>(
        &'store self,
        schema: &'store Schema,
        layout: &'store Layout,
    ) -> FactReader<'store> {
        FactReader { connection: &self.connection, schema, layout, kept: self.kept_events.as_ref() }
    }
}

impl FactReader<'_> {
    fn next_batch(
        self,
        request: &FactRequest,
        now: Timestamp,
        after: Option<&str>,
        facts: &mut FactBatch,
    ) -> Result<bool> {
        let after = after.unwrap_or_default();
        let mut reader = CustomerReader::new(self, request, facts);
        let mut statement = self
            .connection
            .prepare_cached(&reader.sql("id > ?1 AND known_since <= ?2 ORDER BY id LIMIT ?3"))?;
        let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
        reader.read(&mut statement, params![after, now.0, limit])?;
        let rows = reader.finish();
        let whole = 0..rows;
        let spans = if rows == 0 { &[][..] } else { std::slice::from_ref(&whole) };
        self.fill(request, now, spans, facts)?;
        Ok(rows > 0)
    }

    fn batch_of(
        self,
        request: &FactRequest,
        now: Timestamp,
        ids: &[&str],
        facts: &mut FactBatch,
    ) -> Result<()> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut reader = CustomerReader::new(self, request, facts);
        let mut statement = self.connection.prepare_cached(&reader.sql("id = ?1 AND known_since <= ?2"))?;
        for id in ids {
            reader.read(&mut statement, params![id, now.0])?;
        }
        let rows = reader.finish();
        let spans: Vec<Range<usize>> = (0..rows).map(|row| row..row + 1).collect();
        self.fill(request, now, &spans, facts)
    }

    /// Fills in all but the customers themselves, which stand in the batch already.
    fn fill(
        self,
        request: &FactRequest,
        now: Timestamp,
        spans: &[Range<usize>],
        facts: &mut FactBatch,
    ) -> Result<()> {
        self.fill_events(request, now, spans, facts)?;
        self.fill_prior(request, spans, facts)
    }
}

/// Reads customer rows into the front of a batch.
struct CustomerReader<'batch> {
    readers: Vec<FieldReader>,
    columns: String,
    facts: &'batch mut FactBatch,
}

impl<'batch> CustomerReader<'batch> {
    fn new(archive: FactReader<'_>, request: &FactRequest, facts: &'batch mut FactBatch) -> Self {
        facts.ids.clear();
        facts.known_since.clear();
        facts.dictionary.reset();
        let fields = &archive.schema.customer;
        facts.customer.resize_with(fields.len(), || None);
        let (readers, columns) = take_columns(
            &mut facts.customer,
            &request.customer,
            fields,
            &archive.layout.customer,
            &mut facts.dictionary,
        );
        Self { readers, columns, facts }
    }

    fn sql(&self, condition: &str) -> String {
        format!("SELECT id, known_since{} FROM customer WHERE {condition}", self.columns)
    }

    fn read(&mut self, statement: &mut CachedStatement<'_>, params: impl rusqlite::Params) -> Result<()> {
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let id = row
                .get_ref(0)?
                .as_str()
                .map_err(|_| ArchiveError::Corrupt { what: "a customer's id is not text".to_owned() })?;
            self.facts.ids.push(id);
            self.facts.known_since.push(row.get(1)?);
            for (index, reader) in self.readers.iter_mut().enumerate() {
                reader.push(row.get_ref(index + 2)?, &mut self.facts.dictionary)?;
            }
        }
        Ok(())
    }

    /// Puts the columns back into the batch; returns the number of customers.
    fn finish(self) -> usize {
        put_back(self.readers, &mut self.facts.customer);
        self.facts.ids.len()
    }
}

/// Takes the requested columns out of a batch, emptied, each with its reader; the others are dropped.
/// Also gives the list that selects them, with a comma in front of each.
fn take_columns(
    columns: &mut [Option<Column>],
    wanted: &[usize],
    fields: &[FieldShape],
    slots: &[Slot],
    dictionary: &mut crate::model::Dictionary,
) -> (Vec<FieldReader>, String) {
    let mut readers = Vec::with_capacity(wanted.len());
    let mut selected = String::new();
    for (index, column) in columns.iter_mut().enumerate() {
        let former = column.take();
        if !wanted.contains(&index) {
            continue;
        }
        if let (Some(field), Some(slot)) = (fields.get(index), slots.get(index)) {
            readers.push(FieldReader::new(index, field, former, dictionary));
            selected.push_str(", ");
            selected.push_str(slot.selected());
        }
    }
    (readers, selected)
}

fn put_back(readers: Vec<FieldReader>, columns: &mut [Option<Column>]) {
    for reader in readers {
        if let Some(place) = columns.get_mut(reader.index()) {
            *place = Some(reader.into_column());
        }
    }
}

/// Follows rows in order of customer through a span of the batch's ids, so that finding the row of a customer
/// is a comparison with the one before.
struct Cursor<'ids> {
    ids: &'ids TextList,
    row: usize,
    end: usize,
    current: &'ids [u8],
}

impl<'ids> Cursor<'ids> {
    fn new(ids: &'ids TextList, span: &Range<usize>) -> Self {
        let mut cursor = Self { ids, row: span.start, end: span.end, current: &[] };
        cursor.load();
        cursor
    }

    fn load(&mut self) {
        self.current = self.ids.get(self.row).map(str::as_bytes).unwrap_or_default();
    }

    /// The first and last id of the span.
    fn bounds(&self) -> (&'ids str, &'ids str) {
        let id = |row: usize| self.ids.get(row).unwrap_or_default();
        (id(self.row), id(self.end.saturating_sub(1)))
    }

    /// The row of a customer not before the last one asked for; `None` where the batch lacks it.
    #[inline]
    fn find(&mut self, customer: ValueRef<'_>) -> Option<usize> {
        let ValueRef::Text(customer) = customer else { return None };
        while self.current < customer {
            if self.row + 1 >= self.end {
                return None;
            }
            self.row += 1;
            self.load();
        }
        (self.current == customer).then_some(self.row)
    }
}
