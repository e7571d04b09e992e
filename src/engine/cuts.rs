//! Making cut points anew: one pass over the population a stage.

use super::everybody::Everybody;
use super::{Engine, EngineError, RunReport};
use crate::archive::RunWriter;
use crate::evaluate::{CutPass, CutPoints, EvaluateError};

impl Engine {
    /// Makes those of `used` that are missing, of another version or too old, and stores them.
    /// The report says how many were made.
    pub(super) fn refresh(
        &self,
        writer: &mut RunWriter<'_>,
        cuts: &mut CutPoints,
        used: &[usize],
        everybody: &mut Everybody,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let now = report.now;
        let stages = self.plan.stale(&self.policy, cuts, used, now);
        let passes = stages.iter().map(|stage| {
            let mut pass = CutPass::new(&self.policy, &self.plan, stage)?;
            everybody.also(pass.request(now));
            Ok(pass)
        });
        for mut pass in passes.collect::<Result<Vec<_>, EvaluateError>>()? {
            let request = pass.request(now).clone();
            everybody.pass(writer.archive(), &request, now, |facts| Ok(pass.take(facts, now, cuts)?))?;
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
