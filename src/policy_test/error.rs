//! Why a policy test could not be run at all.

use crate::archive::ArchiveError;
use crate::engine::EngineError;
use crate::rehearsal::RehearsalError;

/// A test that is itself wrong, or an engine that failed under it.
#[derive(Debug, thiserror::Error)]
pub enum PolicyTestError {
    /// The file is not what a test file must be.
    #[error("{file}: {why}")]
    File {
        /// The file.
        file: String,
        /// The TOML reader's words.
        why: String,
    },
    /// A customer, event or step that doesn't fit the policy set.
    #[error("{0}")]
    Misfit(String),
    /// The store failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The run failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<RehearsalError> for PolicyTestError {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::Archive(error) => Self::Archive(error),
            RehearsalError::Engine(error) => Self::Engine(error),
        }
    }
}
