//! Tiers: the first level that lets a customer in, with falls that must hold.

use super::Former;
use super::clock::Clocks;
use crate::model::standing::{NO_PLACE, Place};
use crate::policy::compiled::Tier;

/// What this run's columns say of one customer, level by level.
pub(in crate::evaluate) trait Facts {
    /// The customer has a level at all.
    fn among(&self) -> bool;
    /// What shares go by.
    fn by(&self) -> Option<f64>;
    /// Whether the `when` of the tier's `index`-th level with one holds.
    fn when(&self, index: usize) -> bool;
}

/// The level that a customer's facts give: the first whose share or `when` lets in; a level with
/// neither takes the rest, also those whose `by` is missing. `thresholds` has an entry a level.
pub(in crate::evaluate) fn level(tier: &Tier, thresholds: &[Option<f64>], facts: &impl Facts) -> Place {
    if !facts.among() {
        return NO_PLACE;
    }
    let by = facts.by();
    let mut conditions = 0;
    let thresholds = thresholds.iter().copied().chain(std::iter::repeat(None));
    for (place, (level, threshold)) in (0..).zip(tier.levels.iter().zip(thresholds)) {
        let by_share =
            level.share.is_some() && by.zip(threshold).is_some_and(|(by, threshold)| by >= threshold);
        let by_condition = level.when.is_some() && {
            conditions += 1;
            facts.when(conditions - 1)
        };
        let takes_rest = level.share.is_none() && level.when.is_none();
        if by_share || by_condition || takes_rest {
            return place;
        }
    }
    NO_PLACE
}

/// The place of one customer whose facts give `held`. No place ranks below every level.
pub(in crate::evaluate) fn place(
    tier: &Tier,
    row: usize,
    former: Former,
    held: Place,
    clocks: &mut Clocks<'_>,
) -> Place {
    let running = clocks.running(row);
    let is_fall = tier.ordered && !former.first && held > former.place;
    if is_fall && !clocks.has_held(row, held, running.map(|clock| clock.since), tier.fall_after) {
        return former.place;
    }
    held
}
