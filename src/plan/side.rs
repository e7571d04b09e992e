//! One of the two courses of events that are compared: a policy set on a copy of the store.

use std::sync::Arc;

use super::PlanError;
use crate::archive::Archive;
use crate::engine::RunReport;
use crate::model::Timestamp;
use crate::model::time::DAY;
use crate::policy::Compiled;
use crate::policy::compiled::Scope;
use crate::rehearsal::{Options, Rehearsal};
use crate::schedule::Course;

/// What the runs of a rehearsal are called.
const LABEL: &str = "plan";

/// A policy set at work on a copy.
pub(super) struct Side {
    rehearsal: Rehearsal,
    /// What its next run did.
    pub(super) next: RunReport,
}

/// What a course of days had.
#[derive(Clone, Debug, Default)]
pub(super) struct Days {
    /// Runs, the next one included.
    pub(super) runs: u64,
    /// Runs that only place customers.
    pub(super) left_out: u64,
    /// What each guard held back at the last run, and dropped in all.
    pub(super) guards: Vec<(Arc<str>, u64, u64)>,
}

impl Side {
    /// Runs everything once.
    pub(super) fn begin(copy: Archive, policy: &Arc<Compiled>, now: Timestamp) -> Result<Self, PlanError> {
        let mut rehearsal = Rehearsal::new(copy, Arc::clone(policy), Options::default())?;
        let next = rehearsal.run(now, Scope::Everything, LABEL)?;
        Ok(Self { rehearsal, next })
    }

    pub(super) const fn archive(&self) -> &Archive {
        self.rehearsal.archive()
    }

    pub(super) const fn policy(&self) -> &Arc<Compiled> {
        self.rehearsal.engine().policy()
    }

    pub(super) const fn cut_plan(&self) -> &crate::evaluate::CutPlan {
        self.rehearsal.engine().plan()
    }

    /// Goes on along the course of its schedules; receivers take everything. Runs that can make no touch are left out.
    pub(super) fn go_on(&mut self, days: u32) -> Result<Days, PlanError> {
        let from = self.next.now;
        let mut passed = Days { runs: 1, ..Days::default() };
        passed.note(&self.next);
        self.rehearsal.deliver(from)?;
        let until = from.plus(i64::from(days).saturating_mul(DAY));
        for due in Course::new(self.policy(), from, until)? {
            if !due.scope.makes_touches() {
                passed.left_out += 1;
                continue;
            }
            let report = self.rehearsal.follow(&due)?;
            passed.runs += 1;
            passed.note(&report);
        }
        Ok(passed)
    }
}

impl Days {
    fn note(&mut self, report: &RunReport) {
        for (_, waiting, _) in &mut self.guards {
            *waiting = 0;
        }
        for count in &report.guards {
            match self.guards.iter_mut().find(|(name, ..)| *name == count.name) {
                Some((_, waiting, dropped)) => {
                    *waiting = count.waiting;
                    *dropped += count.suppressed;
                }
                None => self.guards.push((Arc::clone(&count.name), count.waiting, count.suppressed)),
            }
        }
    }
}
