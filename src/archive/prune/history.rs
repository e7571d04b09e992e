//! Old history: what was decided, done and noted.

use rusqlite::{Connection, OptionalExtension, params};

use super::Slice;
use crate::archive::Result;
use crate::archive::adopt::quoted;
use crate::model::time::DAY;

/// Places of capacities are kept this long at least, in days: longer than any period.
const PLACES_KEPT: i64 = 62;

impl Slice {
    /// Of a statement that takes away at most so many.
    fn of(removed: usize, limit: i64) -> Self {
        Self { removed, done: i64::try_from(removed).is_ok_and(|removed| removed < limit) }
    }
}

/// Empties touches that ended before an instant of all they said; that they were, and in which state they ended, stays.
pub(super) fn touches(connection: &Connection, before: i64, limit: i64) -> Result<Slice> {
    let emptied = connection
        .prepare_cached(
            "UPDATE touch SET pruned = 1, payload = '{}', verdicts = '[]', \
             because = json_remove(because, '$.from', '$.to') \
             WHERE number IN (SELECT number FROM touch INDEXED BY touch_ended \
                 WHERE pruned = 0 AND state NOT IN ('queued', 'waiting') AND state_at < ?1 \
                 ORDER BY state_at LIMIT ?2)",
        )?
        .execute([before, limit])?;
    Ok(Slice::of(emptied, limit))
}

/// Takes away transitions, oldest first, but for the last: numbers go on behind it.
pub(super) fn transitions(connection: &Connection, before: i64, limit: i64) -> Result<Slice> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM transition WHERE number IN (SELECT number FROM transition ORDER BY number LIMIT ?2) \
             AND at < ?1 AND number < (SELECT max(number) FROM transition)",
        )?
        .execute([before, limit])?;
    Ok(Slice::of(removed, limit))
}

/// Takes away runs of those after a number, but for the last that was committed and all after it, the one that decided
/// for the latest time, and those that wait for approval.
pub(super) fn runs(connection: &Connection, before: i64, number: &mut i64, limit: i64) -> Result<Slice> {
    let last = "SELECT id, started FROM run WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2";
    let last: Option<(i64, i64)> = connection
        .prepare_cached(last)?
        .query_row([*number, limit - 1], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let bound = last.map_or(i64::MAX, |(id, _)| id);
    let removed = connection
        .prepare_cached(
            "DELETE FROM run WHERE id > ?1 AND id <= ?2 AND finished < ?3 AND approval IS NOT 'waiting' \
             AND id < (SELECT max(id) FROM run WHERE outcome = 'committed') \
             AND id <> (SELECT id FROM run WHERE outcome = 'committed' ORDER BY now DESC LIMIT 1)",
        )?
        .execute([*number, bound, before])?;
    *number = bound;
    // Those behind began later.
    Ok(Slice { removed, done: last.is_none_or(|(_, started)| started >= before) })
}

/// Forgets that files were imported, but for the last of each source.
pub(super) fn files(connection: &Connection, before: i64, limit: i64) -> Result<Slice> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM imported_file WHERE number IN (SELECT number FROM imported_file \
                 WHERE number NOT IN (SELECT max(number) FROM imported_file GROUP BY source) \
                 ORDER BY number LIMIT ?2) AND at < ?1",
        )?
        .execute([before, limit])?;
    Ok(Slice::of(removed, limit))
}

/// Takes away arrivals whose events came in before an instant or are gone: whoever hears their kind has not been
/// evaluated since.
pub(super) fn arrivals(connection: &Connection, kind: &str, before: i64, limit: i64) -> Result<Slice> {
    let table = quoted(&format!("event_{kind}"));
    let removed = connection
        .prepare_cached(&format!(
            "DELETE FROM arrival WHERE event = ?1 AND number IN ( \
                 SELECT number FROM (SELECT number, id, customer, at FROM arrival WHERE event = ?1 ORDER BY number LIMIT ?3) AS old \
                 WHERE coalesce((SELECT arrived FROM {table} \
                     WHERE customer = old.customer AND at = old.at AND id = old.id), ?2 - 1) < ?2)"
        ))?
        .execute(params![kind, before, limit])?;
    Ok(Slice::of(removed, limit))
}

/// Takes away events whose answers were due before an instant: their trigger has not been evaluated since.
pub(super) fn awaited(
    connection: &Connection,
    (trigger, event): (&str, &str),
    before: i64,
    limit: i64,
) -> Result<Slice> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM awaited WHERE trigger = ?1 AND event = ?2 AND (due, id) IN (SELECT due, id FROM awaited \
                 WHERE trigger = ?1 AND event = ?2 AND due < ?3 ORDER BY due, id LIMIT ?4)",
        )?
        .execute(params![trigger, event, before, limit])?;
    Ok(Slice::of(removed, limit))
}

/// The capacities that places were taken of.
pub(super) fn capacities(connection: &Connection) -> Result<Vec<String>> {
    // One look each, however many places there are.
    let mut statement = connection.prepare(
        "WITH RECURSIVE known (guard) AS (SELECT min(guard) FROM capacity_use UNION ALL \
             SELECT (SELECT min(guard) FROM capacity_use WHERE guard > known.guard) FROM known \
             WHERE known.guard IS NOT NULL) \
         SELECT guard FROM known WHERE guard IS NOT NULL",
    )?;
    let guards = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(guards)
}

/// Takes away places of periods long past, of capacities that no run looks at any more.
pub(super) fn places(connection: &Connection, guard: &str, before: i64, limit: i64) -> Result<Slice> {
    let day = before.div_euclid(DAY).saturating_sub(PLACES_KEPT);
    let removed = connection
        .prepare_cached(
            "DELETE FROM capacity_use WHERE guard = ?1 AND (day, key, touch) IN (SELECT day, key, touch \
                 FROM capacity_use WHERE guard = ?1 AND day < ?2 LIMIT ?3)",
        )?
        .execute(params![guard, day, limit])?;
    Ok(Slice::of(removed, limit))
}
