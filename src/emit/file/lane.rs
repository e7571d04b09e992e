//! The lane of a file channel: takes due touches from the store, plans a write, writes it, marks it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;

use super::journal;
use super::path;
use super::rows::{self, RowError};
use super::tail::{Tail, first_row, rows_behind};
use crate::archive::{ArchiveError, Delivery, FilePlan, FileWrite};
use crate::emit::dispatcher::{Context, Signals};
use crate::emit::release::{Release, release};
use crate::emit::settle::{self, Settled};
use crate::emit::store::{OutboxStore, StoreError};
use crate::model::Timestamp;
use crate::model::touch::{Touch, TouchState};
use crate::policy::compiled::{File, FileFormat};

/// Most touches of one write.
const MOST_ROWS: usize = 500;
/// Most files that are tried for one write.
const MOST_NAMES: usize = 1_000;
/// How soon to try again after something failed, doubled up to [`AGAIN_AT_LATEST`].
const AGAIN_FIRST: Duration = Duration::from_secs(1);
const AGAIN_AT_LATEST: Duration = Duration::from_secs(60);
/// How soon to look again at the latest, so that a clock that was moved is noticed.
const LOOK_AT_LATEST: Duration = Duration::from_secs(30);

/// One file channel's way out.
pub struct FileLane<S> {
    context: Arc<Context<S>>,
    channel: Arc<str>,
    file: File,
    timezone: Tz,
}

/// Finishes what channels that are no more, or are no files any more, had planned.
pub(in crate::emit) async fn finish_orphans<S: OutboxStore>(
    context: Arc<Context<S>>,
    file_channels: BTreeSet<Arc<str>>,
    timezone: Tz,
) {
    let open = context.store.with(|archive| archive.open_file_writes()).await;
    for write in open.unwrap_or_default() {
        if file_channels.contains(write.channel.as_str()) {
            continue;
        }
        let is_csv = Path::new(&write.path).extension().is_some_and(|extension| extension == "csv");
        let format = if is_csv { FileFormat::Csv } else { FileFormat::JsonLines };
        let file = File { path: write.path.clone(), format, columns: Vec::new() };
        let lane = FileLane::new(Arc::clone(&context), write.channel.as_str().into(), file, timezone);
        if let Err(error) = lane.carry_out(write).await {
            tracing::error!(channel = &*lane.channel, "{error}; it is tried again at the next start");
        }
        context.board.retain(|name| *name != *lane.channel);
    }
}

/// Why a write came to nothing for now.
#[derive(Debug, thiserror::Error)]
enum LaneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} can't be written: {error}")]
    Write { path: String, error: std::io::Error },
    #[error("a row can't be made: {0}")]
    Row(#[from] RowError),
    #[error("{0}: too many files of this name have been changed by others")]
    Names(String),
}

/// Where a write can go: a file and the length it has.
struct Place {
    path: String,
    offset: u64,
}

impl<S: OutboxStore> FileLane<S> {
    pub(in crate::emit) fn new(
        context: Arc<Context<S>>,
        channel: Arc<str>,
        file: File,
        timezone: Tz,
    ) -> Self {
        Self { context, channel, file, timezone }
    }

    /// Writes until told to stop, or until all that is due by `signals.until` is written or fails.
    pub(in crate::emit) async fn run(self, mut signals: Signals) {
        let mut again = AGAIN_FIRST;
        while !signals.stopping() {
            let wait = match self.round(signals.until).await {
                Ok(true) => {
                    again = AGAIN_FIRST;
                    continue;
                }
                Ok(false) => {
                    again = AGAIN_FIRST;
                    self.idle_for().await
                }
                Err(error) => {
                    self.trouble(&error);
                    again = (again * 2).min(AGAIN_AT_LATEST);
                    again / 2
                }
            };
            if signals.until.is_some() {
                return;
            }
            tokio::select! {
                _ = signals.stop.wait_for(|stop| *stop) => return,
                Ok(()) = signals.wake.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Finishes what is planned, then plans and writes what is due; whether anything was done.
    async fn round(&self, until: Option<Timestamp>) -> Result<bool, LaneError> {
        let channel = Arc::clone(&self.channel);
        let mut open = self.context.store.with(|archive| archive.open_file_writes()).await?;
        open.retain(|write| *write.channel == *channel);
        for write in open {
            self.carry_out(write).await?;
        }
        let now = self.context.outside.clock.now();
        let by = until.unwrap_or(now);
        let due = self.context.store.with(move |archive| archive.due(&channel, by, MOST_ROWS)).await?;
        let done = !due.is_empty();
        let touches = self.release(due, now).await?;
        for (path, touches) in self.by_path(touches, now) {
            let write = match self.plan(&path, &touches, now).await {
                // One was cancelled since it was looked up: look again, without it.
                Err(LaneError::Store(StoreError::Archive(ArchiveError::Unknown { .. }))) => return Ok(true),
                planned => planned?,
            };
            self.carry_out(write).await?;
        }
        Ok(done)
    }

    /// Sorts out what may not leave any more.
    async fn release(&self, due: Vec<Delivery>, now: Timestamp) -> Result<Vec<Touch>, LaneError> {
        let mut leaving = Vec::with_capacity(due.len());
        let mut expired = Vec::new();
        for delivery in due {
            let queued = delivery.touch.state == TouchState::Queued;
            match release(queued, delivery.touch.expires, now) {
                Release::Leave => leaving.push(delivery.touch),
                Release::NoLongerQueued => {}
                Release::Expired => {
                    let settlement = settle::expired(&delivery);
                    expired.push(Settled { id: delivery.touch.id, settlement });
                }
            }
        }
        if !expired.is_empty() {
            let many = u64::try_from(expired.len()).unwrap_or(0);
            self.context.store.with(move |archive| settle::note(archive, &expired, now)).await?;
            self.context.board.change(&self.channel, |status| status.expired += many);
        }
        Ok(leaving)
    }

    /// The touches of each file, both in order of first appearance.
    fn by_path(&self, touches: Vec<Touch>, now: Timestamp) -> Vec<(String, Vec<Touch>)> {
        let mut groups: Vec<(String, Vec<Touch>)> = Vec::new();
        for touch in touches {
            let path = path::expand(&self.file.path, &self.channel, &touch.action, now, self.timezone);
            match groups.iter_mut().find(|(known, _)| *known == path) {
                Some((_, group)) => group.push(touch),
                None => groups.push((path, vec![touch])),
            }
        }
        groups
    }

    async fn plan(&self, path: &str, touches: &[Touch], now: Timestamp) -> Result<FileWrite, LaneError> {
        let place = self.place(path.to_owned()).await?;
        let mut content = if place.offset == 0 { rows::header(&self.file)? } else { Vec::new() };
        for touch in touches {
            content.extend(rows::row(&self.file, touch)?);
        }
        let mut write = FileWrite {
            id: 0,
            channel: self.channel.to_string(),
            path: place.path,
            offset: place.offset,
            content,
            touches: touches.iter().map(|touch| touch.id.to_string()).collect(),
        };
        let planned = write.clone();
        let keep = self.context.store.with(move |archive| {
            let touches: Vec<&str> = planned.touches.iter().map(String::as_str).collect();
            let plan = FilePlan {
                channel: &planned.channel,
                path: &planned.path,
                offset: planned.offset,
                content: &planned.content,
                touches: &touches,
            };
            archive.plan_file_write(&plan, now)
        });
        write.id = keep.await?;
        Ok(write)
    }

    /// The first file, by number, that is as we last left it or not there.
    async fn place(&self, mut path: String) -> Result<Place, LaneError> {
        for _ in 0..MOST_NAMES {
            let asked = path.clone();
            let left = self.context.store.with(move |archive| archive.written_length(&asked)).await?;
            let full = self.full(&path);
            let found = self.blocking(&path, move || journal::length(&full)).await?;
            match (left, found) {
                (_, None) | (None, Some(0)) => return Ok(Place { path, offset: 0 }),
                (Some(left), Some(found)) if left == found => return Ok(Place { path, offset: left }),
                _ => path = path::next(&path),
            }
        }
        Err(LaneError::Names(path))
    }

    /// Writes what is planned, elsewhere if someone else changed the file, and marks it.
    async fn carry_out(&self, mut write: FileWrite) -> Result<(), LaneError> {
        for _ in 0..MOST_NAMES {
            let full = self.full(&write.path);
            let (offset, content) = (write.offset, write.content.clone());
            let found = self.blocking(&write.path, move || journal::finish(&full, offset, &content)).await?;
            match found {
                Tail::Changed(held) => write = self.move_on(write, held).await?,
                Tail::Begun(_) | Tail::Whole => return self.complete(write).await,
            }
        }
        Err(LaneError::Names(write.path))
    }

    async fn complete(&self, write: FileWrite) -> Result<(), LaneError> {
        let now = self.context.outside.clock.now();
        let id = write.id;
        let delivered = self.context.store.with(move |archive| archive.complete_file_write(id, now)).await?;
        tracing::debug!(channel = &*self.channel, path = write.path, delivered, "written");
        self.context.board.change(&self.channel, |status| {
            status.delivered += delivered;
            status.trouble = None;
        });
        Ok(())
    }

    /// Plans what a changed file doesn't hold for the next file.
    async fn move_on(&self, write: FileWrite, held: usize) -> Result<FileWrite, LaneError> {
        tracing::warn!(
            channel = &*self.channel,
            path = write.path,
            "the file was changed by someone else; it is left alone and writing goes on beside it"
        );
        let place = self.place(write.path.clone()).await?;
        let content = self.remaining(&write, held, place.offset)?;
        let moved = FileWrite { path: place.path, offset: place.offset, content, ..write };
        let planned = moved.clone();
        let keep = self.context.store.with(move |archive| {
            archive.move_file_write(planned.id, &planned.path, planned.offset, &planned.content)
        });
        keep.await?;
        Ok(moved)
    }

    /// The rows of a write that a file holding its first `held` bytes lacks, with a header for a new file.
    fn remaining(&self, write: &FileWrite, held: usize, offset: u64) -> Result<Vec<u8>, LaneError> {
        let format = self.file.format;
        let mut header = rows::header(&self.file)?;
        let mut rows = rows_behind(&write.content, held, format);
        if write.offset == 0 && format == FileFormat::Csv {
            // The columns may have been edited since: the write keeps its own header.
            header = first_row(&write.content, format).to_vec();
            rows = rows
                .strip_prefix(header.as_slice())
                .filter(|_| rows.len() == write.content.len())
                .unwrap_or(rows);
        }
        let mut content = if offset == 0 { header } else { Vec::new() };
        content.extend_from_slice(rows);
        Ok(content)
    }

    fn full(&self, path: &str) -> PathBuf {
        self.context.outside.data_folder.join(path)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        path: &str,
        work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, LaneError> {
        let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.into()));
        done.map_err(|error| LaneError::Write { path: path.to_owned(), error })
    }

    async fn idle_for(&self) -> Duration {
        let channel = Arc::clone(&self.channel);
        let next = self.context.store.with(move |archive| archive.next_due(&channel)).await;
        let next = next.ok().flatten();
        next.map_or(LOOK_AT_LATEST, |at| self.context.outside.clock.until(at))
            .clamp(Duration::from_millis(5), LOOK_AT_LATEST)
    }

    fn trouble(&self, error: &LaneError) {
        let words = error.to_string();
        if self.context.board.trouble(&self.channel, &words) {
            tracing::error!(channel = &*self.channel, "{words}; it is tried again");
        }
        self.context.board.change(&self.channel, |status| *status.failures.entry("file").or_default() += 1);
    }
}
