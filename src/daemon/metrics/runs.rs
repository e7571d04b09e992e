//! Runs: how many, how long, how many came too late, and what failed in them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::counts::Counts;
use super::missed::missed;
use super::page::{Labels, Metric, Samples};
use crate::daemon::state::RunWatch;
use crate::engine::{EngineError, RunReport};
use crate::model::Timestamp;
use crate::model::durations::Durations;
use crate::policy::Compiled;
use crate::schedule::Timetable;

/// Who asks for runs besides schedules: `POST /v1/runs`, and the approval of a run.
const OTHERS: [&str; 2] = ["request", "approval"];
const OUTCOMES: [&str; 2] = ["committed", "failed"];

/// Runs since the process started.
#[derive(Debug, Default)]
pub struct Runs {
    ended: Counts,
    missed: Counts,
    script_errors: Counts,
    took: Mutex<Durations>,
    last_success: Mutex<Option<Timestamp>>,
}

impl Runs {
    /// Counts a run that ended, once for each schedule that asked for it, as `a+b` names them.
    pub fn note_end(&self, schedules: &str, took: Duration, result: &Result<RunReport, EngineError>) {
        let outcome = if result.is_ok() { "committed" } else { "failed" };
        for schedule in schedules.split('+') {
            self.ended.add(schedule, outcome, 1);
        }
        self.took.lock().unwrap_or_else(PoisonError::into_inner).note(took);
        if let Ok(report) = result {
            *self.last_success.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.finished);
            for failure in &report.script_failures {
                self.script_errors.add(&failure.function, "", failure.customers);
            }
        }
    }

    /// Counts the fires that were missed when a schedule with this last fire has run for another, or goes on
    /// after it without a run.
    pub fn note_missed(&self, timetable: &Timetable, last: Timestamp, next: Timestamp, now: Timestamp) {
        self.missed.add(&timetable.name, "", missed(timetable, last, next, now));
    }

    pub(super) fn metrics(&self, policy: &Compiled, watch: &RunWatch, now: Timestamp) -> Vec<Metric> {
        let schedules = || policy.schedules.iter().map(|schedule| &*schedule.name);
        let of_runs = schedules().chain(OTHERS).flat_map(|schedule| {
            OUTCOMES.map(|outcome| {
                let labels = labels([("schedule", schedule), ("outcome", outcome)]);
                (labels, self.ended.get(schedule, outcome) as f64)
            })
        });
        let of_missed = schedules()
            .map(|schedule| (labels([("schedule", schedule)]), self.missed.get(schedule, "") as f64));
        let of_functions = policy.functions.iter().map(|function| {
            let name = &*function.name;
            (labels([("function", name)]), self.script_errors.get(name, "") as f64)
        });
        let took = self.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let last_success = *self.last_success.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |at: Timestamp| seconds(now.0.saturating_sub(at.0).max(0));
        let mut metrics = vec![
            Metric {
                name: "guanxi_runs_total",
                help: "Runs that ended, by schedule (request: asked for over HTTP; approval: a run was approved) and outcome; one that several schedules asked for counts for each",
                samples: Samples::Counter(of_runs.collect()),
            },
            Metric {
                name: "guanxi_runs_missed_total",
                help: "Times of a schedule for which no run began within a minute, whether made up for or not",
                samples: Samples::Counter(of_missed.collect()),
            },
            Metric {
                name: "guanxi_run_duration_seconds",
                help: "How long runs took, committed or failed",
                samples: Samples::Histogram(vec![(Vec::new(), took)]),
            },
            Metric::gauge(
                "guanxi_run_under_way_seconds",
                "How long the run under way has taken so far; 0 where there is none",
                watch.running_since.map_or(0.0, since),
            ),
            Metric::gauge(
                "guanxi_run_last_successful",
                "Whether the last run since the start was committed; 1 before the first",
                f64::from(u8::from(watch.failure.is_none())),
            ),
            Metric {
                name: "guanxi_script_errors_total",
                help: "Customers for whom a function from a script failed in a committed run, so that its value is missing",
                samples: Samples::Counter(of_functions.collect()),
            },
        ];
        if let Some(at) = last_success {
            metrics.push(Metric::gauge(
                "guanxi_run_last_success_timestamp_seconds",
                "When the last committed run since the start ended; absent before the first",
                seconds(at.0),
            ));
        }
        metrics
    }
}

/// Milliseconds as Prometheus has them.
pub(super) fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}

/// Labels with their values.
pub(super) fn labels<const N: usize>(pairs: [(&'static str, &str); N]) -> Labels {
    pairs.map(|(label, value)| (label, value.to_owned())).to_vec()
}
