//! Where values stand in a sorted population.

/// Every so many values one is a fence, and every so many fences one is a fence of the level above.
const STRIDE: usize = 16;

/// Fences of a population, level by level, the finest first. A million values don't fit a processor's
/// cache but most of their fences do, so that a search leaves it only for its last step.
#[derive(Clone, Debug, Default)]
pub(super) struct Fences(Vec<Vec<f64>>);

impl Fences {
    /// The fences of values in ascending order.
    pub(super) fn of(sorted: &[f64]) -> Self {
        let mut levels: Vec<Vec<f64>> = Vec::new();
        loop {
            let below = levels.last().map_or(sorted, Vec::as_slice);
            if below.len() <= STRIDE {
                return Self(levels);
            }
            let level = below.iter().step_by(STRIDE).copied().collect();
            levels.push(level);
        }
    }
}

/// The values of a population in ascending order, ready to be searched.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::evaluate) struct Population<'a> {
    sorted: &'a [f64],
    fences: &'a [Vec<f64>],
}

impl<'a> Population<'a> {
    pub(super) fn new(sorted: &'a [f64], fences: &'a Fences) -> Self {
        Self { sorted, fences: &fences.0 }
    }

    /// Where a value stands in the population, over 0 to 1: the number lower, plus half of one more than the
    /// number equal (itself included), over N. A value that the stored population lacks takes the place it
    /// would have there, with none equal; never above 1. Nothing over an empty population.
    pub(in crate::evaluate) fn rank(&self, value: f64) -> Option<f64> {
        let lower = self.first(|other| other >= value);
        // Most are alone with their value.
        let alone = self.sorted.get(lower + 1).is_none_or(|&next| next > value);
        let equal = match self.sorted.get(lower) {
            Some(&found) if found <= value && alone => 1,
            Some(&found) if found <= value => self.first(|other| other > value) - lower,
            _ => 0,
        };
        let (lower, equal, count) = (lower as f64, equal as f64, self.sorted.len() as f64);
        (count > 0.0).then(|| ((lower + f64::midpoint(equal, 1.0)) / count).min(1.0))
    }

    /// The place of the first value that is far enough up; their number where none is.
    fn first(&self, is_up: impl Fn(f64) -> bool) -> usize {
        let levels = self.fences.iter().rev().map(Vec::as_slice).chain([self.sorted]);
        levels.fold(1, |fence, level| {
            // The last fence that is not up; what is looked for lies behind it and before the next.
            let Some(last) = fence.checked_sub(1) else { return 0 };
            let start = last * STRIDE;
            let end = (start + STRIDE).min(level.len());
            let between = level.get(start..end).unwrap_or_default();
            // Counting all takes one look at memory, halving would take several.
            start + between.iter().filter(|&&value| !is_up(value)).count()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(sorted: &[f64], value: f64) -> Option<f64> {
        let lower = sorted.iter().filter(|&&other| other < value).count() as f64;
        let equal = sorted.iter().filter(|&&other| other <= value).count() as f64 - lower;
        (!sorted.is_empty()).then(|| ((lower + f64::midpoint(equal, 1.0)) / sorted.len() as f64).min(1.0))
    }

    #[test]
    fn ranks_are_those_of_counting_whatever_the_size_and_however_many_are_equal() {
        for size in [0_i32, 1, 2, 15, 16, 17, 255, 256, 257, 272, 1_000] {
            for step in [1, 3, 40, 2_000] {
                let sorted: Vec<f64> = (0..size).map(|place| f64::from(place / step * 2)).collect();
                let fences = Fences::of(&sorted);
                let population = Population::new(&sorted, &fences);
                for value in -1..=(size / step * 2 + 3) {
                    let value = f64::from(value);
                    assert_eq!(
                        population.rank(value),
                        plain(&sorted, value),
                        "{value} among {size} by {step}"
                    );
                }
            }
        }
    }
}
