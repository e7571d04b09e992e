//! What guards and priorities ask of a customer: one program for all of them.

use crate::archive::Archive;
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, Decisions, Evaluator, Goal, ScriptFailure};
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::{Column, Dictionary, TextList, Timestamp, Type};
use crate::policy::compiled::{Guard, GuardKind};
use crate::policy::expression::tree::Expression;

/// Finds the answers to every question of every guard, for chosen customers.
pub(super) struct Questions {
    evaluator: Evaluator,
    request: FactRequest,
    facts: FactBatch,
    /// By guard.
    guards: Vec<Asked>,
    /// Per action its priority.
    priorities: Vec<Option<Question>>,
}

/// Where the answer to an expression stands, and its type.
#[derive(Clone, Debug)]
pub(super) struct Question {
    column: usize,
    ty: Type,
}

/// The questions of one guard.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// Whether it is asked about the customer.
    pub(super) audience: Option<Question>,
    /// A block's condition.
    pub(super) when: Option<Question>,
    /// The customer's zone.
    pub(super) timezone: Option<Question>,
    /// Whose places.
    pub(super) by: Option<Question>,
    /// Who comes first.
    pub(super) first: Option<Question>,
    /// Who is entitled to kept places, by entry.
    pub(super) reserve: Vec<Question>,
}

/// The expressions of a goal, each with the place of its answer.
#[derive(Default)]
struct Listed<'a>(Vec<&'a Expression>);

impl<'a> Listed<'a> {
    fn ask(&mut self, expression: &'a Expression) -> Question {
        self.0.push(expression);
        Question { column: self.0.len() - 1, ty: expression.root.ty.clone() }
    }

    fn ask_some(&mut self, expression: Option<&'a Expression>) -> Option<Question> {
        expression.map(|expression| self.ask(expression))
    }

    fn guard(&mut self, guard: &'a Guard) -> Asked {
        let mut asked = Asked { audience: self.ask_some(guard.audience.as_ref()), ..Asked::default() };
        match &guard.kind {
            GuardKind::Block(block) => asked.when = Some(self.ask(&block.when)),
            GuardKind::Hours(hours) => asked.timezone = self.ask_some(hours.timezone.as_ref()),
            GuardKind::Capacity(capacity) => {
                asked.by = self.ask_some(capacity.by.as_ref());
                asked.first = self.ask_some(capacity.first.as_ref());
                asked.reserve = capacity.reserve.iter().map(|entry| self.ask(&entry.when)).collect();
            }
            GuardKind::Holdout(_) | GuardKind::Cap(_) | GuardKind::BlastRadius(_) => {}
        }
        asked
    }
}

impl Questions {
    pub(super) fn new(engine: &Engine, now: Timestamp) -> Result<Self, EngineError> {
        let policy = &engine.policy;
        let mut listed = Listed::default();
        let guards = policy.guards.iter().map(|guard| listed.guard(guard)).collect();
        let priorities =
            policy.actions.iter().map(|action| listed.ask_some(action.priority.as_ref())).collect();
        let goal = Goal { classes: Vec::new(), expressions: listed.0 };
        let mut evaluator = Evaluator::new(policy, &engine.plan, &goal)?;
        let request = evaluator.request(now).clone();
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        Ok(Self { evaluator, request, facts, guards, priorities })
    }

    pub(super) fn cut_points(&self) -> &[usize] {
        self.evaluator.cut_points()
    }

    pub(super) fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }

    /// The answers of these customers, given in order of id.
    pub(super) fn ask<'a>(
        &'a mut self,
        archive: &Archive,
        ids: &[&str],
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Answers<'a>, EngineError> {
        archive.batch_of(&self.request, now, ids, &mut self.facts)?;
        let decisions = self.evaluator.evaluate(&mut self.facts, now, cuts)?;
        Ok(Answers {
            ids: &self.facts.ids,
            dictionary: &self.facts.dictionary,
            decisions,
            guards: &self.guards,
            priorities: &self.priorities,
            row: 0,
        })
    }
}

/// The answers of some customers, at one of whom it stands.
pub(super) struct Answers<'a> {
    ids: &'a TextList,
    dictionary: &'a Dictionary,
    decisions: Decisions<'a>,
    guards: &'a [Asked],
    priorities: &'a [Option<Question>],
    row: usize,
}

impl<'a> Answers<'a> {
    /// Goes on to a customer, not before the one it stands at; false where nothing is known of him.
    pub(super) fn go_to(&mut self, customer: &str) -> bool {
        while self.ids.get(self.row).is_some_and(|id| id < customer) {
            self.row += 1;
        }
        self.ids.get(self.row) == Some(customer)
    }

    /// The questions of a guard.
    pub(super) fn of(&self, guard: usize) -> Option<&'a Asked> {
        self.guards.get(guard)
    }

    /// An action's priority; 0 where it has none or it is missing.
    pub(super) fn priority(&self, action: usize) -> f64 {
        let question = self.priorities.get(action).and_then(Option::as_ref);
        question.and_then(|question| self.number(question)).unwrap_or(0.0)
    }

    pub(super) fn flag(&self, question: &Question) -> Option<bool> {
        match self.decisions.expression(question.column)? {
            Column::Flag(column) => column.get(self.row),
            _ => None,
        }
    }

    pub(super) fn number(&self, question: &Question) -> Option<f64> {
        match self.decisions.expression(question.column)? {
            Column::Number(column) => column.get(self.row),
            _ => None,
        }
    }

    /// The answer as a text, whatever its type.
    pub(super) fn text(&self, question: &Question) -> Option<String> {
        let column = self.decisions.expression(question.column)?;
        column.value(self.row, &question.ty, self.dictionary).map(|value| value.to_string())
    }

    /// Whether a guard's audience takes in the customer; `None` where that is missing.
    pub(super) fn audience(&self, asked: &Asked) -> Option<bool> {
        asked.audience.as_ref().map_or(Some(true), |audience| self.flag(audience))
    }
}
