//! Old events.

use rusqlite::{Connection, OptionalExtension, params};

use super::Slice;
use crate::archive::Result;
use crate::archive::adopt::quoted;
use crate::archive::forget::take_from_tally;

/// Takes away the events of a kind that happened before an instant to the next so many customers after one, or so many
/// of them, and marks those customers.
///
/// A customer's events are in order of time, so each takes one look, however many events there are.
pub(super) fn events(
    connection: &Connection,
    kind: &str,
    before: i64,
    customer: &mut String,
    limit: i64,
) -> Result<Slice> {
    let next = "SELECT id FROM customer WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2";
    let last: Option<String> = connection
        .prepare_cached(next)?
        .query_row(params![customer.as_str(), limit - 1], |row| row.get(0))
        .optional()?;
    let name = format!("event_{kind}");
    let old = find(connection, &quoted(&name), kind, before, (customer.as_str(), last.as_deref()), limit)?;
    let mut delete = connection.prepare_cached(&format!(
        "DELETE FROM {} WHERE customer = ?1 AND at = ?2 AND id = ?3",
        quoted(&name)
    ))?;
    let mut mark =
        connection.prepare_cached("UPDATE customer SET changed = 1 WHERE id = ?1 AND changed = 0")?;
    for (customer, at, id) in &old {
        delete.execute(params![customer, at, id])?;
        mark.execute([customer])?;
    }
    take_from_tally(connection, &name, old.len())?;
    // Where there are as many as were asked for, there may be more of the same customers.
    let whole = i64::try_from(old.len()).is_ok_and(|found| found < limit);
    let done = whole && last.is_none();
    if let (true, Some(last)) = (whole, last) {
        *customer = last;
    }
    Ok(Slice { removed: old.len(), done })
}

fn find(
    connection: &Connection,
    table: &str,
    kind: &str,
    before: i64,
    (after, last): (&str, Option<&str>),
    limit: i64,
) -> Result<Vec<(String, i64, String)>> {
    // Only with a plain bound does the search end there.
    let bound = if last.is_some() { "customer.id <= ?2" } else { "?2 IS NULL" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT old.customer, old.at, old.id FROM customer CROSS JOIN {table} AS old \
         WHERE customer.id > ?1 AND {bound} AND old.customer = customer.id AND old.at < ?3 \
         AND NOT EXISTS (SELECT 1 FROM arrival INDEXED BY arrival_at \
             WHERE event = ?4 AND at = old.at AND id = old.id) \
         AND NOT EXISTS (SELECT 1 FROM awaited INDEXED BY awaited_customer \
             WHERE customer = old.customer AND event = ?4 AND id = old.id) \
         AND NOT EXISTS (SELECT 1 FROM enrolment \
             WHERE customer = old.customer AND event = old.id AND ended IS NULL) \
         AND NOT EXISTS (SELECT 1 FROM touch INDEXED BY touch_unsent \
             WHERE customer = old.customer AND state IN ('queued', 'waiting') \
             AND because ->> '$.event' = old.id) \
         LIMIT ?5"
    ))?;
    let old = statement.query_map(params![after, last, before, kind, limit], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(old.collect::<rusqlite::Result<_>>()?)
}
