//! Rows over HTTP: one JSON object, an array of objects, or one object a line.

use super::error::BodyError;
use super::report::BodyReport;
use crate::archive::Archive;
use crate::model::Timestamp;
use crate::policy::Compiled;

/// What the rows of a body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `{"id": …, field: …}`.
    Customers,
    /// `{"type": "order", "id"?, "customer", "at"?, field: …}`.
    Events,
}

/// Takes in the rows of a body: all valid ones are stored, in one transaction, when this returns.
///
/// # Errors
/// When the body as a whole can't be read, or nothing can be stored.
pub fn body(
    _archive: &mut Archive,
    _policy: &Compiled,
    _kind: BodyKind,
    _bytes: &[u8],
    _now: Timestamp,
) -> Result<BodyReport, BodyError> {
    Err(BodyError::Empty)
}
