//! Making touches of what fired: the values their payloads speak of, then the payload, then the row.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::Value as Jinja;

use super::triggers::Due;
use super::{Engine, EngineError, RunReport};
use crate::archive::RunWriter;
use crate::care::identity::touch_id;
use crate::care::payload::{local_time, place, plain};
use crate::evaluate::{CutPoints, Decisions, Evaluator, Goal};
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::touch::{Because, Touch, TouchKey, TouchState};
use crate::model::{Timestamp, Type};
use crate::policy::Compiled;
use crate::policy::compiled::{Action, PLACE, PayloadContent, Trigger};
use crate::policy::expression::tree::{Expression, Node, NodeKind, Reference};

/// Makes touches. Only customers with something due are evaluated for what payloads speak of.
pub(super) struct TouchMaker<'run> {
    run: Run<'run>,
    /// Made when the first touch is due.
    program: Option<Program>,
}

/// The run that touches are made in.
#[derive(Clone, Copy)]
struct Run<'run> {
    engine: &'run Engine,
    now: Timestamp,
    started: Timestamp,
}

/// What every payload of the policy set may speak of.
struct Program {
    evaluator: Evaluator,
    request: FactRequest,
    facts: FactBatch,
    /// A name, what it stands for and its type, in the order of the program's columns.
    names: Vec<(Arc<str>, Reference, Type)>,
    /// Per action its priority's column.
    priorities: Vec<Option<usize>>,
}

impl<'run> TouchMaker<'run> {
    pub(super) const fn new(engine: &'run Engine, now: Timestamp, started: Timestamp) -> Self {
        Self { run: Run { engine, now, started }, program: None }
    }

    fn program(&mut self) -> Result<&mut Program, EngineError> {
        match &mut self.program {
            Some(program) => Ok(program),
            empty => Ok(empty.insert(Program::new(self.run.engine, self.run.now)?)),
        }
    }

    /// The cut points that payloads hang on, which conditions need not.
    pub(super) fn cut_points(&mut self) -> Result<&[usize], EngineError> {
        Ok(self.program()?.evaluator.cut_points())
    }

    /// Tells for whom functions from scripts failed on the way.
    pub(super) fn note_scripts(&self, report: &mut RunReport) {
        if let Some(program) = &self.program {
            report.note_scripts(program.evaluator.script_failures());
        }
    }

    /// Makes the touches of what is due in a batch, given in order of customer.
    pub(super) fn make(
        &mut self,
        writer: &mut RunWriter<'_>,
        cuts: &CutPoints,
        due: &[Due],
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if due.is_empty() {
            return Ok(());
        }
        let run = self.run;
        let mut ids: Vec<&str> = due.iter().map(|due| due.customer.as_str()).collect();
        ids.dedup();
        let Program { evaluator, request, facts, names, priorities } = self.program()?;
        writer.archive().batch_of(request, run.now, &ids, facts)?;
        let decisions = evaluator.evaluate(facts, run.now, cuts)?;
        let mut row = 0;
        for due in due {
            while facts.ids.get(row).is_some_and(|id| id < due.customer.as_str()) {
                row += 1;
            }
            let Some(trigger) = run.engine.policy.triggers.get(due.trigger) else { continue };
            let known = Known { policy: &run.engine.policy, facts, decisions: &decisions, names, row };
            for &index in &trigger.actions {
                let Some(action) = run.engine.policy.actions.get(index) else { continue };
                let priority = priorities.get(index).copied().flatten().and_then(|at| known.number(at));
                let touch = run.touch(due, trigger, action, priority.unwrap_or(0.0), &known, report);
                report.queued += u64::from(writer.touch(&touch, run.started)?);
            }
        }
        Ok(())
    }
}

impl Run<'_> {
    fn touch(
        &self,
        due: &Due,
        trigger: &Trigger,
        action: &Action,
        priority: f64,
        known: &Known<'_>,
        report: &mut RunReport,
    ) -> Touch {
        let policy = &self.engine.policy;
        let timezone = policy.settings.timezone;
        let occurrence = due.rise.to_string();
        let key = TouchKey {
            kind: "trigger",
            name: &trigger.name,
            customer: &due.customer,
            occurrence: &occurrence,
            step: "",
            action: &action.name,
        };
        let id = touch_id(&key);
        let because = because(trigger);
        let channel = policy.channels.get(action.channel);
        let context = known.context(&due.customer, &because, &local_time(self.now, timezone));
        let mut problems = Vec::new();
        let entries = channel.into_iter().flat_map(|channel| &channel.payload).chain(&action.payload);
        let payload = self.engine.templates.fill(entries, &context, &mut problems);
        report.note(&action.name, &problems);
        Touch {
            id,
            customer: due.customer.as_str().into(),
            action: action.name.clone(),
            channel: channel.map_or_else(|| "".into(), |channel| channel.name.clone()),
            because,
            occurrence,
            due: self.now,
            expires: action.expires.after(self.now, timezone),
            priority,
            state: TouchState::Queued,
            reason: problems.first().map(ToString::to_string).unwrap_or_default(),
            policy_version: policy.version.clone(),
            payload,
        }
    }
}

fn because(trigger: &Trigger) -> Because {
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

impl Program {
    fn new(engine: &Engine, now: Timestamp) -> Result<Self, EngineError> {
        let policy = &engine.policy;
        let names = names(policy);
        let mut expressions: Vec<Expression> = names.iter().map(name_expression).collect();
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
        if let Some(index) = policy.value(&name) {
            let ty = policy.values.get(index)?.ty.clone();
            return Some((name, Reference::Value(index), ty));
        }
        let index = policy.schema.customer_field(&name)?;
        let ty = policy.schema.customer.get(index)?.ty.clone();
        Some((name, Reference::Customer(index), ty))
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

fn name_expression((name, reference, ty): &(Arc<str>, Reference, Type)) -> Expression {
    let root = Node { kind: NodeKind::Name(reference.clone()), ty: ty.clone(), span: 0..name.len() };
    Expression { text: name.clone(), root }
}

/// What is known of one customer of a batch.
struct Known<'a> {
    policy: &'a Compiled,
    facts: &'a FactBatch,
    decisions: &'a Decisions<'a>,
    names: &'a [(Arc<str>, Reference, Type)],
    row: usize,
}

impl Known<'_> {
    fn number(&self, column: usize) -> Option<f64> {
        match self.decisions.expression(column)?.value(self.row, &Type::Number, &self.facts.dictionary)? {
            crate::model::Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn context(&self, customer: &str, because: &Because, due: &str) -> Jinja {
        let timezone = self.policy.settings.timezone;
        let own = [
            ("id", Jinja::from(customer)),
            ("due", Jinja::from(due)),
            ("because", Jinja::from_serialize(because)),
        ];
        let mut named = Vec::with_capacity(self.names.len());
        for (column, (name, reference, ty)) in self.names.iter().enumerate() {
            let value = self
                .decisions
                .expression(column)
                .and_then(|column| column.value(self.row, ty, &self.facts.dictionary));
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
