//! Fifty rules over 200,000 customers with 12 attributes, 5% of the values missing: this engine beside
//! Rhai, zen-expression, cel and a hand-written loop, on the same data in one run of one thread.
//!
//! `cargo bench --bench expressions`; `-- --rounds 5` measures more often. Everybody's hits must be
//! the same. Only evaluation is measured, the fastest of the rounds counts. The slow ones evaluate the
//! first customers only and are scaled up. The loop is compiled on the spot by `rustc` for the
//! processor at hand; this engine is the portable build.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a benchmark prints, and stops where it can't go on"
)]

#[path = "expressions/data.rs"]
mod data;
#[path = "expressions/engine.rs"]
mod engine;
#[path = "expressions/hand.rs"]
mod hand;
#[path = "expressions/rivals.rs"]
mod rivals;
#[path = "expressions/rules.rs"]
mod rules;

use std::path::Path;
use std::time::{Duration, Instant};

use data::Data;
use engine::Engine;
use hand::Hand;
use rivals::{ByCel, ByRhai, ByZen, Rival};
use rules::{distinct, rules};

const CUSTOMERS: usize = 200_000;
const RULES: usize = 50;
/// How many customers the slow ones evaluate.
const SAMPLE: usize = 5_000;

fn main() {
    let rounds = rounds();
    let data = Data::new(CUSTOMERS);
    let rules = rules(RULES);
    let comparisons: usize = rules.iter().map(|rule| rule.parts.len()).sum();
    println!(
        "{CUSTOMERS} customers, {RULES} rules of {comparisons} comparisons, {} of them distinct",
        distinct(&rules).len()
    );
    let hand = Hand::build(&rules, Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut engine = Engine::new(&rules, &data);
    let (mut hand_times, masks) = hand.run(CUSTOMERS, 1);
    assert_eq!(engine.masks(), masks, "the engine and the loop differ");
    let hits: u32 = masks.iter().map(|mask| mask.count_ones()).sum();
    println!("{:.1}% of them hold; all ways agree on which", 100.0 * f64::from(hits) / pairs(CUSTOMERS));

    let mut engine_times = Vec::new();
    for _ in 0..rounds {
        // By turns, so that what disturbs the machine disturbs both.
        hand_times.extend(hand.run(CUSTOMERS, 10).0);
        engine_times.extend((0..10).map(|_| engine.time()));
    }
    let (limit, engine_time) = (best(hand_times), best(engine_times));
    let slow: [(&str, Box<dyn Rival>); 3] = [
        ("Rhai, compiled trees", Box::new(ByRhai::new(&rules))),
        ("zen-expression, bytecode", Box::new(ByZen::new(&rules))),
        ("cel, compiled trees", Box::new(ByCel::new(&rules))),
    ];
    let ours = speed(CUSTOMERS, engine_time);
    row(
        "loop, target-cpu=native",
        speed(CUSTOMERS, limit),
        &format!("{:.2} x its time is ours", ratio(engine_time, limit)),
    );
    row("this engine, portable", ours, "");
    for (name, mut rival) in slow {
        let times = (0..rounds).map(|_| time_rival(rival.as_mut(), &data, &masks)).collect();
        let theirs = speed(SAMPLE, best(times));
        row(name, theirs, &format!("{:.0} x slower, on {SAMPLE} customers", ours / theirs));
    }
    series(&data, rounds);
}

/// Time by number of customers, and by number of rules.
fn series(data: &Data, rounds: usize) {
    println!("\nby customers, {RULES} rules");
    for customers in [25_000, 50_000, 100_000, CUSTOMERS] {
        let mut engine = Engine::new(&rules(RULES), &Data::new(customers));
        let time = best((0..rounds.max(10)).map(|_| engine.time()).collect());
        println!("{customers:>8} {:>8.3} ms {:>7.2} ns a customer", millis(time), nanos(time, customers));
    }
    println!("\nby rules, {CUSTOMERS} customers");
    for count in [10, 25, 50, 100, 200, 400] {
        let rules = rules(count);
        let comparisons: usize = rules.iter().map(|rule| rule.parts.len()).sum();
        let mut engine = Engine::new(&rules, data);
        let time = best((0..rounds.max(10)).map(|_| engine.time()).collect());
        println!(
            "{count:>8} {:>8.3} ms {:>7.3} ns a customer and rule; {} of {comparisons} comparisons distinct",
            millis(time),
            nanos(time, CUSTOMERS * count),
            distinct(&rules).len()
        );
    }
}

fn time_rival(rival: &mut dyn Rival, data: &Data, masks: &[u64]) -> Duration {
    let begin = Instant::now();
    let found: Vec<u64> = (0..SAMPLE).map(|row| rival.customer(data, row)).collect();
    let time = begin.elapsed();
    assert_eq!(found, masks[..SAMPLE], "the hits differ");
    time
}

fn rounds() -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == "--rounds");
    at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(3)
}

fn row(name: &str, speed: f64, note: &str) {
    println!("{name:<26} {:>10.2} M customer-rules/s   {note}", speed / 1e6);
}

fn pairs(customers: usize) -> f64 {
    (customers * RULES) as f64
}

fn speed(customers: usize, time: Duration) -> f64 {
    pairs(customers) / time.as_secs_f64()
}

fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn nanos(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e9 / count as f64
}

fn best(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}
