//! Edits of the policy files while the daemon runs. All that may fail happens before the swap, and the
//! swap is one pointer; a set that fails changes nothing.
//!
//! Reading, checking and compiling go on beside whatever the writer is at; only making room in the store and the swap
//! are its job, between two runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, info, warn};

use super::approval::{self, NotApproved};
use super::metrics::Metrics;
use super::policy_set::{self, PolicySet, PolicySetError};
use super::runs::{self, TimetablesError};
use super::state::{Active, ReloadReport, Shared, Store};
use super::writer::WriterStopped;
use crate::archive::{Archive, ArchiveError};
use crate::engine::{Engine, EngineError};
use crate::model::Timestamp;
use crate::plan::{Approved, Refusal};
use crate::policy;
use crate::ports::Clock;
use crate::ports::files::{self, FolderError};
use crate::schedule::Timetable;

/// How often files that change while they are checked are read again before they are taken as they are.
const READS: usize = 5;
/// How long to wait before.
const UNREST: Duration = Duration::from_millis(100);

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// They are as they were at the last look.
    Unchanged,
    /// They mean another set now, which is active.
    Activated,
    /// They mean what is active already.
    SameMeaning,
    /// They can't be used; what was active still is.
    Refused,
    /// They are not what the plan says; what was active still is.
    NotApproved(Refusal),
}

/// Who asks for the policies to be read again, changed or not.
#[derive(Debug)]
pub struct Asked {
    /// What they are held to.
    pub plan: Option<Approved>,
    /// Hears what became of it.
    pub told: oneshot::Sender<Reloaded>,
}

impl Asked {
    /// Asks, held to a plan or not, and waits for the answer; `None` where the daemon stops.
    pub async fn ask(of: &mpsc::Sender<Self>, plan: Option<Approved>) -> Option<Reloaded> {
        let (told, heard) = oneshot::channel();
        of.send(Self { plan, told }).await.ok()?;
        heard.await.ok()
    }
}

/// Keeps the active set in step with the folders.
pub struct Reloader {
    shared: Arc<Shared>,
    seen: Seen,
    /// The text of the plan at the last look, where the daemon goes by one.
    plan: Option<Vec<u8>>,
}

/// The folders at the last look, or why they could not be read.
pub type Seen = Result<policy::Files, String>;

/// What was read of the folders.
type Read = Result<policy::Files, Unread>;

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Folder(FolderError),
    #[error("the policies could not be read, which is a fault of this program: {0}")]
    Fault(tokio::task::JoinError),
}

/// A set that passed the checks, with its program where it means something new.
struct Made {
    set: PolicySet,
    engine: Option<Engine>,
}

/// What the plan's file says; where it can't be read, nothing.
fn plan_text(shared: &Shared) -> Option<Vec<u8>> {
    shared.settings.plan.as_ref().map(|path| std::fs::read(path).unwrap_or_default())
}

fn seen(read: &Read) -> Seen {
    match read {
        Ok(files) => Ok(files.clone()),
        Err(error) => Err(error.to_string()),
    }
}

impl Reloader {
    /// A reloader that has seen the folders once, at the start.
    #[must_use]
    pub fn new(shared: Arc<Shared>, seen: Seen) -> Self {
        let plan = plan_text(&shared);
        Self { shared, seen, plan }
    }

    /// The folders it looks at, and the plan's file.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let settings = &self.shared.settings;
        let folders = [settings.policies.clone(), settings.scripts.clone()];
        folders.into_iter().chain(settings.plan.clone()).collect()
    }

    /// Looks at the folders and activates what they hold if it is new, good and approved. With a request also when
    /// nothing changed, and held to its plan.
    ///
    /// # Errors
    /// The writer has stopped.
    pub async fn look(&mut self, asked: Option<&Asked>) -> Result<Reloaded, WriterStopped> {
        for read_before in 0..READS {
            let read = self.read().await;
            let (found, plan) = (seen(&read), plan_text(&self.shared));
            if asked.is_none() && self.seen == found && self.plan == plan {
                return Ok(Reloaded::Unchanged);
            }
            debug!("the policies are checked");
            let made = self.make(read).await;
            // What is no longer there may have been half of an edit: that must not become active.
            if read_before + 1 < READS && seen(&self.read().await) != found {
                tokio::time::sleep(UNREST).await;
                continue;
            }
            (self.seen, self.plan) = (found, plan);
            return match made {
                Ok(made) => match self.allow(&made.set, asked) {
                    Ok(()) => self.activate(made).await,
                    Err(why) => Ok(self.not_approved(why)),
                },
                Err(report) => Ok(self.refuse(*report)),
            };
        }
        Ok(Reloaded::Unchanged)
    }

    /// Holds a set to the plan asked for, or that of the daemon.
    fn allow(&self, set: &PolicySet, asked: Option<&Asked>) -> Result<(), NotApproved> {
        let plan = asked.and_then(|asked| asked.plan.as_ref());
        let active = self.shared.active();
        approval::allow(set, &active.set.compiled.version, plan, self.shared.settings.plan.as_deref())
    }

    fn not_approved(&self, why: NotApproved) -> Reloaded {
        let refused = self.refuse(plain_report(why.to_string(), self.shared.now()));
        match why {
            NotApproved::Refused(refusal) => Reloaded::NotApproved(refusal),
            NotApproved::File { .. } | NotApproved::NoPlan { .. } => refused,
        }
    }

    async fn read(&self) -> Read {
        let settings = self.shared.settings.clone();
        let read = move || files::read(&settings.policies, &settings.scripts).map(policy_set::as_files);
        match tokio::task::spawn_blocking(read).await {
            Ok(read) => read.map_err(Unread::Folder),
            Err(fault) => Err(Unread::Fault(fault)),
        }
    }

    /// Checks what was read and compiles it, unless it means what is active.
    async fn make(&self, read: Read) -> Result<Made, Box<ReloadReport>> {
        let now = self.shared.now();
        let files = match read {
            Ok(files) => files,
            Err(error) => return Err(Box::new(plain_report(error.to_string(), now))),
        };
        let (active, clock) = (self.shared.active(), Arc::clone(&self.shared.outside.clock));
        let made = tokio::task::spawn_blocking(move || {
            let set = PolicySet::check(files).map_err(|error| Box::new(report_of(&error, now)))?;
            if active.set.compiled.version == set.compiled.version && !active.from_store {
                return Ok(Made { set, engine: None });
            }
            match Engine::new(Arc::clone(&set.compiled), clock) {
                Ok(engine) => Ok(Made { set, engine: Some(engine) }),
                Err(error) => Err(Box::new(plain_report(error.to_string(), now))),
            }
        });
        made.await.unwrap_or_else(|_| {
            let told =
                "the policies could not be checked, which is a fault of this program: the log says where";
            Err(Box::new(plain_report(told.to_owned(), now)))
        })
    }

    async fn activate(&mut self, Made { set, engine }: Made) -> Result<Reloaded, WriterStopped> {
        let shared = &Arc::clone(&self.shared);
        let before = shared.active();
        let Some(engine) = engine else {
            let what = if shared.reload_report().successful {
                "nothing but comments, layout or order changed"
            } else {
                "mended, the files say what is active"
            };
            let report = accepted(&set, shared.now(), what.to_owned());
            info!(version = %set.compiled.version, "policies looked at again: {}", report.message);
            shared.set_reload_report(report);
            return Ok(Reloaded::SameMeaning);
        };
        let (own, activated) = (Arc::clone(shared), set.clone());
        if let Err(error) = shared.writer.call(move |store| swap(&own, store, activated, engine)).await? {
            if matches!(error, ActivateError::Archive(ArchiveError::Sqlite(_))) {
                // The store may take it later: the next look finds it new again.
                self.seen = Err(String::new());
            }
            return Ok(self.refuse(plain_report(error.to_string(), shared.now())));
        }
        let changes = policy_set::changes(&before.set.files, &set.files);
        let report = accepted(&set, shared.now(), changes);
        info!(version = %set.compiled.version, "policies reloaded: {}", report.message);
        if !report.rendered.is_empty() {
            warn!("the policies have warnings\n{}", report.rendered);
        }
        shared.set_reload_report(report);
        Ok(Reloaded::Activated)
    }

    fn refuse(&self, report: ReloadReport) -> Reloaded {
        let version = &self.shared.active().set.compiled.version;
        error!(active = %version, "policies not reloaded, the set before stays active: {}\n{}", report.message, report.rendered);
        self.shared.set_reload_report(report);
        Reloaded::Refused
    }
}

/// Makes a set the active one. Runs in the writer's thread, hence between runs.
fn swap(shared: &Shared, store: &mut Store, set: PolicySet, engine: Engine) -> Result<(), ActivateError> {
    match take_in(&mut store.archive, &set, shared.now(), (&shared.timetables(), &shared.metrics)) {
        Ok(timetables) => {
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

/// Makes room in the store for a set that was compiled, finds when its schedules fire and, since nothing can fail any
/// more, keeps its text as that of the last good one.
///
/// # Errors
/// See [`ActivateError`].
pub(super) fn take_in(
    archive: &mut Archive,
    set: &PolicySet,
    now: Timestamp,
    going: (&[(Timetable, Timestamp)], &Metrics),
) -> Result<Vec<(Timetable, Timestamp)>, ActivateError> {
    archive.adopt(Arc::clone(&set.compiled.schema))?;
    let timetables = runs::timetables(archive, &set.compiled, now, going)?;
    archive.keep_policy_set(&set.compiled.version, &set.files.to_kept(), now)?;
    Ok(timetables)
}

/// Does what may fail before a set is used by a program that runs it once: prepares its program, makes room for it
/// in the store and keeps its text.
///
/// # Errors
/// See [`ActivateError`].
pub fn prepare(
    archive: &mut Archive,
    set: &PolicySet,
    clock: &Arc<dyn Clock>,
) -> Result<Engine, ActivateError> {
    let engine = Engine::new(Arc::clone(&set.compiled), Arc::clone(clock))?;
    archive.adopt(Arc::clone(&set.compiled.schema))?;
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
        rendered: policy::render(&set.warnings, &policy::masked(&set.files), false),
        diagnostics: diagnostics(Some(&set.compiled.version), &set.warnings, &set.files),
    }
}

/// The report on a set that can't be used.
#[must_use]
pub fn report_of(error: &PolicySetError, at: Timestamp) -> ReloadReport {
    let mut report = plain_report(error.to_string(), at);
    if let PolicySetError::Invalid { files, diagnostics: found } = error {
        report.rendered = policy::render(found, &policy::masked(files), false);
        report.diagnostics = diagnostics(None, found, files);
    }
    report
}

pub(super) fn plain_report(message: String, at: Timestamp) -> ReloadReport {
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
