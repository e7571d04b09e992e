//! What a run did.

use std::sync::Arc;

use crate::care::payload::PayloadProblem;
use crate::evaluate::ScriptFailure;
use crate::model::Timestamp;
use crate::model::standing::ClassDecision;
use crate::policy::Compiled;

/// What a run did, for people and for the run's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunReport {
    /// The run's id.
    pub run: i64,
    /// The instant it decided for.
    pub now: Timestamp,
    /// When it really ended.
    pub finished: Timestamp,
    /// Customers looked at.
    pub customers: u64,
    /// Changes of place.
    pub transitions: u64,
    /// Cut points made anew.
    pub cut_points: usize,
    /// How many customers stand where, per class decided.
    pub classes: Vec<ClassCount>,
    /// Tables that were edited since they last ran, or slept meanwhile: what changed was told apart by their former
    /// definition.
    pub edited: Vec<String>,
    /// Former policy sets that could not be asked, and why.
    pub forgotten: Vec<String>,
    /// How often each trigger fired, by name; those that did not are left out.
    pub fired: Vec<(Arc<str>, u64)>,
    /// What was already true at first sight and is noted, not fired.
    pub backlog: u64,
    /// Events and moves within a trigger's cooldown, noted, not fired.
    pub cooling_down: u64,
    /// Events and moves found later than a trigger's grace allows, noted, not fired.
    pub too_late: u64,
    /// Enrolments in cadences begun.
    pub enrolled: u64,
    /// Enrolments ended, for whatever reason.
    pub ended: u64,
    /// Steps of cadences found later than their grace.
    pub missed: u64,
    /// Touches queued.
    pub queued: u64,
    /// What guards held back, by name; those that held nothing are left out.
    pub guards: Vec<GuardCount>,
    /// What each blast radius found that was asked about touches, by name.
    pub reached: Vec<Reached>,
    /// Touches of this run that wait for approval, since they are unusually many.
    pub on_hold: u64,
    /// Waiting touches that were not let pass in time.
    pub expired: u64,
    /// How often a customer's own zone was missing or unknown to a guard.
    pub unknown_zones: u64,
    /// Unsent touches cancelled because their reason went away.
    pub cancelled: u64,
    /// Payload parts that could not be filled and are empty.
    pub payload_problems: u64,
    /// The first of them, with the action's name in front.
    pub payload_example: Option<String>,
    /// For whom functions from scripts failed, so that their value is missing; by function.
    pub script_failures: Vec<ScriptFailure>,
}

/// How many customers stand at each place of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// Index in the schema's classes.
    pub class: usize,
    /// The class's name.
    pub name: Arc<str>,
    /// By place: levels or cells in declared order, for a segment out and in.
    pub places: Vec<(Arc<str>, u64)>,
    /// In no level or cell.
    pub none: u64,
}

/// What a guard held back in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardCount {
    /// The guard.
    pub name: Arc<str>,
    /// Touches it lets wait.
    pub waiting: u64,
    /// Touches it dropped.
    pub suppressed: u64,
}

/// How many touches a blast radius found, with those of the hours before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The guard.
    pub guard: Arc<str>,
    /// Touches within its window, this run's included.
    pub touches: u64,
    /// How many may be made without approval.
    pub most: u64,
    /// Whether this run's wait for approval.
    pub waits: bool,
}

impl RunReport {
    pub(super) fn new(policy: &Compiled, classes: &[usize], now: Timestamp) -> Self {
        let count = |&class: &usize| {
            let shape = policy.schema.classes.get(class)?;
            let names = match &shape.places {
                Some(places) => places.to_vec(),
                None => vec!["out".into(), "in".into()],
            };
            let places = names.into_iter().map(|name| (name, 0)).collect();
            Some(ClassCount { class, name: shape.name.clone(), places, none: 0 })
        };
        Self {
            run: 0,
            now,
            finished: now,
            customers: 0,
            transitions: 0,
            cut_points: 0,
            classes: classes.iter().filter_map(count).collect(),
            edited: Vec::new(),
            forgotten: Vec::new(),
            fired: Vec::new(),
            backlog: 0,
            cooling_down: 0,
            too_late: 0,
            enrolled: 0,
            ended: 0,
            missed: 0,
            queued: 0,
            guards: Vec::new(),
            reached: Vec::new(),
            on_hold: 0,
            expired: 0,
            unknown_zones: 0,
            cancelled: 0,
            payload_problems: 0,
            payload_example: None,
            script_failures: Vec::new(),
        }
    }

    pub(super) fn count_places(&mut self, decisions: &[Option<ClassDecision>]) {
        for count in &mut self.classes {
            let Some(Some(decision)) = decisions.get(count.class) else { continue };
            for &place in &decision.place {
                match count.places.get_mut(usize::from(place)) {
                    Some((_, customers)) => *customers += 1,
                    None => count.none += 1,
                }
            }
        }
    }

    /// Touches that guards let wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.guards.iter().map(|guard| guard.waiting).sum()
    }

    /// Touches that guards dropped.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.guards.iter().map(|guard| guard.suppressed).sum()
    }

    /// Counts a touch that a guard holds back.
    pub(super) fn hold_back(&mut self, name: &Arc<str>, is_dropped: bool) {
        let found = self.guards.binary_search_by(|known| known.name.cmp(name));
        let index = found.unwrap_or_else(|index| {
            self.guards.insert(index, GuardCount { name: name.clone(), waiting: 0, suppressed: 0 });
            index
        });
        if let Some(count) = self.guards.get_mut(index) {
            count.waiting += u64::from(!is_dropped);
            count.suppressed += u64::from(is_dropped);
        }
    }

    pub(super) fn note(&mut self, action: &str, problems: &[PayloadProblem]) {
        self.payload_problems += problems.len() as u64;
        if let (None, Some(problem)) = (&self.payload_example, problems.first()) {
            self.payload_example = Some(format!("action.{action}: {problem}"));
        }
    }

    /// Takes in the failures of one pass over customers. Passes meet the same customers, so that the
    /// greatest count of a function is how many there are.
    pub(super) fn note_scripts<'a>(&mut self, failures: impl Iterator<Item = &'a ScriptFailure>) {
        for failure in failures {
            match self.script_failures.binary_search_by(|known| known.function.cmp(&failure.function)) {
                Ok(index) => {
                    if let Some(known) = self.script_failures.get_mut(index) {
                        known.customers = known.customers.max(failure.customers);
                    }
                }
                Err(index) => self.script_failures.insert(index, failure.clone()),
            }
        }
    }

    pub(super) fn fire(&mut self, trigger: &Arc<str>) {
        match self.fired.iter_mut().find(|(name, _)| name == trigger) {
            Some((_, times)) => *times += 1,
            None => self.fired.push((trigger.clone(), 1)),
        }
    }
}
