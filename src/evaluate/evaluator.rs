//! One program over column batches for everything a run wants to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cut::{CutPlan, CutPoints};
use super::error::EvaluateError;
use super::graph::op::{Kind, Op, Space};
use super::graph::{Graph, Node, NodeId, order};
use super::reach::Reach;
use super::run::frame::{Facts, Frame};
use super::run::script::ScriptFailure;
use super::run::{self, Setting, Work};
use crate::model::facts::{ClassRequest, EventRequest, FactBatch, FactRequest};
use crate::model::standing::{ClassDecision, PendingClock};
use crate::model::{CodeColumn, Column, Dictionary, FlagColumn, NumberColumn, Timestamp};
use crate::policy::Compiled;
use crate::policy::expression::Moment;
use crate::policy::expression::tree::Expression;

/// What a program is for.
#[derive(Clone, Debug, Default)]
pub struct Goal<'a> {
    /// Classes to decide, indices of [`Schema::classes`](crate::model::Schema::classes); those they use come
    /// along. A class that the policy no longer has is passed over.
    pub classes: Vec<usize>,
    /// Expressions over the customer whose columns are wanted.
    pub expressions: Vec<&'a Expression>,
}

/// A program that evaluates a [`Goal`] batch by batch. It keeps its memory from batch to batch.
#[derive(Debug)]
pub struct Evaluator {
    policy: Arc<Compiled>,
    plan: CutPlan,
    nodes: Vec<Node>,
    words: Vec<Arc<str>>,
    outputs: Vec<NodeId>,
    reach: Reach,
    /// The value that owns each class, by class.
    owners: Vec<Option<usize>>,
    cut_points: Vec<usize>,
    request: FactRequest,
    registers: Vec<Column>,
    work: Work,
}

/// What was found out about a batch.
#[derive(Clone, Copy, Debug)]
pub struct Decisions<'a> {
    /// Per class of the schema; there for those of the goal and all they use.
    pub classes: &'a [Option<ClassDecision>],
    /// The clocks that run from now on in those classes, in order of (row, class).
    pub pending: &'a [PendingClock],
    registers: &'a [Column],
    outputs: &'a [NodeId],
}

impl<'a> Decisions<'a> {
    /// The column of the goal's expression at `index`, one row a customer. Read it with
    /// [`Column::value`] and the type of the expression's root.
    #[must_use]
    pub fn expression(&self, index: usize) -> Option<&'a Column> {
        self.registers.get(*self.outputs.get(index)?)
    }
}

impl Evaluator {
    /// Makes the program for a goal.
    ///
    /// # Errors
    /// [`EvaluateError::Misplaced`] where an expression speaks of what a customer doesn't have,
    /// [`EvaluateError::Unchecked`] where its types don't fit.
    pub fn new(policy: &Arc<Compiled>, plan: &CutPlan, goal: &Goal<'_>) -> Result<Self, EvaluateError> {
        let mut graph = Graph::new(policy, plan);
        let outputs = graph.goal(goal)?;
        Ok(Self::of_graph(policy, graph, outputs))
    }

    /// Makes the program for a goal and for a condition over the events of a kind (index in the schema), whose
    /// column comes after those of the goal and has one row an event. How far back these events are wanted is
    /// said by [`Evaluator::request_events`].
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub fn over_events(
        policy: &Arc<Compiled>,
        plan: &CutPlan,
        goal: &Goal<'_>,
        event: usize,
        condition: &Expression,
    ) -> Result<Self, EvaluateError> {
        let mut graph = Graph::new(policy, plan);
        let mut outputs = graph.goal(goal)?;
        outputs.push(graph.event_condition(condition, event)?);
        Ok(Self::of_graph(policy, graph, outputs))
    }

    /// What a batch must hold for a run at `now`, and events of a kind besides.
    pub fn request_events(&mut self, wanted: &EventRequest, now: Timestamp) -> FactRequest {
        let is_used = self.reach.is_used(wanted.event);
        let mut request = self.request(now).clone();
        if let Some(events) = request.events.iter_mut().find(|events| events.event == wanted.event)
            && !is_used
        {
            events.after = wanted.after;
        }
        request.join(&FactRequest { events: vec![wanted.clone()], ..FactRequest::default() });
        request
    }

    /// Makes the program of a graph, whose `outputs` are read as expressions.
    pub(super) fn of_graph(policy: &Arc<Compiled>, graph: Graph<'_>, mut outputs: Vec<NodeId>) -> Self {
        let classes = policy.schema.classes.len();
        let mut owners = vec![None; classes];
        for (value, definition) in policy.values.iter().enumerate() {
            if let Some(owner) = definition.kind.class().and_then(|class| owners.get_mut(class)) {
                *owner = Some(value);
            }
        }
        let cut_points = used_cuts(&graph, &owners);
        let nodes = order::arrange(graph.nodes, &mut outputs);
        let registers = nodes.iter().map(|node| empty_column(node.kind)).collect();
        let mut work = Work::default();
        work.decisions.resize_with(classes, || None);
        Self {
            policy: Arc::clone(policy),
            plan: graph.plan.clone(),
            cut_points,
            request: base_request(&nodes),
            nodes,
            words: graph.words,
            reach: graph.reach,
            outputs,
            owners,
            registers,
            work,
        }
    }

    /// What a batch must hold for a run at `now`.
    pub fn request(&mut self, now: Timestamp) -> &FactRequest {
        let moment = self.moment(now);
        for event in &mut self.request.events {
            event.after = self.reach.after(event.event, &moment);
        }
        &self.request
    }

    /// A dictionary for [`FactBatch::dictionary`] with the words of this program in front. Any other
    /// works as well; with this one they need not be added for each batch.
    #[must_use]
    pub fn dictionary(&self) -> Dictionary {
        Dictionary::with_fixed(self.words.iter().map(|word| &**word))
    }

    /// The cut points that are used, indices of the [`CutPlan`].
    #[must_use]
    pub fn cut_points(&self) -> &[usize] {
        &self.cut_points
    }

    /// Evaluates a batch. Texts that come up on the way are added to the batch's dictionary.
    ///
    /// # Errors
    /// [`EvaluateError::FactsMissing`] where the batch was not filled by [`Evaluator::request`].
    pub fn evaluate(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<Decisions<'_>, EvaluateError> {
        self.check(facts)?;
        let setting = Setting {
            policy: &self.policy,
            plan: &self.plan,
            cuts,
            moment: self.moment(now),
            words: &self.words,
            owners: &self.owners,
        };
        let FactBatch { ids, known_since, customer, events, prior, dictionary } = facts;
        let facts = Facts { ids, known_since, customer, events, prior };
        self.work.pending.clear();
        self.work.scripts.begin(self.policy.functions.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let Some((registers, rest)) = self.registers.split_at_mut_checked(index) else { continue };
            let Some(out) = rest.first_mut() else { continue };
            let rows = facts.rows(node.space);
            let frame = Frame { node, nodes: &self.nodes, registers, facts, rows };
            run::step(&frame, setting, dictionary, &mut self.work, out);
        }
        self.work.scripts.finish(&self.policy.functions, facts.ids);
        self.work.pending.sort_unstable_by_key(|clock| (clock.row, clock.class));
        Ok(Decisions {
            classes: &self.work.decisions,
            pending: &self.work.pending,
            registers: &self.registers,
            outputs: &self.outputs,
        })
    }

    /// For whom functions from scripts failed in all batches so far, by function.
    pub fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.work.scripts.failures()
    }

    /// How often scripts were run in all batches so far.
    #[must_use]
    pub const fn script_runs(&self) -> u64 {
        self.work.scripts.runs
    }

    fn moment(&self, now: Timestamp) -> Moment {
        Moment { now, timezone: self.policy.settings.timezone }
    }

    /// Whether the batch holds what was requested, row for row.
    fn check(&self, batch: &FactBatch) -> Result<(), EvaluateError> {
        let FactBatch { ids, known_since, customer, events, prior, .. } = batch;
        let facts = Facts { ids, known_since, customer, events, prior };
        let lacks = |what: String| Err(EvaluateError::FactsMissing { what });
        if known_since.len() != ids.len() {
            return lacks("when each customer came".to_owned());
        }
        for request in &self.request.events {
            let whole = facts.events(request.event).is_some_and(|events| {
                let ends = events.offsets.last().is_some_and(|&end| end as usize == events.at.len());
                ends && events.offsets.len() == ids.len() + 1
            });
            if !whole {
                return lacks(format!("events of kind {}", request.event));
            }
        }
        for node in &self.nodes {
            if let Op::CustomerField(_) | Op::EventField(_) | Op::EventId = node.op {
                let rows = facts.rows(node.space);
                let fits = |column: &Column| kind_of(column) == node.kind && column.len() == rows;
                if !facts.column(node).is_some_and(fits) {
                    return lacks(format!("{:?} of {:?}", node.op, node.space));
                }
            }
        }
        for request in &self.request.classes {
            let whole = facts.prior(request.class).is_some_and(|prior| {
                let fits = |length: usize| length == ids.len();
                fits(prior.place.len())
                    && fits(prior.since.len())
                    && (!request.previous || fits(prior.previous.len()))
            });
            if !whole {
                return lacks(format!("former standing in class {}", request.class));
            }
        }
        Ok(())
    }
}

/// All that a program reads, but for how far back events go.
fn base_request(nodes: &[Node]) -> FactRequest {
    let mut customer = BTreeSet::new();
    let mut events: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut classes: BTreeMap<usize, bool> = BTreeMap::new();
    for node in nodes {
        if let Space::Event(kind) = node.space {
            events.entry(kind).or_default();
        }
        match (&node.op, node.space) {
            (Op::CustomerField(field), _) => {
                customer.insert(*field);
            }
            (Op::EventField(field), Space::Event(kind)) => {
                events.entry(kind).or_default().insert(*field);
            }
            (Op::EventId, Space::Event(kind)) => {
                ids.insert(kind);
            }
            (Op::Balance(book) | Op::Lapsing(book), _) => {
                for &kind in &book.kinds {
                    events.entry(kind).or_default();
                }
            }
            (Op::Unanswered(kind), _) => {
                events.entry(*kind).or_default();
            }
            (Op::Decide(class) | Op::Contends(class, _), _) => {
                classes.entry(*class).or_default();
            }
            (Op::PlaceBefore(class), _) => {
                classes.insert(*class, true);
            }
            _ => {}
        }
    }
    FactRequest {
        customer: customer.into_iter().collect(),
        events: events
            .into_iter()
            .map(|(event, fields)| EventRequest {
                event,
                fields: fields.into_iter().collect(),
                ids: ids.contains(&event),
                after: None,
            })
            .collect(),
        classes: classes.into_iter().map(|(class, previous)| ClassRequest { class, previous }).collect(),
        triggers: Vec::new(),
        cadences: Vec::new(),
        conditions: Vec::new(),
    }
}

/// The cut points that the nodes of a program hang on.
fn used_cuts(graph: &Graph<'_>, owners: &[Option<usize>]) -> Vec<usize> {
    let mut used = BTreeSet::new();
    for node in &graph.nodes {
        match node.op {
            Op::Rank(cut) => {
                used.insert(cut);
            }
            Op::Decide(class) => {
                if let Some(owner) = owners.get(class).copied().flatten() {
                    used.extend(graph.plan.of_value(owner));
                }
            }
            _ => {}
        }
    }
    used.into_iter().collect()
}

fn empty_column(kind: Kind) -> Column {
    match kind {
        Kind::Number => Column::Number(NumberColumn::default()),
        Kind::Flag => Column::Flag(FlagColumn::default()),
        Kind::Code => Column::Code(CodeColumn::default()),
    }
}

const fn kind_of(column: &Column) -> Kind {
    match column {
        Column::Number(_) => Kind::Number,
        Column::Flag(_) => Kind::Flag,
        Column::Code(_) => Kind::Code,
    }
}
