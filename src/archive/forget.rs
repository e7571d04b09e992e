//! Erasing a customer, and all that is stored of one.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::adopt::quoted;
use super::identities::keep_traces;
use super::{Archive, ArchiveError, Result};
use crate::model::Timestamp;

/// A customer under all ids it has come in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The id it has, then those of customers that were joined with it.
    pub ids: Vec<String>,
    /// Whether the store knows it.
    pub known: bool,
}

/// How many rows of which table something was done to; tables without any are left out.
pub type RowCounts = BTreeMap<String, u64>;

impl Archive {
    /// Who is meant by an id: the customer, or the one it was joined with.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn person(&mut self, id: &str) -> Result<Person> {
        let customer = self.identities()?.resolve(id).to_owned();
        let known = self.is_customer(&customer)?;
        let mut ids = vec![customer];
        let mut statement =
            self.connection.prepare("SELECT id FROM alias WHERE customer = ?1 ORDER BY id")?;
        let mut rows = statement.query([ids.first()])?;
        while let Some(row) = rows.next()? {
            ids.push(row.get(0)?);
        }
        Ok(Person { ids, known })
    }

    pub(super) fn is_customer(&self, id: &str) -> Result<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM customer WHERE id = ?1")?.exists([id])?)
    }

    /// The touches of a person that are in planned file writes.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn touches_being_written(&self, person: &Person) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare(
            "SELECT touch FROM file_write_touch JOIN touch ON touch.id = file_write_touch.touch \
             WHERE touch.customer = ?1",
        )?;
        let mut touches = Vec::new();
        for id in &person.ids {
            let mut rows = statement.query([id])?;
            while let Some(row) = rows.next()? {
                touches.push(row.get(0)?);
            }
        }
        Ok(touches)
    }

    /// Erases a person: every row of every table that names one of the ids as its customer, touches, sent or not,
    /// and what goes with them. Keeps a keyed hash of each id, so that the person can't come back by import, and a
    /// line in `audit` that names nobody. `fresh_key` is the key of a store that has none yet. Erased content is
    /// overwritten, not only let go; [`Archive::checkpoint`] then empties the log of it.
    ///
    /// # Errors
    /// [`BeingWritten`](super::ArchiveError::BeingWritten) where a touch is in a planned file write; SQLite's own.
    pub fn forget(&mut self, person: &Person, fresh_key: &[u8; 32], at: Timestamp) -> Result<RowCounts> {
        let writing = self.touches_being_written(person)?.len();
        if writing > 0 {
            return Err(ArchiveError::BeingWritten { touches: writing });
        }
        self.events_change();
        self.connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut erased = RowCounts::new();
        for id in &person.ids {
            erase(&transaction, id, &mut erased)?;
        }
        keep_traces(&transaction, &person.ids, fresh_key)?;
        audit(&transaction, at, "forget", &erased)?;
        transaction.commit()?;
        self.identities = None;
        self.connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(()))?;
        Ok(erased)
    }
}

/// Erases what one id names.
fn erase(connection: &Connection, id: &str, erased: &mut RowCounts) -> Result<()> {
    unplace(connection, id)?;
    let sent = "DELETE FROM outbox WHERE number IN (SELECT number FROM touch WHERE customer = ?1)";
    count(erased, "outbox", connection.execute(sent, [id])?);
    let places = "DELETE FROM capacity_use WHERE touch IN (SELECT number FROM touch WHERE customer = ?1)";
    count(erased, "capacity_use", connection.execute(places, [id])?);
    // The last transition stays as one of nobody's, since who waits for transitions goes by their numbers.
    connection.execute(
        "UPDATE transition SET customer = '', value = '', \"from\" = NULL, \"to\" = NULL \
         WHERE number = (SELECT max(number) FROM transition) AND customer = ?1",
        [id],
    )?;
    for table in owned_tables(connection)? {
        let deleted =
            connection.execute(&format!("DELETE FROM {} WHERE customer = ?1", quoted(&table)), [id])?;
        count(erased, &table, deleted);
        take_from_tally(connection, &table, deleted)?;
    }
    let deleted = connection.execute("DELETE FROM customer WHERE id = ?1", [id])?;
    count(erased, "customer", deleted);
    take_from_tally(connection, "customer", deleted)
}

/// Takes a customer out of the counts of where the last runs left everybody.
pub(super) fn unplace(connection: &Connection, customer: &str) -> Result<()> {
    for column in columns(connection, "standing")? {
        if matches!(column.as_str(), "customer" | "as_of") {
            continue;
        }
        let value = column.strip_prefix('_').unwrap_or(&column);
        let places = format!("SELECT {} FROM standing WHERE customer = ?2", quoted(&column));
        connection.execute(
            &format!(
                "UPDATE place_count SET customers = customers - 1 WHERE value = ?1 AND place = ({places})"
            ),
            [value, customer],
        )?;
        connection.execute("DELETE FROM place_count WHERE value = ?1 AND customers <= 0", [value])?;
    }
    Ok(())
}

/// The tables whose rows belong to the customer in their column `customer`, found in the store itself so that a
/// table that is new is among them.
pub(super) fn owned_tables(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns \
         WHERE tables.type = 'table' AND columns.name = 'customer' ORDER BY tables.name",
    )?;
    let tables = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(tables)
}

/// The names of a table's columns.
pub(super) fn columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(columns)
}

pub(super) fn take_from_tally(connection: &Connection, table: &str, rows: usize) -> Result<()> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    connection.execute("UPDATE tally SET rows = max(rows - ?2, 0) WHERE name = ?1", params![table, rows])?;
    Ok(())
}

/// Counts rows of a table.
pub(super) fn count(counts: &mut RowCounts, table: &str, rows: usize) {
    if rows > 0 {
        *counts.entry(table.to_owned()).or_default() += u64::try_from(rows).unwrap_or(u64::MAX);
    }
}

/// Notes for those who look after the store that something was done, to how much, and not to whom.
pub(super) fn audit(connection: &Connection, at: Timestamp, what: &str, counts: &RowCounts) -> Result<()> {
    let detail: Vec<String> = counts.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
    connection.execute(
        "INSERT INTO audit (at, what, detail) VALUES (?1, ?2, ?3)",
        params![at.0, what, detail.join(", ")],
    )?;
    Ok(())
}
