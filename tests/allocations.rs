//! Evaluation allocates nothing more once it has seen a batch, however many customers there are.

#![expect(clippy::expect_used, reason = "a test says so where it fails")]

use std::collections::BTreeMap;

use guanxi::evaluate::{CutPlan, CutPoints, Evaluator, Goal};
use guanxi::model::facts::{EventBatch, FactBatch};
use guanxi::model::{CodeColumn, Column, Dictionary, NumberColumn, Timestamp};
use guanxi::policy::compiled::ValueKind;
use guanxi::policy::expression::tree::Expression;
use guanxi::policy::{Compiled, Files, load};

const POLICY: &str = r#"
[customer.fields]
a = "number"
b = "number"
c = { type = "choice", of = ["red", "green", "blue"] }
d = "date"
m = "time"
p = "bool"
q = "bool"
t = "text"
[event.buy.fields]
n = "number"
[event.spend.fields]
n = "number"
[ledger.points]
expires = "90d"
[[ledger.points.entry]]
on = "buy"
amount = 'event.n'
[[ledger.points.entry]]
on = "spend"
amount = '-event.n'

[score.arithmetic]
value = '(a + 2 * b) / (a - b) ** 2 % 7 - clamp(a, 1, b) + round(b, 1) + sqrt(a) + min(a, b, 3)'
[score.comparison]
value = 'a > 5 && b <= a && (p || !q) && p != q && 3 < b'
[score.choice]
value = 'c in ["red", "blue"] || c != "green" && is_known(t) && t == c'
[score.missing]
value = 'count_known(a, b, c, p) + (a ?? b ?? 4) + (if p { a } else { b })'
[score.dates]
value = 'days_since(m) + (today() - d) + year(d) + hour(m) + age(d)'
[score.texts]
value = 'contains(t + "-" + c, "x-r") && t < "m" && starts_with(id, "c0")'
[score.points_left]
value = 'points + expiring(points, a)'
[score.lengths]
value = 'len(t + t) + number(t) + bucket("half")'
"#;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A batch whose values hang on `turn`, so that no two batches are the same.
fn batch(policy: &Compiled, dictionary: Dictionary, customers: usize, turn: usize) -> FactBatch {
    let mut batch = FactBatch { dictionary, ..FactBatch::default() };
    for customer in 0..customers {
        batch.ids.push(&format!("c{:06}", customer + turn));
        batch.known_since.push(0);
        batch.prior.seen.push(0);
    }
    for shape in &policy.schema.events {
        let is_asked = !shape.fields.is_empty() && &*shape.name != "touch";
        batch.events.push(is_asked.then(|| events(&mut batch.dictionary, customers, turn)));
    }
    for field in &policy.schema.customer {
        let mut column = Column::of(&field.ty);
        for customer in 0..customers {
            let seed = customer * 7 + turn;
            let known = !seed.is_multiple_of(20);
            let number = known.then_some((seed % 1000) as f64);
            match &mut column {
                Column::Number(column) => column.push(number),
                Column::Flag(column) => column.push(known.then_some(seed.is_multiple_of(3))),
                Column::Code(column) => {
                    let words = ["red", "green", "blue"];
                    let word = words.get(seed % 3).filter(|_| known);
                    let code = match &*field.name {
                        "t" => known.then(|| batch.dictionary.code(&format!("x{}", seed % 97))),
                        _ => word.map(|word| batch.dictionary.code(word)),
                    };
                    column.push(code);
                }
            }
        }
        batch.customer.push(Some(column));
    }
    batch
}

/// Three events a customer at the same instants in all kinds, each with a number.
fn events(dictionary: &mut Dictionary, customers: usize, turn: usize) -> EventBatch {
    let (mut ids, mut numbers) = (CodeColumn::default(), NumberColumn::default());
    let mut events = EventBatch { offsets: vec![0], ..EventBatch::default() };
    for customer in 0..customers {
        for days in [3, 2, 1] {
            events.at.push((NOW.0 - i64::from(days) * 86_400_000) as f64);
            ids.push(Some(dictionary.code(&format!("e{}", (customer + turn) % 7))));
            numbers.push(Some(f64::from(days) + (customer % 13) as f64));
        }
        events.offsets.push(u32::try_from(events.at.len()).expect("few events"));
    }
    EventBatch { ids: Some(Column::Code(ids)), fields: vec![Some(Column::Number(numbers))], ..events }
}

/// How often evaluating the second and the third batch of so many customers asks for memory.
fn allocations(policy: &std::sync::Arc<Compiled>, customers: usize) -> [u64; 2] {
    let plan = CutPlan::new(policy);
    let cuts = CutPoints::new(&plan, policy, Vec::new());
    let expressions: Vec<&Expression> = policy
        .values
        .iter()
        .filter_map(|value| match &value.kind {
            ValueKind::Score(expression) => Some(expression),
            _ => None,
        })
        .collect();
    let goal = Goal { classes: Vec::new(), expressions };
    let mut evaluator = Evaluator::new(policy, &plan, &goal).expect("a program");
    let mut dictionary = evaluator.dictionary();
    let mut counts = [0, 1, 2].map(|turn| {
        dictionary.reset();
        let mut facts = batch(policy, std::mem::take(&mut dictionary), customers, turn);
        let found = allocation_counter::measure(|| {
            evaluator.evaluate(&mut facts, NOW, &cuts).expect("the program runs");
        });
        dictionary = facts.dictionary;
        found.count_total
    });
    // The first batch makes room.
    counts.rotate_left(1);
    let [second, third, first] = counts;
    assert!(first > 0, "nothing was counted");
    [second, third]
}

#[test]
fn later_batches_allocate_nothing_however_many_customers_they_hold() {
    let files =
        Files { policies: [("rules.toml".to_owned(), POLICY.to_owned())].into(), scripts: BTreeMap::new() };
    let outcome = load(&files);
    let problems = guanxi::policy::render(&outcome.diagnostics, &files, false);
    let policy = std::sync::Arc::new(outcome.compiled.expect(&problems));
    for customers in [100, 2_000] {
        assert_eq!(allocations(&policy, customers), [0, 0], "{customers} customers");
    }
}
