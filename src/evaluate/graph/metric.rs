//! From a metric to nodes: which events, of what, put together. Metrics over the same window, filter
//! or value share those columns.

use super::op::{Kind, Op, Space};
use super::{Graph, NodeId};
use crate::evaluate::error::EvaluateError;
use crate::policy::compiled::{Metric, Take, Unless, Window};

impl Graph<'_> {
    pub(super) fn metric(&mut self, metric: &Metric, kind: Kind) -> Result<NodeId, EvaluateError> {
        let space = Space::Event(metric.event);
        self.reach.add(metric.event, metric.within, metric.before);
        let mut which = self.window(metric, space);
        if let Some(filter) = &metric.filter {
            let filter = self.expression(filter, Some(metric.event))?;
            which = self.both(which, filter, space);
        }
        if let Some(unless) = &metric.unless {
            self.reach.add(unless.event, metric.within, metric.before);
            let unanswered = self.unanswered(metric.event, unless);
            which = self.both(which, unanswered, space);
        }
        let mut operands = Vec::with_capacity(2);
        match &metric.of {
            None => {
                let at = self.node(Op::EventAt, Vec::new(), space, Kind::Number);
                operands.extend([which, at]);
            }
            Some(of) => {
                let of = self.expression(of, Some(metric.event))?;
                let of = if self.space(of) == space { of } else { self.spread(of, space) };
                let known = self.apply(Op::Known, &[of], Kind::Flag);
                which = self.both(which, known, space);
                let by_time = matches!(
                    metric.take,
                    Take::DaysSinceFirst | Take::DaysSinceLast | Take::MedianGapDays | Take::MeanGapDays
                );
                let of = if by_time { self.node(Op::EventAt, Vec::new(), space, Kind::Number) } else { of };
                operands.extend([which, of]);
            }
        }
        let needs_numbers =
            matches!(metric.take, Take::Sum | Take::Mean | Take::Min | Take::Max | Take::Median);
        if needs_numbers && operands.get(1).is_some_and(|&of| self.kind(of) != Kind::Number) {
            return Err(self.unchecked("a metric adds up what is no number"));
        }
        let op = match (metric.take, metric.half_life) {
            (Take::Sum | Take::Mean, Some(half_life)) => Op::Fading(metric.take, half_life, metric.before),
            (take, _) => Op::Aggregate(take),
        };
        Ok(self.node(op, operands, Space::Customer, kind))
    }

    pub(super) fn both(&mut self, left: NodeId, right: NodeId, space: Space) -> NodeId {
        let (left, right) = (self.fit(left, space), self.fit(right, space));
        self.node(Op::And, vec![left, right], space, Kind::Flag)
    }

    fn window(&mut self, metric: &Metric, space: Space) -> NodeId {
        if metric.within == Window::All && metric.before.is_none() {
            let all = self.flag(true);
            return self.spread(all, space);
        }
        let at = self.node(Op::EventAt, Vec::new(), space, Kind::Number);
        self.node(Op::Window(metric.within, metric.before), vec![at], space, Kind::Flag)
    }

    fn unanswered(&mut self, event: usize, unless: &Unless) -> NodeId {
        let space = Space::Event(event);
        let operands = unless.same.map_or_else(Vec::new, |(same, other)| {
            [(event, same), (unless.event, other)]
                .into_iter()
                .map(|(event, field)| self.event_field(event, field))
                .collect()
        });
        self.node(Op::Unanswered(unless.event), operands, space, Kind::Flag)
    }

    fn event_field(&mut self, event: usize, field: usize) -> NodeId {
        let kind = self
            .policy
            .schema
            .events
            .get(event)
            .and_then(|shape| shape.fields.get(field))
            .map_or(Kind::Code, |shape| super::kind_of(&shape.ty));
        self.node(Op::EventField(field), Vec::new(), Space::Event(event), kind)
    }
}
