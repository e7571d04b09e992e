//! From ranks, segments, tiers and quadrants to nodes.

use super::op::{Kind, Op, Space};
use super::{Graph, NodeId};
use crate::evaluate::cut::Part;
use crate::evaluate::error::EvaluateError;
use crate::policy::compiled::{Rank, ValueKind};
use crate::policy::expression::tree::Expression;

impl Graph<'_> {
    /// The class of a value and the node of its decision.
    pub(super) fn class(&mut self, value: usize) -> Result<(usize, NodeId), EvaluateError> {
        let Some(class) = self.policy.values.get(value).and_then(|value| value.kind.class()) else {
            return Err(self.unchecked("a value that places nobody is used as a class"));
        };
        let operands = self.class_operands(value)?;
        Ok((class, self.node(Op::Decide(class), operands, Space::Customer, Kind::Flag)))
    }

    /// Who holds a place of a segment with `best`, or would like one.
    pub(in crate::evaluate) fn contends(
        &mut self,
        value: usize,
        holds: bool,
    ) -> Result<NodeId, EvaluateError> {
        let Some(class) = self.policy.values.get(value).and_then(|value| value.kind.class()) else {
            return Err(self.unchecked("`best` of what is no segment"));
        };
        let operands = self.class_operands(value)?;
        Ok(self.node(Op::Contends(class, holds), operands, Space::Customer, Kind::Flag))
    }

    /// What a class's definition names, in the order in which the decision takes it: a segment's
    /// `when`, `leave_when`, `by`; a tier's `among`, `by` and every level's `when`; a quadrant's `x`, `y`.
    fn class_operands(&mut self, value: usize) -> Result<Vec<NodeId>, EvaluateError> {
        let policy = self.policy;
        let expressions: Vec<&Expression> = match policy.values.get(value).map(|value| &value.kind) {
            Some(ValueKind::Segment(segment)) => [Some(&segment.when), segment.leave_when.as_ref()]
                .into_iter()
                .chain([segment.best.as_ref().map(|best| &best.by)])
                .flatten()
                .collect(),
            Some(ValueKind::Tier(tier)) => [tier.among.as_ref(), tier.by.as_ref()]
                .into_iter()
                .chain(tier.levels.iter().map(|level| level.when.as_ref()))
                .flatten()
                .collect(),
            Some(ValueKind::Quadrant(quadrant)) => vec![&quadrant.x.value, &quadrant.y.value],
            _ => Vec::new(),
        };
        expressions.into_iter().map(|expression| self.expression(expression, None)).collect()
    }

    pub(super) fn rank(&mut self, value: usize, rank: &Rank) -> Result<NodeId, EvaluateError> {
        let mut operands = vec![self.expression(&rank.of, None)?];
        if let Some(among) = &rank.among {
            operands.push(self.expression(among, None)?);
        }
        let Some(cut) = self.plan.find(value, Part::Rank) else {
            return Err(self.unchecked("a rank without its population"));
        };
        Ok(self.node(Op::Rank(cut), operands, Space::Customer, Kind::Number))
    }
}
