//! A policy that is edited while it lives: what the data did is told from what the edit did, nothing fires again, no
//! clock restarts. One store under one policy set after another, with time that is set.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod classes;
#[path = "../common/mod.rs"]
mod common;
mod moves;
mod seeded;
mod triggers;

use std::sync::Arc;

use guanxi::archive::{Archive, EventRow, TouchFilter, TouchRow};
use guanxi::engine::{Engine, RunReport};
use guanxi::model::standing::Transition;
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files};
use guanxi::ports::simulated::SetClock;

const HEAD: &str = r#"
[customer.fields]
n = "number"
m = "number"
[event.order.fields]
amount = "number"
[channel.list.file]
path = "out.jsonl"
format = "jsonl"
[action.note]
channel = "list"
"#;

/// A store with the engine of the present policy set.
struct Store {
    archive: Archive,
    engine: Engine,
    clock: Arc<SetClock>,
}

/// A set of one policy file and perhaps a script.
fn files(policy: &str, script: Option<&str>) -> Files {
    let mut files = common::files(&format!("{HEAD}{policy}"));
    if let Some(script) = script {
        files.scripts.insert("own.rhai".to_owned(), script.to_owned());
    }
    files
}

impl Store {
    fn new(policy: &str) -> Self {
        Self::of(&files(policy, None))
    }

    fn of(files: &Files) -> Self {
        let clock = Arc::new(SetClock::default());
        let mut archive = Archive::open_in_memory().unwrap();
        let engine = common::activate(&mut archive, files, &clock);
        Self { archive, engine, clock }
    }

    fn edit(&mut self, policy: &str) {
        self.edit_to(&files(policy, None));
    }

    fn edit_to(&mut self, files: &Files) {
        self.engine = common::activate(&mut self.archive, files, &self.clock);
    }

    /// Makes a set active whose text the store doesn't keep.
    fn edit_unkept(&mut self, files: &Files) -> Arc<Compiled> {
        let policy = common::compiled(files);
        self.archive.adopt(policy.schema.clone()).unwrap();
        self.engine = Engine::new(policy.clone(), self.clock.clone()).unwrap();
        policy
    }

    /// Sets a number of a customer.
    fn set(&mut self, day: i64, customer: &str, field: &str, number: f64) {
        let value = Some(Value::Number(number));
        common::set(&mut self.archive, Timestamp(day * DAY), customer, field, value);
    }

    /// Sets `n` of customers.
    fn n(&mut self, day: i64, numbers: &[(&str, f64)]) {
        for &(customer, number) in numbers {
            self.set(day, customer, "n", number);
        }
    }

    fn order(&mut self, day: i64, customer: &str) {
        let kind = self.archive.schema().event("order").unwrap();
        let id = format!("{customer}-{day}");
        let at = Timestamp(day * DAY);
        let mut ingest = self.archive.ingest(at).unwrap();
        ingest.event(kind, &EventRow { id: &id, customer, at, fields: &[Some(Value::Number(1.0))] }).unwrap();
        ingest.commit().unwrap();
    }

    fn run(&mut self, day: i64) -> RunReport {
        self.run_scope(day, Scope::Everything)
    }

    fn run_scope(&mut self, day: i64, scope: Scope) -> RunReport {
        let now = Timestamp(day * DAY);
        common::run(&self.engine, &mut self.archive, &self.clock, (now, now), scope)
    }

    /// Runs one trigger alone.
    fn run_trigger(&mut self, day: i64, name: &str) -> RunReport {
        let triggers = &self.engine.policy().triggers;
        let index = triggers.iter().position(|trigger| &*trigger.name == name).unwrap();
        self.run_scope(day, Scope::Some { values: Vec::new(), triggers: vec![index], cadences: Vec::new() })
    }

    fn touches(&self) -> Vec<TouchRow> {
        self.archive.touches(&TouchFilter::default(), 10_000).unwrap()
    }

    /// The customers for whom a run of the day makes touches, in order.
    fn fired(&mut self, day: i64) -> Vec<String> {
        let run = self.run(day).run;
        self.made_by(run)
    }

    fn made_by(&self, run: i64) -> Vec<String> {
        let touches = self.touches().into_iter().filter(|row| row.run == run);
        let mut customers: Vec<String> = touches.map(|row| row.touch.customer.to_string()).collect();
        customers.sort();
        customers
    }

    fn state(&self, customer: &str) -> TouchState {
        self.touches().iter().find(|row| &*row.touch.customer == customer).unwrap().touch.state
    }

    /// The transitions of a run, as `customer value: from to to (cause)`.
    fn moved(&mut self, day: i64) -> Vec<String> {
        let before = self.archive.transitions(None, 10_000).unwrap().len();
        let run = self.run(day);
        let mut all = self.archive.transitions(None, 10_000).unwrap();
        assert_eq!(all.len() - before, usize::try_from(run.transitions).unwrap());
        all.truncate(all.len() - before);
        let mut moved: Vec<String> = all.iter().map(|(_, moved)| said(moved)).collect();
        moved.reverse();
        moved
    }
}

impl Store {
    /// All transitions there ever were.
    fn all_moved(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.archive.transitions(None, 10_000).unwrap().iter().map(|(_, moved)| said(moved)).collect();
        all.reverse();
        all
    }
}

fn said(moved: &Transition) -> String {
    let name = |place: &Option<Arc<str>>| place.as_deref().unwrap_or("-").to_owned();
    let Transition { customer, value, cause, .. } = moved;
    format!("{customer} {value}: {} to {} ({})", name(&moved.from), name(&moved.to), cause.as_str())
}
