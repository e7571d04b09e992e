//! What care costs: one evaluation with triggers, cadences and guards against the same without, in one run.
//!
//! `cargo bench --bench care` takes the store of the benchmark `evaluation` (1,000,000 generated customers with
//! 10,000,000 orders), evaluates it day after day, then does the same with 20 triggers, 5 cadences and 6 guards,
//! delivering between the days what was queued, and prints medians of three days and their ratio. `-- --customers
//! 100000` makes it smaller.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

mod population;

use std::path::Path;
use std::sync::Arc;

use guanxi::archive::Archive;
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::Timestamp;
use guanxi::policy::Compiled;
use guanxi::policy::compiled::Scope;
use guanxi::ports::simulated::SetClock;
use population::{EVALUATION, HOUR, end, median, peak_memory, policy, timed};

/// Unless the command line says otherwise.
const CUSTOMERS: u32 = 1_000_000;
const CARE: (&str, &str) = ("care.toml", include_str!("care.toml"));

fn main() {
    if let Some(store) = population::store("cared.db", CUSTOMERS) {
        measure(&store);
    }
}

fn measure(store: &Path) {
    let mut archive = Archive::open(store).expect("the store opens");
    // Cut points serve for all days measured: making them would weigh more than care, and hide what it costs.
    let (file, text) = EVALUATION;
    let evaluation = text.replace("\"1d\"", "\"60d\"");
    let without = days(&mut archive, "without care", 0, policy(&[(file, &evaluation)]));
    // As many places as a population of this size takes, so that what waits is what guards let wait, no backlog.
    let (care_file, care) = CARE;
    let care = care.replace("max = 400", &format!("max = {}", population::customers(CUSTOMERS) / 100));
    let sets = [(file, evaluation.as_str()), (care_file, care.as_str())];
    let with = days(&mut archive, "with care", SETTLING + 4, policy(&sets));
    println!("care costs              {:>7.2} x the evaluation without it", with / without);
    println!("peak memory             {:>7.0} MB", peak_memory());
}

/// Days lived through before any is measured. Segments with `enter_after` fill a week after the first run, all at
/// once, and what that makes due has expired a week later.
const SETTLING: i64 = 18;

/// Days under a policy set, of which the last three are measured; returns the seconds of their median.
fn days(archive: &mut Archive, what: &str, from: i64, policy: Arc<Compiled>) -> f64 {
    archive.adopt(policy.schema.clone()).expect("the schema fits");
    let clock = Arc::new(SetClock::default());
    let engine = Engine::new(policy, clock.clone()).expect("the policy runs");
    let mut run = |day: i64| {
        let now = end().plus(day * 24 * HOUR);
        clock.set(now);
        let ran = timed_run(&engine, archive, now);
        deliver(archive, now);
        ran
    };
    let (first, report) = run(from);
    println!("{what:<24}{first:>7.2} s   the first day; {}", did(&report));
    let mut times = Vec::new();
    let mut last = String::new();
    for day in 1..=SETTLING + 3 {
        let (time, report) = run(from + day);
        if day <= SETTLING {
            continue;
        }
        times.push(std::time::Duration::from_secs_f64(time));
        last = did(&report);
    }
    let steady = median(times).as_secs_f64();
    println!("{what:<24}{steady:>7.2} s   a day, median of 3; the last: {last}");
    steady
}

/// What the channels would do between two runs.
fn deliver(archive: &mut Archive, now: Timestamp) {
    for channel in ["mail", "calls"] {
        loop {
            let due = archive.due(channel, now, 1_000).expect("the outbox is read");
            if due.is_empty() {
                break;
            }
            let ids: Vec<&str> = due.iter().map(|delivery| &*delivery.touch.id).collect();
            archive.delivered(&ids, now).expect("deliveries are noted");
        }
    }
    archive.checkpoint().expect("the log is emptied");
}

fn timed_run(engine: &Engine, archive: &mut Archive, now: Timestamp) -> (f64, RunReport) {
    let request = RunRequest { now, scope: Scope::Everything, schedule: "bench".to_owned() };
    let mut report = None;
    let time = timed(|| report = Some(engine.run(archive, &request).expect("a run")));
    (time.as_secs_f64(), report.expect("a report"))
}

fn did(report: &RunReport) -> String {
    let fired: u64 = report.fired.iter().map(|(_, times)| times).sum();
    format!("{} transitions, {fired} rises, {} touches queued", report.transitions, report.queued)
}
