//! From a call of a script's function to a node. A script is called only for rows that need its value,
//! as the plain evaluator does: what an `if`, `&&`, `||` or `??` passes over is a guard of the call.

use std::sync::Arc;

use super::op::{Kind, Op, Space};
use super::{Graph, NodeId, kind_of};
use crate::evaluate::error::EvaluateError;
use crate::policy::expression::tree::{Node as Tree, NodeKind};
use crate::policy::script::Function;

impl Graph<'_> {
    pub(super) fn script(
        &mut self,
        function: &Arc<Function>,
        arguments: &[Tree],
        event: Option<usize>,
    ) -> Result<NodeId, EvaluateError> {
        let mut operands = Vec::with_capacity(arguments.len() + 1);
        for argument in arguments {
            operands.push(self.tree(argument, event)?);
        }
        let guards = self.guards.clone();
        let guard =
            guards.into_iter().reduce(|first, second| self.apply(Op::And, &[first, second], Kind::Flag));
        operands.extend(guard);
        let finest = operands.iter().map(|&id| self.space(id)).max().unwrap_or(Space::Run);
        // Even without arguments it is a customer's, who is counted where it fails.
        let space = finest.max(Space::Customer);
        let operands = operands.into_iter().map(|id| self.fit(id, space)).collect();
        let op = Op::Script { function: function.index, arguments: arguments.len() };
        Ok(self.node(op, operands, space, kind_of(&function.returns)))
    }

    /// Compiles a tree whose value is needed only where the guard holds.
    pub(super) fn guarded(
        &mut self,
        tree: &Tree,
        event: Option<usize>,
        guard: impl FnOnce(&mut Self) -> NodeId,
    ) -> Result<NodeId, EvaluateError> {
        if !calls_script(tree) {
            return self.tree(tree, event);
        }
        let guard = guard(self);
        self.guards.push(guard);
        let id = self.tree(tree, event);
        self.guards.pop();
        id
    }

    pub(super) fn not(&mut self, condition: NodeId) -> NodeId {
        self.apply(Op::Not, &[condition], Kind::Flag)
    }

    pub(super) fn missing(&mut self, id: NodeId) -> NodeId {
        let known = self.apply(Op::Known, &[id], Kind::Flag);
        self.not(known)
    }
}

fn calls_script(tree: &Tree) -> bool {
    match &tree.kind {
        NodeKind::Script(..) => true,
        NodeKind::Literal(_)
        | NodeKind::Name(_)
        | NodeKind::AtLeast(..)
        | NodeKind::Since(_)
        | NodeKind::Previous(_) => false,
        NodeKind::Unary(_, operand) | NodeKind::Expiring(_, operand) => calls_script(operand),
        NodeKind::Binary(_, left, right) | NodeKind::Coalesce(left, right) => {
            calls_script(left) || calls_script(right)
        }
        NodeKind::In(subject, list) => calls_script(subject) || list.iter().any(calls_script),
        NodeKind::If(condition, yes, no) => calls_script(condition) || calls_script(yes) || calls_script(no),
        NodeKind::Call(_, arguments) => arguments.iter().any(calls_script),
    }
}
