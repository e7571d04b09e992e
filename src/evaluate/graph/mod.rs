//! The program: a graph of column operations in which equal parts are one node, over all
//! expressions, metrics, ranks and classes of a goal. A node comes after its operands, so the order of
//! the nodes is the order of computation; nothing is made that the goal does not need.

mod class;
mod expression;
mod ledger;
mod metric;
pub(super) mod op;
pub(super) mod order;
mod script;

use std::sync::Arc;

use hashbrown::HashMap;
use op::{Kind, Op, Space};

use super::cut::CutPlan;
use super::error::EvaluateError;
use super::evaluator::Goal;
use super::reach::Reach;
use crate::model::Type;
use crate::policy::Compiled;
use crate::policy::expression::tree::Expression;

/// The place of a node in its program.
pub(super) type NodeId = usize;

/// One operation with its operands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) operands: Vec<NodeId>,
    /// What its rows are.
    pub(super) space: Space,
    /// What its column holds.
    pub(super) kind: Kind,
}

/// A program as it is being made.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    policy: &'a Compiled,
    pub(super) plan: &'a CutPlan,
    pub(super) nodes: Vec<Node>,
    known: HashMap<Node, NodeId>,
    values: Vec<Option<NodeId>>,
    pub(super) words: Vec<Arc<str>>,
    word_codes: HashMap<Arc<str>, usize>,
    /// How far back the events of each kind are needed: the windows of all uses.
    pub(super) reach: Reach,
    /// The expression being compiled, for messages.
    text: Arc<str>,
    /// What must hold for the part being compiled to be needed, from the outside in.
    guards: Vec<NodeId>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(policy: &'a Compiled, plan: &'a CutPlan) -> Self {
        Self {
            policy,
            plan,
            nodes: Vec::new(),
            known: HashMap::new(),
            values: vec![None; policy.values.len()],
            words: Vec::new(),
            word_codes: HashMap::new(),
            reach: Reach::default(),
            text: Arc::from(""),
            guards: Vec::new(),
        }
    }

    /// The node of an operation, made unless it is there.
    fn node(&mut self, op: Op, operands: Vec<NodeId>, space: Space, kind: Kind) -> NodeId {
        let node = Node { op, operands, space, kind };
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = self.nodes.len();
        self.nodes.push(node.clone());
        self.known.insert(node, id);
        id
    }

    /// An operation over rows of the finest space among its operands; customer columns are spread over event rows.
    fn apply(&mut self, op: Op, operands: &[NodeId], kind: Kind) -> NodeId {
        let space = operands.iter().map(|&id| self.space(id)).max().unwrap_or(Space::Run);
        let operands = operands.iter().map(|&id| self.fit(id, space)).collect();
        self.node(op, operands, space, kind)
    }

    /// The operand as the operations of a space take it: constants as they are, customers' columns
    /// spread over their events.
    fn fit(&mut self, id: NodeId, space: Space) -> NodeId {
        match (self.space(id), space) {
            (Space::Customer, Space::Event(_)) => self.spread(id, space),
            _ => id,
        }
    }

    /// The column with one row for each row of a space.
    pub(super) fn spread(&mut self, id: NodeId, space: Space) -> NodeId {
        let kind = self.kind(id);
        self.node(Op::Spread, vec![id], space, kind)
    }

    /// A column of the evaluator's own over customers, whatever the node is.
    pub(super) fn output(&mut self, id: NodeId) -> NodeId {
        let is_fact = self.nodes.get(id).is_some_and(|node| matches!(node.op, Op::CustomerField(_)));
        if is_fact || self.space(id) != Space::Customer { self.spread(id, Space::Customer) } else { id }
    }

    fn space(&self, id: NodeId) -> Space {
        self.nodes.get(id).map_or(Space::Run, |node| node.space)
    }

    fn kind(&self, id: NodeId) -> Kind {
        self.nodes.get(id).map_or(Kind::Flag, |node| node.kind)
    }

    fn number(&mut self, number: f64) -> NodeId {
        self.node(Op::Number(number.to_bits()), Vec::new(), Space::Run, Kind::Number)
    }

    fn flag(&mut self, flag: bool) -> NodeId {
        self.node(Op::Flag(flag), Vec::new(), Space::Run, Kind::Flag)
    }

    fn word(&mut self, word: &str) -> NodeId {
        let index = self.word_index(word);
        self.node(Op::Word(index), Vec::new(), Space::Run, Kind::Code)
    }

    /// The index of a word that the program names itself.
    fn word_index(&mut self, word: &str) -> usize {
        if let Some(&index) = self.word_codes.get(word) {
            return index;
        }
        let word: Arc<str> = word.into();
        let index = self.words.len();
        self.words.push(word.clone());
        self.word_codes.insert(word, index);
        index
    }

    /// An expression over customers or constants.
    pub(super) fn customer_expression(&mut self, expression: &Expression) -> Result<NodeId, EvaluateError> {
        self.expression(expression, None)
    }

    /// All of a goal; the columns of its expressions.
    pub(super) fn goal(&mut self, goal: &Goal<'_>) -> Result<Vec<NodeId>, EvaluateError> {
        for &class in &goal.classes {
            self.decision(class)?;
        }
        let mut outputs = Vec::with_capacity(goal.expressions.len());
        for expression in &goal.expressions {
            let node = self.customer_expression(expression)?;
            outputs.push(self.output(node));
        }
        Ok(outputs)
    }

    /// A condition over the events of a kind, as a column of the evaluator's own with one row an event.
    pub(super) fn event_condition(
        &mut self,
        condition: &Expression,
        event: usize,
    ) -> Result<NodeId, EvaluateError> {
        let node = self.expression(condition, Some(event))?;
        let is_fact = self.nodes.get(node).is_some_and(|node| matches!(node.op, Op::EventField(_)));
        let space = Space::Event(event);
        Ok(if is_fact || self.space(node) != space { self.spread(node, space) } else { node })
    }

    /// An expression over the events of a kind (`Some`) or over customers.
    fn expression(&mut self, expression: &Expression, event: Option<usize>) -> Result<NodeId, EvaluateError> {
        let outer = std::mem::replace(&mut self.text, expression.text.clone());
        // What another expression uses is found for everybody.
        let guards = std::mem::take(&mut self.guards);
        let id = self.tree(&expression.root, event);
        self.guards = guards;
        self.text = outer;
        id
    }

    fn misplaced(&self, what: &'static str) -> EvaluateError {
        EvaluateError::Misplaced { expression: self.text.clone(), what }
    }

    fn unchecked(&self, what: &'static str) -> EvaluateError {
        EvaluateError::Unchecked { expression: self.text.clone(), what }
    }

    /// The column of the decision of a class of the schema, if the policy still has it.
    pub(super) fn decision(&mut self, class: usize) -> Result<Option<NodeId>, EvaluateError> {
        let owner = self.policy.values.iter().position(|value| value.kind.class() == Some(class));
        owner.map(|value| self.class(value).map(|(_, decision)| decision)).transpose()
    }
}

/// What a column of a type holds.
pub(super) const fn kind_of(ty: &Type) -> Kind {
    match ty {
        Type::Bool => Kind::Flag,
        Type::Text | Type::Choice(_) => Kind::Code,
        Type::Number | Type::Date | Type::Time => Kind::Number,
    }
}
