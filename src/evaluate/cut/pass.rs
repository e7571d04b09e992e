//! One pass over the population for the cut points of one stage.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::plan::{Method, Part};
use super::{CutPlan, CutPoints, figure};
use crate::evaluate::ScriptFailure;
use crate::evaluate::error::EvaluateError;
use crate::evaluate::evaluator::{Decisions, Evaluator};
use crate::evaluate::graph::{Graph, NodeId};
use crate::model::cut::{CutPoint, Figure};
use crate::model::facts::{FactBatch, FactRequest};
use crate::model::{Bitmap, Column, Timestamp};
use crate::policy::Compiled;
use crate::policy::compiled::ValueKind;
use crate::policy::expression::tree::Expression;

/// One pass over the population that makes the cut points of one stage. It keeps one number a
/// customer and different input, and the ids only of those who may get a place of `best`.
#[derive(Debug)]
pub struct CutPass {
    evaluator: Evaluator,
    collectors: Vec<Collector>,
    cuts: Vec<Pending>,
}

/// A cut point and the collector it is made from.
#[derive(Clone, Debug)]
struct Pending {
    cut: usize,
    value: usize,
    name: Arc<str>,
    method: Method,
    collector: usize,
}

/// What is kept of the population; inputs are outputs of the pass's program.
#[derive(Debug)]
enum Collector {
    Values {
        of: usize,
        among: Option<usize>,
        values: Vec<f64>,
    },
    Best {
        by: usize,
        holds: usize,
        wants: usize,
        count: usize,
        holders: usize,
        wanting: u64,
        best: BinaryHeap<Contender>,
    },
}

/// Somebody who would like a place of `best`. The greatest is the first to lose it.
#[derive(Clone, Debug)]
struct Contender {
    value: f64,
    id: Arc<str>,
}

impl Ord for Contender {
    fn cmp(&self, other: &Self) -> Ordering {
        other.value.total_cmp(&self.value).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Contender {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Contender {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Contender {}

impl CutPass {
    /// Prepares a pass for one stage of [`CutPlan::stale`].
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub fn new(policy: &Arc<Compiled>, plan: &CutPlan, stage: &[usize]) -> Result<Self, EvaluateError> {
        let mut graph = Graph::new(policy, plan);
        let mut outputs = Vec::new();
        let mut collectors: Vec<Collector> = Vec::new();
        let mut cuts = Vec::new();
        for &index in stage {
            let Some(cut) = plan.cuts.get(index) else { continue };
            let Some(definition) = policy.values.get(cut.value) else { continue };
            let mut inputs = Inputs { graph: &mut graph, outputs: &mut outputs };
            let Some(made) = inputs.collector(cut.value, &definition.kind, cut.part, cut.method)? else {
                continue;
            };
            let collector = collectors.iter().position(|known| known.takes_the_same(&made));
            let collector = collector.unwrap_or(collectors.len());
            if collector == collectors.len() {
                collectors.push(made);
            }
            let (value, name, method) = (cut.value, cut.name.clone(), cut.method);
            cuts.push(Pending { cut: index, value, name, method, collector });
        }
        let evaluator = Evaluator::of_graph(policy, graph, outputs);
        Ok(Self { evaluator, collectors, cuts })
    }

    /// What a batch must hold for a run at `now`.
    pub fn request(&mut self, now: Timestamp) -> &FactRequest {
        self.evaluator.request(now)
    }

    /// Takes in a batch; every customer comes once.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn take(
        &mut self,
        facts: &mut FactBatch,
        now: Timestamp,
        cuts: &CutPoints,
    ) -> Result<(), EvaluateError> {
        let decisions = self.evaluator.evaluate(facts, now, cuts)?;
        for collector in &mut self.collectors {
            collector.take(decisions, facts);
        }
        Ok(())
    }

    /// For whom functions from scripts failed, by function.
    pub fn script_failures(&self) -> impl Iterator<Item = &ScriptFailure> {
        self.evaluator.script_failures()
    }

    /// The cut points of the stage with their indices in the plan, for [`CutPoints::set`] and the archive.
    #[must_use]
    pub fn finish(mut self, policy: &Compiled, now: Timestamp) -> Vec<(usize, CutPoint)> {
        for collector in &mut self.collectors {
            collector.settle();
        }
        let mut points = Vec::with_capacity(self.cuts.len());
        for pending in self.cuts {
            let (Some(collector), Some(value)) =
                (self.collectors.get_mut(pending.collector), policy.values.get(pending.value))
            else {
                continue;
            };
            let (population, figure) = collector.figure(pending.method);
            let point = CutPoint {
                value: value.name.clone(),
                part: pending.name,
                version: value.version.clone(),
                as_of: now,
                population,
                figure,
            };
            points.push((pending.cut, point));
        }
        points
    }
}

/// Makes the columns that collectors take.
struct Inputs<'a, 'b> {
    graph: &'a mut Graph<'b>,
    outputs: &'a mut Vec<NodeId>,
}

impl Inputs<'_, '_> {
    fn output(&mut self, node: NodeId) -> usize {
        let node = self.graph.output(node);
        let known = self.outputs.iter().position(|&output| output == node);
        known.unwrap_or_else(|| {
            self.outputs.push(node);
            self.outputs.len() - 1
        })
    }

    fn expression(&mut self, expression: &Expression) -> Result<usize, EvaluateError> {
        let node = self.graph.customer_expression(expression)?;
        Ok(self.output(node))
    }

    fn collector(
        &mut self,
        value: usize,
        kind: &ValueKind,
        part: Part,
        method: Method,
    ) -> Result<Option<Collector>, EvaluateError> {
        let (of, among) = match (kind, part) {
            (ValueKind::Rank(rank), _) => (&rank.of, rank.among.as_ref()),
            (ValueKind::Tier(tier), _) => match &tier.by {
                Some(by) => (by, tier.among.as_ref()),
                None => return Ok(None),
            },
            (ValueKind::Quadrant(quadrant), Part::X) => (&quadrant.x.value, None),
            (ValueKind::Quadrant(quadrant), _) => (&quadrant.y.value, None),
            (ValueKind::Segment(segment), _) => {
                let (Some(best), Method::Best(count)) = (&segment.best, method) else { return Ok(None) };
                let by = self.expression(&best.by)?;
                let holds = self.graph.contends(value, true)?;
                let holds = self.output(holds);
                let wants = self.graph.contends(value, false)?;
                let wants = self.output(wants);
                let best = BinaryHeap::new();
                return Ok(Some(Collector::Best { by, holds, wants, count, holders: 0, wanting: 0, best }));
            }
            (ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_), _) => return Ok(None),
        };
        let of = self.expression(of)?;
        let among = among.map(|among| self.expression(among)).transpose()?;
        Ok(Some(Collector::Values { of, among, values: Vec::new() }))
    }
}

impl Collector {
    /// Whether another collector keeps the same numbers, as those of a tier's levels do.
    fn takes_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Values { of, among, .. }, Self::Values { of: other_of, among: other_among, .. }) => {
                of == other_of && among == other_among
            }
            _ => false,
        }
    }

    fn take(&mut self, decisions: Decisions<'_>, facts: &FactBatch) {
        match self {
            Self::Values { of, among, values } => {
                let Some(Column::Number(of)) = decisions.expression(*of) else { return };
                let among = among.map(|among| flags(decisions, among));
                let known = of.valid.ones().filter(|&row| among.is_none_or(|among| is_set(among, row)));
                // Adding zero makes the two zeros one, so that order by bits is order by value.
                values.extend(known.filter_map(|row| of.values.get(row)).map(|value| value + 0.0));
            }
            Self::Best { by, holds, wants, count, holders, wanting, best } => {
                let Some(Column::Number(by)) = decisions.expression(*by) else { return };
                *holders += flags(decisions, *holds).map_or(0, Bitmap::count);
                let Some(wants) = flags(decisions, *wants) else { return };
                for row in wants.ones() {
                    let (Some(value), Some(id)) = (by.get(row), facts.ids.get(row)) else { continue };
                    *wanting += 1;
                    contend(best, *count, value + 0.0, id);
                }
            }
        }
    }

    fn settle(&mut self) {
        if let Self::Values { values, .. } = self {
            values.sort_unstable_by(f64::total_cmp);
        }
    }

    fn figure(&mut self, method: Method) -> (u64, Figure) {
        match self {
            Self::Values { values, .. } => {
                let figure = match method {
                    Method::Population | Method::Best(_) => Figure::Population(values.as_slice().into()),
                    Method::Top(share) => Figure::Threshold(figure::top(values, share)),
                    Method::Holds(share) => Figure::Threshold(figure::holds(values, share)),
                    Method::Mean => Figure::Threshold(figure::mean(values)),
                    Method::Median => Figure::Threshold(figure::median(values)),
                };
                (values.len() as u64, figure)
            }
            Self::Best { count, holders, wanting, best, .. } => {
                let free = count.saturating_sub(*holders);
                let admitted = std::mem::take(best).into_sorted_vec();
                let last = admitted.into_iter().take(free).last();
                let population = *wanting + *holders as u64;
                (population, Figure::Best(last.map(|contender| (contender.value, contender.id))))
            }
        }
    }
}

/// Keeps the best so many.
fn contend(best: &mut BinaryHeap<Contender>, count: usize, value: f64, id: &str) {
    if best.len() >= count {
        let loses = best.peek().is_none_or(|worst| {
            value < worst.value || (value.total_cmp(&worst.value).is_eq() && *id > *worst.id)
        });
        if loses {
            return;
        }
        best.pop();
    }
    best.push(Contender { value, id: id.into() });
}

fn flags(decisions: Decisions<'_>, output: usize) -> Option<&Bitmap> {
    match decisions.expression(output) {
        Some(Column::Flag(flags)) => Some(&flags.values),
        _ => None,
    }
}

fn is_set(flags: Option<&Bitmap>, row: usize) -> bool {
    flags.is_some_and(|flags| flags.get(row))
}
