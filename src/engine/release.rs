//! Just before each attempt to send: block and hours asked again, on the data of that moment.

use std::sync::{Arc, Mutex, PoisonError};

use super::guards::{Answers, Questions};
use super::{Engine, EngineError};
use crate::archive::{Archive, Delivery};
use crate::care::guard::{self, Verdict};
use crate::care::release::{self, GuardName, Past, Release, Said};
use crate::evaluate::CutPoints;
use crate::model::Timestamp;
use crate::model::touch::Outgoing;
use crate::policy::Compiled;
use crate::policy::compiled::GuardKind;

/// How many touches are asked about together.
const TOGETHER: usize = 512;

/// What asking needs, made when it is first needed and kept from one time to the next.
#[derive(Default)]
pub(super) struct AskingAgain(Mutex<Option<Program>>);

/// Asks block and hours for chosen customers.
struct Program {
    /// Those guards in the order in which they are asked.
    order: Vec<usize>,
    questions: Questions,
    cuts: CutPoints,
    /// The latest run when the cut points were read: only runs make them.
    cuts_of: Option<i64>,
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
                may_have_arrived: delivery.may_have_arrived,
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
        let mut order = guard::order(&policy.guards);
        order.retain(|&index| {
            let kind = policy.guards.get(index).map(|guard| &guard.kind);
            matches!(kind, Some(GuardKind::Block(_) | GuardKind::Hours(_)))
        });
        let questions = Questions::of_some(engine, &order)?;
        let cuts = CutPoints::new(&engine.plan, policy, Vec::new());
        Ok(Self { order, questions, cuts, cuts_of: None })
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
        let touches: Vec<(&Outgoing, Option<usize>)> = due
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
        let Self { order, questions, cuts, cuts_of } = self;
        if !ids.is_empty() && !questions.cut_points().is_empty() {
            read_cuts(engine, archive, cuts, cuts_of)?;
        }
        let mut answers = questions.ask(archive, &ids, now, cuts)?;
        for (touch, action) in touches {
            // Of a customer of whom nothing is known, all answers are missing.
            answers.go_to(&touch.customer);
            said.push(match action {
                Some(action) => first_held(order, &answers, policy, (touch, action), now),
                None => asleep(&touch.action),
            });
        }
        Ok(())
    }

    /// Whether any guard of an action goes by what is known of the customer.
    fn needs_facts(&self, policy: &Compiled, action: usize) -> bool {
        self.order.iter().any(|&index| {
            self.questions.needs_facts(index)
                && policy.guards.get(index).is_some_and(|guard| guard.actions.contains(&action))
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

/// Of an action that was removed or disabled no guard can be asked; the next run cancels its touches.
fn asleep(action: &str) -> Said {
    Said::Waits { guard: None, reason: format!("`action.{action}` was removed or disabled"), until: None }
}

/// The first guard that doesn't let a touch of an action pass.
fn first_held(
    order: &[usize],
    answers: &Answers<'_>,
    policy: &Compiled,
    (touch, action): (&Outgoing, usize),
    now: Timestamp,
) -> Said {
    for &index in order {
        let Some(guard) = policy.guards.get(index).filter(|guard| guard.actions.contains(&action)) else {
            continue;
        };
        let name = || GuardName { name: Arc::clone(&guard.name), kind: guard::word(&guard.kind) };
        match answers.say(index, policy, &touch.customer, now).0 {
            Verdict::Passes => {}
            Verdict::Drops { reason } => return Said::Drops { guard: name(), reason },
            Verdict::Waits { reason, until } => return Said::Waits { guard: Some(name()), reason, until },
        }
    }
    Said::Passes
}
