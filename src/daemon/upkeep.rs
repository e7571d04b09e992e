//! Keeps the store's write-ahead log small. SQLite begins it anew by itself only at a moment when nobody reads, which
//! readers who relieve one another never leave; waiting for them a little, while nobody writes, finds one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::state::Shared;
use crate::archive::{LOG_LIMIT, log_of};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How long readers are waited for, and so everyone who writes.
const PATIENCE: Duration = Duration::from_millis(500);
/// Longest pause after readers did not let it be cut, while which it grows.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Cuts the log back whenever it is too long, until told to stop.
pub(super) async fn keep_log_small(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let log = log_of(&shared.settings.store);
    let mut pause = LOOK;
    while !*stop.borrow() {
        let size = std::fs::metadata(&log).map_or(0, |about| about.len());
        if size > LOG_LIMIT.unsigned_abs() {
            let Ok(cut) = shared.writer.call(|store| store.archive.cut_log(PATIENCE)).await else { return };
            pause = match cut {
                Ok(true) => {
                    info!(bytes = size, "the store's write-ahead log was moved into it and cut back");
                    LOOK
                }
                Ok(false) => {
                    warn!(
                        bytes = size,
                        "the store's write-ahead log grows, since some program reads an old moment of the store: find it, as with lsof {}, and let it end",
                        log.display()
                    );
                    (pause * 2).min(LONGEST_PAUSE)
                }
                Err(error) => {
                    error!(%error, "the store's write-ahead log can't be moved into it; it is tried again");
                    LONGEST_PAUSE
                }
            };
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
