//! Making cut points anew: one pass over the population a stage.

use super::{Engine, EngineError, RunReport, each_batch};
use crate::archive::RunWriter;
use crate::evaluate::{CutPass, CutPoints};
use crate::model::facts::FactBatch;

impl Engine {
    /// Makes those of `used` that are missing, of another version or too old, and stores them.
    /// The report says how many were made.
    pub(super) fn refresh(
        &self,
        writer: &mut RunWriter<'_>,
        cuts: &mut CutPoints,
        used: &[usize],
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let now = report.now;
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
            report.note_scripts(pass.script_failures());
            for (index, point) in pass.finish(&self.policy, now) {
                writer.cut_point(&point)?;
                cuts.set(index, point);
                report.cut_points += 1;
            }
        }
        Ok(())
    }
}
