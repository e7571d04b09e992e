//! In which cadences a batch of customers is enrolled.

use std::ops::Range;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::FactReader;
use super::prior::index32;
use crate::archive::Result;
use crate::model::enrolment::{Enrolment, EnrolmentRecord};
use crate::model::{TextList, Timestamp};

impl FactReader<'_> {
    /// Reads those of the cadences named, in order of (row, cadence, number): all that go on, all that are not for
    /// events, and those for events of customers who have touches not sent yet.
    pub(super) fn read_enrolments(
        self,
        names: &[String],
        spans: &[Range<usize>],
        ids: &TextList,
        enrolments: &mut Vec<EnrolmentRecord>,
    ) -> Result<()> {
        let sql = "SELECT customer, cadence, number, next, ended, base, \"offset\", distance, started, identity, event, \
                   reason FROM enrolment \
                   WHERE customer >= ?1 AND customer <= ?2 AND (ended IS NULL OR event IS NULL \
                       OR customer IN (SELECT customer FROM touch INDEXED BY touch_unsent \
                           WHERE customer >= ?1 AND customer <= ?2 AND kind = 'cadence' \
                           AND state IN ('queued', 'waiting'))) \
                   ORDER BY customer, cadence, number, identity";
        let mut last = 0;
        self.each_row(sql, spans, ids, |customer, row| {
            let name = row.get_ref(1)?;
            let is_named = |known: &String| name == ValueRef::Text(known.as_bytes());
            // Rows come in order of name too, so that the last found is mostly it.
            let found = match names.get(last) {
                Some(known) if is_named(known) => Some(last),
                _ => names.iter().position(is_named),
            };
            if let Some(cadence) = found {
                last = cadence;
                enrolments.push(EnrolmentRecord {
                    row: index32(customer),
                    cadence: index32(cadence),
                    enrolment: enrolment_of(row)?,
                });
            }
            Ok(())
        })?;
        enrolments.sort_by_key(|record| (record.row, record.cadence));
        Ok(())
    }
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
