//! Just before each attempt to send: block and hours asked again, on the data of that moment.

use std::cmp::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Engine, EngineError};
use crate::archive::{Archive, Delivery};
use crate::care::guard::{self, Verdict, block, hours};
use crate::care::release::{self, GuardName, Past, Release, Said};
use crate::evaluate::{CutPoints, Evaluator, Goal};
use crate::model::facts::FactBatch;
use crate::model::touch::Touch;
use crate::model::{Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{Guard, GuardKind};
use crate::policy::expression::tree::Expression;

/// How many touches are asked about together.
const TOGETHER: usize = 512;

/// What asking needs, made when it is first needed and kept from one time to the next.
#[derive(Default)]
pub(super) struct AskingAgain(Mutex<Option<Program>>);

/// Finds what block and hours go by, for chosen customers.
struct Program {
    /// Those guards in the order in which they are asked.
    questions: Vec<Question>,
    evaluator: Evaluator,
    facts: FactBatch,
    cuts: CutPoints,
    /// The latest run when the cut points were read: only runs make them.
    cuts_of: Option<i64>,
}

/// A guard, with the columns of its expressions.
struct Question {
    guard: usize,
    audience: Option<usize>,
    /// Of what holds for a block, of the zone for hours.
    own: Option<usize>,
}

impl Engine {
    /// What becomes of touches whose attempt is due. Nothing is noted.
    ///
    /// # Errors
    /// As [`Engine::ask_again`].
    pub fn release(
        &self,
        archive: &Archive,
        due: &[Delivery],
        now: Timestamp,
    ) -> Result<Vec<Release>, EngineError> {
        let askable: Vec<&Delivery> =
            due.iter().filter(|delivery| release::is_askable(&delivery.touch, now)).collect();
        let mut said = self.ask_again(archive, &askable, now)?.into_iter();
        let release = |delivery: &Delivery| {
            let touch = &delivery.touch;
            let past = Past {
                attempts: delivery.attempts,
                error: delivery.error.as_deref(),
                held_by: delivery.held_by.as_deref(),
            };
            let said = if release::is_askable(touch, now) { said.next() } else { None };
            release::release(touch, past, said.unwrap_or(Said::Passes), now)
        };
        Ok(due.iter().map(release).collect())
    }

    /// What block and hours say of touches about to be sent, one answer for each. Customers are evaluated only
    /// where such a guard goes by what is known of them.
    ///
    /// # Errors
    /// The store or the evaluation fails; nothing may leave then.
    pub fn ask_again(
        &self,
        archive: &Archive,
        due: &[&Delivery],
        now: Timestamp,
    ) -> Result<Vec<Said>, EngineError> {
        let mut kept = self.asking_again.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out, so that one that broke down is made anew.
        let mut program = match kept.take() {
            Some(program) => program,
            None => Program::new(self)?,
        };
        let mut said = Vec::with_capacity(due.len());
        for due in due.chunks(TOGETHER) {
            program.ask(self, archive, due, now, &mut said)?;
        }
        *kept = Some(program);
        Ok(said)
    }
}

impl Program {
    fn new(engine: &Engine) -> Result<Self, EngineError> {
        let policy = &engine.policy;
        let mut expressions: Vec<&Expression> = Vec::new();
        let mut column = |expression| {
            expressions.push(expression);
            expressions.len() - 1
        };
        let mut questions = Vec::new();
        for index in guard::order(&policy.guards) {
            let Some(guard) = policy.guards.get(index) else { continue };
            let own = match &guard.kind {
                GuardKind::Block(block) => Some(&block.when),
                GuardKind::Hours(hours) => hours.timezone.as_ref(),
                _ => continue,
            };
            let audience = guard.audience.as_ref().map(&mut column);
            questions.push(Question { guard: index, audience, own: own.map(&mut column) });
        }
        let goal = Goal { classes: Vec::new(), expressions };
        let evaluator = Evaluator::new(policy, &engine.plan, &goal)?;
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        let cuts = CutPoints::new(&engine.plan, policy, Vec::new());
        Ok(Self { questions, evaluator, facts, cuts, cuts_of: None })
    }

    fn ask(
        &mut self,
        engine: &Engine,
        archive: &Archive,
        due: &[&Delivery],
        now: Timestamp,
        said: &mut Vec<Said>,
    ) -> Result<(), EngineError> {
        let policy = &engine.policy;
        let touches: Vec<(&Touch, Option<usize>)> = due
            .iter()
            .map(|delivery| {
                let action = policy.actions.iter().position(|action| action.name == delivery.touch.action);
                (&delivery.touch, action)
            })
            .collect();
        let concerned =
            touches.iter().filter(|(_, action)| action.is_some_and(|at| self.needs_facts(policy, at)));
        let mut ids: Vec<&str> = concerned.map(|(touch, _)| &*touch.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        let Self { questions, evaluator, facts, cuts, cuts_of } = self;
        let known = if ids.is_empty() {
            None
        } else {
            if !evaluator.cut_points().is_empty() {
                read_cuts(engine, archive, cuts, cuts_of)?;
            }
            let request = evaluator.request(now).clone();
            archive.batch_of(&request, now, &ids, facts)?;
            let decisions = evaluator.evaluate(facts, now, cuts)?;
            Some((decisions, &*facts))
        };
        for (touch, action) in touches {
            let row = known.and_then(|(_, facts)| row_of(facts, &touch.customer));
            let value = |column: usize, ty: &Type| {
                let ((decisions, facts), row) = (known?, row?);
                decisions.expression(column)?.value(row, ty, &facts.dictionary)
            };
            said.push(match action {
                Some(action) => first_held(questions, policy, action, now, value),
                None => asleep(&touch.action),
            });
        }
        Ok(())
    }

    /// Whether any guard of an action goes by what is known of the customer.
    fn needs_facts(&self, policy: &Compiled, action: usize) -> bool {
        self.questions.iter().any(|question| {
            (question.own.is_some() || question.audience.is_some())
                && policy.guards.get(question.guard).is_some_and(|guard| guard.actions.contains(&action))
        })
    }
}

/// Reads the cut points anew where a run may have made others.
fn read_cuts(
    engine: &Engine,
    archive: &Archive,
    cuts: &mut CutPoints,
    cuts_of: &mut Option<i64>,
) -> Result<(), EngineError> {
    let last = archive.runs(1)?.first().map(|run| run.id);
    if last.is_none() || *cuts_of != last {
        *cuts = CutPoints::new(&engine.plan, &engine.policy, archive.cut_points()?);
        *cuts_of = last;
    }
    Ok(())
}

/// The row of a customer in a batch, which is in order of id.
fn row_of(facts: &FactBatch, customer: &str) -> Option<usize> {
    let (mut low, mut high) = (0, facts.len());
    while low < high {
        let middle = low.midpoint(high);
        match facts.ids.get(middle)?.cmp(customer) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// Of an action that was removed or disabled no guard can be asked; the next run cancels its touches.
fn asleep(action: &str) -> Said {
    Said::Waits { guard: None, reason: format!("`action.{action}` was removed or disabled"), until: None }
}

/// The first guard that doesn't let a touch pass.
fn first_held(
    questions: &[Question],
    policy: &Compiled,
    action: usize,
    now: Timestamp,
    value: impl Fn(usize, &Type) -> Option<Value>,
) -> Said {
    for question in questions {
        let Some(guard) = policy.guards.get(question.guard).filter(|guard| guard.actions.contains(&action))
        else {
            continue;
        };
        let name = || GuardName { name: Arc::clone(&guard.name), kind: guard::word(&guard.kind) };
        match verdict(question, guard, policy, now, &value) {
            Verdict::Passes => {}
            Verdict::Drops { reason } => return Said::Drops { guard: name(), reason },
            Verdict::Waits { reason, until } => return Said::Waits { guard: Some(name()), reason, until },
        }
    }
    Said::Passes
}

fn verdict(
    question: &Question,
    guard: &Guard,
    policy: &Compiled,
    now: Timestamp,
    value: impl Fn(usize, &Type) -> Option<Value>,
) -> Verdict {
    let truth = |column: usize| match value(column, &Type::Bool)? {
        Value::Bool(truth) => Some(truth),
        _ => None,
    };
    let audience = question.audience.map_or(Some(true), truth);
    match &guard.kind {
        GuardKind::Block(terms) => block::decide(terms, audience, question.own.and_then(truth)),
        GuardKind::Hours(_) if audience != Some(true) => Verdict::Passes,
        GuardKind::Hours(terms) => {
            let zone = question.own.zip(terms.timezone.as_ref());
            let zone =
                zone.and_then(|(column, zone)| value(column, &zone.root.ty)).map(|zone| zone.to_string());
            let (zone, _) = hours::zone_of(zone.as_deref(), policy.settings.timezone);
            let calendar = terms.calendar.and_then(|index| policy.calendars.get(index));
            hours::decide(terms, calendar, zone, now)
        }
        GuardKind::Holdout(_) | GuardKind::Cap(_) | GuardKind::Capacity(_) | GuardKind::BlastRadius(_) => {
            Verdict::Passes
        }
    }
}
