//! Taking in customers and events.

mod arrivals;
mod customers;
mod events;

use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

pub(super) use self::arrivals::{Arrivals, last_number};
use self::customers::Customers;
use self::events::EventStatements;
use super::adopt::Layout;
use super::facts::KeptEvents;
use super::identities::Identities;
use super::value::as_integer;
use super::{Archive, ArchiveError, Result};
use crate::model::{Schema, Timestamp, Value};

/// What a customer row does to one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Change {
    /// Leaves it as it is: the column is absent or the cell empty.
    #[default]
    Keep,
    /// Makes it missing: JSON `null`.
    Clear,
    /// Sets it.
    Set(Value),
}

/// An event as it comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRow<'row> {
    /// Unique within its kind.
    pub id: &'row str,
    /// To whom it happened; not looked at for kinds that happen to everyone.
    pub customer: &'row str,
    /// When it happened.
    pub at: Timestamp,
    /// One a field of the kind, in the schema's order; `None` is missing.
    pub fields: &'row [Option<Value>],
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not known before.
    New,
    /// Known with the same content: nothing was done.
    Same,
    /// Known with other content, which it replaces (an event) or adds to (a customer).
    Replaced,
    /// Of a customer who was forgotten: nothing was done.
    Forgotten,
}

/// When a file counts as imported before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// The source ever imported this content (event files).
    Ever,
    /// The source imported this content last (customer files: an older state may come back).
    Latest,
}

/// How many rows came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IngestCounts {
    /// Rows not known before.
    pub new: u64,
    /// Rows known with the same content.
    pub same: u64,
    /// Rows known with other content.
    pub replaced: u64,
    /// Rows of customers who were forgotten.
    pub forgotten: u64,
    /// Customers made for events that named them first.
    pub customers_made: u64,
}

/// One import: a transaction. Dropped without [`Ingest::commit`], nothing of it stays.
#[derive(Debug)]
pub struct Ingest<'archive> {
    // Statements come before the transaction, so that they are done with when it ends.
    events: Vec<Option<EventStatements<'archive>>>,
    customers: Customers<'archive>,
    arrivals: Arrivals<'archive>,
    transaction: Transaction<'archive>,
    connection: &'archive Connection,
    layout: &'archive Layout,
    schema: &'archive Schema,
    identities: Arc<Identities>,
    kept: Option<&'archive KeptEvents>,
    /// The last customer that was found not to be forgotten.
    remembered: String,
    at: Timestamp,
    counts: IngestCounts,
    /// New events a kind of the schema.
    added: Vec<u64>,
}

impl Archive {
    /// Begins an import whose rows arrive at an instant; its events just after those that arrived before, where
    /// the clock stood still or was set back.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn ingest(&mut self, at: Timestamp) -> Result<Ingest<'_>> {
        let identities = self.identities()?;
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        Ok(Ingest {
            events: self.layout.events.iter().map(|_| None).collect(),
            customers: Customers::prepare(&self.connection, &self.schema, &self.layout.customer, at.0)?,
            arrivals: Arrivals::begin(&self.connection, at.0)?,
            transaction,
            connection: &self.connection,
            layout: &self.layout,
            schema: &self.schema,
            identities,
            kept: self.kept_events.as_ref(),
            remembered: String::new(),
            at,
            counts: IngestCounts::default(),
            added: vec![0; self.layout.events.len()],
        })
    }

    /// Whether a source imported this content before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn file_seen(&self, source: &str, hash: &str, repeat: Repeat) -> Result<bool> {
        file_seen(&self.connection, source, hash, repeat)
    }
}

impl Ingest<'_> {
    /// Takes in a customer: merges the changes into what is known, one a field in the schema's order.
    /// Fastest where rows come in order of id.
    ///
    /// # Errors
    /// [`EmptyId`](super::ArchiveError::EmptyId), SQLite's own.
    pub fn customer(&mut self, id: &str, changes: &[Change]) -> Result<Outcome> {
        if id.is_empty() {
            return Err(ArchiveError::EmptyId { what: "customer" });
        }
        let outcome = if self.is_forgotten(id) {
            Outcome::Forgotten
        } else {
            self.customers.merge(self.identities.resolve(id), changes)?
        };
        self.counts.count(outcome);
        Ok(outcome)
    }

    /// Notes that a customer was known before the rows of this import arrived.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn known_since(&mut self, id: &str, at: Timestamp) -> Result<()> {
        self.customers.mention(id, at.0)
    }

    /// Takes in an event of a kind (index in the schema) and makes its customer where unknown.
    /// An event known with other content keeps when it first arrived, so that it is nobody's news.
    /// Fastest where rows come in order of customer and time.
    ///
    /// # Errors
    /// [`EmptyId`](super::ArchiveError::EmptyId), SQLite's own.
    pub fn event(&mut self, kind: usize, row: &EventRow<'_>) -> Result<Outcome> {
        let unknown = || ArchiveError::Unknown { what: "event kind", id: kind.to_string() };
        let layout = self.layout.events.get(kind).ok_or_else(unknown)?;
        let shape = self.schema.events.get(kind).ok_or_else(unknown)?;
        let mut row = *row;
        if layout.everyone {
            row.customer = "";
        }
        if row.id.is_empty() {
            return Err(ArchiveError::EmptyId { what: "event" });
        }
        if row.customer.is_empty() && !layout.everyone {
            return Err(ArchiveError::EmptyId { what: "customer" });
        }
        if self.is_forgotten(row.customer) {
            self.counts.count(Outcome::Forgotten);
            return Ok(Outcome::Forgotten);
        }
        row.customer = self.identities.resolve(row.customer);
        let statements = match self.events.get_mut(kind).ok_or_else(unknown)? {
            Some(statements) => statements,
            none => none.insert(EventStatements::prepare(self.connection, layout)?),
        };
        let outcome = if statements.insert(&row, self.arrivals.arrived())? {
            self.customers.mention(row.customer, row.at.0)?;
            self.arrivals.note(shape, row.id, row.customer, row.at.0)?;
            if let Some(kept) = self.kept {
                kept.changed(&layout.name, row.customer);
            }
            if let Some(added) = self.added.get_mut(kind) {
                *added += 1;
            }
            Outcome::New
        } else if let Some(former) = statements.replace(&row)? {
            self.customers.mention(row.customer, row.at.0)?;
            self.arrivals.correct(shape, &former, &row)?;
            if let Some(kept) = self.kept {
                kept.drop_kind(&layout.name);
            }
            if former.customer != row.customer || former.at != row.at.0 {
                self.customers.recount(self.connection, &former.customer)?;
                self.customers.recount(self.connection, row.customer)?;
            }
            Outcome::Replaced
        } else {
            Outcome::Same
        };
        self.counts.count(outcome);
        Ok(outcome)
    }

    /// Whether an id is that of a customer who was forgotten; rows come grouped by customer, so the last one found
    /// not to be is remembered.
    fn is_forgotten(&mut self, id: &str) -> bool {
        if self.identities.is_empty() || self.remembered == id {
            return false;
        }
        if self.identities.is_forgotten(id) {
            return true;
        }
        self.remembered.clear();
        self.remembered.push_str(id);
        false
    }

    /// Whether a source imported this content before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn file_seen(&self, source: &str, hash: &str, repeat: Repeat) -> Result<bool> {
        file_seen(self.connection, source, hash, repeat)
    }

    /// Notes that a source's file of this content (a hash in any fixed form) is in this import.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn record_file(&mut self, source: &str, hash: &str, rows: u64) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT INTO imported_file (source, hash, rows, at) VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![source, hash, as_integer(rows), self.at.0])?;
        Ok(())
    }

    /// What came in so far.
    #[must_use]
    pub const fn counts(&self) -> IngestCounts {
        let mut counts = self.counts;
        counts.customers_made = self.customers.made_by_events;
        counts
    }

    /// Makes it all stay, on disk when this returns.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn commit(self) -> Result<IngestCounts> {
        let counts = self.counts();
        add_to_tally(self.connection, "customer", self.customers.made)?;
        for (event, &added) in self.layout.events.iter().zip(&self.added) {
            add_to_tally(self.connection, &event.name, added)?;
        }
        if self.added.iter().any(|added| *added > 0) || counts.replaced > 0 {
            self.arrivals.keep()?;
        }
        drop(self.events);
        drop(self.customers);
        drop(self.arrivals);
        self.transaction.commit()?;
        Ok(counts)
    }
}

impl IngestCounts {
    const fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::New => self.new += 1,
            Outcome::Same => self.same += 1,
            Outcome::Replaced => self.replaced += 1,
            Outcome::Forgotten => self.forgotten += 1,
        }
    }
}

/// Counts rows of a table as they come, since counting them later would read them all.
pub(super) fn add_to_tally(connection: &Connection, name: &str, added: u64) -> Result<()> {
    if added > 0 {
        connection
            .prepare_cached("UPDATE tally SET rows = rows + ?2 WHERE name = ?1")?
            .execute(params![name, as_integer(added)])?;
    }
    Ok(())
}

fn file_seen(connection: &Connection, source: &str, hash: &str, repeat: Repeat) -> Result<bool> {
    let sql = match repeat {
        Repeat::Ever => "SELECT EXISTS (SELECT 1 FROM imported_file WHERE source = ?1 AND hash = ?2)",
        Repeat::Latest => {
            "SELECT ?2 IS (SELECT hash FROM imported_file WHERE source = ?1 ORDER BY number DESC LIMIT 1)"
        }
    };
    Ok(connection.prepare_cached(sql)?.query_row([source, hash], |row| row.get(0))?)
}
