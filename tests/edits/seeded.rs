//! Random edits of a threshold amid random data: who is touched is who rose under both definitions.

use std::collections::BTreeMap;

use super::Store;

/// A small generator, so that a failure is found again by its seed.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        // The constants of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn policy(threshold: u64) -> String {
    format!(
        "[trigger.grown]\nwhen = 'n > {threshold}'\nactions = [\"note\"]\n[segment.large]\nwhen = 'n > {threshold}'\n"
    )
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn lives(seed: u64) {
    let mut random = Random(seed);
    let mut threshold = 5;
    let mut store = Store::new(&policy(threshold));
    let customers: Vec<String> = (0..12).map(|number| format!("c{number:02}")).collect();
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    for customer in &customers {
        let number = random.next(10);
        numbers.insert(customer, number);
        store.n(0, &[(customer, number as f64)]);
    }
    store.run(1);
    for day in 2..30 {
        let before = numbers.clone();
        for customer in &customers {
            if random.next(3) == 0 {
                let number = random.next(10);
                numbers.insert(customer, number);
                store.n(day, &[(customer, number as f64)]);
            }
        }
        let former = threshold;
        for _ in 0..random.next(3) {
            threshold = random.next(10);
            store.edit(&policy(threshold));
        }
        let rose = |customer: &&String| {
            let was = before[customer.as_str()] > former;
            let is = numbers[customer.as_str()];
            !was && is > former && is > threshold
        };
        let expected: Vec<&String> = customers.iter().filter(rose).collect();
        let moved = |cause: &str, from: &dyn Fn(&str) -> bool, to: &dyn Fn(&str) -> bool| {
            let said = move |customer: &String| {
                let (from, to) = (from(customer), to(customer));
                (from != to).then(|| format!("{customer} large: {from} to {to} ({cause})"))
            };
            customers.iter().filter_map(said).collect::<Vec<_>>()
        };
        let stored = |customer: &str| before[customer] > former;
        let by_data = |customer: &str| numbers[customer] > former;
        let by_edit = |customer: &str| numbers[customer] > threshold;
        let mut transitions = moved("data", &stored, &by_data);
        transitions.extend(moved("policy", &by_data, &by_edit));
        transitions.sort();
        let mut found = store.moved(day);
        found.sort();
        assert_eq!(found, transitions, "seed {seed}, day {day}");
        let run = store.archive.runs(1).unwrap()[0].id;
        assert_eq!(store.made_by(run).iter().collect::<Vec<_>>(), expected, "seed {seed}, day {day}");
    }
}

#[test]
fn who_is_touched_is_who_rose_under_both_definitions() {
    (0..24).for_each(lives);
}
