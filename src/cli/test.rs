//! `guanxi test`: the policy tests beside the policies, in set time.

use std::sync::Arc;

use serde_json::json;

use super::arguments::{Common, Test};
use super::failure::Failure;
use super::open;
use super::print::{self, Out};
use crate::policy_test::{self, Case, Verdict};
use crate::ports::files;

pub(super) fn execute(common: &Common, command: &Test, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let cases = cases(common, command.run.as_deref())?;
    let mut results = Vec::new();
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (file, case) in &cases {
        let differences = match policy_test::run(case, &Arc::clone(&set.compiled)) {
            Ok(Verdict::Passed) => Vec::new(),
            Ok(Verdict::Failed(steps)) => steps
                .into_iter()
                .flat_map(|(at, found)| found.into_iter().map(move |text| format!("at {at}: {text}")))
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        if differences.is_empty() {
            passed += 1;
        } else {
            failed += 1;
        }
        if common.json {
            results.push(json!({
                "file": file, "name": case.name, "passed": differences.is_empty(), "differences": differences,
            }));
        } else {
            show(out, file, case, &differences)?;
        }
    }
    if common.json {
        out.json(&json!({ "passed": passed, "failed": failed, "tests": results }))?;
    } else {
        out.line(format_args!("{passed} passed, {failed} failed"))?;
    }
    if failed > 0 { print::told() } else { Ok(()) }
}

fn show(out: &mut Out, file: &str, case: &Case, differences: &[String]) -> Result<(), Failure> {
    let word = if differences.is_empty() { "ok    " } else { "FAILED" };
    out.line(format_args!("{word}  {file}: {}", case.name))?;
    for difference in differences {
        out.line(format_args!("        {difference}"))?;
    }
    Ok(())
}

/// The tests of every file, those whose file or name holds the pattern where there is one.
fn cases(common: &Common, pattern: Option<&str>) -> Result<Vec<(String, Case)>, Failure> {
    let mut cases = Vec::new();
    for (file, text) in files::read_tests(&common.policies)? {
        for case in policy_test::read(&file, &text).map_err(Failure::input)? {
            let wanted = |pattern: &str| file.contains(pattern) || case.name.contains(pattern);
            if pattern.is_none_or(wanted) {
                cases.push((file.clone(), case));
            }
        }
    }
    if cases.is_empty() {
        let what = pattern.map_or_else(
            || format!("there is no *.test.toml under {}", common.policies.display()),
            |pattern| format!("no test's file or name holds {pattern:?}"),
        );
        return Err(Failure::Input(what));
    }
    Ok(cases)
}
