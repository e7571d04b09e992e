//! The cut points that a run works with.

use super::CutPlan;
use crate::model::cut::{CutPoint, Figure};
use crate::policy::Compiled;

/// The cut points a run works with, by their index in the [`CutPlan`].
#[derive(Clone, Debug, Default)]
pub struct CutPoints {
    points: Vec<Option<CutPoint>>,
    /// Which were made since the stored ones were taken: in this run.
    made: Vec<bool>,
}

impl CutPoints {
    /// Takes those of the stored cut points that belong to the plan.
    #[must_use]
    pub fn new(plan: &CutPlan, policy: &Compiled, stored: Vec<CutPoint>) -> Self {
        let mut cuts = Self { points: vec![None; plan.cuts.len()], made: vec![false; plan.cuts.len()] };
        for point in stored {
            let index = plan.cuts.iter().position(|cut| {
                let value = policy.values.get(cut.value).map(|value| &*value.name);
                value == Some(&*point.value) && cut.name == point.part
            });
            if let Some(place) = index.and_then(|index| cuts.points.get_mut(index)) {
                *place = Some(point);
            }
        }
        cuts
    }

    /// Puts one in place that this run has made.
    pub fn set(&mut self, index: usize, point: CutPoint) {
        if let Some(place) = self.points.get_mut(index) {
            *place = Some(point);
        }
        if let Some(made) = self.made.get_mut(index) {
            *made = true;
        }
    }

    /// Those that are there.
    pub fn iter(&self) -> impl Iterator<Item = &CutPoint> {
        self.points.iter().flatten()
    }

    pub(in crate::evaluate) fn get(&self, index: usize) -> Option<&CutPoint> {
        self.points.get(index)?.as_ref()
    }

    /// The cut point if this very run made it.
    pub(in crate::evaluate) fn made_now(&self, index: usize) -> Option<&CutPoint> {
        self.get(index).filter(|_| self.made.get(index) == Some(&true))
    }

    pub(in crate::evaluate) fn threshold(&self, index: usize) -> Option<f64> {
        match self.get(index)?.figure {
            Figure::Threshold(threshold) => threshold,
            Figure::Population(_) | Figure::Best(_) => None,
        }
    }

    pub(in crate::evaluate) fn population(&self, index: usize) -> &[f64] {
        match self.get(index).map(|point| &point.figure) {
            Some(Figure::Population(population)) => population,
            _ => &[],
        }
    }
}
