//! What tests of whole runs share: a checked policy set, a store that goes by it, customers' fields, runs in set time.

#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use guanxi::archive::{Archive, Change};
use guanxi::engine::{Engine, RunReport, RunRequest};
use guanxi::model::{Timestamp, Value};
use guanxi::policy::compiled::Scope;
use guanxi::policy::{Compiled, Files, load, render};
use guanxi::ports::simulated::SetClock;

/// A set of one policy file.
pub(crate) fn files(policy: &str) -> Files {
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), policy.to_owned());
    files
}

/// The checked set; warnings are let pass.
pub(crate) fn compiled(files: &Files) -> Arc<Compiled> {
    let outcome = load(files);
    let said = render(&outcome.diagnostics, files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{said}")))
}

/// Makes the store go by a set and keep its text.
pub(crate) fn activate(archive: &mut Archive, files: &Files, clock: &Arc<SetClock>) -> Engine {
    let policy = compiled(files);
    archive.adopt(policy.schema.clone()).unwrap();
    archive.keep_policy_set(&policy.version, &files.to_kept(), Timestamp(0)).unwrap();
    Engine::new(policy, Arc::clone(clock) as _).unwrap()
}

/// Sets a field of a customer, or clears it.
pub(crate) fn set(archive: &mut Archive, at: Timestamp, customer: &str, field: &str, value: Option<Value>) {
    let schema = archive.schema();
    let mut changes = vec![Change::Keep; schema.customer.len()];
    changes[schema.customer_field(field).unwrap()] = value.map_or(Change::Clear, Change::Set);
    let mut ingest = archive.ingest(at).unwrap();
    ingest.customer(customer, &changes).unwrap();
    ingest.commit().unwrap();
}

/// A run that decides for `now` while the clock stands at `real`.
pub(crate) fn run(
    engine: &Engine,
    archive: &mut Archive,
    clock: &SetClock,
    (now, real): (Timestamp, Timestamp),
    scope: Scope,
) -> RunReport {
    clock.set(real);
    engine.run(archive, &RunRequest { now, scope, schedule: "test".to_owned() }).unwrap()
}
