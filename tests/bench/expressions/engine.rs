//! This engine: the rules as expressions of a policy set, the customers as batches in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use guanxi::evaluate::{CutPlan, CutPoints, Evaluator, Goal};
use guanxi::model::facts::{BATCH, FactBatch};
use guanxi::model::{Column, Timestamp};
use guanxi::policy::compiled::ValueKind;
use guanxi::policy::{Compiled, Files, load};

use super::data::{CHOICES, Data, FLAGS, NUMBERS, Plain, WORDS};
use super::rules::{Language, Rule};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A program and the batches it runs over.
#[derive(Debug)]
pub(crate) struct Engine {
    evaluator: Evaluator,
    cuts: CutPoints,
    batches: Vec<FactBatch>,
    rules: usize,
}

impl Engine {
    pub(crate) fn new(rules: &[Rule], data: &Data) -> Self {
        let policy = policy(rules);
        let plan = CutPlan::new(&policy);
        let named = (0..rules.len()).map(|rule| {
            let name = format!("rule{rule}");
            let value = policy.values.iter().find(|value| *value.name == *name);
            match &value.expect("the rule is there").kind {
                ValueKind::Score(expression) => expression,
                other => panic!("a rule is {other:?}"),
            }
        });
        let goal = Goal { classes: Vec::new(), expressions: named.collect() };
        let evaluator = Evaluator::new(&policy, &plan, &goal).expect("the rules are a program");
        let rows: Vec<usize> = (0..data.customers()).collect();
        let batches = rows.chunks(BATCH).map(|rows| batch(&policy, &evaluator, data, rows)).collect();
        let cuts = CutPoints::new(&plan, &policy, Vec::new());
        Self { evaluator, cuts, batches, rules: rules.len() }
    }

    /// Evaluates all batches.
    pub(crate) fn time(&mut self) -> Duration {
        let begin = Instant::now();
        for batch in &mut self.batches {
            let decisions = self.evaluator.evaluate(batch, NOW, &self.cuts).expect("the rules run");
            std::hint::black_box(decisions);
        }
        begin.elapsed()
    }

    /// The rules that hold for each customer, as bits.
    pub(crate) fn masks(&mut self) -> Vec<u64> {
        let mut masks = Vec::new();
        for batch in &mut self.batches {
            let rows = batch.len();
            let decisions = self.evaluator.evaluate(batch, NOW, &self.cuts).expect("the rules run");
            let start = masks.len();
            masks.resize(start + rows, 0_u64);
            for rule in 0..self.rules {
                let Some(Column::Flag(column)) = decisions.expression(rule) else {
                    panic!("a rule is a truth")
                };
                for row in column.values.ones() {
                    masks[start + row] |= 1 << rule;
                }
            }
        }
        masks
    }
}

fn policy(rules: &[Rule]) -> Arc<Compiled> {
    let mut text = "[customer.fields]\n".to_owned();
    let words = WORDS.map(|word| format!("\"{word}\"")).join(", ");
    let mut declare = |letter: &str, count: usize, ty: &str| {
        for column in 0..count {
            writeln!(text, "{letter}{column} = {ty}").expect("text grows");
        }
    };
    declare("n", NUMBERS, "\"number\"");
    declare("f", FLAGS, "\"bool\"");
    declare("c", CHOICES, &format!("{{ type = \"choice\", of = [{words}] }}"));
    for (index, rule) in rules.iter().enumerate() {
        let rule = rule.written(Language::Guanxi);
        writeln!(text, "[score.rule{index}]\nvalue = '{rule}'").expect("text grows");
    }
    let files = Files { policies: [("rules.toml".to_owned(), text)].into(), scripts: BTreeMap::new() };
    let outcome = load(&files);
    assert!(outcome.compiled.is_some(), "{}", guanxi::policy::render(&outcome.diagnostics, &files, false));
    Arc::new(outcome.compiled.expect("a policy set"))
}

fn batch(policy: &Compiled, evaluator: &Evaluator, data: &Data, rows: &[usize]) -> FactBatch {
    let mut batch = FactBatch { dictionary: evaluator.dictionary(), ..FactBatch::default() };
    for row in rows {
        batch.ids.push(&format!("c{row:06}"));
        batch.known_since.push(0);
        batch.prior.seen.push(0);
    }
    batch.events.resize_with(policy.schema.events.len(), || None);
    for field in &policy.schema.customer {
        let mut column = Column::of(&field.ty);
        let (letter, index) = field.name.split_at(1);
        let index: usize = index.parse().expect("a number after the letter");
        match &mut column {
            Column::Number(out) => each(&data.numbers[index], rows, |number| out.push(number)),
            Column::Flag(out) => each(&data.flags[index], rows, |flag| out.push(flag)),
            Column::Code(out) => each(&data.choices[index], rows, |code| {
                out.push(code.map(|code| batch.dictionary.code(WORDS[code as usize])));
            }),
        }
        assert!(["n", "f", "c"].contains(&letter), "{letter} is no attribute");
        batch.customer.push(Some(column));
    }
    batch
}

fn each<T: Copy + Default>(column: &Plain<T>, rows: &[usize], mut push: impl FnMut(Option<T>)) {
    for &row in rows {
        push(column.get(row));
    }
}
