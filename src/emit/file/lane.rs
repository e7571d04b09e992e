//! The lane of a file channel: takes due touches from the store, plans a write, writes it, marks it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono_tz::Tz;

use super::journal;
use super::path;
use super::rows::{self, RowError};
use super::tail::{Tail, first_row, rows_behind};
use crate::archive::{Archive, ArchiveError, Delivery, FilePlan, FileWrite};
use crate::emit::dispatcher::{Context, Signals};
use crate::emit::gate;
use crate::emit::store::{OutboxStore, StoreError};
use crate::model::Timestamp;
use crate::model::touch::Outgoing;
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

/// Why a write came to nothing for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{path} can't be written: {error}")]
    Write { path: String, error: std::io::Error },
    #[error("a row can't be made: {0}")]
    Row(#[from] RowError),
    #[error("{0}: too many files of this name have been changed by others")]
    Names(String),
}

/// What is written of touches at a place; not planned yet.
fn write_of(channel: &str, file: &File, place: Place, touches: &[Outgoing]) -> Result<FileWrite, RowError> {
    let mut content = if place.offset == 0 { rows::header(file)? } else { Vec::new() };
    for touch in touches {
        content.extend(rows::row(file, touch)?);
    }
    Ok(FileWrite {
        id: 0,
        channel: channel.to_owned(),
        path: place.path,
        offset: place.offset,
        content,
        touches: touches.iter().map(|touch| touch.id.to_string()).collect(),
    })
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
        let mut recovered = false;
        while !signals.stopping() {
            let wait = match self.round(&mut recovered, signals.until).await {
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

    /// Finishes what is planned; nobody else may meanwhile.
    pub(super) async fn finish_planned(&self) -> Result<(), LaneError> {
        let channel = Arc::clone(&self.channel);
        let mut open = self.context.store.with(|archive| archive.open_file_writes()).await?;
        open.retain(|write| *write.channel == *channel);
        for write in open {
            self.carry_out(write).await?;
        }
        Ok(())
    }

    /// Takes over what was under way when the channel was a webhook, once.
    async fn recover(&self) -> Result<(), LaneError> {
        let channel = Arc::clone(&self.channel);
        let recover = move |archive: &mut Archive| {
            let change = archive.change_outbox()?;
            change.recover(&channel)?;
            change.commit()
        };
        Ok(self.context.store.with(recover).await?)
    }

    /// Finishes what is planned, then plans and writes what is due; whether anything was done.
    async fn round(&self, recovered: &mut bool, until: Option<Timestamp>) -> Result<bool, LaneError> {
        let _alone = self.context.writers.of(&self.channel).lock_owned().await;
        if !*recovered {
            self.recover().await?;
            *recovered = true;
        }
        self.finish_planned().await?;
        let channel = Arc::clone(&self.channel);
        let now = self.context.outside.clock.now();
        let by = until.unwrap_or(now);
        let due = self.context.store.with(move |archive| archive.due(&channel, by, MOST_ROWS)).await?;
        let done = !due.is_empty();
        for (path, due) in self.by_path(due, now) {
            let write = match self.plan(&path, due).await {
                // One was cancelled since it was looked up: look again, without it.
                Err(LaneError::Store(StoreError::Archive(ArchiveError::Unknown { .. }))) => return Ok(true),
                planned => planned?,
            };
            if let Some(write) = write {
                self.carry_out(write).await?;
            }
        }
        Ok(done)
    }

    /// What is due for each file, both in order of first appearance.
    fn by_path(&self, due: Vec<Delivery>, now: Timestamp) -> Vec<(String, Vec<Delivery>)> {
        let mut groups: Vec<(String, Vec<Delivery>)> = Vec::new();
        for delivery in due {
            let action = &delivery.touch.action;
            let path = path::expand(&self.file.path, &self.channel, action, now, self.timezone);
            match groups.iter_mut().find(|(known, _)| *known == path) {
                Some((_, group)) => group.push(delivery),
                None => groups.push((path, vec![delivery])),
            }
        }
        groups
    }

    /// Plans the write of what the guards let through, asked in the same visit: from then on it is as good as
    /// sent. `None` where they let nothing through.
    async fn plan(&self, path: &str, due: Vec<Delivery>) -> Result<Option<FileWrite>, LaneError> {
        let place = self.place(path.to_owned()).await?;
        let (channel, file) = (Arc::clone(&self.channel), self.file.clone());
        let clock = Arc::clone(&self.context.outside.clock);
        let planning = self.context.store.visit(move |archive, gate| {
            // The visit may have waited for a run.
            let now = clock.now();
            let mut asked = gate::ask(archive, gate, due, now)?;
            let leaving: Vec<Outgoing> =
                std::mem::take(&mut asked.leaving).into_iter().map(|delivery| delivery.touch).collect();
            if leaving.is_empty() {
                return Ok((asked, Ok(None)));
            }
            let mut write = match write_of(&channel, &file, place, &leaving) {
                Ok(write) => write,
                Err(error) => return Ok((asked, Err(error))),
            };
            let touches: Vec<&str> = write.touches.iter().map(String::as_str).collect();
            write.id = archive.plan_file_write(
                &FilePlan {
                    channel: &write.channel,
                    path: &write.path,
                    offset: write.offset,
                    content: &write.content,
                    touches: &touches,
                },
                now,
            )?;
            Ok((asked, Ok(Some(write))))
        });
        let (asked, planned) = planning.await?;
        self.context.board.count(&self.channel, &asked);
        Ok(planned?)
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
            let began = Instant::now();
            let found = self.blocking(&write.path, move || journal::finish(&full, offset, &content)).await?;
            self.context.board.change(&self.channel, |status| status.took.note(began.elapsed()));
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
        // Of what the guards could not be asked about, nothing was attempted.
        if !matches!(error, LaneError::Store(StoreError::Gate(_))) {
            self.context
                .board
                .change(&self.channel, |status| *status.failures.entry("file").or_default() += 1);
        }
    }
}
