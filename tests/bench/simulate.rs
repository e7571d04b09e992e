//! What simulating costs: a year of daily runs, forward and as a replay of history.
//!
//! `cargo bench --bench simulate` takes the store of the benchmark `evaluation` with 10,000 customers (100,000 orders),
//! and prints how long a year takes under the shipped policies, and under the 20 triggers, 5 cadences and 6 guards of the
//! benchmark `care`. `-- --customers 1000000 --days 30` asks for another size.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it can't go on"
)]

mod population;

use std::path::Path;
use std::sync::Arc;

use guanxi::archive::Archive;
use guanxi::demo::policies;
use guanxi::policy::Compiled;
use guanxi::rehearsal::Options;
use guanxi::simulate::{Figures, SimulateError, Simulation, Terms};
use population::{EVALUATION, HOUR, end, median, number, peak_memory, policy, timed};

const CARE: (&str, &str) = ("care.toml", include_str!("care.toml"));
/// Instead of the shipped schedules: once a day.
const DAILY: (&str, &str) =
    ("schedules.toml", "[schedule.daily]\ncron = \"0 9 * * *\"\nevaluate = [\"everything\"]\n");

fn main() {
    let Some(store) = population::store("simulated.db", 10_000) else { return };
    let files = policies::FILES.iter().chain(policies::SCRIPTS).copied();
    let shipped: Vec<(&str, &str)> = files.filter(|(file, _)| *file != DAILY.0).chain([DAILY]).collect();
    let shipped = policy(&shipped);
    let busy = policy(&[EVALUATION, CARE, DAILY]);
    year("shipped, forward", &store, &shipped, Simulation::forward, 0);
    year("shipped, replay", &store, &shipped, Simulation::replay, -1);
    year("care, forward", &store, &busy, Simulation::forward, 0);
    year("care, replay", &store, &busy, Simulation::replay, -1);
    println!("peak memory             {:>7.0} MB", peak_memory());
}

type Begin = fn(Archive, &Arc<Compiled>, Terms) -> Result<Simulation, SimulateError>;

/// A span of days that begins so many spans after the orders end.
fn year(what: &str, store: &Path, policy: &Arc<Compiled>, simulation: Begin, from: i64) {
    let days = number("--days").unwrap_or(365);
    let begin = end().plus(from * days * 24 * HOUR);
    let terms = Terms {
        begin,
        until: begin.plus(days * 24 * HOUR),
        options: Options::default(),
        approve: true,
        by: None,
        schedules: Vec::new(),
    };
    let mut begun = None;
    let prepare = timed(|| {
        let source = Archive::open_read_only(store).expect("the store opens");
        let copy = source.scratch_copy(&mut |_, _| {}).expect("a copy");
        begun = Some(simulation(copy, policy, terms).expect("it begins"));
    });
    let mut simulation = begun.expect("it has begun");
    let mut runs = Vec::new();
    let mut goes_on = true;
    while goes_on {
        runs.push(timed(|| goes_on = simulation.advance().expect("a run").is_some()));
    }
    let figures = simulation.figures().expect("figures");
    let all: std::time::Duration = runs.iter().sum();
    println!(
        "{what:<24}{:>7.2} s   {} runs, median {:.1} ms; to begin with {:.2} s, the first run {:.2} s; {}",
        (prepare + all).as_secs_f64(),
        runs.len() - 1,
        median(runs.clone()).as_secs_f64() * 1_000.0,
        prepare.as_secs_f64(),
        runs.first().copied().unwrap_or_default().as_secs_f64(),
        did(&figures)
    );
}

fn did(figures: &Figures) -> String {
    let touches: u64 = figures.days.iter().map(guanxi::simulate::Day::touches).sum();
    let transitions: u64 = figures.days.iter().map(|day| day.transitions).sum();
    format!("{} customers, {touches} touches, {transitions} transitions", figures.customers)
}
