//! Taking in customers and events.

use std::marker::PhantomData;

use super::{Archive, Result};
use crate::model::{Timestamp, Value};

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
    /// Customers made for events that named them first.
    pub customers_made: u64,
}

/// One import: a transaction. Dropped without [`Ingest::commit`], nothing of it stays.
#[derive(Debug)]
pub struct Ingest<'archive> {
    archive: PhantomData<&'archive mut Archive>,
}

impl Archive {
    /// Begins an import whose rows arrive at an instant.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn ingest(&mut self, _arrived: Timestamp) -> Result<Ingest<'_>> {
        Ok(Ingest { archive: PhantomData })
    }

    /// Whether a source imported this content before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn file_seen(&self, _source: &str, _hash: &str, _repeat: Repeat) -> Result<bool> {
        Ok(false)
    }
}

impl Ingest<'_> {
    /// Takes in a customer: merges the changes into what is known, one a field in the schema's order.
    /// Fastest where rows come in order of id.
    ///
    /// # Errors
    /// [`EmptyId`](super::ArchiveError::EmptyId), SQLite's own.
    pub fn customer(&mut self, _id: &str, _changes: &[Change]) -> Result<Outcome> {
        Ok(Outcome::Same)
    }

    /// Takes in an event of a kind (index in the schema) and makes its customer where unknown.
    /// Fastest where rows come in order of customer and time.
    ///
    /// # Errors
    /// [`EmptyId`](super::ArchiveError::EmptyId), SQLite's own.
    pub fn event(&mut self, _kind: usize, _row: &EventRow<'_>) -> Result<Outcome> {
        Ok(Outcome::Same)
    }

    /// Whether a source imported this content before.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn file_seen(&self, _source: &str, _hash: &str, _repeat: Repeat) -> Result<bool> {
        Ok(false)
    }

    /// Notes that a source's file of this content (a hash in any fixed form) is in this import.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn record_file(&mut self, _source: &str, _hash: &str, _rows: u64) -> Result<()> {
        Ok(())
    }

    /// What came in so far.
    #[must_use]
    pub fn counts(&self) -> IngestCounts {
        IngestCounts::default()
    }

    /// Makes it all stay, on disk when this returns.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn commit(self) -> Result<IngestCounts> {
        Ok(IngestCounts::default())
    }
}
