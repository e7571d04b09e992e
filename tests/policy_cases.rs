//! The policies under `tests/policies/acting/<case>/` with their tests beside them, run by the real engine.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: what fails here fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guanxi::policy::{Compiled, Files, load, render};
use guanxi::policy_test::{self, read, run_all};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn compiled(folder: &Path) -> Arc<Compiled> {
    let mut files = Files::default();
    files.policies.insert("policy.toml".to_owned(), fs::read_to_string(folder.join("policy.toml")).unwrap());
    // A case may hold what a policy rightly would not: a truth that is always the same, a metric for its tests alone.
    let outcome = load(&files);
    let said = render(&outcome.diagnostics, &files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{}:\n{said}", folder.display())))
}

#[test]
fn every_case_comes_out_as_its_test_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies/acting")) {
        let policy = compiled(&folder);
        let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.toml");
        for file in entries(&folder).into_iter().filter(is_test) {
            let text = fs::read_to_string(&file).unwrap();
            let reading = read(BTreeMap::from([(file.display().to_string(), text)]), &policy);
            wrong.push(render(&reading.diagnostics, &reading.files, false));
            let verdicts = run_all(&reading.cases, &policy, 2, None).unwrap();
            for (case, verdict) in reading.cases.iter().zip(verdicts) {
                count += 1;
                if !verdict.passed() {
                    wrong.push(policy_test::render(case, &verdict, &reading.files, &policy, false));
                }
            }
        }
    }
    wrong.retain(|text| !text.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 100, "only {count} cases");
}
