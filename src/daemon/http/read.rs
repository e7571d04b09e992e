//! Looks at the store beside the writer: few at once, each for a bounded time, after which it is interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;
use tracing::error;

use super::failure::{Refused, busy};
use super::{Api, failure};
use crate::archive::{Archive, ArchiveError};
use crate::daemon::customer::LookError;
use crate::daemon::state::Active;
use crate::engine::EngineError;
use crate::explain::ExplainError;

/// How many look at once.
pub(super) const READS: usize = 8;
/// The longest a look may take.
const TIME: Duration = Duration::from_secs(10);
/// How long to wait for others to end theirs.
const WAIT: Duration = Duration::from_secs(5);

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The store.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A customer.
    #[error(transparent)]
    Customer(#[from] LookError),
    /// The policy set.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Why a customer stands where they stand.
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// Tells a look to give up when nobody waits for it any more.
struct GiveUp(Arc<AtomicBool>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A place to look at the store; `None` where others keep all of them for long.
pub(super) async fn place(api: &Api) -> Option<OwnedSemaphorePermit> {
    tokio::time::timeout(WAIT, Arc::clone(&api.reads).acquire_owned()).await.ok()?.ok()
}

/// Looks at the store by the schema of the active set.
pub(super) async fn read<T, F>(api: &Api, look: F) -> Result<T, Refused>
where
    T: Send + 'static,
    F: FnOnce(&mut Archive, &Active) -> Result<T, ReadError> + Send + 'static,
{
    let Some(place) = place(api).await else { return Err(busy().into()) };
    let shared = Arc::clone(&api.shared);
    let give_up = GiveUp(Arc::default());
    let told = Arc::clone(&give_up.0);
    let looking = tokio::task::spawn_blocking(move || {
        // Given back when the look is over, however long nobody waits for it any more.
        let _place = place;
        let active = shared.active();
        let mut archive = Archive::open_read_only(&shared.settings.store)?;
        archive.stop_when(told)?;
        archive.adopt(Arc::clone(&active.set.compiled.schema))?;
        look(&mut archive, &active)
    });
    let refused = match tokio::time::timeout(TIME, looking).await {
        Ok(Ok(Ok(found))) => return Ok(found),
        Ok(Ok(Err(error))) => {
            error!(%error, "what was asked for over HTTP can't be looked up");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "store", &error.to_string())
        }
        Ok(Err(_)) => {
            error!("a look at the store broke down; the line before says where");
            failure(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the look at the store broke down")
        }
        Err(_) => failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "looking took too long and was given up; ask for less, or for a page at a time",
        ),
    };
    Err(refused.into())
}
