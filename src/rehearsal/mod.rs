//! The real engine on a scratch copy of a store, in virtual time: nothing leaves, and the store is not written.
//!
//! A [`Rehearsal`] takes a store it may do with as it likes, best a copy ([`Archive::scratch_copy`]), and a policy set,
//! which need not be the one that is active in the store: what it edits is told apart from what the data did as on a
//! reload. Each run has its own virtual time, which never goes back. When runs are due a
//! [`Course`](crate::schedule::Course) says.
//!
//! ```text
//! let store = Archive::open_read_only(path)?;
//! let mut rehearsal = Rehearsal::new(store.scratch_copy(&mut |_, _| {})?, policy, Options::default())?;
//! for due in Course::new(&policy, now, until)? {
//!     let report = rehearsal.follow(&due)?;       // the run, then its deliveries
//!     … rehearsal.archive() holds what became of it: transitions, touches, standings
//! }
//! ```
//!
//! - What an edit does: two rehearsals on copies of one store at the same `now`, each one [`Rehearsal::run`] of
//!   everything, the one with the active set and the other with the edited one; both go on along the course of their own
//!   schedules where days ahead are asked for. A copy is a store too, so that one copy of it gives two of one moment.
//! - What comes next for a customer if no data comes: [`Refresh::Never`] and [`Deliveries::None`], so that nothing but time
//!   moves anybody; [`Rehearsal::run_for`] looks at chosen customers only.
//! - Forward in time, or history once more: [`Rehearsal::follow`] along a course, with data put into
//!   [`Rehearsal::archive_mut`] between two runs where there is some.

mod deliver;

use std::sync::Arc;

pub use deliver::deliver;

use crate::archive::{Archive, ArchiveError};
use crate::engine::{Engine, EngineError, Happened, RunReport, RunRequest, Whom, begin_pruning};
pub use crate::evaluate::Refresh;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::Scope;
use crate::ports::simulated::SetClock;
use crate::schedule::DueRun;

/// How many customers or rows are looked at together when what is old is taken away.
const PRUNED_TOGETHER: usize = 1_000;

/// How a rehearsal differs from life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether cut points grow old.
    pub refresh: Refresh,
    /// What receivers do.
    pub deliveries: Deliveries,
}

/// What receivers do with touches that are queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deliveries {
    /// They take at once all that block and hours let through.
    #[default]
    Taken,
    /// Nothing is sent, so that no delivery becomes data.
    None,
}

/// Why a rehearsal can't go on.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The scratch store's word; where its disk is full, too.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The engine's.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Runs in virtual time on a store of their own.
pub struct Rehearsal {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
    deliveries: Deliveries,
}

impl Rehearsal {
    /// Prepares a policy set to run on a store that is there for this alone: all of it may change.
    ///
    /// # Errors
    /// The store can't hold what the set declares, or the set can't be turned into a program.
    pub fn new(
        mut archive: Archive,
        policy: Arc<Compiled>,
        options: Options,
    ) -> Result<Self, RehearsalError> {
        archive.adopt(Arc::clone(&policy.schema))?;
        archive.keep_events();
        let clock = Arc::new(SetClock::default());
        let engine = Engine::new(policy, Arc::clone(&clock) as _)?.with_refresh(options.refresh);
        Ok(Self { archive, engine, clock, deliveries: options.deliveries })
    }

    /// One run that evaluates a scope for everybody, without deliveries.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn run(&mut self, now: Timestamp, scope: Scope, label: &str) -> Result<RunReport, RehearsalError> {
        self.run_for(now, scope, &Whom::Everybody, label)
    }

    /// As [`Rehearsal::run`], over some customers.
    ///
    /// # Errors
    /// As there.
    pub fn run_for(
        &mut self,
        now: Timestamp,
        scope: Scope,
        whom: &Whom,
        label: &str,
    ) -> Result<RunReport, RehearsalError> {
        self.clock.set(now);
        let request = RunRequest { now, scope, schedule: label.to_owned() };
        Ok(self.engine.run_for(&mut self.archive, &request, whom)?)
    }

    /// A run that is due, and what is delivered right after it.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn follow(&mut self, due: &DueRun) -> Result<RunReport, RehearsalError> {
        let report = self.run(due.at, due.scope.clone(), &due.label())?;
        self.deliver(due.at)?;
        Ok(report)
    }

    /// The next run that events ask for which have arrived, and what is delivered right after it; `None` where none do.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn run_at_once(&mut self, now: Timestamp) -> Result<Option<RunReport>, RehearsalError> {
        let policy = Arc::clone(self.engine.policy());
        let Some(happened) = Happened::find(&mut self.archive, &policy, now)? else { return Ok(None) };
        let report =
            self.run_for(happened.at(), happened.scope.clone(), &happened.whom, &happened.schedule)?;
        happened.remember(&mut self.archive)?;
        self.deliver(now)?;
        Ok(Some(report))
    }

    /// Takes away what is older than `settings.retain` keeps, where that is due.
    ///
    /// # Errors
    /// The store fails.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), RehearsalError> {
        let policy = Arc::clone(self.engine.policy());
        if let Some((_, mut pruning)) = begin_pruning(&mut self.archive, &policy.settings, now)? {
            while self.archive.prune(&mut pruning, PRUNED_TOGETHER)? {}
        }
        Ok(())
    }

    /// Lets receivers have what is due, where they take anything; returns how many touches they took.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn deliver(&mut self, now: Timestamp) -> Result<u64, RehearsalError> {
        self.clock.set(now);
        match self.deliveries {
            Deliveries::Taken => deliver(&self.engine, &mut self.archive, now),
            Deliveries::None => Ok(0),
        }
    }

    /// The store as the last run left it.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The store, for data that arrives between two runs, or an approval.
    pub const fn archive_mut(&mut self) -> &mut Archive {
        &mut self.archive
    }

    /// The engine, for looking at values between two runs.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }
}
