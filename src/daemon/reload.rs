//! Edits of the policy files while the daemon runs. All that may fail happens before the swap, and the
//! swap is one pointer; a set that fails changes nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::policy_set::{self, PolicySet, PolicySetError};
use super::runs::{self, TimetablesError};
use super::state::{Active, ReloadReport, Shared, Store};
use super::writer::WriterStopped;
use crate::archive::{Archive, ArchiveError};
use crate::engine::{Engine, EngineError};
use crate::model::Timestamp;
use crate::policy;
use crate::ports::{Clock, files};

/// Folders are looked at this often whatever the watcher says.
const POLL: Duration = Duration::from_secs(30);
/// Changes that follow one another this closely are one edit.
const QUIET: Duration = Duration::from_millis(100);
/// An edit that never comes to rest is looked at after this long.
const RESTLESS: Duration = Duration::from_millis(500);

/// Why a checked set can't become active.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// The store can't hold what the set declares, or fails.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The set can't be turned into a program.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A schedule's times.
    #[error(transparent)]
    Timetables(#[from] TimetablesError),
}

/// What a look at the policy files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// They are as they were at the last look.
    Unchanged,
    /// They mean another set now, which is active.
    Activated,
    /// They mean what is active already.
    SameMeaning,
    /// They can't be used; what was active still is.
    Refused,
}

/// Who asks for the policies to be read again, changed or not, and whether he waits to hear what became of it.
pub type Asked = Option<oneshot::Sender<Reloaded>>;

/// Keeps the active set in step with the folders.
pub struct Reloader {
    shared: Arc<Shared>,
    seen: Seen,
}

/// The folders at the last look, or why they could not be read.
pub type Seen = Result<policy::Files, String>;

impl Reloader {
    /// A reloader that has seen the folders once, at the start.
    #[must_use]
    pub const fn new(shared: Arc<Shared>, seen: Seen) -> Self {
        Self { shared, seen }
    }

    /// Looks at the folders and activates what they hold if it is new and good. `force` also when nothing changed.
    ///
    /// # Errors
    /// The writer has stopped.
    pub async fn look(&mut self, force: bool) -> Result<Reloaded, WriterStopped> {
        let settings = self.shared.settings.clone();
        let read = tokio::task::spawn_blocking(move || {
            files::read(&settings.policies, &settings.scripts).map(policy_set::as_files)
        });
        let Ok(read) = read.await else { return Ok(Reloaded::Unchanged) };
        let found = read.as_ref().map(Clone::clone).map_err(ToString::to_string);
        if !force && self.seen == found {
            return Ok(Reloaded::Unchanged);
        }
        self.seen = found;
        let loaded = match read {
            Ok(files) => tokio::task::spawn_blocking(move || PolicySet::check(files)).await,
            Err(error) => Ok(Err(PolicySetError::Folder(error))),
        };
        match loaded {
            Ok(Ok(set)) => self.activate(set).await,
            Ok(Err(error)) => Ok(self.refuse(report_of(&error, self.shared.now()))),
            Err(fault) => Ok(self.refuse(plain_report(
                format!("the policies could not be checked, which is a fault of this program: {fault}"),
                self.shared.now(),
            ))),
        }
    }

    async fn activate(&self, set: PolicySet) -> Result<Reloaded, WriterStopped> {
        let shared = Arc::clone(&self.shared);
        let before = shared.active();
        if before.set.compiled.version == set.compiled.version && !before.from_store {
            let what = if shared.reload_report().successful {
                "nothing but comments, layout or order changed"
            } else {
                "mended, the files say what is active"
            };
            let report = accepted(&set, shared.now(), what.to_owned());
            info!(version = %set.compiled.version, "policies looked at again: {}", report.message);
            shared.set_reload_report(report);
            return Ok(Reloaded::SameMeaning);
        }
        let changes = policy_set::changes(&before.set.files, &set.files);
        let (own, activated) = (Arc::clone(&shared), set.clone());
        let result = shared.writer.call(move |store| swap(&own, store, activated)).await?;
        match result {
            Ok(()) => {
                let report = accepted(&set, shared.now(), changes);
                info!(version = %set.compiled.version, "policies reloaded: {}", report.message);
                if !report.rendered.is_empty() {
                    warn!("the policies have warnings\n{}", report.rendered);
                }
                shared.set_reload_report(report);
                Ok(Reloaded::Activated)
            }
            Err(error) => Ok(self.refuse(plain_report(error.to_string(), shared.now()))),
        }
    }

    fn refuse(&self, report: ReloadReport) -> Reloaded {
        let version = &self.shared.active().set.compiled.version;
        error!(active = %version, "policies not reloaded, the set before stays active: {}\n{}", report.message, report.rendered);
        self.shared.set_reload_report(report);
        Reloaded::Refused
    }
}

/// Makes a set the active one. Runs in the writer's thread, hence between runs.
fn swap(shared: &Shared, store: &mut Store, set: PolicySet) -> Result<(), ActivateError> {
    let clock = &shared.outside.clock;
    let prepared = prepare(&mut store.archive, &set, clock).and_then(|engine| {
        Ok((engine, runs::timetables(&mut store.archive, &set.compiled, clock.now(), &shared.metrics)?))
    });
    match prepared {
        Ok((engine, timetables)) => {
            store.engine = engine;
            shared.activate(Active { set, since: shared.now(), from_store: false }, timetables);
            Ok(())
        }
        Err(error) => {
            // The store has room for both sets; it goes on with the one before.
            store.archive.adopt(Arc::clone(&shared.active().set.compiled.schema))?;
            Err(error)
        }
    }
}

/// Does what may fail before a set becomes active: makes room for it in the store, prepares its program
/// and keeps its text.
///
/// # Errors
/// See [`ActivateError`].
pub fn prepare(
    archive: &mut Archive,
    set: &PolicySet,
    clock: &Arc<dyn Clock>,
) -> Result<Engine, ActivateError> {
    archive.adopt(Arc::clone(&set.compiled.schema))?;
    let engine = Engine::new(Arc::clone(&set.compiled), Arc::clone(clock))?;
    archive.keep_policy_set(&set.compiled.version, &set.files.to_kept(), clock.now())?;
    Ok(engine)
}

/// The report on a set that is active.
#[must_use]
pub fn accepted(set: &PolicySet, at: Timestamp, message: String) -> ReloadReport {
    ReloadReport {
        at,
        successful: true,
        succeeded: Some(at),
        message,
        rendered: policy::render(&set.warnings, &set.files, false),
        diagnostics: diagnostics(Some(&set.compiled.version), &set.warnings, &set.files),
    }
}

/// The report on a set that can't be used.
#[must_use]
pub fn report_of(error: &PolicySetError, at: Timestamp) -> ReloadReport {
    let mut report = plain_report(error.to_string(), at);
    if let PolicySetError::Invalid { files, diagnostics: found } = error {
        report.rendered = policy::render(found, files, false);
        report.diagnostics = diagnostics(None, found, files);
    }
    report
}

fn plain_report(message: String, at: Timestamp) -> ReloadReport {
    ReloadReport {
        at,
        successful: false,
        succeeded: None,
        message,
        rendered: String::new(),
        diagnostics: serde_json::Value::Array(Vec::new()),
    }
}

fn diagnostics(
    version: Option<&str>,
    found: &[policy::diagnostic::Diagnostic],
    files: &policy::Files,
) -> serde_json::Value {
    policy::to_json(version, found, files).get("diagnostics").cloned().unwrap_or_default()
}

/// Watches the folders and reloads until told to stop.
pub async fn keep_watching(
    mut reloader: Reloader,
    mut asked: mpsc::Receiver<Asked>,
    mut stop: watch::Receiver<bool>,
) {
    // One place suffices: what matters is that something happened, not what.
    let (changed, mut changes) = mpsc::channel::<()>(1);
    let settings = reloader.shared.settings.clone();
    let folders = [settings.policies.as_path(), settings.scripts.as_path()];
    let mut watcher = Watched::new(changed);
    let mut force = false;
    let mut waits: Asked = None;
    while !*stop.borrow() {
        // Again at every turn, and before the look: a folder may have been replaced by another of its name.
        watcher.watch(&folders);
        let Ok(reloaded) = reloader.look(force).await else { return };
        if let Some(waits) = waits.take() {
            // Whoever asked may have gone.
            let _ = waits.send(reloaded);
        }
        force = tokio::select! {
            Some(()) = changes.recv() => {
                settle(&mut changes).await;
                false
            }
            Some(who) = asked.recv() => {
                waits = who;
                true
            }
            () = tokio::time::sleep(POLL) => false,
            _ = stop.changed() => return,
        };
    }
}

/// Waits until no change follows for a while.
pub async fn settle(changes: &mut mpsc::Receiver<()>) {
    let rest = async {
        while tokio::time::timeout(QUIET, changes.recv()).await.is_ok_and(|change| change.is_some()) {}
    };
    // A folder that never rests is looked at all the same.
    let _ = tokio::time::timeout(RESTLESS, rest).await;
}

/// A watcher of whole folders; without one, polling alone has to do.
#[derive(Debug)]
pub struct Watched {
    watcher: Option<RecommendedWatcher>,
}

impl Watched {
    /// A watcher that reports every change of anything.
    #[must_use]
    pub fn new(changed: mpsc::Sender<()>) -> Self {
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
    pub fn watch(&mut self, folders: &[&Path]) {
        if let Some(watcher) = &mut self.watcher {
            for folder in folders {
                // Not watched yet, or gone: either way the next line decides.
                let _ = watcher.unwatch(folder);
                let _ = watcher.watch(folder, RecursiveMode::Recursive);
            }
        }
    }
}
