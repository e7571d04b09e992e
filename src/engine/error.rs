//! Why a run came to nothing.

use crate::archive::ArchiveError;
use crate::evaluate::EvaluateError;

/// A fault of a run; the store is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The policy set or a batch could not be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// A payload template that passed the checks could not be prepared.
    #[error("a payload template can't be prepared: {0}")]
    Template(#[from] minijinja::Error),
}
