//! What the parts of the daemon share, and what the writer's thread owns.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Notify, watch};

use super::metrics::Metrics;
use super::policy_set::PolicySet;
use super::writer::Writer;
use crate::archive::Archive;
use crate::emit::Board;
use crate::engine::{Engine, RunReport};
use crate::intake::Inbox;
use crate::model::Timestamp;
use crate::ports::{Clock, Entropy, Environment};
use crate::schedule::Timetable;

/// Where the daemon finds what it works with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The policies folder.
    pub policies: PathBuf,
    /// The scripts folder.
    pub scripts: PathBuf,
    /// The data folder: inbox, output, rejected rows.
    pub data: PathBuf,
    /// The store.
    pub store: PathBuf,
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Tokens that may write, one a line; needed to listen beyond loopback.
    pub token_file: Option<PathBuf>,
    /// The plan to which every set is held that is to become active.
    pub plan: Option<PathBuf>,
}

/// What the daemon asks of the outside.
#[derive(Clone)]
pub struct Outside {
    /// Tells and waits for the time.
    pub clock: Arc<dyn Clock>,
    /// The real time, which requests are signed with; the same clock unless time is set by hand.
    pub wall: Arc<dyn Clock>,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
    /// For `${NAME}` in channels.
    pub environment: Arc<dyn Environment>,
}

/// What the writer's thread owns.
pub struct Store {
    /// The store.
    pub archive: Archive,
    /// The engine under the active set.
    pub engine: Engine,
    /// The files that wait to be imported.
    pub inbox: Inbox,
}

/// The set that is active.
#[derive(Clone, Debug)]
pub struct Active {
    /// The set.
    pub set: PolicySet,
    /// When it became active.
    pub since: Timestamp,
    /// Whether it is the last good one from the store, because the files are broken.
    pub from_store: bool,
}

/// What became of the last look at the policy files that found something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadReport {
    /// When.
    pub at: Timestamp,
    /// Whether the files are what is active.
    pub successful: bool,
    /// When they last were, since the start.
    pub succeeded: Option<Timestamp>,
    /// In one line.
    pub message: String,
    /// The diagnostics as text, errors and warnings.
    pub rendered: String,
    /// The diagnostics as `check --json` has them.
    pub diagnostics: serde_json::Value,
}

/// A run that is under way or over.
#[derive(Clone, Debug, Default)]
pub struct RunWatch {
    /// When the run that is under way began.
    pub running_since: Option<Timestamp>,
    /// The last run that was committed since the start.
    pub last: Option<RunReport>,
    /// Why the last run came to nothing; none once one succeeds.
    pub failure: Option<String>,
}

/// What the daemon starts with.
#[derive(Debug)]
pub struct Start {
    /// The set.
    pub active: Active,
    /// What became of loading the files.
    pub reload: ReloadReport,
    /// The schedules with their last fire.
    pub timetables: Vec<(Timetable, Timestamp)>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Shared by all parts of the daemon.
pub struct Shared {
    /// Where things are.
    pub settings: Settings,
    /// Clock and the like.
    pub outside: Outside,
    /// Hands jobs to the thread that owns the store.
    pub writer: Writer<Store>,
    /// How the channels fare.
    pub board: Board,
    /// What is counted since the start.
    pub metrics: Metrics,
    /// When the daemon started.
    pub started: Timestamp,
    /// Wakes the schedules: the time or the policy set has changed.
    pub schedules_changed: Notify,
    /// Wakes the schedules: events may have arrived.
    pub events_arrived: Notify,
    /// Counts up when touches may have been queued or the policy set has changed.
    pub outbox_changed: watch::Sender<u64>,
    active: RwLock<Arc<Active>>,
    reload: RwLock<Arc<ReloadReport>>,
    timetables: RwLock<Vec<(Timetable, Timestamp)>>,
    runs: RwLock<RunWatch>,
    inbox: RwLock<Vec<String>>,
}

impl Shared {
    /// The state at the start.
    #[must_use]
    pub fn new(
        settings: Settings,
        outside: Outside,
        writer: Writer<Store>,
        board: Board,
        start: Start,
    ) -> Self {
        let Start { active, reload, timetables, metrics } = start;
        Self {
            settings,
            started: outside.clock.now(),
            outside,
            writer,
            board,
            metrics,
            schedules_changed: Notify::new(),
            events_arrived: Notify::new(),
            outbox_changed: watch::Sender::new(0),
            active: RwLock::new(Arc::new(active)),
            reload: RwLock::new(Arc::new(reload)),
            timetables: RwLock::new(timetables),
            runs: RwLock::default(),
            inbox: RwLock::default(),
        }
    }

    /// The instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.outside.clock.now()
    }

    /// The active policy set.
    #[must_use]
    pub fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes another set the active one; only the writer's thread does, between jobs.
    pub fn activate(&self, active: Active, timetables: Vec<(Timetable, Timestamp)>) {
        self.set_timetables(timetables);
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(active);
        self.schedules_changed.notify_one();
        self.wake_outbox();
    }

    /// What became of the last change of the policy files.
    #[must_use]
    pub fn reload_report(&self) -> Arc<ReloadReport> {
        Arc::clone(&self.reload.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes what became of a change of the policy files.
    pub fn set_reload_report(&self, mut report: ReloadReport) {
        report.succeeded = report.succeeded.or(self.reload_report().succeeded);
        *self.reload.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(report);
    }

    /// The schedules with their last fire.
    #[must_use]
    pub fn timetables(&self) -> Vec<(Timetable, Timestamp)> {
        self.timetables.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes the schedules with their last fire; only the writer's thread does.
    pub fn set_timetables(&self, timetables: Vec<(Timetable, Timestamp)>) {
        *self.timetables.write().unwrap_or_else(PoisonError::into_inner) = timetables;
    }

    /// The runs since the start.
    #[must_use]
    pub fn runs(&self) -> RunWatch {
        self.runs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes something about runs.
    pub fn note_runs(&self, note: impl FnOnce(&mut RunWatch)) {
        note(&mut self.runs.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What is in the way of files in the inbox.
    #[must_use]
    pub fn inbox_problems(&self) -> Vec<String> {
        self.inbox.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what is in the way of files in the inbox.
    pub fn set_inbox_problems(&self, problems: Vec<String>) {
        *self.inbox.write().unwrap_or_else(PoisonError::into_inner) = problems;
    }

    /// Lets the outbox be looked at.
    pub fn wake_outbox(&self) {
        self.outbox_changed.send_modify(|count| *count = count.wrapping_add(1));
    }
}
