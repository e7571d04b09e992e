//! The order of computation: facts and constants first, then what compares them with each other, one
//! column after the other while it is near, then the rest as it was made.

use super::op::Op;
use super::{Node, NodeId};

/// Puts nodes in order. The ids given are changed with them. Operands still come first.
pub(in crate::evaluate) fn arrange(nodes: Vec<Node>, ids: &mut [NodeId]) -> Vec<Node> {
    let is_leaf: Vec<bool> = nodes.iter().map(|node| is_leaf(&node.op)).collect();
    let leaf = |id: NodeId| is_leaf.get(id).copied().unwrap_or(false);
    let key = |id: NodeId| match nodes.get(id) {
        Some(_) if leaf(id) => (0, 0),
        Some(node) if is_test(&node.op) && node.operands.iter().all(|&operand| leaf(operand)) => {
            (1, node.operands.first().copied().unwrap_or(0))
        }
        _ => (2, 0),
    };
    let mut order: Vec<NodeId> = (0..nodes.len()).collect();
    order.sort_by_key(|&id| key(id));
    let mut places = vec![0; nodes.len()];
    for (place, &id) in order.iter().enumerate() {
        if let Some(entry) = places.get_mut(id) {
            *entry = place;
        }
    }
    let moved = |id: &mut NodeId| *id = places.get(*id).copied().unwrap_or(*id);
    ids.iter_mut().for_each(moved);
    let mut arranged: Vec<(NodeId, Node)> = places.iter().copied().zip(nodes).collect();
    arranged.sort_by_key(|&(place, _)| place);
    arranged
        .into_iter()
        .map(|(_, mut node)| {
            node.operands.iter_mut().for_each(moved);
            node
        })
        .collect()
}

/// Whether an operation hangs on no other.
const fn is_leaf(op: &Op) -> bool {
    matches!(
        op,
        Op::Number(_)
            | Op::Flag(_)
            | Op::Word(_)
            | Op::Moment(_)
            | Op::KnownSince
            | Op::CustomerField(_)
            | Op::EventAt
            | Op::EventField(_)
            | Op::EventId
    )
}

/// Whether an operation only looks at its operands, row by row.
const fn is_test(op: &Op) -> bool {
    matches!(op, Op::Compare(_) | Op::Differ(_) | Op::FlagsDiffer(_) | Op::Known)
}

#[cfg(test)]
mod tests {
    use super::super::op::{Comparison, Kind, Space};
    use super::*;

    #[test]
    fn comparisons_of_one_column_follow_each_other_and_operands_come_first() {
        let node = |op, operands: &[NodeId], kind| Node {
            op,
            operands: operands.to_vec(),
            space: Space::Customer,
            kind,
        };
        let compare = |operands: &[NodeId]| node(Op::Compare(Comparison::Less), operands, Kind::Flag);
        let nodes = vec![
            node(Op::CustomerField(0), &[], Kind::Number),
            node(Op::CustomerField(1), &[], Kind::Number),
            compare(&[0, 1]),
            compare(&[1, 0]),
            node(Op::And, &[2, 3], Kind::Flag),
            node(Op::Number(0), &[], Kind::Number),
            compare(&[0, 5]),
            node(Op::Or, &[4, 6], Kind::Flag),
        ];
        let mut outputs = [7, 2];
        let arranged = arrange(nodes, &mut outputs);
        let columns: Vec<&[NodeId]> = arranged.iter().map(|node| &*node.operands).collect();
        assert_eq!(columns, [&[][..], &[], &[], &[0, 1], &[0, 2], &[1, 0], &[3, 5], &[6, 4]]);
        assert_eq!(outputs, [7, 3]);
    }
}
