//! The shipped policies load without error or warning, and fit the files of the generated world; so do the examples
//! of the reference.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use guanxi::demo::{World, policies};
use guanxi::intake::waits_for;
use guanxi::model::Timestamp;
use guanxi::policy::{Compiled, Files, load, reference, render};
use guanxi::policy_test::{read, run_all};

/// Loads a set that must give neither error nor warning.
fn load_clean(
    texts: impl Iterator<Item = (impl Into<String>, String)>,
    scripts: &[(&str, &str)],
) -> Compiled {
    let policies = texts.map(|(path, text)| (path.into(), text)).collect();
    let scripts = scripts.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect();
    let files = Files { policies, scripts };
    let outcome = load(&files);
    assert!(outcome.diagnostics.is_empty(), "{}", render(&outcome.diagnostics, &files, false));
    outcome.compiled.expect("a set without problems is compiled")
}

fn shipped() -> Compiled {
    load_clean(policies::FILES.iter().map(|&(path, text)| (path, text.to_owned())), policies::SCRIPTS)
}

#[test]
fn the_shipped_policies_load_without_a_word() {
    let compiled = shipped();
    assert_eq!(compiled.channels.len(), 3, "the webhook is off until its address is set");
    assert_eq!(compiled.triggers.len(), 68);
}

#[test]
fn switched_on_the_crm_loads_without_a_word() {
    let compiled = load_clean(policies::with_crm(), policies::SCRIPTS);
    assert_eq!((compiled.channels.len(), compiled.triggers.len()), (4, 69));
}

#[test]
fn the_files_of_the_generated_world_have_the_columns_of_their_sources() {
    let compiled = shipped();
    let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
    let end = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").unwrap();
    let mut waited_for = 0;
    for file in World::new(1, 500, start, end).files_between(start, end) {
        let path = Path::new("inbox").join(&file.name);
        let columns: Vec<&str> = file.text.lines().next().unwrap_or_default().split(',').collect();
        for source in compiled.sources.iter().filter(|source| waits_for(source, &path)) {
            waited_for += 1;
            let lacking: Vec<&str> = source
                .raw
                .iter()
                .map(|column| &**column)
                .filter(|column| !columns.contains(column))
                .collect();
            assert!(lacking.is_empty(), "{} lacks {lacking:?} of {}", file.name, source.name);
        }
    }
    assert!(waited_for >= 2, "customers and orders at least");
}

/// What stands between fences of TOML in a section, up to the next.
fn examples(reference: &str, section: &str) -> Vec<String> {
    let (_, section) = reference.split_once(section).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let fenced = section.split("```toml\n").skip(1);
    fenced.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_examples_of_the_reference_load_and_its_test_passes_on_them() {
    let reference = reference();
    let kinds = examples(&reference, "\n## Tables").into_iter().enumerate();
    let compiled = Arc::new(load_clean(kinds.map(|(number, text)| (format!("{number}.toml"), text)), &[]));
    let tests = examples(&reference, "\n## Policy tests").concat();
    let reading = read(BTreeMap::from([("reference.test.toml".to_owned(), tests)]), &compiled);
    assert!(reading.diagnostics.is_empty(), "{}", render(&reading.diagnostics, &reading.files, false));
    assert_eq!(reading.cases.len(), 1);
    for verdict in run_all(&reading.cases, &compiled, 1, None).expect("a set that can be run") {
        assert!(verdict.passed(), "{verdict:?}");
    }
}
