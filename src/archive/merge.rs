//! Joining two customers who are one.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::adopt::quoted;
use super::forget::{RowCounts, audit, columns, count, owned_tables, take_from_tally, unplace};
use super::{Archive, ArchiveError, Result, marks, outbox};
use crate::model::Timestamp;

/// Where a customer stands, which is taken from the old one only if the new one has not been placed yet.
const PLACES: [&str; 4] = ["standing", "standing_since", "standing_previous", "pending"];

/// Why two customers can't be joined.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Both are the same.
    #[error("a customer can't be merged with itself")]
    Same,
    /// One of them is not there.
    #[error("there is no customer `{0}`")]
    Unknown(String),
    /// One of them was joined with another before.
    #[error("`{id}` was merged into `{into}` before: name that one")]
    MergedAway {
        /// The one.
        id: String,
        /// Who has its history now.
        into: String,
    },
    /// The store failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<rusqlite::Error> for MergeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Archive(error.into())
    }
}

impl Archive {
    /// Joins `old` with `new`, in one transaction: `new` gets its history, touches, enrolments and the fields it
    /// lacks itself, and rows that come for `old` later are its own. The ids of touches stay, so that nothing is
    /// sent again; what both had coming for the same reason comes once. Returns how many rows of which table were
    /// `old`'s; `cancelled` among them are unsent touches.
    ///
    /// # Errors
    /// [`MergeError`]; nothing is changed then.
    pub fn merge(
        &mut self,
        old: &str,
        new: &str,
        at: Timestamp,
    ) -> std::result::Result<RowCounts, MergeError> {
        if old == new {
            return Err(MergeError::Same);
        }
        let identities = self.identities()?;
        for id in [old, new] {
            let into = identities.resolve(id);
            if into != id {
                return Err(MergeError::MergedAway { id: id.to_owned(), into: into.to_owned() });
            }
            if !self.is_customer(id)? {
                return Err(MergeError::Unknown(id.to_owned()));
            }
        }
        self.events_change();
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut moved = RowCounts::new();
        join(&transaction, old, new, at, &mut moved)?;
        transaction.execute("INSERT INTO alias (id, customer) VALUES (?1, ?2)", [old, new])?;
        audit(&transaction, at, "merge", &moved)?;
        transaction.commit()?;
        self.identities = None;
        Ok(moved)
    }
}

impl Archive {
    /// Whether a trigger made a touch about an event for a customer that was joined with this one: its id was made of
    /// the other's, so it would not be known again by that.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn came_before_merge(
        &self,
        customer: &str,
        trigger: &str,
        event: &str,
        action: &str,
    ) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM alias JOIN touch ON touch.customer = alias.customer WHERE alias.customer = ?1 \
             AND touch.kind = 'trigger' AND touch.name = ?2 AND touch.occurrence = ?3 AND touch.action = ?4",
        )?;
        Ok(statement.exists([customer, trigger, event, action])?)
    }
}

fn join(connection: &Connection, old: &str, new: &str, at: Timestamp, moved: &mut RowCounts) -> Result<()> {
    // Those about events are each about their own.
    let twofold = "touch.event IS NULL AND EXISTS (SELECT 1 FROM touch AS other WHERE other.customer = ?2 \
         AND other.state IN ('waiting', 'queued') AND other.event IS NULL AND other.kind = touch.kind \
         AND other.name = touch.name AND other.action = touch.action \
         AND other.because ->> '$.step' IS touch.because ->> '$.step')";
    count(moved, "cancelled", cancel(connection, twofold, old, new, at)?);
    count(moved, "cancelled", join_enrolments(connection, old, new, at)?);
    join_trigger_memory(connection, old, new)?;
    let placed = "SELECT 1 FROM standing_since WHERE customer = ?1";
    if connection.prepare_cached(placed)?.exists([new])? {
        unplace(connection, old)?;
        for table in PLACES {
            connection.execute(&format!("DELETE FROM {table} WHERE customer = ?1"), [old])?;
        }
    }
    // A field that is filled from another's row has not changed.
    connection.execute("DELETE FROM field_change WHERE customer = ?1", [old])?;
    for table in owned_tables(connection)? {
        let table_name = quoted(&table);
        let rows = connection.execute(
            &format!("UPDATE OR IGNORE {table_name} SET customer = ?2 WHERE customer = ?1"),
            [old, new],
        )?;
        count(moved, &table, rows);
        // What is left is of something the new one has itself.
        connection.execute(&format!("DELETE FROM {table_name} WHERE customer = ?1"), [old])?;
    }
    outbox::line_up(connection, new)?;
    marks::mark(connection, new)?;
    join_fields(connection, old, new)?;
    count(moved, "customer", 1);
    take_from_tally(connection, "customer", 1)
}

/// The new one's fields win, the old one's fill what is missing.
fn join_fields(connection: &Connection, old: &str, new: &str) -> Result<()> {
    let sets: Vec<String> = columns(connection, "customer")?
        .iter()
        .filter(|column| *column != "id")
        .map(|column| {
            let name = quoted(column);
            match column.as_str() {
                "changed" => format!("{name} = 1"),
                "known_since" | "arrived" => format!("{name} = min(customer.{name}, old.{name})"),
                _ => format!("{name} = coalesce(customer.{name}, old.{name})"),
            }
        })
        .collect();
    connection.execute(
        &format!(
            "UPDATE customer SET {} FROM (SELECT * FROM customer WHERE id = ?1) AS old WHERE customer.id = ?2",
            sets.join(", ")
        ),
        [old, new],
    )?;
    connection.execute("DELETE FROM customer WHERE id = ?1", [old])?;
    Ok(())
}

/// What was true of either is no news of both, numbers of rises go on behind the higher, and the later firing
/// counts for the cooldown.
fn join_trigger_memory(connection: &Connection, old: &str, new: &str) -> Result<()> {
    connection.execute(
        "INSERT INTO trigger_memory (customer, trigger, truth, rises, fired, held) \
         SELECT ?2, trigger, truth, rises, fired, held FROM trigger_memory WHERE customer = ?1 \
         ON CONFLICT (customer, trigger) DO UPDATE SET truth = max(truth, excluded.truth), \
             rises = max(rises, excluded.rises), \
             fired = nullif(max(coalesce(fired, -1), coalesce(excluded.fired, -1)), -1), \
             held = min(held, excluded.held)",
        [old, new],
    )?;
    connection.execute("DELETE FROM trigger_memory WHERE customer = ?1", [old])?;
    Ok(())
}

/// Where both are enrolled in a cadence, or for one event that happened to everybody, the new one's enrolment goes on
/// and what the old one's had coming is cancelled. Touches of the old one's enrolments go on by its id.
fn join_enrolments(connection: &Connection, old: &str, new: &str, at: Timestamp) -> Result<usize> {
    let twofold = "ended IS NULL AND EXISTS (SELECT 1 FROM enrolment AS other \
         WHERE other.customer = ?2 AND other.cadence = enrolment.cadence AND other.event IS enrolment.event \
         AND (other.ended IS NULL OR other.event IS NOT NULL))";
    let cancelled = cancel(
        connection,
        &format!(
            "kind = 'cadence' AND EXISTS (SELECT 1 FROM enrolment WHERE customer = ?1 AND cadence = touch.name \
             AND (event IS NULL OR number = CAST(touch.occurrence AS INTEGER)) AND {twofold})"
        ),
        old,
        new,
        at,
    )?;
    connection.execute(
        &format!(
            "UPDATE enrolment SET ended = ?3, next = NULL, reason = 'merged with a customer who is enrolled' \
             WHERE customer = ?1 AND {twofold}"
        ),
        params![old, new, at.0],
    )?;
    connection
        .execute("UPDATE enrolment SET identity = customer WHERE customer = ?1 AND identity = ''", [old])?;
    Ok(cancelled)
}

/// Cancels those of the old one's unsent touches for which a condition holds.
fn cancel(connection: &Connection, which: &str, old: &str, new: &str, at: Timestamp) -> Result<usize> {
    let cancelled = connection.execute(
        &format!(
            "UPDATE touch SET state = 'cancelled', state_at = ?3, hold = NULL, \
                 reason = 'merged with a customer who has the same coming' \
             WHERE customer = ?1 AND ?2 <> '' AND state IN ('waiting', 'queued') \
             AND id NOT IN (SELECT touch FROM file_write_touch) AND {which}"
        ),
        params![old, new, at.0],
    )?;
    connection.execute(
        "DELETE FROM outbox \
         WHERE number IN (SELECT number FROM touch WHERE customer = ?1 AND state = 'cancelled')",
        [old],
    )?;
    Ok(cancelled)
}
