//! Runs when schedules are due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tracing::{debug, error, info, warn};

use super::at_once;
use super::metrics::Metrics;
use super::state::{Shared, Store};
use super::writer::WriterStopped;
use crate::archive::{Archive, ArchiveError, Said};
use crate::engine::{EngineError, RunReport, RunRequest, Whom};
use crate::model::Timestamp;
use crate::model::trigger::RuleMemory;
use crate::policy::Compiled;
use crate::policy::compiled::{Schedule, Scope, Start};
use crate::schedule::{DueRun, MEMORY, Timetable, TimetableError, is_far_ahead, next_due, next_fire};

/// The longest sleep: a machine that slept or whose clock was set is noticed this soon.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// How soon a run is tried again that came to nothing because the store failed: it may be full or locked
/// for a while, and a run a day must not wait for tomorrow.
const STORE_AGAIN: Duration = Duration::from_secs(30);

/// Events that arrive this closely are looked at together.
const SOON: Duration = Duration::from_millis(300);

/// The schedules of a set, each with its last fire: that of the same schedule among those that are going on, or as
/// the store remembers it. One that is new, or whose times were edited, counts from `now`.
///
/// # Errors
/// The store fails, or a schedule's times can't be read.
pub fn timetables(
    archive: &mut Archive,
    policy: &Compiled,
    now: Timestamp,
    (going, metrics): (&[(Timetable, Timestamp)], &Metrics),
) -> Result<Vec<(Timetable, Timestamp)>, TimetablesError> {
    let memories = archive.rules()?;
    let mut timetables = Vec::new();
    for schedule in &policy.schedules {
        let Some(timetable) = Timetable::new(schedule)? else { continue };
        let name = format!("{MEMORY}{}", timetable.name);
        let remembered =
            memories.iter().find(|memory| memory.name == name && memory.version == timetable.identity());
        let same =
            |before: &Timetable| before.name == timetable.name && before.identity() == timetable.identity();
        let last = if let Some((_, last)) = going.iter().find(|(before, _)| same(before)) {
            *last
        } else if let Some(memory) = remembered {
            let from = timetable.resume(memory.last_run, now);
            metrics.runs.note_missed(&timetable, memory.last_run, from, now);
            from
        } else {
            remember(archive, &timetable, now)?;
            now
        };
        timetables.push((timetable, last));
    }
    Ok(timetables)
}

/// Why there are no timetables.
#[derive(Debug, thiserror::Error)]
pub enum TimetablesError {
    /// The store's word.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A schedule's times.
    #[error(transparent)]
    Timetable(#[from] TimetableError),
}

fn remember(archive: &mut Archive, timetable: &Timetable, last: Timestamp) -> Result<(), ArchiveError> {
    archive.remember_rule(&RuleMemory {
        name: format!("{MEMORY}{}", timetable.name),
        version: timetable.identity(),
        first_seen: last,
        last_run: last,
        run: 0,
        policy_version: String::new(),
    })
}

/// Runs schedules when they are due until told to stop.
pub async fn keep_running(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let sleep = match run_due(&shared).await {
            Ok(Some(Err(EngineError::Archive(_)))) => STORE_AGAIN,
            Ok(Some(_)) => continue,
            Ok(None) => match run_at_once(&shared).await {
                Ok(Some(Err(EngineError::Archive(_)))) => STORE_AGAIN,
                Ok(Some(_)) => continue,
                Ok(None) => next_fire(&shared.timetables(), shared.now())
                    .map_or(LONGEST_SLEEP, |(at, _)| shared.outside.clock.until(at).min(LONGEST_SLEEP)),
                Err(WriterStopped) => return,
            },
            Err(WriterStopped) => return,
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = shared.schedules_changed.notified() => {}
            () = shared.events_arrived.notified() => tokio::time::sleep(SOON).await,
            _ = stop.changed() => {}
        }
    }
}

/// What became of a run that was due.
pub type Ran = Result<RunReport, EngineError>;

/// Does the earliest run that is due, if one is.
///
/// # Errors
/// The writer has stopped.
pub async fn run_due(shared: &Arc<Shared>) -> Result<Option<Ran>, WriterStopped> {
    let now = shared.now();
    if shared.timetables().iter().any(|(_, last)| is_far_ahead(*last, now)) {
        let own = Arc::clone(shared);
        shared.writer.call(move |_| count_from_now(&own)).await?;
    }
    if next_due(&shared.timetables(), shared.now()).is_none() {
        return Ok(None);
    }
    let own = Arc::clone(shared);
    // What is due is asked again by the writer: the policy set may change before it is this job's turn.
    shared
        .writer
        .call(move |store| next_due(&own.timetables(), own.now()).map(|due| run(&own, store, &due)))
        .await
}

/// Lets the schedules whose last fire lies far ahead go by the clock again.
fn count_from_now(shared: &Shared) {
    let now = shared.now();
    let mut timetables = shared.timetables();
    for (timetable, last) in timetables.iter_mut().filter(|(_, last)| is_far_ahead(*last, now)) {
        warn!(schedule = %timetable.name, last = %last, %now, "the clock was set back: the schedule goes by it from now on");
        *last = now;
    }
    shared.set_timetables(timetables);
}

/// Does the first run that events ask for, if any do.
///
/// # Errors
/// The writer has stopped.
pub async fn run_at_once(shared: &Arc<Shared>) -> Result<Option<Ran>, WriterStopped> {
    let goes_by_events = |schedule: &Schedule| matches!(schedule.start, Start::Events(_));
    if !shared.active().set.compiled.schedules.iter().any(goes_by_events) {
        return Ok(None);
    }
    let own = Arc::clone(shared);
    shared.writer.call(move |store| at_once::run(&own, store)).await
}

fn run(shared: &Shared, store: &mut Store, due: &DueRun) -> Ran {
    let result = decide(shared, store, due.at, (due.scope.clone(), &Whom::Everybody), &due.label());
    if let Err(EngineError::Archive(_)) = &result {
        return result;
    }
    let mut timetables = shared.timetables();
    for (timetable, last) in &mut timetables {
        if due.schedules.contains(&timetable.name) {
            shared.metrics.runs.note_missed(timetable, *last, due.at, shared.now());
            *last = due.at;
            if let Err(error) = remember(&mut store.archive, timetable, due.at) {
                error!(schedule = %timetable.name, %error, "the last fire of a schedule can't be kept");
            }
        }
    }
    shared.set_timetables(timetables);
    result
}

/// Lets the touches of a run that made unusually many go to the guards, which a run asks at once.
///
/// # Errors
/// The store fails.
pub fn approve(shared: &Shared, store: &mut Store, run: i64) -> Result<Said, ArchiveError> {
    let said = store.archive.approve_run(run)?;
    if let Said::Done(_) = said {
        // Nobody need be evaluated for it. A fault is told by the log; a later run asks as well.
        let nothing = Scope::Some { values: Vec::new(), triggers: Vec::new(), cadences: Vec::new() };
        let nobody = Whom::These(Vec::new());
        let _ = decide(shared, store, shared.now(), (nothing, &nobody), "approval");
    }
    Ok(said)
}

/// One run that decides for `at`, or for the last run's time where that is later.
///
/// # Errors
/// The run came to nothing.
pub fn decide(
    shared: &Shared,
    store: &mut Store,
    at: Timestamp,
    (scope, whom): (Scope, &Whom),
    schedule: &str,
) -> Ran {
    let started = shared.now();
    shared.note_runs(|runs| runs.running_since = Some(started));
    debug!(schedule, now = %at, "a run begins");
    let request = RunRequest { now: at, scope, schedule: schedule.to_owned() };
    let began = Instant::now();
    let result = store.engine.run_for(&mut store.archive, &request, whom);
    shared.metrics.runs.note_end(schedule, began.elapsed(), &result);
    match &result {
        Ok(report) => {
            info!(run = report.run, schedule, now = %report.now, "run committed: {}", summary(report));
            if !report.edited.is_empty() {
                info!(run = report.run, "edited since they last ran: {}", report.edited.join(", "));
            }
            if report.now > started.plus(LONGEST_SLEEP.as_millis().try_into().unwrap_or(i64::MAX)) {
                let run = report.run;
                warn!(run, now = %report.now, "the clock is behind the last run, whose time was decided for");
            }
            for forgotten in &report.forgotten {
                warn!(run = report.run, "{forgotten}");
            }
            for failure in &report.script_failures {
                // What a script throws may hold anybody's data.
                warn!(
                    run = report.run, function = %failure.function, customers = failure.customers,
                    customer = %failure.customer,
                    "a function from a script failed, so that its value is missing; GET /v1/status says why"
                );
            }
        }
        Err(EngineError::Archive(error)) if error.was_broken_off() => {
            info!(
                schedule,
                "the run was broken off, since the program stops; it is made up for at the next start"
            );
        }
        Err(error) => error!(schedule, %error, "a run failed; nothing of it was kept"),
    }
    shared.note_runs(|runs| {
        runs.running_since = None;
        match &result {
            Ok(report) => {
                runs.last = Some(report.clone());
                runs.failure = None;
            }
            Err(error) => runs.failure = Some(error.to_string()),
        }
    });
    shared.wake_outbox();
    result
}

/// What a run did, in a few words.
#[must_use]
pub fn summary(report: &RunReport) -> String {
    let mut summary = format!(
        "{} customers, {} transitions, {} touches queued",
        report.customers, report.transitions, report.queued
    );
    if report.cancelled > 0 {
        summary = format!("{summary}, {} cancelled", report.cancelled);
    }
    summary
}
