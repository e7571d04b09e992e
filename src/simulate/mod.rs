//! The real engine through virtual time on a copy of a store, counting what it does: forward without new data, or through
//! history once more.
//!
//! Runs happen when the schedules say; guards, hours, capacity and blast radius act as in life; receivers take at once what
//! is let through, and what is delivered becomes data. Forward begins with all that is known. A replay begins with an empty
//! store to which everything becomes known in the order in which it did, by [`Chronicle`]: its first run places everybody
//! for the first time, and what has happened through touches before is not repeated. Memory holds one day's figures a day,
//! whatever the customers are many.

mod draw;
mod figures;
mod tally;

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

pub use draw::draw;
pub use figures::{Day, Figures, HeldRun, PlacesTaken, Queued, Room, Span, Use};

use crate::archive::{Archive, ArchiveError, Chronicle, Told};
use crate::engine::RunReport;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::{Schedule, Scope, Start};
use crate::rehearsal::{Options, Rehearsal, RehearsalError};
use crate::schedule::{Course, DueRun, TimetableError};
use tally::Tally;

/// The label of the run that begins a replay.
const FIRST: &str = "first";
/// The label of runs that schedules do as events arrive.
const AT_ONCE: &str = "at once";

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct Terms {
    /// When virtual time begins; not before the store's last run, where it goes forward.
    pub begin: Timestamp,
    /// When it ends: the last runs are those due by then.
    pub until: Timestamp,
    /// How it differs from life.
    pub options: Options,
    /// Whether runs that make unusually many touches are approved; otherwise those touches wait to the end.
    pub approve: bool,
    /// The class (index in the schema) by whose places touches and customers are counted.
    pub by: Option<usize>,
    /// The schedules that run; all where empty.
    pub schedules: Vec<Arc<str>>,
}

/// Why a simulation can't go on.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The store's word.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The rehearsal's.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// A schedule's times.
    #[error(transparent)]
    Timetable(#[from] TimetableError),
}

/// A course of runs under way.
pub struct Simulation {
    rehearsal: Rehearsal,
    course: Peekable<Course>,
    /// What becomes known meanwhile; nothing where it goes forward.
    history: Option<Chronicle>,
    told: Told,
    /// Kinds of event that schedules run for as they arrive.
    awaited: Vec<usize>,
    terms: Terms,
    /// Whether a replay's first run is still to come.
    first: bool,
    tally: Tally,
}

impl Simulation {
    /// Goes forward from a store that is there for this alone: no new data comes but what deliveries make.
    ///
    /// # Errors
    /// The store can't hold what the set declares, or fails.
    pub fn forward(copy: Archive, policy: &Arc<Compiled>, terms: Terms) -> Result<Self, SimulateError> {
        let begin = copy.last_run_now()?.map_or(terms.begin, |last| last.max(terms.begin));
        Self::begin(copy, policy, Terms { begin, ..terms }, None)
    }

    /// Goes through history once more, from a copy of the store that knows it.
    ///
    /// # Errors
    /// As [`Simulation::forward`].
    pub fn replay(mut copy: Archive, policy: &Arc<Compiled>, terms: Terms) -> Result<Self, SimulateError> {
        copy.adopt(Arc::clone(&policy.schema))?;
        let history = Chronicle::begin(copy)?;
        Self::begin(Archive::scratch()?, policy, terms, Some(history))
    }

    fn begin(
        archive: Archive,
        policy: &Arc<Compiled>,
        terms: Terms,
        history: Option<Chronicle>,
    ) -> Result<Self, SimulateError> {
        let mut rehearsal = Rehearsal::new(archive, Arc::clone(policy), terms.options)?;
        rehearsal.archive_mut().index_queued()?;
        let course = Course::of(policy, terms.begin, terms.until, |schedule| is_chosen(&terms, schedule))?;
        let by_events = |schedule: &Schedule| match &schedule.start {
            Start::Events(kinds) if is_chosen(&terms, schedule) => kinds.clone(),
            _ => Vec::new(),
        };
        Ok(Self {
            rehearsal,
            course: course.peekable(),
            told: Told::default(),
            awaited: policy.schedules.iter().flat_map(by_events).collect(),
            tally: Tally::new(policy, &terms),
            first: history.is_some(),
            history,
            terms,
        })
    }

    /// The next run that is due, with all that comes before and after it; `None` at the end.
    ///
    /// # Errors
    /// The store or the evaluation fails.
    pub fn advance(&mut self) -> Result<Option<RunReport>, SimulateError> {
        let due = if self.first { Some(self.first_run()) } else { self.course.next() };
        let Some(due) = due else { return Ok(None) };
        self.learn(due.at)?;
        let report = self.rehearsal.follow(&due)?;
        self.note(&report, &due.label(), due.at, due.scope.makes_touches())?;
        if self.first {
            // What came before is no news to schedules that go by events.
            self.rehearsal.run_at_once(due.at)?;
            self.first = false;
        }
        self.run_at_once(due.at)?;
        self.end_of_day(due.at)?;
        Ok(Some(report))
    }

    fn first_run(&self) -> DueRun {
        DueRun { at: self.terms.begin, schedules: vec![FIRST.into()], scope: Scope::Everything }
    }

    /// Lets become known what did up to an instant, and runs what is to run as it arrives.
    fn learn(&mut self, until: Timestamp) -> Result<(), SimulateError> {
        while !self.first
            && let Some(history) = &mut self.history
            && !self.awaited.is_empty()
            && let Some(next) = history.next_of(&self.awaited)?.filter(|next| *next < until)
        {
            add(&mut self.told, history.tell(self.rehearsal.archive_mut(), next)?);
            self.run_at_once(next)?;
        }
        if let Some(history) = &mut self.history {
            add(&mut self.told, history.tell(self.rehearsal.archive_mut(), until)?);
        }
        Ok(())
    }

    /// Runs what events ask for that have arrived.
    fn run_at_once(&mut self, now: Timestamp) -> Result<(), SimulateError> {
        if self.awaited.is_empty() {
            return Ok(());
        }
        let mut ran = false;
        while let Some(report) = self.rehearsal.run_at_once(now)? {
            self.note(&report, AT_ONCE, now, true)?;
            ran = true;
        }
        if ran { Ok(self.tally.close(self.rehearsal.archive())?) } else { Ok(()) }
    }

    fn note(
        &mut self,
        report: &RunReport,
        label: &str,
        at: Timestamp,
        decides: bool,
    ) -> Result<(), SimulateError> {
        self.tally.note(self.rehearsal.archive(), report, (label, at, decides))?;
        if report.on_hold > 0 && self.terms.approve {
            self.rehearsal.archive_mut().approve_run(report.run)?;
        }
        Ok(())
    }

    /// Closes the local day of a run after which none is due on it.
    fn end_of_day(&mut self, at: Timestamp) -> Result<(), SimulateError> {
        let day = self.tally.day(at);
        if self.course.peek().is_some_and(|next| self.tally.day(next.at) == day) {
            return Ok(());
        }
        self.rehearsal.prune(at)?;
        Ok(self.tally.close(self.rehearsal.archive())?)
    }

    /// When virtual time begins.
    #[must_use]
    pub const fn begins(&self) -> Timestamp {
        self.terms.begin
    }

    /// The store as the last run left it.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        self.rehearsal.archive()
    }

    /// What was counted up to here.
    ///
    /// # Errors
    /// The store fails.
    pub fn figures(self) -> Result<Figures, SimulateError> {
        let customers = self.rehearsal.archive().customer_count()?;
        Ok(self.tally.figures(customers, self.history.is_some().then_some(self.told)))
    }
}

/// Whether a schedule is among those that run.
fn is_chosen(terms: &Terms, schedule: &Schedule) -> bool {
    terms.schedules.is_empty() || terms.schedules.contains(&schedule.name)
}

fn add(told: &mut Told, more: Told) {
    told.customers += more.customers;
    told.first_load += more.first_load;
    told.arrived += more.arrived;
}

/// How often each word came.
type Counts = BTreeMap<Arc<str>, u64>;
