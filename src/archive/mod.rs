//! The SQLite store: schema and migrations, ingest, facts, standings, touches, outbox, runs. The only
//! module that names SQLite. Uses `model` alone.
//!
//! One [`Archive`] owns the store and writes; any number of others look, opened by
//! [`Archive::open_read_only`]. All that belongs together is one transaction: an import, a run, the
//! delivery of a touch. What was not committed when the process dies was never there.
//!
//! A field or class is stored under its own name. Where the engine has a column of that name
//! (`arrived`, `changed`, `known_since`, `as_of` …), the declared one gets an underscore in front, which
//! no declared name can have.

mod adopt;
mod approval;
mod arrivals;
mod awaited;
mod backup;
mod chronicle;
mod compare;
mod customer;
mod error;
mod events;
mod facts;
mod figures;
mod file_write;
mod forget;
mod history;
mod identities;
mod in_place;
mod ingest;
mod marks;
mod memory;
mod merge;
mod meta;
mod migrate;
mod open;
mod outbox;
mod policy_set;
mod prune;
mod query;
mod redeliver;
mod review;
mod run;
mod scratch;
mod stop;
mod taken;
#[cfg(test)]
mod tests;
mod touch_tally;
mod value;

pub use approval::{Approval, Said};
pub use arrivals::DueArrivals;
pub use backup::{Backup, BackupError, backup};
pub use chronicle::{Chronicle, Told};
pub use compare::EnrolledRow;
pub use error::ArchiveError;
pub use facts::SchemaView;
pub use figures::{PlacesUsed, QueuedCount, WaitingCount};
pub use file_write::{FilePlan, FileWrite};
pub use forget::{Person, RowCounts};
pub use history::Dated;
pub use identities::Identities;
pub use ingest::{Change, EventRow, Ingest, IngestCounts, Outcome, Repeat};
pub use merge::MergeError;
pub use open::{Archive, LOG_LIMIT, Snapshot, log_of, with_ending};
pub use outbox::{Delivery, Depth, OutboxChange};
pub use prune::{Keep, Pruning};
pub use query::{Counts, RunOutcome, RunRow, TouchCount, TouchFilter, TouchRow};
pub use redeliver::{DeadOrQueued, OutboxFilter, OutboxRow, Redelivered};
pub use review::{EnrolmentCount, PassingMove, PassingTouch};
pub use run::{
    ClassEdit, FormerPlaces, GuardNote, NewRun, QueuedTouch, RunTotals, RunWriter, StepTouch, Taken,
    UnsentStep, UnsentTouches, WaitingTouch,
};
pub use stop::Interrupter;
pub use touch_tally::CameTo;

/// What the archive's functions return.
pub type Result<T> = std::result::Result<T, ArchiveError>;
