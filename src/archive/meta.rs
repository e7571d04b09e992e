//! What the store remembers of itself, by name.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::Result;

/// The `arrived` of the events that came in last.
pub(super) const LAST_ARRIVED: &str = "last_arrived";
/// The number of the last arrival.
pub(super) const LAST_ARRIVAL: &str = "last_arrival";
/// The key under which forgotten ids are hashed.
pub(super) const FORGET_KEY: &str = "forget_key";

/// When what is old was last taken away.
pub(super) const PRUNED: &str = "pruned";
/// Events that happened before this may have been taken away.
pub(super) const EVENTS_FROM: &str = "events_from";

/// What is remembered under a name; `None` where nothing is yet.
pub(super) fn recall<T: FromSql>(connection: &Connection, name: &str) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

/// Remembers something under a name.
pub(super) fn remember(connection: &Connection, name: &str, value: impl ToSql) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}
