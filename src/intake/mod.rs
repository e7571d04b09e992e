//! How facts come in: CSV and JSON lines from files, JSON from HTTP, read as the policy declares,
//! checked row by row, stored in one transaction a file or body.
//!
//! - [`import_file`] reads one file by a [`Source`](crate::policy::compiled::Source); a bad row is
//!   turned away alone, a crash leaves nothing half-imported, the same content again changes nothing.
//! - [`Inbox`] finds the files that sources wait for, imports them and moves them away.
//! - [`ad_hoc`] makes a source for one import from pairs `field=Column`.
//! - [`body()`] takes rows over HTTP.
//!
//! Every row is accounted for once: `new + same + replaced + forgotten + filtered + rejected = rows`.

mod adhoc;
mod asked;
mod body;
mod cell;
mod chunk;
mod equal_rows;
mod error;
mod forget;
mod import;
mod inbox;
mod mapping;
mod nearest;
mod open;
mod reader;
mod rejected;
mod report;
mod rows;
mod times;

pub use adhoc::{AdHoc, MapError, ad_hoc};
pub use body::{BodyKind, body};
pub use error::{BodyError, ImportError};
pub use forget::forget_rejected;
pub use import::{OnProgress, Options, columns_of, import_file};
pub use inbox::{Found, Inbox, InboxError, Look, Observation, Patience, settled, waits_for};
pub use rejected::forget_rejected_before;
pub use report::{
    BodyReport, EXAMPLES, ImportReport, Progress, ROW_ERRORS, Reason, Rejection, RowError, Tally,
};

#[cfg(test)]
mod tests;
