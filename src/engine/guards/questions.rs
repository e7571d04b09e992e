//! What guards and priorities ask of a customer: one program for all of them. Runs ask it, and whoever asks again
//! before each attempt to send.

use std::cell::Cell;

use chrono_tz::Tz;

use crate::archive::Archive;
use crate::care::guard::{Verdict, block, holdout, hours};
use crate::engine::{Engine, EngineError};
use crate::evaluate::{CutPoints, Decisions, Evaluator, Goal, ScriptFailure};
use crate::model::facts::FactBatch;
use crate::model::{Column, Dictionary, TextList, Timestamp, Type};
use crate::policy::Compiled;
use crate::policy::compiled::{Guard, GuardKind};
use crate::policy::expression::tree::Expression;

/// Finds the answers to the questions of guards, for chosen customers.
pub(in crate::engine) struct Questions {
    evaluator: Evaluator,
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
    /// The questions of all guards, and priorities.
    pub(super) fn new(engine: &Engine) -> Result<Self, EngineError> {
        let mut listed = Listed::default();
        let guards = engine.policy.guards.iter().map(|guard| listed.guard(guard)).collect();
        let actions = engine.policy.actions.iter();
        let priorities = actions.map(|action| listed.ask_some(action.priority.as_ref())).collect();
        Self::of(engine, listed, guards, priorities)
    }

    /// The questions of these guards alone.
    pub(in crate::engine) fn of_some(engine: &Engine, some: &[usize]) -> Result<Self, EngineError> {
        let mut listed = Listed::default();
        let mut guards = Vec::new();
        for (index, guard) in engine.policy.guards.iter().enumerate() {
            guards.push(if some.contains(&index) { listed.guard(guard) } else { Asked::default() });
        }
        Self::of(engine, listed, guards, Vec::new())
    }

    fn of(
        engine: &Engine,
        listed: Listed<'_>,
        guards: Vec<Asked>,
        priorities: Vec<Option<Question>>,
    ) -> Result<Self, EngineError> {
        let goal = Goal { classes: Vec::new(), expressions: listed.0 };
        let evaluator = Evaluator::new(&engine.policy, &engine.plan, &goal)?;
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        Ok(Self { evaluator, facts, guards, priorities })
    }

    pub(in crate::engine) fn cut_points(&self) -> &[usize] {
        self.evaluator.cut_points()
    }

    pub(super) fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }

    /// Whether anything need be known of a customer for what a guard says at once.
    pub(in crate::engine) fn needs_facts(&self, guard: usize) -> bool {
        let needs =
            |asked: &Asked| asked.audience.is_some() || asked.when.is_some() || asked.timezone.is_some();
        self.guards.get(guard).is_some_and(needs)
    }

    /// The answers of these customers, given in order of id.
    pub(in crate::engine) fn ask<'a>(
        &'a mut self,
        archive: &Archive,
        ids: &[&str],
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Answers<'a>, EngineError> {
        let request = self.evaluator.request(now).clone();
        archive.batch_of(&request, now, ids, &mut self.facts)?;
        let decisions = self.evaluator.evaluate(&mut self.facts, now, cuts)?;
        Ok(Answers {
            ids: &self.facts.ids,
            dictionary: &self.facts.dictionary,
            decisions,
            guards: &self.guards,
            priorities: &self.priorities,
            row: 0,
            open: Cell::new(None),
        })
    }
}

/// The answers of some customers, at one of whom it stands.
pub(in crate::engine) struct Answers<'a> {
    ids: &'a TextList,
    dictionary: &'a Dictionary,
    decisions: Decisions<'a>,
    guards: &'a [Asked],
    priorities: &'a [Option<Question>],
    row: usize,
    /// The guard, zone and time of which it was found last that the hours are open: of many customers it is the same.
    open: Cell<Option<(usize, Tz, Timestamp)>>,
}

impl<'a> Answers<'a> {
    /// Goes to a customer; false where nothing is known of him, so that all answers are missing.
    pub(in crate::engine) fn go_to(&mut self, customer: &str) -> bool {
        let found = self.ids.find(customer);
        self.row = found.unwrap_or(self.ids.len());
        found.is_some()
    }

    /// What a block, holdout or hours say at a real time of the customer it stands at, and whether a zone of his own
    /// was asked for and not known.
    pub(in crate::engine) fn say(
        &self,
        index: usize,
        policy: &Compiled,
        customer: &str,
        at: Timestamp,
    ) -> (Verdict, bool) {
        let Some((asked, guard)) = self.of(index).zip(policy.guards.get(index)) else {
            return (Verdict::Passes, false);
        };
        let audience = self.audience(asked);
        let verdict = match &guard.kind {
            GuardKind::Block(terms) => {
                block::decide(terms, audience, asked.when.as_ref().and_then(|when| self.flag(when)))
            }
            _ if audience != Some(true) => Verdict::Passes,
            GuardKind::Holdout(terms) => holdout::decide(terms, customer),
            GuardKind::Hours(terms) => {
                let own = asked.timezone.as_ref().map(|question| self.text(question));
                let (zone, is_known) = hours::zone_of(own.flatten().as_deref(), policy.settings.timezone);
                let calendar = terms.calendar.and_then(|calendar| policy.calendars.get(calendar));
                let is_unknown = asked.timezone.is_some() && !is_known;
                let asked = Some((index, zone, at));
                if self.open.get() == asked {
                    return (Verdict::Passes, is_unknown);
                }
                let verdict = hours::decide(terms, calendar, zone, at);
                if verdict == Verdict::Passes {
                    self.open.set(asked);
                }
                return (verdict, is_unknown);
            }
            GuardKind::Cap(_) | GuardKind::Capacity(_) | GuardKind::BlastRadius(_) => Verdict::Passes,
        };
        (verdict, false)
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
