//! Event rows: added first, compared only where the id is known.

use rusqlite::{Connection, Statement, params};

use super::EventRow;
use crate::archive::Result;
use crate::archive::adopt::{EventLayout, parameters};
use crate::archive::value::{Bound, is_stored};

/// The statements of one kind.
#[derive(Debug)]
pub(super) struct EventStatements<'archive> {
    insert: Statement<'archive>,
    select: Statement<'archive>,
    delete: Statement<'archive>,
    fields: usize,
}

/// Where an event was before it was replaced.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) customer: String,
    pub(super) at: i64,
}

impl<'archive> EventStatements<'archive> {
    pub(super) fn prepare(connection: &'archive Connection, layout: &EventLayout) -> Result<Self> {
        let table = &layout.table;
        let columns: String = layout.fields.iter().flat_map(|slot| [", ", &slot.column]).collect();
        let values = parameters(5, layout.fields.len());
        Ok(Self {
            insert: connection.prepare(&format!(
                "INSERT INTO {table} (customer, at, id, arrived{columns}) \
                 VALUES (?1, ?2, ?3, ?4{values}) ON CONFLICT DO NOTHING"
            ))?,
            select: connection
                .prepare(&format!("SELECT customer, at, arrived{columns} FROM {table} WHERE id = ?1"))?,
            delete: connection
                .prepare(&format!("DELETE FROM {table} WHERE customer = ?1 AND at = ?2 AND id = ?3"))?,
            fields: layout.fields.len(),
        })
    }

    /// Adds an event; false where its id is known.
    pub(super) fn insert(&mut self, row: &EventRow<'_>, arrived: i64) -> Result<bool> {
        self.insert.raw_bind_parameter(1, row.customer)?;
        self.insert.raw_bind_parameter(2, row.at.0)?;
        self.insert.raw_bind_parameter(3, row.id)?;
        self.insert.raw_bind_parameter(4, arrived)?;
        for field in 0..self.fields {
            let value = row.fields.get(field).and_then(Option::as_ref);
            self.insert.raw_bind_parameter(field + 5, Bound(value))?;
        }
        Ok(self.insert.raw_execute()? > 0)
    }

    /// Puts a known event's content in place of the one before; `None` where it is the same.
    pub(super) fn replace(&mut self, row: &EventRow<'_>) -> Result<Option<Former>> {
        let Some((former, arrived)) = self.differing(row)? else { return Ok(None) };
        self.delete.execute(params![former.customer, former.at, row.id])?;
        self.insert(row, arrived)?;
        Ok(Some(former))
    }

    /// Where and when a known event with other content is and arrived.
    fn differing(&mut self, row: &EventRow<'_>) -> Result<Option<(Former, i64)>> {
        let mut rows = self.select.query([row.id])?;
        let Some(stored) = rows.next()? else { return Ok(None) };
        let customer = stored.get_ref(0)?.as_bytes().unwrap_or_default();
        let at: i64 = stored.get(1)?;
        let mut same = customer == row.customer.as_bytes() && at == row.at.0;
        for field in 0..self.fields {
            let value = row.fields.get(field).and_then(Option::as_ref);
            same = same && is_stored(stored.get_ref(field + 3)?, value);
        }
        if same {
            return Ok(None);
        }
        let former = Former { customer: String::from_utf8_lossy(customer).into_owned(), at };
        Ok(Some((former, stored.get(2)?)))
    }
}
