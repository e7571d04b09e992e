//! When to look at folders: as soon as something in them has changed and come to rest.
//!
//! The system's news of changes come first. Since they get lost (a full queue, a network's folder, a link far from the
//! folder), the folders themselves are looked up twice a second, which notices that one was swapped, came or went, and
//! all is read again every half a minute whatever was heard.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::reload::{Asked, Reloader};

/// Folders are read this often whatever is heard of them.
const POLL: Duration = Duration::from_secs(30);
/// How often the folders themselves are looked up.
const LOOK_UP: Duration = Duration::from_millis(500);
/// Changes that follow one another this closely are one edit.
const QUIET: Duration = Duration::from_millis(100);
/// An edit that never comes to rest is looked at after this long.
const RESTLESS: Duration = Duration::from_secs(3);

/// Watches the folders of the policies and reloads until told to stop.
pub(super) async fn keep_watching(
    mut reloader: Reloader,
    mut asked: mpsc::Receiver<Asked>,
    mut stop: watch::Receiver<bool>,
) {
    // One place suffices: what matters is that something happened, not what.
    let (changed, mut changes) = mpsc::channel::<()>(1);
    let folders = reloader.folders();
    let mut watched = Watched::new(changed);
    let mut request: Option<Asked> = None;
    while !*stop.borrow() {
        // Again at every turn, and before the look: a folder may have been replaced by another of its name.
        watched.watch(&folders);
        let before = identities(&folders);
        let Ok(reloaded) = reloader.look(request.as_ref()).await else { return };
        if let Some(request) = request.take() {
            // Whoever asked may have gone.
            let _ = request.told.send(reloaded);
        }
        request = tokio::select! {
            // Who asks doesn't wait for an edit to come to rest.
            Some(asked) = asked.recv() => Some(asked),
            () = until_edited(&mut changes, (&mut watched, &folders), &before) => None,
            () = tokio::time::sleep(POLL) => None,
            _ = stop.changed() => return,
        };
    }
}

/// Waits until something has changed and come to rest.
async fn until_edited(
    changes: &mut mpsc::Receiver<()>,
    (watched, folders): (&mut Watched, &[PathBuf]),
    before: &[Identity],
) {
    tokio::select! {
        Some(()) = changes.recv() => {}
        // What happens in the others is to be heard of from now on.
        () = until_others(folders, before) => watched.watch(folders),
    }
    settle(changes).await;
}

/// Waits until no change follows for a while.
async fn settle(changes: &mut mpsc::Receiver<()>) {
    let rest = async {
        while tokio::time::timeout(QUIET, changes.recv()).await.is_ok_and(|change| change.is_some()) {}
    };
    // A folder that never rests is looked at all the same.
    let _ = tokio::time::timeout(RESTLESS, rest).await;
}

/// What tells a folder from another of its name, and one that may be read from one that may not, which can't be
/// watched either; none where there is no folder.
type Identity = Option<(u64, u64, u32)>;

fn identities(folders: &[PathBuf]) -> Vec<Identity> {
    let identity = |data: fs::Metadata| (data.dev(), data.ino(), data.mode());
    folders.iter().map(|folder| fs::metadata(folder).map(identity).ok()).collect()
}

/// Waits until at the place of a folder there is another, or none, or one again.
async fn until_others(folders: &[PathBuf], before: &[Identity]) {
    loop {
        tokio::time::sleep(LOOK_UP).await;
        let folders = folders.to_vec();
        let now = tokio::task::spawn_blocking(move || identities(&folders)).await;
        if now.is_ok_and(|now| now != before) {
            return;
        }
    }
}

/// A watcher of whole folders; without one, polling alone has to do.
#[derive(Debug)]
pub(super) struct Watched {
    watcher: Option<RecommendedWatcher>,
}

impl Watched {
    /// A watcher that reports every change of anything.
    pub(super) fn new(changed: mpsc::Sender<()>) -> Self {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let only_read = event.is_ok_and(|event| event.kind.is_access());
            if !only_read {
                // Full means that the news is on its way already.
                let _ = changed.try_send(());
            }
        });
        if let Err(error) = &watcher {
            warn!(%error, "changes of files can't be watched; they are found by polling");
        }
        Self { watcher: watcher.ok() }
    }

    /// Watches folders with all below; those that aren't there are left to polling.
    pub(super) fn watch(&mut self, folders: &[impl AsRef<Path>]) {
        if let Some(watcher) = &mut self.watcher {
            for folder in folders.iter().map(AsRef::as_ref) {
                // Not watched yet, or gone: either way the next line decides.
                let _ = watcher.unwatch(folder);
                let _ = watcher.watch(folder, RecursiveMode::Recursive);
            }
        }
    }
}
