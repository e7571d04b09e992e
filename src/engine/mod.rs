//! One run: facts, evaluation, care, one commit. Used alike by the daemon, `once` and tests.
//!
//! A run first makes the cut points that have grown old, one pass over the population a stage. Then
//! it sends every batch of customers through one program that places them and finds the truth of
//! every trigger, writes what changed, and makes the touches that are due, which wait. At its end all
//! touches that wait, old and new, are asked about, and those let through are queued. All of it becomes
//! visible in one transaction, and nothing leaves before; and before each attempt to send, block and hours are
//! asked again.

mod at_once;
mod cadences;
mod cuts;
mod edits;
mod enrolling;
mod error;
mod event;
mod everybody;
mod former;
mod guards;
mod known;
mod occasions;
mod owed;
mod preview;
mod queueing;
mod release;
mod report;
mod retain;
mod scope;
mod triggers;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use at_once::Happened;
pub use edits::renamed as renamed_places;
pub use error::EngineError;
pub use guards::GuardSaying;
pub use preview::{Ground, Preview};
pub use report::{ClassCount, GuardCount, Reached, RunReport};
pub use retain::begin_pruning;

use crate::archive::{Archive, NewRun, RunTotals, RunWriter, UnsentTouches};
use crate::care::payload::Templates;
use crate::evaluate::{CutPlan, CutPoints, Decisions, Evaluator, Goal, Refresh};
use crate::model::Timestamp;
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::trigger::RuleMemory;
use crate::policy::Compiled;
use crate::policy::compiled::Scope;
use crate::ports::Clock;
use cadences::CadencePass;
pub use cadences::expressions as cadence_expressions;
use edits::Edits;
use enrolling::Enrolling;
use everybody::Everybody;
use occasions::Occasions;
use queueing::Queueing;
use release::AskingAgain;
use scope::Walk;
pub use scope::{Selection, Whom};
use triggers::TriggerPass;
pub use triggers::conditions as trigger_conditions;

/// Runs a policy set.
pub struct Engine {
    policy: Arc<Compiled>,
    clock: Arc<dyn Clock>,
    plan: CutPlan,
    templates: Arc<Templates>,
    asking_again: AskingAgain,
}

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The instant to decide for; held at the last run's where that was later.
    pub now: Timestamp,
    /// What to evaluate.
    pub scope: Scope,
    /// Who asks: the schedules' names, `once`, `request`.
    pub schedule: String,
}

impl Engine {
    /// Prepares a policy set to run. The archive must have adopted its schema before the first run.
    ///
    /// # Errors
    /// Where the set can't be turned into a program; it can't then be used, and nothing was changed.
    pub fn new(policy: Arc<Compiled>, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let plan = CutPlan::new(&policy);
        let templates = Arc::new(Templates::new(&policy)?);
        let engine = Self { policy, clock, plan, templates, asking_again: AskingAgain::default() };
        let selection = Selection::of(&engine.policy, &Scope::Everything);
        Evaluator::new(&engine.policy, &engine.plan, &engine.goal(&selection))?;
        occasions::check(&engine)?;
        Ok(engine)
    }

    /// The same engine with another answer to whether cut points grow old.
    #[must_use]
    pub fn with_refresh(self, refresh: Refresh) -> Self {
        Self { plan: self.plan.with_refresh(refresh), ..self }
    }

    /// The same program for another store and clock; nothing is prepared anew.
    #[must_use]
    pub fn for_store(&self, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy: Arc::clone(&self.policy),
            clock,
            plan: self.plan.clone(),
            templates: Arc::clone(&self.templates),
            // It remembers cut points of a store by the number of the run that made them.
            asking_again: AskingAgain::default(),
        }
    }

    /// The policy set it runs.
    #[must_use]
    pub const fn policy(&self) -> &Arc<Compiled> {
        &self.policy
    }

    /// The cut points of its policy set, for looking at values outside a run.
    #[must_use]
    pub const fn plan(&self) -> &CutPlan {
        &self.plan
    }

    /// Evaluates everybody once, writes what changed and queues what is due, in one transaction.
    ///
    /// # Errors
    /// Where the store or the evaluation fails; nothing of the run stays, but a row that says it failed.
    pub fn run(&self, archive: &mut Archive, request: &RunRequest) -> Result<RunReport, EngineError> {
        self.run_for(archive, request, &Whom::Everybody)
    }

    /// As [`Engine::run`], over some customers. What is new to triggers on events and moves is taken whoever it
    /// concerns, and all touches that wait are asked about.
    ///
    /// # Errors
    /// As there.
    pub fn run_for(
        &self,
        archive: &mut Archive,
        request: &RunRequest,
        whom: &Whom,
    ) -> Result<RunReport, EngineError> {
        let last = archive.last_run_now()?.unwrap_or(request.now);
        let run = NewRun {
            now: request.now.max(last),
            started: self.clock.now(),
            schedule: request.schedule.clone(),
            policy_version: self.policy.version.to_string(),
        };
        let result = self.attempt(archive, &run, &request.scope, whom);
        if let Err(error) = &result {
            archive.record_failed_run(&run, self.clock.now(), &error.to_string())?;
        }
        result
    }

    fn attempt(
        &self,
        archive: &mut Archive,
        run: &NewRun,
        scope: &Scope,
        whom: &Whom,
    ) -> Result<RunReport, EngineError> {
        let now = run.now;
        let selection = Selection::of(&self.policy, scope);
        let mut evaluator = Evaluator::new(&self.policy, &self.plan, &self.goal(&selection))?;
        let mut report = RunReport::new(&self.policy, &selection.classes, now);
        let mut writer = archive.begin_run(run)?;
        report.cancelled = writer.cancel_sleeping(|unsent| asleep(&self.policy, unsent), run.started)?;
        let mut request = evaluator.request(now).clone();
        let decided: Vec<usize> = request.classes.iter().map(|request| request.class).collect();
        let rules = edits::put_to_sleep(&self.policy, &mut writer)?;
        let edited = (&*decided, &selection);
        let mut edits = Edits::find(self, &mut writer, &rules, edited, now, &mut report)?;
        let mut cuts = CutPoints::new(&self.plan, &self.policy, writer.archive().cut_points()?);
        let mut occasions = Occasions::new(self, &selection.triggers, &rules, &writer, run)?;
        let mut enrolling = Enrolling::new(self, &selection.cadences, &rules, &writer, run)?;
        let mut queueing = Queueing::new(self, now, run.started);
        let mut triggers = TriggerPass::new(&self.policy, &selection.triggers, &rules, run);
        request.conditions = writer.trigger_numbers(triggers.names())?;
        let mut cadences =
            CadencePass::new(self, &selection.cadences, triggers.columns(), &rules, &writer, run)?;
        request.cadences = cadences.requests().collect();
        let is_due_to_all = edits.ask_for_everybody() || cadences.changed();
        let whom = if is_due_to_all { &Whom::Everybody } else { whom };
        let mut used = match scope {
            Scope::Everything => self.plan.all(),
            Scope::Some { .. } => {
                let queued = queueing.cut_points_of(&selection, &writer)?;
                [evaluator.cut_points(), &occasions.cut_points(), &enrolling.cut_points(), &queued].concat()
            }
        };
        if *whom != Whom::Everybody {
            writer.looks_at_some();
            triggers.look_at_some();
            used.retain(|&cut| cuts.get(cut).is_none());
        }
        let of_all = if *whom == Whom::Everybody { request.clone() } else { FactRequest::default() };
        let mut everybody = Everybody::new(of_all, evaluator.dictionary());
        self.refresh(&mut writer, &mut cuts, &used, &mut everybody, &mut report)?;

        let mut facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        let mut walk = Walk::new(whom, everybody.into_batches());
        while walk.next(writer.archive(), &request, now, &mut facts)? {
            edits.evaluate(&writer, now, walk.after())?;
            let decisions = evaluator.evaluate(&mut facts, now, &cuts)?;
            place(&mut writer, &facts, (&decisions, &edits), now, &mut report)?;
            for owed in triggers.decide(&mut writer, &facts, (&decisions, &edits), &mut report)? {
                self.owe(&mut writer, owed, run.started)?;
            }
            cadences.decide(&mut writer, &facts, &decisions, &mut report)?;
        }
        report.note_scripts(evaluator.script_failures());
        report.transitions += writer.record_field_changes(now)?;
        occasions.take(&mut writer, &cuts, &mut report)?;
        enrolling.take(&mut writer, &cuts, &mut report)?;
        queueing.queue(&mut writer, &cuts, &mut report)?;
        queueing.note_scripts(&mut report);
        let run = writer.id();
        if *whom == Whom::Everybody {
            for rule in triggers.rules(run).chain(cadences.rules(run)).chain(edits.rules(run)) {
                writer.rule(&rule)?;
            }
        }
        occasions::prune(&self.policy, &mut writer)?;
        report.finished = self.clock.now();
        report.run = writer.finish(&totals(&report))?;
        Ok(report)
    }

    /// What a run asks of everybody: to be placed, then the conditions of triggers, then the expressions of cadences, in
    /// the order of the selection.
    #[must_use]
    pub fn goal(&self, selection: &Selection) -> Goal<'_> {
        let conditions = selection.triggers.iter().filter_map(|&index| self.policy.triggers.get(index));
        let cadences = selection.cadences.iter().filter_map(|&index| self.policy.cadences.get(index));
        Goal {
            classes: selection.classes.clone(),
            expressions: conditions
                .flat_map(triggers::conditions)
                .chain(cadences.flat_map(cadences::expressions))
                .collect(),
        }
    }
}

/// Why touches are not sent any more, where a table they come from was removed or disabled.
fn asleep(policy: &Compiled, unsent: &UnsentTouches) -> Option<String> {
    let gone = |table: String| Some(format!("`{table}` was removed or disabled"));
    if unsent.kind == "trigger" && !policy.triggers.iter().any(|trigger| *trigger.name == *unsent.name) {
        return gone(format!("trigger.{}", unsent.name));
    }
    if unsent.kind == "cadence" && !policy.cadences.iter().any(|cadence| *cadence.name == *unsent.name) {
        return gone(format!("cadence.{}", unsent.name));
    }
    if !policy.actions.iter().any(|action| *action.name == *unsent.action) {
        return gone(format!("action.{}", unsent.action));
    }
    let over = unsent.channel.as_deref()?;
    let is_there = policy.channels.iter().any(|channel| *channel.name == *over);
    if is_there { None } else { gone(format!("channel.{over}")) }
}

fn place(
    writer: &mut RunWriter<'_>,
    facts: &FactBatch,
    (decisions, edits): (&Decisions<'_>, &Edits),
    now: Timestamp,
    report: &mut RunReport,
) -> Result<(), EngineError> {
    let transitions = writer.place(facts, decisions.classes, decisions.pending, now, &edits.classes())?;
    report.customers += facts.len() as u64;
    report.transitions += transitions.len() as u64;
    report.count_places(decisions.classes);
    Ok(())
}

fn totals(report: &RunReport) -> RunTotals {
    RunTotals {
        finished: report.finished,
        customers: report.customers,
        transitions: report.transitions,
        touches: report.queued,
        cancelled: report.cancelled,
    }
}

/// What is remembered of the tables of the policy, by name.
fn memories(archive: &Archive) -> Result<BTreeMap<String, RuleMemory>, EngineError> {
    Ok(archive.rules()?.into_iter().map(|rule| (rule.name.clone(), rule)).collect())
}
