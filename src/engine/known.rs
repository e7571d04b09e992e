//! What payloads and guards may know of a customer: every name any of them speaks of.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::Value as Jinja;

use super::{Engine, EngineError};
use crate::archive::Archive;
use crate::care::payload::{place, plain};
use crate::evaluate::{CutPoints, Decisions, Evaluator, Goal, ScriptFailure};
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::touch::Because;
use crate::model::{Dictionary, TextList, Timestamp, Type, Value};
use crate::policy::Compiled;
use crate::policy::compiled::{PLACE, PayloadContent};
use crate::policy::expression::tree::{Expression, Reference};

/// Finds everything any payload of the policy set may speak of, for chosen customers.
pub(super) struct Program {
    evaluator: Evaluator,
    request: FactRequest,
    facts: FactBatch,
    /// A name, what it stands for and its type, in the order of the program's columns.
    names: Vec<(Arc<str>, Reference, Type)>,
    /// Per action its priority's column.
    priorities: Vec<Option<usize>>,
}

impl Program {
    pub(super) fn new(engine: &Engine, now: Timestamp) -> Result<Self, EngineError> {
        let policy = &engine.policy;
        let names = names(policy);
        let named = names.iter().map(|(name, reference, ty)| (name, reference.clone(), ty.clone()));
        let mut expressions: Vec<Expression> =
            named.map(|(name, reference, ty)| Expression::of_name(name, reference, ty)).collect();
        let mut priorities = Vec::new();
        for action in &policy.actions {
            priorities.push(action.priority.as_ref().map(|priority| {
                expressions.push(priority.clone());
                expressions.len() - 1
            }));
        }
        let goal = Goal { classes: Vec::new(), expressions: expressions.iter().collect() };
        let mut evaluator = Evaluator::new(policy, &engine.plan, &goal)?;
        let request = evaluator.request(now).clone();
        let facts = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
        Ok(Self { evaluator, request, facts, names, priorities })
    }

    pub(super) fn cut_points(&self) -> &[usize] {
        self.evaluator.cut_points()
    }

    pub(super) fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }

    /// What is known of these customers, given in order of id.
    pub(super) fn know<'a>(
        &'a mut self,
        engine: &'a Engine,
        archive: &Archive,
        ids: &[&str],
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Known<'a>, EngineError> {
        archive.batch_of(&self.request, now, ids, &mut self.facts)?;
        let decisions = self.evaluator.evaluate(&mut self.facts, now, cuts)?;
        Ok(Known {
            policy: &engine.policy,
            ids: &self.facts.ids,
            dictionary: &self.facts.dictionary,
            decisions,
            names: &self.names,
            priorities: &self.priorities,
            row: 0,
        })
    }
}

/// A built-in value that payloads may speak of without declaring it.
const KNOWN_SINCE: &str = "known_since";

/// Everything any payload speaks of, by name.
fn names(policy: &Compiled) -> Vec<(Arc<str>, Reference, Type)> {
    let mut used = BTreeSet::from([KNOWN_SINCE.into()]);
    let payloads = policy.channels.iter().map(|channel| &channel.payload);
    for entries in payloads.chain(policy.actions.iter().map(|action| &action.payload)) {
        for entry in entries {
            collect(&entry.content, &mut used);
        }
    }
    let resolve = |name: Arc<str>| {
        if &*name == KNOWN_SINCE {
            return Some((name, Reference::KnownSince, Type::Time));
        }
        let (reference, ty) = policy.resolve(&name)?;
        Some((name, reference, ty))
    };
    used.into_iter().filter_map(resolve).collect()
}

fn collect(content: &PayloadContent, used: &mut BTreeSet<Arc<str>>) {
    match content {
        PayloadContent::Constant(_) => {}
        PayloadContent::Template(template) => used.extend(template.names.iter().cloned()),
        PayloadContent::Table(entries) => entries.iter().for_each(|entry| collect(&entry.content, used)),
        PayloadContent::List(items) => items.iter().for_each(|item| collect(item, used)),
    }
}

/// What is known of some customers, one of whom it stands at.
pub(super) struct Known<'a> {
    policy: &'a Compiled,
    ids: &'a TextList,
    dictionary: &'a Dictionary,
    decisions: Decisions<'a>,
    names: &'a [(Arc<str>, Reference, Type)],
    priorities: &'a [Option<usize>],
    row: usize,
}

impl Known<'_> {
    /// Goes on to a customer, not before the one it stands at; false where nothing is known of him.
    pub(super) fn go_to(&mut self, customer: &str) -> bool {
        while self.ids.get(self.row).is_some_and(|id| id < customer) {
            self.row += 1;
        }
        self.ids.get(self.row) == Some(customer)
    }

    /// An action's priority; 0 where it has none or it is missing.
    pub(super) fn priority(&self, action: usize) -> f64 {
        let column = self.priorities.get(action).copied().flatten();
        match column.and_then(|column| self.value(column, &Type::Number)) {
            Some(Value::Number(priority)) => priority,
            _ => 0.0,
        }
    }

    fn value(&self, column: usize, ty: &Type) -> Option<Value> {
        self.decisions.expression(column)?.value(self.row, ty, self.dictionary)
    }

    /// All that templates may speak of.
    pub(super) fn context(
        &self,
        customer: &str,
        because: &Because,
        due: &str,
        event: Option<Jinja>,
    ) -> Jinja {
        let timezone = self.policy.settings.timezone;
        let own = [
            ("id", Jinja::from(customer)),
            ("due", Jinja::from(due)),
            ("because", Jinja::from_serialize(because)),
            ("event", event.unwrap_or(Jinja::UNDEFINED)),
        ];
        let mut named = Vec::with_capacity(self.names.len());
        for (column, (name, reference, ty)) in self.names.iter().enumerate() {
            let value = self.value(column, ty);
            if let Reference::Value(index) = reference
                && let Some(definition) =
                    self.policy.values.get(*index).filter(|value| value.kind.class().is_some())
            {
                named.push((format!("{name}{PLACE}"), place(definition, value.as_ref(), timezone)));
            }
            named.push((name.to_string(), plain(value.as_ref(), timezone)));
        }
        own.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(named).collect()
    }
}
