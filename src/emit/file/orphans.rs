//! Finishing what file channels planned that are gone, or of another kind now. What is planned may stand in the
//! file already, so that nobody else may deliver it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use tokio::sync::watch;

use super::lane::{FileLane, LaneError};
use super::tail::format_of;
use crate::emit::dispatcher::Context;
use crate::emit::store::OutboxStore;
use crate::policy::compiled::{Channel, ChannelKind, File};

/// How soon to look again: after an edit the lane before may still have been planning.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How soon to try again after something failed, doubled up to [`LOOK_AGAIN`].
const AGAIN_FIRST: Duration = Duration::from_secs(1);

/// The channels there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct Configured {
    names: BTreeSet<Arc<str>>,
    files: BTreeSet<Arc<str>>,
    timezone: Tz,
}

/// Sees to it that one at a time writes what is planned for a channel.
#[derive(Debug, Default)]
pub(in crate::emit) struct Writers(Mutex<BTreeMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>>);

impl Writers {
    /// Held by whoever writes for a channel.
    pub(super) fn of(&self, channel: &Arc<str>) -> Arc<tokio::sync::Mutex<()>> {
        let mut writers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(writers.entry(Arc::clone(channel)).or_default())
    }
}

impl Configured {
    pub(in crate::emit) fn new(channels: &[Channel], timezone: Tz) -> Self {
        let files = channels.iter().filter(|channel| matches!(channel.kind, ChannelKind::File(_)));
        Self {
            names: channels.iter().map(|channel| Arc::clone(&channel.name)).collect(),
            files: files.map(|channel| Arc::clone(&channel.name)).collect(),
            timezone,
        }
    }
}

/// Finishes them until nobody can configure channels any more.
pub(in crate::emit) async fn keep_finishing<S: OutboxStore>(
    context: Arc<Context<S>>,
    mut configured: watch::Receiver<Configured>,
) {
    let mut again = AGAIN_FIRST;
    loop {
        let channels = configured.borrow_and_update().clone();
        let wait = if finish_orphans(&context, &channels).await {
            again = AGAIN_FIRST;
            LOOK_AGAIN
        } else {
            again = (again * 2).min(LOOK_AGAIN);
            again / 2
        };
        tokio::select! {
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Finishes what is planned for channels that are no files; false where something is left.
pub(in crate::emit) async fn finish_orphans<S: OutboxStore>(
    context: &Arc<Context<S>>,
    configured: &Configured,
) -> bool {
    let open = match context.store.with(|archive| archive.open_file_writes()).await {
        Ok(open) => open,
        Err(error) => {
            tracing::error!("planned writes can't be looked up: {error}");
            return false;
        }
    };
    let mut whole = true;
    for write in open.iter().filter(|write| !configured.files.contains(write.channel.as_str())) {
        let file = File { path: write.path.clone(), format: format_of(&write.content), columns: Vec::new() };
        let channel: Arc<str> = write.channel.as_str().into();
        let lane = FileLane::new(Arc::clone(context), Arc::clone(&channel), file, configured.timezone);
        let alone = context.writers.of(&channel).lock_owned().await;
        let finished = lane.finish_planned().await;
        drop(alone);
        if let Err(error) = finished {
            tell(context, &channel, &error);
            whole = false;
        } else if !configured.names.contains(&channel) {
            context.board.retain(|name| *name != *channel);
        }
    }
    whole
}

fn tell<S>(context: &Context<S>, channel: &Arc<str>, error: &LaneError) {
    let words = format!("what it had planned to write before it was edited: {error}");
    if context.board.trouble(channel, &words) {
        tracing::error!(channel = &**channel, "{words}; it is tried again");
    }
}
