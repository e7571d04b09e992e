//! Which cut points a policy set has, what each is taken over, and what must be known before.

use std::sync::Arc;

use super::{CutPass, CutPoints};
use crate::evaluate::EvaluateError;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::{Axis, Share, Split, ValueKind};
use crate::policy::expression::tree::{Expression, Node};

/// All cut points of a policy set. Others name them by index.
#[derive(Clone, Debug, Default)]
pub struct CutPlan {
    pub(super) cuts: Vec<PlannedCut>,
    refresh: Refresh,
}

/// Whether cut points are made anew because they have grown old. Those that are missing or were edited always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refresh {
    /// As `settings.refresh` says.
    #[default]
    WhenOld,
    /// Never: they stay as they are, so that a customer moves only by what the customer does or lets be.
    Never,
}

/// Which cut point of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::evaluate) enum Part {
    Rank,
    Best,
    X,
    Y,
    Level(usize),
}

/// One cut point to be made.
#[derive(Clone, Debug)]
pub(super) struct PlannedCut {
    /// Index in [`Compiled::values`].
    pub(super) value: usize,
    pub(super) part: Part,
    /// The part as the archive names it.
    pub(super) name: Arc<str>,
    pub(super) method: Method,
    /// How many stages must have been made before it can be.
    stage: usize,
}

/// How a figure is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Population,
    Best(usize),
    /// In parts of a million.
    Top(u32),
    /// In parts of a million.
    Holds(u32),
    Mean,
    Median,
}

impl CutPlan {
    /// Finds the cut points of a policy set and what they hang on.
    #[must_use]
    pub fn new(policy: &Compiled) -> Self {
        let mut plan = Self::default();
        let mut depths: Vec<usize> = Vec::with_capacity(policy.values.len());
        for (value, definition) in policy.values.iter().enumerate() {
            let deepest = |expressions: &[&Expression]| {
                let mut deepest = 0;
                for expression in expressions {
                    used_values(&expression.root, &mut |used| {
                        deepest = deepest.max(depths.get(used).copied().unwrap_or(0));
                    });
                }
                deepest
            };
            let mut depth = deepest(&definition.kind.expressions());
            for (part, name, method, inputs) in parts(&definition.kind) {
                let stage = deepest(&inputs);
                depth = depth.max(stage + 1);
                plan.cuts.push(PlannedCut { value, part, name, method, stage });
            }
            depths.push(depth);
        }
        plan
    }

    /// The same plan with another answer to whether cut points grow old.
    #[must_use]
    pub fn with_refresh(self, refresh: Refresh) -> Self {
        Self { refresh, ..self }
    }

    /// Whether cut points grow old.
    #[must_use]
    pub const fn refresh(&self) -> Refresh {
        self.refresh
    }

    /// All cut points, for a run that evaluates everything.
    #[must_use]
    pub fn all(&self) -> Vec<usize> {
        (0..self.cuts.len()).collect()
    }

    /// The index of a value's cut point.
    pub(in crate::evaluate) fn find(&self, value: usize, part: Part) -> Option<usize> {
        self.cuts.iter().position(|cut| cut.value == value && cut.part == part)
    }

    /// The cut points of a value.
    pub(in crate::evaluate) fn of_value(&self, value: usize) -> impl Iterator<Item = usize> + '_ {
        let cuts = self.cuts.iter().enumerate();
        cuts.filter(move |(_, cut)| cut.value == value).map(|(index, _)| index)
    }

    /// Those of `used` (see [`Evaluator::cut_points`](super::super::Evaluator::cut_points)) that must be made now,
    /// by stage: missing, made by another version, or as old as `settings.refresh`. A stage uses
    /// nothing but facts, cut points that still serve, and stages before it.
    #[must_use]
    pub fn stale(
        &self,
        policy: &Compiled,
        cuts: &CutPoints,
        used: &[usize],
        now: Timestamp,
    ) -> Vec<Vec<usize>> {
        let mut stages: Vec<Vec<usize>> = Vec::new();
        for (index, cut) in self.cuts.iter().enumerate().filter(|(index, _)| used.contains(index)) {
            let serves = cuts.get(index).is_some_and(|point| {
                let version = policy.values.get(cut.value).map(|value| &value.version);
                let until = policy.settings.refresh.after(point.as_of, policy.settings.timezone);
                version == Some(&point.version) && (now < until || self.refresh == Refresh::Never)
            });
            if serves {
                continue;
            }
            while stages.len() <= cut.stage {
                stages.push(Vec::new());
            }
            if let Some(stage) = stages.get_mut(cut.stage) {
                stage.push(index);
            }
        }
        stages.retain(|stage| !stage.is_empty());
        stages
    }

    /// Makes those of `used` that no longer serve, stage by stage, and keeps them in `cuts` alone. `go_through` lets a pass
    /// take everybody in; it is given the cut points as they stand by then.
    ///
    /// # Errors
    /// Those of `go_through`, and [`CutPass::new`]'s.
    pub fn renew<E: From<EvaluateError>>(
        &self,
        policy: &Arc<Compiled>,
        cuts: &mut CutPoints,
        used: &[usize],
        now: Timestamp,
        mut go_through: impl FnMut(&mut CutPass, &CutPoints) -> Result<(), E>,
    ) -> Result<(), E> {
        for stage in self.stale(policy, cuts, used, now) {
            let mut pass = CutPass::new(policy, self, &stage)?;
            go_through(&mut pass, cuts)?;
            for (index, point) in pass.finish(policy, now) {
                cuts.set(index, point);
            }
        }
        Ok(())
    }
}

type PlannedPart<'a> = (Part, Arc<str>, Method, Vec<&'a Expression>);

/// The cut points of a value with what each is taken over.
fn parts(kind: &ValueKind) -> Vec<PlannedPart<'_>> {
    match kind {
        ValueKind::Rank(rank) => {
            let inputs = [Some(&rank.of), rank.among.as_ref()].into_iter().flatten().collect();
            vec![(Part::Rank, "rank".into(), Method::Population, inputs)]
        }
        ValueKind::Segment(segment) => {
            let best = segment.best.iter();
            best.map(|best| (Part::Best, "best".into(), Method::Best(best.count), kind.expressions()))
                .collect()
        }
        ValueKind::Tier(tier) => {
            let inputs: Vec<_> = [tier.by.as_ref(), tier.among.as_ref()].into_iter().flatten().collect();
            let levels = tier.levels.iter().enumerate();
            levels
                .filter_map(|(index, level)| {
                    let method = match level.share? {
                        Share::Top(share) => Method::Top(share),
                        Share::Holds(share) => Method::Holds(share),
                    };
                    Some((Part::Level(index), level.name.clone(), method, inputs.clone()))
                })
                .collect()
        }
        ValueKind::Quadrant(quadrant) => [(Part::X, "x", &quadrant.x), (Part::Y, "y", &quadrant.y)]
            .into_iter()
            .filter_map(|(part, name, axis)| {
                Some((part, name.into(), split_method(axis)?, vec![&axis.value]))
            })
            .collect(),
        ValueKind::Metric(_) | ValueKind::Ledger(_) | ValueKind::Score(_) => Vec::new(),
    }
}

const fn split_method(axis: &Axis) -> Option<Method> {
    match axis.split {
        Split::At(_) => None,
        Split::Mean => Some(Method::Mean),
        Split::Median => Some(Method::Median),
        Split::Top(share) => Some(Method::Top(share)),
    }
}

/// Names every value that a tree uses.
fn used_values(node: &Node, found: &mut impl FnMut(usize)) {
    node.each(&mut |node| node.value().into_iter().for_each(&mut *found));
}
