//! Once a day, what is older than `settings.retain` keeps is taken away, a little at a time between other jobs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{error, info, warn};

use super::state::Shared;
use super::writer::WriterStopped;
use crate::archive::{Archive, ArchiveError, Keep, Pruning, RowCounts};
use crate::engine::begin_pruning;
use crate::intake::forget_rejected_before;
use crate::model::Timestamp;
use crate::policy::compiled::Settings;

/// How often it is asked whether a day has passed.
const LOOK: Duration = Duration::from_secs(300);
/// How long one job may hold the writer, about.
const HOLD: Duration = Duration::from_millis(20);
/// How many customers or rows a job looks at: at first, at least, at most.
const ROWS: (usize, usize, usize) = (200, 20, 1_000);

/// How much one job looks at, so that none holds the writer for long whatever the disk.
#[derive(Clone, Copy, Debug)]
pub struct Portion(usize);

impl Default for Portion {
    fn default() -> Self {
        Self(ROWS.0)
    }
}

impl Portion {
    /// Goes on for one job. Whether anything is left, and how long it took.
    pub fn take(
        &mut self,
        archive: &mut Archive,
        pruning: &mut Pruning,
    ) -> (Result<bool, ArchiveError>, Duration) {
        let begun = Instant::now();
        let left = archive.prune(pruning, self.0);
        let took = begun.elapsed();
        let (_, least, most) = ROWS;
        if took > HOLD {
            self.0 = (self.0 / 2).max(least);
        } else if took < HOLD / 2 {
            self.0 = (self.0 + self.0 / 4).min(most);
        }
        (left, took)
    }
}

/// Takes away all that is due at once: for a program that does nothing else meanwhile. Rows by table; empty where
/// nothing was due.
///
/// # Errors
/// The store's own; what was taken away before stays away.
pub fn prune_at_once(
    archive: &mut Archive,
    settings: &Settings,
    rejected: &Path,
    now: Timestamp,
) -> Result<RowCounts, ArchiveError> {
    let Some((keep, mut pruning)) = begin_pruning(archive, settings, now)? else {
        return Ok(RowCounts::new());
    };
    while archive.prune(&mut pruning, ROWS.2)? {}
    prune_rejected(rejected, keep);
    Ok(pruning.removed().clone())
}

fn prune_rejected(folder: &Path, keep: Keep) {
    if let Some(Err(error)) = keep.history.map(|from| forget_rejected_before(folder, from)) {
        warn!("old files of rejected rows can't be taken away: {error}");
    }
}

/// Takes away what is old until told to stop.
pub async fn keep_pruning(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match round(&shared, &stop).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!("what is too old can't be taken away: {error}; it is tried again"),
            Err(WriterStopped) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn round(
    shared: &Arc<Shared>,
    stop: &watch::Receiver<bool>,
) -> Result<Result<(), ArchiveError>, WriterStopped> {
    let own = Arc::clone(shared);
    let begun = shared.writer.call(move |store| {
        let settings = store.engine.policy().settings.clone();
        begin_pruning(&mut store.archive, &settings, own.now())
    });
    let (keep, mut pruning) = match begun.await? {
        Ok(Some(begun)) => begun,
        Ok(None) => return Ok(Ok(())),
        Err(error) => return Ok(Err(error)),
    };
    let mut portion = Portion::default();
    while !*stop.borrow() {
        let (left, took);
        (pruning, portion, (left, took)) = shared
            .writer
            .call(move |store| {
                let did = portion.take(&mut store.archive, &mut pruning);
                (pruning, portion, did)
            })
            .await?;
        match left {
            Ok(true) => {}
            Ok(false) => {
                finish(shared, keep, &pruning).await;
                break;
            }
            Err(error) => return Ok(Err(error)),
        }
        // Others come first: the store is theirs half of the time at least.
        tokio::time::sleep(took).await;
    }
    Ok(Ok(()))
}

async fn finish(shared: &Shared, keep: Keep, pruning: &Pruning) {
    if let Some(words) = in_words(pruning.removed()) {
        info!("older than `retain` keeps, and gone: {words}");
    }
    let folder = shared.settings.data.join("rejected");
    // A panic of the system's is the only way that this fails, and there is nothing to be done about it.
    let _ = tokio::task::spawn_blocking(move || prune_rejected(&folder, keep)).await;
}

/// What was taken away, as `12 event_order, 3 run`; `None` where nothing was.
#[must_use]
pub fn in_words(removed: &RowCounts) -> Option<String> {
    let words: Vec<String> = removed.iter().map(|(table, rows)| format!("{rows} {table}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
