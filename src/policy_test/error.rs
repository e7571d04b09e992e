//! Why a policy test could not be run at all.

use crate::archive::ArchiveError;
use crate::engine::EngineError;
use crate::explain::ExplainError;
use crate::rehearsal::RehearsalError;

/// A store or an engine that failed under a test.
#[derive(Debug, thiserror::Error)]
pub enum PolicyTestError {
    /// The store failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The run failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What differs could not be explained.
    #[error("what differs can't be explained: {0}")]
    Explain(#[from] ExplainError),
}

impl From<RehearsalError> for PolicyTestError {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::Archive(error) => Self::Archive(error),
            RehearsalError::Engine(error) => Self::Engine(error),
        }
    }
}
