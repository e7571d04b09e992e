//! In which cadences a batch of customers is enrolled.

use std::ops::Range;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::FactReader;
use super::prior::{Names, index32};
use crate::archive::{Archive, Result};
use crate::model::enrolment::{Enrolment, EnrolmentRecord};
use crate::model::facts::CadenceRequest;
use crate::model::standing::{AtRest, Prior};
use crate::model::{TextList, Timestamp};

/// What a row needs to be an [`Enrolment`], after customer and cadence.
pub(in crate::archive) const COLUMNS: &str =
    "number, next, ended, base, \"offset\", distance, started, identity, event, reason";

impl FactReader<'_> {
    /// Reads those of the cadences requested, in order of (row, cadence, number): all that go on, all that are not for
    /// events, and those for events of customers who have touches not sent yet. Those at rest are only marked.
    pub(super) fn read_enrolments(
        self,
        requests: &[CadenceRequest],
        spans: &[Range<usize>],
        ids: &TextList,
        prior: &mut Prior,
    ) -> Result<()> {
        let sql = format!(
            "SELECT customer, cadence, {COLUMNS} FROM enrolment \
             WHERE customer >= ?1 AND customer <= ?2 AND (ended IS NULL OR event IS NULL \
                 OR customer IN (SELECT customer FROM touch INDEXED BY touch_unsent \
                     WHERE customer >= ?1 AND customer <= ?2 AND kind = 'cadence' \
                     AND state IN ('queued', 'waiting'))) \
             ORDER BY customer, cadence, number, identity"
        );
        let Prior { enrolments, at_rest, .. } = prior;
        at_rest.resize_with(requests.len(), AtRest::default);
        for at_rest in at_rest.iter_mut() {
            at_rest.waits.reset(ids.len(), false);
            at_rest.ended.reset(ids.len(), false);
        }
        let names = Names::new(requests.iter().map(|request| &request.name));
        self.each_row(&sql, spans, ids, |customer, row| {
            let cadence = names.find(row.get_ref(1)?);
            let found =
                cadence.and_then(|index| Some((index, requests.get(index)?, at_rest.get_mut(index)?)));
            let Some((cadence, request, at_rest)) = found else { return Ok(()) };
            match rest_of(row, request)? {
                Rest::Waits => at_rest.waits.set(customer, true),
                Rest::Ended => at_rest.ended.set(customer, true),
                Rest::None => enrolments.push(EnrolmentRecord {
                    row: index32(customer),
                    cadence: index32(cadence),
                    enrolment: enrolment_of(row)?,
                }),
            }
            Ok(())
        })?;
        enrolments.sort_by_key(|record| (record.row, record.cadence));
        Ok(())
    }
}

impl Archive {
    /// All enrolments of a customer in a cadence, in order of number.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn enrolments_in(&self, customer: &str, cadence: &str) -> Result<Vec<Enrolment>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT customer, cadence, {COLUMNS} FROM enrolment WHERE customer = ?1 AND cadence = ?2 \
             ORDER BY number, identity"
        ))?;
        let enrolments = statement.query_map([customer, cadence], enrolment_of)?;
        Ok(enrolments.collect::<rusqlite::Result<_>>()?)
    }
}

/// Whether an enrolment is one that a run need not look at.
enum Rest {
    None,
    Waits,
    Ended,
}

fn rest_of(row: &Row<'_>, request: &CadenceRequest) -> Result<Rest> {
    let is_null = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)? == ValueRef::Null);
    if !is_null(4)? {
        return Ok(if request.is_once { Rest::Ended } else { Rest::None });
    }
    let Some(due_by) = request.due_by else { return Ok(Rest::None) };
    let is_due = row.get::<_, Option<i64>>(3)?.is_some_and(|next| next <= due_by.0);
    Ok(if is_due { Rest::None } else { Rest::Waits })
}

/// Reads a row that begins with customer and cadence.
pub(in crate::archive) fn enrolment_of(row: &Row<'_>) -> rusqlite::Result<Enrolment> {
    let text = |index: usize| -> rusqlite::Result<Option<std::sync::Arc<str>>> {
        Ok(row.get_ref(index)?.as_str_or_null()?.filter(|text| !text.is_empty()).map(Into::into))
    };
    Ok(Enrolment {
        number: row.get(2)?,
        next: row.get::<_, Option<i64>>(3)?.map(Timestamp),
        ended: row.get::<_, Option<i64>>(4)?.map(Timestamp),
        base: Timestamp(row.get(5)?),
        offset: row.get(6)?,
        distance: row.get(7)?,
        started: Timestamp(row.get(8)?),
        identity: text(9)?,
        event: text(10)?,
        reason: text(11)?,
    })
}
