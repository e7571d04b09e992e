//! Making cut points anew: one pass over the population a stage.

use super::{Engine, EngineError, each_batch};
use crate::archive::RunWriter;
use crate::evaluate::{CutPass, CutPoints};
use crate::model::Timestamp;
use crate::model::facts::FactBatch;

impl Engine {
    /// Makes those of `used` that are missing, of another version or too old, and stores them.
    /// Returns how many were made.
    pub(super) fn refresh(
        &self,
        writer: &mut RunWriter<'_>,
        cuts: &mut CutPoints,
        used: &[usize],
        now: Timestamp,
    ) -> Result<usize, EngineError> {
        let mut made = 0;
        for stage in self.plan.stale(&self.policy, cuts, used, now) {
            let mut pass = CutPass::new(&self.policy, &self.plan, &stage)?;
            let request = pass.request(now).clone();
            let mut facts = FactBatch::default();
            each_batch(
                writer.archive(),
                &request,
                now,
                &mut facts,
                |facts| Ok(pass.take(facts, now, cuts)?),
            )?;
            for (index, point) in pass.finish(&self.policy, now) {
                writer.cut_point(&point)?;
                cuts.set(index, point);
                made += 1;
            }
        }
        Ok(made)
    }
}
