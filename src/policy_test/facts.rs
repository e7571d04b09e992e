//! A test's customers and events into the store.

use super::PolicyTestError;
use super::case::Rows;
use crate::archive::{self, Archive, Change};
use crate::model::Timestamp;

/// Takes rows in as if they arrived at an instant. Events without an id go by their `list` and number.
pub(super) fn take_in(
    archive: &mut Archive,
    rows: &Rows,
    arrived: Timestamp,
    list: &str,
) -> Result<(), PolicyTestError> {
    if rows.customers.is_empty() && rows.events.is_empty() {
        return Ok(());
    }
    let mut ingest = archive.ingest(arrived)?;
    for row in &rows.customers {
        let changes = row.fields.iter().map(|value| value.clone().map_or(Change::Keep, Change::Set));
        ingest.customer(&row.id, &changes.collect::<Vec<_>>())?;
    }
    for (number, row) in (1..).zip(&rows.events) {
        let unnamed = format!("{list}-{number}");
        let id = row.id.as_deref().unwrap_or(&unnamed);
        let (customer, at) = (&*row.customer, row.at.unwrap_or(arrived));
        ingest.event(row.kind, &archive::EventRow { id, customer, at, fields: &row.fields })?;
    }
    ingest.commit()?;
    Ok(())
}
