//! The shipped policies, checked, with the verdicts of their tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use guanxi::demo::policies;
use guanxi::policy::compiled::ValueKind;
use guanxi::policy::{Compiled, Files, declared_tables, load, render};
use guanxi::policy_test::{read, run_all};

#[derive(Clone)]
pub(crate) struct Shipped {
    pub(crate) files: Files,
    pub(crate) compiled: Arc<Compiled>,
    /// The file of each table, by `kind.name`.
    tables: BTreeMap<String, String>,
    /// The tables that the checked set has.
    on: BTreeSet<String>,
    /// Whether a test passed, by its file and name.
    tests: BTreeMap<(String, String), bool>,
}

/// Loaded, and its tests run, once.
pub(crate) fn shipped() -> &'static Shipped {
    static SHIPPED: OnceLock<Shipped> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let texts = |files: &[(&str, &str)]| {
            files.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect()
        };
        let files = Files { policies: texts(policies::FILES), scripts: texts(policies::SCRIPTS) };
        let outcome = load(&files);
        assert!(outcome.diagnostics.is_empty(), "{}", render(&outcome.diagnostics, &files, false));
        let compiled = Arc::new(outcome.compiled.unwrap());
        let tables = declared_tables(&files).into_iter().map(|(name, table)| (name, table.file.to_owned()));
        Shipped {
            tables: tables.collect(),
            on: names(&compiled),
            tests: verdicts(&files, &compiled),
            files,
            compiled,
        }
    })
}

impl Shipped {
    /// The file in which a table stands.
    pub(crate) fn file_of(&self, table: &str) -> Option<&str> {
        self.tables.get(table).map(String::as_str)
    }

    /// Whether the checked set has a table.
    pub(crate) fn is_compiled(&self, table: &str) -> bool {
        self.on.contains(table)
    }

    /// Whether a test of a file passed; `None` where there is none of that name.
    pub(crate) fn passed(&self, file: &str, test: &str) -> Option<bool> {
        self.tests.get(&(file.to_owned(), test.to_owned())).copied()
    }

    /// The same, but one of the tests fails.
    pub(crate) fn with_failing(&self, file: &str, test: &str) -> Self {
        let mut other = self.clone();
        assert_eq!(other.tests.insert((file.to_owned(), test.to_owned()), false), Some(true));
        other
    }
}

/// The tables of a checked set by `kind.name`.
fn names(compiled: &Compiled) -> BTreeSet<String> {
    let values = compiled.values.iter().map(|value| {
        let kind = match value.kind {
            ValueKind::Metric(_) => "metric",
            ValueKind::Ledger(_) => "ledger",
            ValueKind::Score(_) | ValueKind::Rank(_) => "score",
            ValueKind::Segment(_) => "segment",
            ValueKind::Tier(_) => "tier",
            ValueKind::Quadrant(_) => "quadrant",
        };
        format!("{kind}.{}", value.name)
    });
    let of = |kind: &str, name: &str| format!("{kind}.{name}");
    values
        .chain(compiled.functions.iter().map(|function| of("function", &function.name)))
        .chain(compiled.triggers.iter().map(|trigger| of("trigger", &trigger.name)))
        .chain(compiled.cadences.iter().map(|cadence| of("cadence", &cadence.name)))
        .chain(compiled.guards.iter().map(|guard| of("guard", &guard.name)))
        .chain(compiled.actions.iter().map(|action| of("action", &action.name)))
        .chain(compiled.channels.iter().map(|channel| of("channel", &channel.name)))
        .collect()
}

fn verdicts(files: &Files, compiled: &Arc<Compiled>) -> BTreeMap<(String, String), bool> {
    const WORKERS: usize = 2;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let beside = files.policies.keys().map(|file| file.replace(".toml", ".test.toml"));
    let texts = beside.filter_map(|file| Some((file.clone(), fs::read_to_string(folder.join(file)).ok()?)));
    let reading = read(texts.collect(), compiled);
    assert!(reading.diagnostics.is_empty(), "{}", render(&reading.diagnostics, &reading.files, false));
    let verdicts = run_all(&reading.cases, compiled, WORKERS, None).unwrap();
    let named = reading.cases.iter().map(|case| (case.file.to_string(), case.name.clone()));
    named.zip(verdicts.iter().map(guanxi::policy_test::Verdict::passed)).collect()
}
