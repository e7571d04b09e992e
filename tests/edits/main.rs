//! A policy that is edited while it lives: what the data did is told from what the edit did, nothing fires again, no
//! clock restarts. One store under one policy set after another, with time that is set.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what fails here fails the test"
)]

mod classes;
mod moves;
mod seeded;
mod triggers;

use std::sync::Arc;

use guanxi::archive::{Archive, Change, EventRow, TouchFilter, TouchRow};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::standing::Transition;
use guanxi::model::time::DAY;
use guanxi::model::touch::TouchState;
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files, load, render};
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
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), format!("{HEAD}{policy}"));
    if let Some(script) = script {
        files.scripts.insert("own.rhai".to_owned(), script.to_owned());
    }
    files
}

fn compiled(files: &Files) -> Arc<Compiled> {
    let outcome = load(files);
    let said = render(&outcome.diagnostics, files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{said}")))
}

impl Store {
    fn new(policy: &str) -> Self {
        Self::of(&files(policy, None))
    }

    fn of(files: &Files) -> Self {
        let clock = Arc::new(SetClock::default());
        let policy = compiled(files);
        let mut archive = Archive::open_in_memory().unwrap();
        archive.adopt(policy.schema.clone()).unwrap();
        archive.keep_policy_set(&policy.version, &files.to_kept(), Timestamp(0)).unwrap();
        let engine = Engine::new(policy, clock.clone()).unwrap();
        Self { archive, engine, clock }
    }

    fn edit(&mut self, policy: &str) {
        self.edit_to(&files(policy, None));
    }

    fn edit_to(&mut self, files: &Files) {
        let policy = self.edit_unkept(files);
        self.archive.keep_policy_set(&policy.version, &files.to_kept(), Timestamp(0)).unwrap();
    }

    /// Makes a set active whose text the store doesn't keep.
    fn edit_unkept(&mut self, files: &Files) -> Arc<Compiled> {
        let policy = compiled(files);
        self.archive.adopt(policy.schema.clone()).unwrap();
        self.engine = Engine::new(policy.clone(), self.clock.clone()).unwrap();
        policy
    }

    /// Sets a number of a customer.
    fn set(&mut self, day: i64, customer: &str, field: &str, number: f64) {
        let schema = self.archive.schema();
        let mut changes = vec![Change::Keep; schema.customer.len()];
        changes[schema.customer_field(field).unwrap()] = Change::Set(Value::Number(number));
        let mut ingest = self.archive.ingest(Timestamp(day * DAY)).unwrap();
        ingest.customer(customer, &changes).unwrap();
        ingest.commit().unwrap();
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
        self.clock.set(now);
        let request = RunRequest { now, scope, schedule: "test".to_owned() };
        self.engine.run(&mut self.archive, &request).unwrap()
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
