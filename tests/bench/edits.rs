//! What an edit costs: the one run after it, which asks the former definitions too, against a run without.
//!
//! `cargo bench --bench edits` takes the store of the benchmark `evaluation` with 20 triggers, and prints the median
//! of three days without an edit, of three days each after an edit of one trigger's condition, and of three each after
//! an edit of everything (the time zone). `-- --customers 100000` makes it smaller.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

mod population;

use std::sync::Arc;
use std::time::Duration;

use guanxi::archive::Archive;
use guanxi::engine::{Engine, RunRequest};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Files, load};
use guanxi::ports::simulated::SetClock;
use population::{EVALUATION, HOUR, end, median, peak_memory, timed};

/// Unless the command line says otherwise.
const CUSTOMERS: u32 = 1_000_000;
const CARE: &str = include_str!("care.toml");

/// The condition that is edited, as it stands in `care.toml`.
const CONDITION: &str = "days_since_order > 2 * order_gap'";

fn main() {
    let Some(store) = population::store("edited.db", CUSTOMERS) else { return };
    let mut archive = Archive::open(&store).expect("the store opens");
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    run(&mut archive, 0, 0, "Europe/London");
    for round in 1..=3 {
        let (london, paris) = ("Europe/London", "Europe/Paris");
        let (before, other) = if round % 2 == 1 { (london, paris) } else { (paris, london) };
        let day = round * 3;
        times[0].push(run(&mut archive, day, round - 1, before));
        times[1].push(run(&mut archive, day + 1, round, before));
        times[2].push(run(&mut archive, day + 2, round, other));
    }
    let [unedited, one, all] = times.map(|times| median(times).as_secs_f64());
    println!("without an edit         {unedited:>7.2} s");
    println!("one trigger edited      {one:>7.2} s   {:.2} x", one / unedited);
    println!("everything edited       {all:>7.2} s   {:.2} x", all / unedited);
    println!("peak memory             {:>7.0} MB", peak_memory());
}

/// One day under the policies with a condition and a time zone.
fn run(archive: &mut Archive, day: i64, condition: i64, timezone: &str) -> Duration {
    let mut files = Files::default();
    let care = CARE.replace(CONDITION, &format!("days_since_order > 2 * order_gap + {condition}'"));
    let (name, evaluation) = EVALUATION;
    files.policies.insert(name.to_owned(), evaluation.replace("Europe/London", timezone));
    files.policies.insert("care.toml".to_owned(), care);
    let outcome = load(&files);
    let policy = Arc::new(outcome.compiled.expect("a policy set"));
    archive.adopt(policy.schema.clone()).expect("the schema fits");
    archive.keep_policy_set(&policy.version, &files.to_kept(), end()).expect("the set is kept");
    let clock = Arc::new(SetClock::default());
    let now = end().plus(day * 24 * HOUR);
    clock.set(now);
    let engine = Engine::new(policy, clock).expect("the policy runs");
    let request = RunRequest { now, scope: Scope::Everything, schedule: "bench".to_owned() };
    let mut edited = 0;
    let time = timed(|| edited = engine.run(archive, &request).expect("a run").edited.len());
    println!("day {day}: {edited} tables edited, {:.2} s", time.as_secs_f64());
    time
}
