//! How lanes reach the store: one visit at a time, wherever the [`Archive`] lives.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::archive::{Archive, ArchiveError};

/// Why a visit came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store's own trouble.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Whoever owns the store has gone.
    #[error("the store is closed")]
    Closed,
}

/// The store of one writer. A daemon implements it over its writer thread.
pub trait OutboxStore: Send + Sync + 'static {
    /// Does something with the archive and returns what came of it. Visits are short.
    ///
    /// # Errors
    /// What the work returns, or [`StoreError::Closed`].
    fn with<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive) -> Result<T, ArchiveError> + Send + 'static;
}

impl OutboxStore for Arc<Mutex<Archive>> {
    async fn with<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive) -> Result<T, ArchiveError> + Send + 'static,
    {
        let archive = Self::clone(self);
        let visit = tokio::task::spawn_blocking(move || {
            let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut archive)
        });
        match visit.await {
            Ok(done) => Ok(done?),
            Err(_) => Err(StoreError::Closed),
        }
    }
}
