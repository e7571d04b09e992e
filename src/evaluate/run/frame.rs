//! What a step sees: its node, the columns before it, the facts.

use crate::evaluate::graph::op::{Op, Space};
use crate::evaluate::graph::{Node, NodeId};
use crate::evaluate::kernel::{Bits, Codes, Flags, Numbers, View};
use crate::model::facts::EventBatch;
use crate::model::standing::{Prior, PriorClass};
use crate::model::{Bitmap, Column, TextList};

/// The facts of a batch without its dictionary, which steps may add to.
#[derive(Clone, Copy, Debug)]
pub(in crate::evaluate) struct Facts<'a> {
    pub(in crate::evaluate) ids: &'a TextList,
    pub(in crate::evaluate) known_since: &'a [i64],
    pub(in crate::evaluate) customer: &'a [Option<Column>],
    pub(in crate::evaluate) events: &'a [Option<EventBatch>],
    pub(in crate::evaluate) prior: &'a Prior,
}

impl<'a> Facts<'a> {
    pub(in crate::evaluate) fn events(&self, kind: usize) -> Option<&'a EventBatch> {
        self.events.get(kind)?.as_ref()
    }

    pub(in crate::evaluate) fn prior(&self, class: usize) -> Option<&'a PriorClass> {
        self.prior.classes.get(class)?.as_ref()
    }

    pub(in crate::evaluate) fn rows(&self, space: Space) -> usize {
        match space {
            Space::Run => 1,
            Space::Customer => self.ids.len(),
            Space::Event(kind) => self.events(kind).map_or(0, |events| events.at.len()),
        }
    }

    /// The column that a node reads as it is, if it is a fact.
    pub(in crate::evaluate) fn column(&self, node: &Node) -> Option<&'a Column> {
        match (&node.op, node.space) {
            (Op::CustomerField(field), _) => self.customer.get(*field)?.as_ref(),
            (Op::EventField(field), Space::Event(kind)) => self.events(kind)?.fields.get(*field)?.as_ref(),
            (Op::EventId, Space::Event(kind)) => self.events(kind)?.ids.as_ref(),
            _ => None,
        }
    }
}

/// What a step sees.
#[derive(Clone, Copy, Debug)]
pub(in crate::evaluate) struct Frame<'a> {
    pub(in crate::evaluate) node: &'a Node,
    pub(in crate::evaluate) nodes: &'a [Node],
    /// The columns of the nodes before.
    pub(in crate::evaluate) registers: &'a [Column],
    pub(in crate::evaluate) facts: Facts<'a>,
    pub(in crate::evaluate) rows: usize,
}

const NO_FLAGS: Flags<'static> = Flags { values: Bits::All(false), valid: Bits::All(false) };
const NO_NUMBERS: Numbers<'static> = Numbers { values: &[], valid: Bits::All(false), single: true };
const NO_CODES: Codes<'static> = Codes { codes: &[], single: true };

impl<'a> Frame<'a> {
    fn operand(&self, index: usize) -> Option<NodeId> {
        self.node.operands.get(index).copied()
    }

    /// The operand at an index.
    pub(in crate::evaluate) fn view(&self, index: usize) -> Option<View<'a>> {
        let id = self.operand(index)?;
        let node = self.nodes.get(id)?;
        if let (Op::EventAt, Space::Event(kind)) = (&node.op, node.space) {
            let events = self.facts.events(kind)?;
            return Some(View::Number(Numbers { values: &events.at, valid: Bits::All(true), single: false }));
        }
        let column = self.facts.column(node).or_else(|| self.registers.get(id))?;
        Some(view(column, node.space == Space::Run))
    }

    pub(in crate::evaluate) fn views(&self) -> impl Iterator<Item = View<'a>> {
        (0..self.node.operands.len()).filter_map(|index| self.view(index))
    }

    pub(in crate::evaluate) fn numbers(&self, index: usize) -> Numbers<'a> {
        match self.view(index) {
            Some(View::Number(numbers)) => numbers,
            _ => NO_NUMBERS,
        }
    }

    pub(in crate::evaluate) fn flags(&self, index: usize) -> Flags<'a> {
        match self.view(index) {
            Some(View::Flag(flags)) => flags,
            _ => NO_FLAGS,
        }
    }

    pub(in crate::evaluate) fn codes(&self, index: usize) -> Codes<'a> {
        match self.view(index) {
            Some(View::Code(codes)) => codes,
            _ => NO_CODES,
        }
    }
}

fn view(column: &Column, single: bool) -> View<'_> {
    match column {
        Column::Number(numbers) => {
            View::Number(Numbers { values: &numbers.values, valid: bits(&numbers.valid, single), single })
        }
        Column::Flag(flags) => {
            View::Flag(Flags { values: bits(&flags.values, single), valid: bits(&flags.valid, single) })
        }
        Column::Code(codes) => View::Code(Codes { codes: &codes.codes, single }),
    }
}

fn bits(bitmap: &Bitmap, single: bool) -> Bits<'_> {
    if single { Bits::All(bitmap.get(0)) } else { Bits::Words(bitmap.words()) }
}
