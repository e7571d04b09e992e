//! What an edit of the policies would do: two policy sets on copies of one store, at the same instant.
//!
//! What the engine decides is the truth, so both sets are rehearsed: each runs once on a copy of its own, as it would
//! after a reload, and goes on along the course of its schedules where days ahead are asked for. What differs between the
//! two copies is the plan; what differs between the store and the copy without the edit would have come anyway. The copies
//! are gone through side by side, customer by customer in order of id, a batch at a time, so that memory doesn't grow with
//! the store but for numbers of which a median is told.
//!
//! A plan can be kept ([`Approved`]): what is to become active is then held to it.

mod approved;
mod batches;
mod cadences;
mod change;
mod classes;
mod figures;
mod sample;
mod side;
mod tables;
mod touches;

use std::sync::Arc;

use serde_json::Value as Json;

pub use approved::{Approved, ApprovedError, Refusal};
pub use change::{
    ActionChange, CadenceChange, Cancelled, Changed, DaysAhead, Ending, FORMAT, Follows, GuardChange, Move,
    Moved, Plan, Reach, ReachChange, ReasonChange, StateChange, StepChange, TouchChanges, TouchSample,
    ValueChange,
};
pub use sample::Sample;

use crate::archive::{Archive, ArchiveError};
use crate::engine::{EngineError, Reached, RunReport};
use crate::evaluate::{CutPlan, EvaluateError};
use crate::model::Timestamp;
use crate::policy::{self, Compiled, Files};
use crate::rehearsal::RehearsalError;
use crate::schedule::TimetableError;
use batches::Batches;
use cadences::Cadences;
use classes::ClassMoves;
use figures::Figures;
use side::{Days, Side};
use touches::Touches;

/// One of the two sets.
#[derive(Clone, Copy, Debug)]
pub struct SetSide<'set> {
    /// Its text.
    pub files: &'set Files,
    /// What it means.
    pub compiled: &'set Arc<Compiled>,
}

/// What is asked of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The instant of the next run.
    pub now: Timestamp,
    /// How many days are looked ahead; 0 for none.
    pub days: u32,
    /// How many examples there are of anything.
    pub examples: usize,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The store's word, or that of a copy of it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The engine's.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The evaluator's.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// A schedule's times.
    #[error(transparent)]
    Timetable(#[from] TimetableError),
    /// One of the two threads broke down.
    #[error("a rehearsal broke down, which is a fault of this program; the line before says where")]
    Thread,
}

impl From<RehearsalError> for PlanError {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::Archive(error) => Self::Archive(error),
            RehearsalError::Engine(error) => Self::Engine(error),
        }
    }
}

/// Compares what two sets do with a store. The store is copied and not written; `warnings` are those of the new set, as
/// `check --json` has them.
///
/// # Errors
/// The store can't be read or copied, can't hold what a set declares, or a set can't be turned into a program.
pub fn plan(
    store: &Archive,
    old: SetSide<'_>,
    new: SetSide<'_>,
    warnings: Json,
    request: Request,
) -> Result<Plan, PlanError> {
    let mut plan = Plan {
        format: FORMAT.to_owned(),
        version: new.compiled.version.to_string(),
        from: old.compiled.version.to_string(),
        now: request.now.to_string(),
        customers: store.counts()?.customers,
        tables: policy::differences(old.files, new.files),
        follow: Vec::new(),
        values: Vec::new(),
        next_run: TouchChanges::default(),
        days: None,
        cadences: Vec::new(),
        cancelled: Vec::new(),
        approval: Vec::new(),
        warnings,
    };
    if plan.is_empty() {
        return Ok(plan);
    }
    plan.follow = tables::follow(old.compiled, new.compiled, &plan.tables);
    // The live store is held still for one copy only.
    let mut stored = store.scratch_copy(&mut |_, _| {})?;
    let copies = [stored.scratch_copy(&mut |_, _| {})?, stored.scratch_copy(&mut |_, _| {})?];
    stored.adopt(Arc::clone(&old.compiled.schema))?;
    let [before, after] = copies;
    let (mut before, mut after) = both(
        || Side::begin(before, old.compiled, request.now),
        || Side::begin(after, new.compiled, request.now),
    )?;
    compare(&stored, (&before, &after), request, &mut plan)?;
    if request.days > 0 {
        let (days_before, days_after) = both(|| before.go_on(request.days), || after.go_on(request.days))?;
        plan.days = Some(look_ahead(&stored, (&before, &after), (&days_before, &days_after), request)?);
    }
    Ok(plan)
}

/// Does two things at once.
fn both<T: Send>(
    one: impl FnOnce() -> Result<T, PlanError> + Send,
    other: impl FnOnce() -> Result<T, PlanError>,
) -> Result<(T, T), PlanError> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().map_err(|_| PlanError::Thread)?;
        Ok((one?, other?))
    })
}

/// Goes through what the next run left on both sides.
fn compare(
    stored: &Archive,
    (before, after): (&Side, &Side),
    request: Request,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let (old, new) = (before.policy(), after.policy());
    // Runs never go back: where the last one was later, the next decides for its time.
    let now = before.next.now;
    plan.now = now.to_string();
    let most = request.examples;
    let last = stored.last_touch()?;
    let mut classes = ClassMoves::of(old, new);
    let mut figures = Figures::of(old, new);
    let mut touches = Touches::default();
    let mut cadences = Cadences::of(old, new, now);
    let [asked_before, asked_after] = &figures.asked;
    let nothing = CutPlan::new(old);
    let mut at_rest = Batches::new(stored, old, &nothing, &[], now)?;
    let mut one = Batches::new(before.archive(), old, before.cut_plan(), asked_before, now)?;
    let mut other = Batches::new(after.archive(), new, after.cut_plan(), asked_after, now)?;
    let mut after_id: Option<String> = None;
    while one.next(after_id.as_deref())? {
        at_rest.next(after_id.as_deref())?;
        other.next(after_id.as_deref())?;
        for row in 0..one.len() {
            for class in &mut classes {
                class.take(row, &at_rest, [&one, &other], most);
            }
            figures.take(row, [&one, &other], most);
        }
        let range = one.range();
        let pairs = touches::pairs(stored, [before.archive(), after.archive()], range, last)?;
        for pair in &pairs {
            touches.take(pair, most);
        }
        let enrolments = |side: &Side| side.archive().enrolments_of(range);
        cadences.take(&enrolments(before)?, &enrolments(after)?, &pairs, most);
        after_id = Some(range.1.to_owned());
    }
    plan.values = values(classes, figures, (old, new));
    (plan.next_run, plan.cancelled) = touches.finish();
    plan.next_run.guards = guards(&held(&before.next), &held(&after.next));
    plan.cadences = cadences.finish();
    plan.approval = approval(&before.next, &after.next);
    Ok(())
}

/// The values that differ, by name.
fn values(
    classes: Vec<ClassMoves>,
    figures: Figures,
    (old, new): (&Compiled, &Compiled),
) -> Vec<ValueChange> {
    let mut values = Vec::new();
    for class in classes {
        let Some(value) = class.definition(old, new).map(tables::table_of) else { continue };
        let (anyway, moves) = class.finish();
        if !moves.is_empty() {
            values.push(ValueChange { value, anyway, moves, changed: None });
        }
    }
    for (value, moves, changed) in figures.finish() {
        values.push(ValueChange { value, anyway: Vec::new(), moves, changed });
    }
    values.sort_by(|one, other| one.value.cmp(&other.value));
    values
}

/// Goes through the touches that both sides have come to.
fn look_ahead(
    stored: &Archive,
    (before, after): (&Side, &Side),
    (days_before, days_after): (&Days, &Days),
    request: Request,
) -> Result<DaysAhead, PlanError> {
    let last = stored.last_touch()?;
    let mut touches = Touches::default();
    let plan = CutPlan::new(before.policy());
    let mut at_rest = Batches::new(stored, before.policy(), &plan, &[], before.next.now)?;
    let mut after_id: Option<String> = None;
    while at_rest.next(after_id.as_deref())? {
        let range = at_rest.range();
        for pair in touches::pairs(stored, [before.archive(), after.archive()], range, last)? {
            touches.take(&pair, request.examples);
        }
        after_id = Some(range.1.to_owned());
    }
    let (mut touches, _) = touches.finish();
    touches.guards = guards(&days_before.guards, &days_after.guards);
    Ok(DaysAhead {
        days: request.days,
        runs_before: days_before.runs,
        runs_after: days_after.runs,
        left_out: days_before.left_out + days_after.left_out,
        touches,
    })
}

/// What guards held back in a run: waiting and dropped.
fn held(report: &RunReport) -> Vec<(Arc<str>, u64, u64)> {
    report.guards.iter().map(|guard| (Arc::clone(&guard.name), guard.waiting, guard.suppressed)).collect()
}

/// What guards hold back on either side, by name.
fn guards(before: &[(Arc<str>, u64, u64)], after: &[(Arc<str>, u64, u64)]) -> Vec<GuardChange> {
    let mut names: Vec<&Arc<str>> = before.iter().chain(after).map(|(name, ..)| name).collect();
    names.sort_unstable();
    names.dedup();
    let of = |side: &[(Arc<str>, u64, u64)], name: &Arc<str>| {
        side.iter()
            .find(|(known, ..)| known == name)
            .map_or((0, 0), |(_, waiting, dropped)| (*waiting, *dropped))
    };
    let change = |name: &Arc<str>| {
        let ((waiting_before, dropped_before), (waiting_after, dropped_after)) =
            (of(before, name), of(after, name));
        GuardChange { guard: name.to_string(), waiting_before, waiting_after, dropped_before, dropped_after }
    };
    let holds = |change: &GuardChange| {
        let GuardChange { waiting_before, waiting_after, dropped_before, dropped_after, .. } = *change;
        waiting_before + waiting_after + dropped_before + dropped_after > 0
    };
    names.into_iter().map(change).filter(holds).collect()
}

/// What blast radii found on either side, by guard.
fn approval(before: &RunReport, after: &RunReport) -> Vec<ReachChange> {
    let mut names: Vec<&Arc<str>> =
        before.reached.iter().chain(&after.reached).map(|reached| &reached.guard).collect();
    names.sort_unstable();
    names.dedup();
    let of = |report: &RunReport, name: &Arc<str>| {
        let reached = report.reached.iter().find(|reached| reached.guard == *name);
        reached.map(|&Reached { touches, most, waits, .. }| Reach { touches, most, waits })
    };
    let change = |name: &Arc<str>| ReachChange {
        guard: name.to_string(),
        before: of(before, name),
        after: of(after, name),
    };
    names.into_iter().map(change).collect()
}
