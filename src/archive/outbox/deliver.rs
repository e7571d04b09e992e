//! Noting deliveries, many at once: each statement goes through all of them, and finds their rows by number.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::change::{AMONG, list};
use crate::archive::ingest::{Arrivals, add_to_tally};
use crate::archive::touch_tally::count_deliveries;
use crate::archive::{Archive, ArchiveError, Result};
use crate::model::schema::TOUCH_EVENT;
use crate::model::touch::TouchState;
use crate::model::{EventShape, Timestamp};

/// Where the events of deliveries are.
const TOUCH_TABLE: &str = "event_touch";

/// Touches that are to be marked.
#[derive(Debug, Default)]
struct Found {
    /// Numbers of all of them.
    all: Vec<i64>,
    /// Customers and numbers of those not delivered before, in the order given.
    fresh: Vec<(String, i64)>,
    /// How many of them were in each state, by action.
    came_from: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Marks touches as delivered within a transaction of an archive; returns how many were not before.
pub(in crate::archive) fn deliver(
    connection: &Connection,
    archive: &Archive,
    ids: &[&str],
    at: Timestamp,
) -> Result<u64> {
    if ids.is_empty() {
        return Ok(0);
    }
    let Found { all, mut fresh, came_from } = find(connection, ids)?;
    let heard = archive.schema.events.iter().find(|event| *event.name == *TOUCH_EVENT && event.heard);
    if heard.is_none() {
        // Nobody numbers them: neighbours in the table are written one after another.
        fresh.sort_unstable();
    }
    let numbers: Vec<i64> = fresh.iter().map(|(_, number)| *number).collect();
    let numbers = list(&numbers)?;
    record(connection, heard, &numbers, at)?;
    if let Some(kept) = &archive.kept_events {
        for (customer, _) in &fresh {
            kept.changed(TOUCH_TABLE, customer);
        }
    }
    connection
        .prepare_cached(&format!(
            "UPDATE OR FAIL touch SET state = 'delivered', reason = '', state_at = ?2 WHERE number {AMONG}"
        ))?
        .execute(params![numbers, at.0])?;
    let customers: Vec<&str> = fresh.iter().map(|(customer, _)| customer.as_str()).collect();
    connection
        .prepare_cached(&format!("UPDATE customer SET changed = 1 WHERE changed = 0 AND id {AMONG}"))?
        .execute([list(&customers)?])?;
    for (action, states) in &came_from {
        count_deliveries(connection, action, states)?;
    }
    // Last: what leaves the outbox under way without having been delivered is marked.
    connection.prepare_cached(&format!("DELETE FROM outbox WHERE number {AMONG}"))?.execute([list(&all)?])?;
    Ok(u64::try_from(fresh.len()).unwrap_or(u64::MAX))
}

fn find(connection: &Connection, ids: &[&str]) -> Result<Found> {
    // A cross join goes through the list in its order.
    let mut statement = connection.prepare_cached(
        "SELECT number, customer, action, state \
         FROM json_each(?1) AS given CROSS JOIN touch ON touch.id = given.value",
    )?;
    let mut rows = statement.query([list(ids)?])?;
    let (mut found, mut seen) = (Found::default(), BTreeSet::new());
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if !seen.insert(number) {
            continue;
        }
        found.all.push(number);
        let text = |index: usize| -> Result<&str> {
            let what = || ArchiveError::Corrupt { what: format!("touch number {number} lacks a text") };
            row.get_ref(index)?.as_str().map_err(|_| what())
        };
        let (action, state) = (text(2)?, text(3)?);
        if state == TouchState::Delivered.as_str() {
            continue;
        }
        found.fresh.push((row.get(1)?, number));
        match found.came_from.get_mut(action).and_then(|states| states.get_mut(state)) {
            Some(touches) => *touches += 1,
            None => {
                found.came_from.entry(action.to_owned()).or_default().insert(state.to_owned(), 1);
            }
        }
    }
    Ok(found)
}

/// Keeps an event of kind `touch` for each of a list of touches.
fn record(connection: &Connection, heard: Option<&EventShape>, numbers: &str, at: Timestamp) -> Result<()> {
    let mut arrivals = Arrivals::begin(connection, at.0)?;
    // What can't fail half-way keeps no journal of its own beside that of the transaction.
    let insert = "INSERT OR IGNORE INTO event_touch \
             (customer, at, id, arrived, action, cause, channel, kind, name, step, touch) \
         SELECT customer, ?2, touch.id, ?3, action, because ->> 'cause', channel, kind, name, \
             because ->> 'step', touch.id \
         FROM json_each(?1) AS given CROSS JOIN touch ON number = given.value";
    let values = params![numbers, at.0, arrivals.arrived()];
    let recorded = match heard {
        None => connection.prepare_cached(insert)?.execute(values)?,
        Some(kind) => {
            let mut statement = connection.prepare_cached(&format!("{insert} RETURNING id, customer"))?;
            let mut rows = statement.query(values)?;
            let mut recorded = 0;
            while let Some(row) = rows.next()? {
                arrivals.note(kind, &row.get::<_, String>(0)?, &row.get::<_, String>(1)?, at.0)?;
                recorded += 1;
            }
            recorded
        }
    };
    if recorded > 0 {
        arrivals.keep()?;
        add_to_tally(connection, TOUCH_TABLE, u64::try_from(recorded).unwrap_or(u64::MAX))?;
    }
    Ok(())
}
