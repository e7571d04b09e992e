//! Every trigger over a batch: who it fires for, what is remembered.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::edits::{Edits, Former};
use super::owed::{Fate, Owed};
use super::{EngineError, RunReport};
use crate::archive::{NewRun, RunWriter};
use crate::care::trigger::{Sight, Terms, Verdict, decide};
use crate::evaluate::Decisions;
use crate::model::facts::FactBatch;
use crate::model::standing::{FormerTruth, NEVER};
use crate::model::touch::Because;
use crate::model::trigger::{RuleMemory, TriggerMemory, TriggerRecord};
use crate::model::{Bitmap, Column, Timestamp};
use crate::policy::Compiled;
use crate::policy::compiled::{Shape, Trigger};
use crate::policy::expression::tree::Expression;

/// The conditions of a trigger that fires when something becomes true: all hold or it does not. None of another shape.
pub fn conditions(trigger: &Trigger) -> impl Iterator<Item = &Expression> {
    match &trigger.shape {
        Shape::When(when) => Some(when).into_iter().chain(&trigger.audience),
        _ => None.into_iter().chain(&None),
    }
}

/// The triggers of a run.
pub(super) struct TriggerPass<'run> {
    triggers: Vec<Active<'run>>,
    names: Vec<String>,
    now: Timestamp,
    started: Timestamp,
    policy_version: String,
    /// Whether the run looks at some customers only.
    at_some: bool,
}

struct Active<'run> {
    /// Index of the policy's triggers.
    index: usize,
    trigger: &'run Trigger,
    now: Timestamp,
    terms: Terms,
    /// The store's name of it.
    rule: String,
    first_seen: Timestamp,
    /// The run in which it last saw everybody; `None` where there is none.
    last_run: Option<i64>,
    /// The columns of its conditions.
    columns: Range<usize>,
}

impl<'run> TriggerPass<'run> {
    pub(super) fn new(
        policy: &'run Compiled,
        selected: &[usize],
        rules: &BTreeMap<String, RuleMemory>,
        run: &NewRun,
    ) -> Self {
        let now = run.now;
        let mut column = 0;
        let mut triggers = Vec::new();
        for &index in selected {
            let Some(trigger) = policy.triggers.get(index) else { continue };
            if !matches!(trigger.shape, Shape::When(_)) {
                continue;
            }
            let end = column + conditions(trigger).count();
            let rule = format!("trigger.{}", trigger.name);
            let memory = rules.get(&rule);
            triggers.push(Active {
                index,
                trigger,
                now,
                terms: Terms {
                    cooldown: trigger.cooldown,
                    backlog: trigger.backlog,
                    timezone: policy.settings.timezone,
                },
                first_seen: memory.map_or(now, |memory| memory.first_seen),
                last_run: memory.map(|memory| memory.run),
                rule,
                columns: column..end,
            });
            column = end;
        }
        let names = triggers.iter().map(|active| active.trigger.name.to_string()).collect();
        let policy_version = run.policy_version.clone();
        Self { triggers, names, now, started: run.started, policy_version, at_some: false }
    }

    /// The run looks at some customers only: triggers remember whom they saw.
    pub(super) fn look_at_some(&mut self) {
        self.at_some = true;
    }

    /// How many columns their conditions take.
    pub(super) fn columns(&self) -> usize {
        self.triggers.last().map_or(0, |active| active.columns.end)
    }

    /// The names under which the store keeps what they remember.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What to remember of the triggers themselves once everybody was seen.
    pub(super) fn rules(&self, run: i64) -> impl Iterator<Item = RuleMemory> {
        self.triggers.iter().map(move |active| RuleMemory {
            name: active.rule.clone(),
            version: active.trigger.version.to_string(),
            first_seen: active.first_seen,
            last_run: self.now,
            run,
            policy_version: self.policy_version.clone(),
        })
    }

    /// Decides for every customer of a batch, stores what is remembered, cancels what lost its reason,
    /// and returns what fires, in order of customer and trigger.
    pub(super) fn decide(
        &mut self,
        writer: &mut RunWriter<'_>,
        facts: &FactBatch,
        (decisions, edits): (&Decisions<'_>, &Edits),
        report: &mut RunReport,
    ) -> Result<Vec<Owed>, EngineError> {
        let mut due = Vec::new();
        let mut changed = Changes::default();
        for (position, active) in self.triggers.iter().enumerate() {
            let truth = truth(decisions, active.columns.clone(), facts.len());
            let former = edits.trigger(active.index);
            for row in active.to_be_asked(facts, position, &truth, self.at_some) {
                let customer = facts.ids.get(row).unwrap_or_default();
                let known = writer.archive().trigger_memory(customer, &active.trigger.name)?;
                let sight = Sight {
                    truth: truth.get(row),
                    first: active.is_first(facts, (row, known.is_none()), former),
                    now: self.now,
                };
                let before = known.unwrap_or_default();
                let (verdict, after) = decide(before, sight, &active.terms);
                act(active, verdict, row, facts, writer, report, &mut due, self.started)?;
                changed.note(row, position, known, after);
            }
        }
        changed.write(writer, facts, &self.names)?;
        // In order of customer, and for each in that of triggers and their actions.
        due.sort_by(|one, other| one.customer.cmp(&other.customer));
        Ok(due)
    }
}

impl Active<'_> {
    /// Those about whom something is to be decided: not who stays as he was. `at_some`: the next run must know that
    /// this one saw them, since by then they may have become news.
    fn to_be_asked(&self, facts: &FactBatch, position: usize, truth: &Bitmap, at_some: bool) -> Vec<usize> {
        let none = FormerTruth::default();
        let before = facts.prior.conditions.get(position).unwrap_or(&none);
        let mut asked = Bitmap::filled(facts.len(), false);
        for (index, word) in asked.words_mut().iter_mut().enumerate() {
            let of = |bitmap: &Bitmap| bitmap.words().get(index).copied().unwrap_or(0);
            *word = (of(truth) ^ of(&before.truth)) | of(&before.held);
        }
        let unseen = |row: &usize| at_some && !before.truth.get(*row) && self.is_later(facts, *row);
        (0..facts.len()).filter(|row| asked.get(*row) || unseen(row)).collect()
    }

    /// Whether it is no news if the condition holds: the trigger sees this customer, of whom it remembers something
    /// or nothing, for the first time, or the edit alone made it true.
    fn is_first(&self, facts: &FactBatch, (row, is_unknown): (usize, bool), former: Former<'_>) -> bool {
        (is_unknown && self.is_later(facts, row))
            || match former {
                Former::Same => false,
                Former::Unknown => true,
                Former::Truth(truth) => !truth.get(row),
            }
    }

    /// Whether no run that saw everybody saw this customer: who became known since, or was never seen.
    fn is_later(&self, facts: &FactBatch, row: usize) -> bool {
        let seen = facts.prior.seen.get(row).copied().unwrap_or(NEVER);
        self.last_run.is_none_or(|last_run| seen == NEVER || seen > last_run)
    }

    /// What a rise owes a customer: a touch for each action.
    fn owed(&self, customer: &str, rise: u32) -> impl Iterator<Item = Owed> {
        let customer: Arc<str> = customer.into();
        self.trigger.actions.iter().map(move |&action| Owed {
            because: because(self.trigger),
            customer: Arc::clone(&customer),
            identity: None,
            occurrence: rise.to_string(),
            event: None,
            action,
            due: self.now,
            fate: Fate::Waits,
        })
    }
}

/// Why a trigger's touches are due, as far as its table says it.
pub(super) fn because(trigger: &Trigger) -> Because {
    let title =
        if trigger.about.title.is_empty() { trigger.name.to_string() } else { trigger.about.title.clone() };
    Because {
        kind: "trigger".to_owned(),
        name: trigger.name.to_string(),
        title,
        step: None,
        event: None,
        cause: trigger.cause.clone(),
        severity: trigger.severity.clone(),
        from: None,
        to: None,
    }
}

#[expect(clippy::too_many_arguments, reason = "the one place where a verdict meets all it acts on")]
fn act(
    active: &Active<'_>,
    verdict: Verdict,
    row: usize,
    facts: &FactBatch,
    writer: &mut RunWriter<'_>,
    report: &mut RunReport,
    due: &mut Vec<Owed>,
    started: Timestamp,
) -> Result<(), EngineError> {
    let customer = facts.ids.get(row).unwrap_or_default();
    match verdict {
        Verdict::Fires { rise } => {
            report.fire(&active.trigger.name);
            due.extend(active.owed(customer, rise));
        }
        Verdict::Stopped => {
            let reason = "its condition no longer holds";
            report.cancelled +=
                writer.cancel_unsent("trigger", &active.trigger.name, customer, reason, started)?;
        }
        Verdict::Backlog => report.backlog += 1,
        Verdict::Quiet | Verdict::StillTrue | Verdict::CoolingDown { .. } => {}
    }
    Ok(())
}

/// For whom all conditions hold whose columns these are.
pub(super) fn truth(decisions: &Decisions<'_>, columns: Range<usize>, customers: usize) -> Bitmap {
    let mut truth = Bitmap::filled(customers, true);
    for column in columns {
        let Some(Column::Flag(flags)) = decisions.expression(column) else {
            return Bitmap::filled(customers, false);
        };
        for (word, flags) in truth.words_mut().iter_mut().zip(flags.values.words()) {
            *word &= flags;
        }
    }
    truth
}

/// What triggers remember otherwise after a batch.
#[derive(Default)]
struct Changes {
    records: Vec<TriggerRecord>,
    /// The rows of customers for whom another condition holds than before, or is held back.
    marked: Vec<usize>,
}

impl Changes {
    fn note(&mut self, row: usize, position: usize, before: Option<TriggerMemory>, after: TriggerMemory) {
        if before == Some(after) {
            return;
        }
        let marks = |memory: TriggerMemory| (memory.truth, memory.held);
        if marks(before.unwrap_or_default()) != marks(after) {
            self.marked.push(row);
        }
        self.records.push(TriggerRecord {
            row: u32::try_from(row).unwrap_or(u32::MAX),
            trigger: u32::try_from(position).unwrap_or(u32::MAX),
            memory: after,
        });
    }

    fn write(
        mut self,
        writer: &mut RunWriter<'_>,
        facts: &FactBatch,
        names: &[String],
    ) -> Result<(), EngineError> {
        self.records.sort_unstable_by_key(|record| (record.row, record.trigger));
        writer.remember_triggers(facts, names, &self.records)?;
        self.marked.sort_unstable();
        self.marked.dedup();
        for customer in self.marked.into_iter().filter_map(|row| facts.ids.get(row)) {
            writer.mark(customer)?;
        }
        Ok(())
    }
}
