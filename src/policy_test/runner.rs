//! Runs tests, step by step, several at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::PolicyTestError;
use super::case::{Case, Step};
use super::coverage::{Coverage, Watcher};
use super::expect::differences;
use super::facts::take_in;
use super::verdict::{Difference, StepVerdict, Verdict};
use crate::archive::Archive;
use crate::engine::{Engine, RunRequest};
use crate::policy::Compiled;
use crate::policy::compiled::Scope;
use crate::ports::simulated::SetClock;
use crate::rehearsal::deliver;

/// Runs tests under a policy set, as many at a time as `workers` says, and gives their verdicts in the order of the
/// tests. Notes in `coverage` what they saw of the set.
///
/// # Errors
/// Where the set can't be run at all. What goes wrong in a test is its verdict's.
pub fn run_all(
    cases: &[Case],
    policy: &Arc<Compiled>,
    workers: usize,
    mut coverage: Option<&mut Coverage>,
) -> Result<Vec<Verdict>, PolicyTestError> {
    let engine = Engine::new(policy.clone(), Arc::new(SetClock::default()))?;
    let next = AtomicUsize::new(0);
    let work = || Ok(Worker::new(&engine, coverage.as_deref())?.take(cases, &next));
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers.clamp(1, cases.len().max(1))).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect::<Result<Vec<_>, PolicyTestError>>()
    })?;
    let mut verdicts = BTreeMap::new();
    for (of_worker, seen) in results {
        verdicts.extend(of_worker);
        if let Some(coverage) = &mut coverage {
            coverage.add(&seen);
        }
    }
    Ok(verdicts.into_values().collect())
}

/// Verdicts by number of the test, and what was seen of the policy set.
type Done = (Vec<(usize, Verdict)>, Vec<bool>);

/// Runs one test after the other.
struct Worker<'a> {
    engine: &'a Engine,
    /// Where all that the set declares has its place, and nobody is in it yet: every test begins with a copy, for
    /// making one takes four times as long as a usual test.
    empty: Archive,
    watcher: Option<Watcher<'a>>,
}

impl<'a> Worker<'a> {
    fn new(engine: &'a Engine, coverage: Option<&'a Coverage>) -> Result<Self, PolicyTestError> {
        let watcher = coverage.map(|coverage| Watcher::new(coverage, engine)).transpose()?;
        let mut empty = Archive::scratch()?;
        empty.adopt(Arc::clone(&engine.policy().schema))?;
        Ok(Self { engine, empty, watcher })
    }

    fn take(mut self, cases: &[Case], next: &AtomicUsize) -> Done {
        let mut verdicts = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(number) else { break };
            verdicts.push((number, self.run(case)));
        }
        (verdicts, self.watcher.map(Watcher::into_seen).unwrap_or_default())
    }

    fn run(&mut self, case: &Case) -> Verdict {
        let began = Instant::now();
        let mut steps = Vec::new();
        let error = self.take_steps(case, &mut steps).err();
        Verdict { steps, error, took: began.elapsed() }
    }

    fn take_steps(&mut self, case: &Case, verdicts: &mut Vec<StepVerdict>) -> Result<(), PolicyTestError> {
        let clock = Arc::new(SetClock::default());
        let engine = self.engine.for_store(clock.clone());
        let mut archive = self.empty.scratch_copy(&mut |_, _| {})?;
        for (number, step) in case.steps.iter().enumerate() {
            clock.set(step.at);
            if number == 0 {
                take_in(&mut archive, &case.rows, step.at, "test")?;
            }
            take_in(&mut archive, &step.rows, step.at, &format!("step-{}", number + 1))?;
            let differences = self.take_step(step, &engine, &mut archive)?;
            verdicts.push(StepVerdict { at: step.at, differences });
        }
        Ok(())
    }

    fn take_step(
        &mut self,
        step: &Step,
        engine: &Engine,
        archive: &mut Archive,
    ) -> Result<Vec<Difference>, PolicyTestError> {
        let now = step.at;
        let request = RunRequest { now, scope: Scope::Everything, schedule: "test".to_owned() };
        let report = engine.run(archive, &request)?;
        let mut found = Vec::new();
        for expect in &step.expect {
            found.extend(differences(expect, engine, archive, now)?);
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.look(engine, archive, now, &report)?;
        }
        deliver(engine, archive, now)?;
        Ok(found)
    }
}
