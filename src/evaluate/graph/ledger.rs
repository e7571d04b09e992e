//! From a ledger to nodes: which events change the balance, and by how much.

use super::op::{Book, Kind, Op, Space};
use super::{Graph, NodeId};
use crate::evaluate::error::EvaluateError;
use crate::policy::compiled::{Ledger, ValueKind, Window};
use crate::policy::expression::tree::Node as Tree;

impl Graph<'_> {
    pub(super) fn ledger(&mut self, ledger: &Ledger) -> Result<NodeId, EvaluateError> {
        let mut operands = Vec::new();
        let book = self.book(ledger, &mut operands)?;
        Ok(self.node(Op::Balance(book), operands, Space::Customer, Kind::Number))
    }

    /// What of a ledger lapses within so many days; they may differ from event to event.
    pub(super) fn expiring(
        &mut self,
        value: usize,
        days: &Tree,
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        let policy = self.policy;
        let Some(ValueKind::Ledger(ledger)) = policy.values.get(value).map(|value| &value.kind) else {
            return Err(self.misplaced("a ledger the policy lacks"));
        };
        let days = self.tree(days, event)?;
        let mut operands = vec![days];
        let book = self.book(ledger, &mut operands)?;
        let space = self.space(days).max(Space::Customer);
        Ok(self.node(Op::Lapsing(book), operands, space, Kind::Number))
    }

    fn book(&mut self, ledger: &Ledger, operands: &mut Vec<NodeId>) -> Result<Book, EvaluateError> {
        for entry in &ledger.entries {
            let space = Space::Event(entry.event);
            self.reach.add(entry.event, Window::All, None);
            let amount = self.expression(&entry.amount, Some(entry.event))?;
            if self.kind(amount) != Kind::Number {
                return Err(self.unchecked("a ledger adds up what is no number"));
            }
            let amount = self.fit(amount, space);
            let mut which = self.apply(Op::Known, &[amount], Kind::Flag);
            if let Some(filter) = &entry.filter {
                let filter = self.expression(filter, Some(entry.event))?;
                which = self.both(which, filter, space);
            }
            operands.extend([which, amount]);
        }
        let kinds: Vec<usize> = ledger.entries.iter().map(|entry| entry.event).collect();
        let book = Book { fades: ledger.fades, kinds };
        if book.is_mixed() {
            for &kind in &book.kinds {
                operands.push(self.node(Op::EventId, Vec::new(), Space::Event(kind), Kind::Code));
            }
        }
        Ok(book)
    }
}
