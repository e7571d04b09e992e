//! How lanes reach the store: one visit at a time, wherever the [`Archive`] lives.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::gate::{Gate, GateError};
use crate::archive::{Archive, ArchiveError};

/// Why a visit came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store's own trouble.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The guards'.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Whoever owns the store has gone.
    #[error("the store is closed")]
    Closed,
}

/// The store of one writer, with the guards of the policy set that is active. A daemon implements it over its
/// writer thread.
pub trait OutboxStore: Send + Sync + 'static {
    /// Does something with the archive and the guards as they are at that moment, and returns what came of it.
    /// Visits are short.
    ///
    /// # Errors
    /// What the work returns, or [`StoreError::Closed`].
    fn visit<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static;

    /// Does something with the archive alone.
    ///
    /// # Errors
    /// As [`OutboxStore::visit`].
    fn with<T, F>(&self, work: F) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive) -> Result<T, ArchiveError> + Send + 'static,
    {
        self.visit(move |archive, _| Ok(work(archive)?))
    }
}

/// A store of this process, with the guards of one policy set.
#[derive(Clone)]
pub struct OwnStore {
    /// The store.
    pub archive: Arc<Mutex<Archive>>,
    /// The guards.
    pub gate: Arc<dyn Gate>,
}

impl OutboxStore for OwnStore {
    async fn visit<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Archive, &dyn Gate) -> Result<T, StoreError> + Send + 'static,
    {
        let Self { archive, gate } = self.clone();
        let visit = tokio::task::spawn_blocking(move || {
            let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut archive, &*gate)
        });
        visit.await.unwrap_or(Err(StoreError::Closed))
    }
}
