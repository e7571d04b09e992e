//! Facts of customers in batches, as columns.

use super::{Archive, Result};
use crate::model::Timestamp;
use crate::model::facts::{FactBatch, FactRequest};

impl Archive {
    /// Fills in the next [`BATCH`](crate::model::facts::BATCH) customers after an id (`None`: from the first) as
    /// known at `now`; false where there are no more, and the batch is empty then.
    /// The batch's dictionary keeps its fixed words and loses all others.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn next_batch(
        &self,
        _request: &FactRequest,
        _now: Timestamp,
        _after: Option<&str>,
        _facts: &mut FactBatch,
    ) -> Result<bool> {
        Ok(false)
    }

    /// Fills in the customers of these ids (in any order, at most [`BATCH`](crate::model::facts::BATCH)); the batch
    /// is in order of id and lacks those that are not known at `now`.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn batch_of(
        &self,
        _request: &FactRequest,
        _now: Timestamp,
        _ids: &[&str],
        _facts: &mut FactBatch,
    ) -> Result<()> {
        Ok(())
    }
}
