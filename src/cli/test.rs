//! `guanxi test`: the policy tests beside the policies, in set time.

mod coverage;

use std::sync::Arc;
use std::thread::available_parallelism;

use serde_json::json;

use super::arguments::{Common, Test};
use super::failure::Failure;
use super::open;
use super::print::{self, Out};
use crate::policy_test::{self, Case, Coverage, Verdict};
use crate::ports::files;

pub(super) fn execute(common: &Common, command: &Test, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let (names, cases): (Vec<String>, Vec<Case>) = cases(common, command.run.as_deref())?.into_iter().unzip();
    let wants_coverage = command.coverage || command.coverage_min.is_some();
    let mut coverage = wants_coverage.then(|| Coverage::of(&set.compiled));
    let workers = available_parallelism().map_or(1, usize::from);
    let verdicts = policy_test::run_all(&cases, &Arc::clone(&set.compiled), workers, coverage.as_mut())
        .map_err(Failure::fault)?;
    let mut results = Vec::new();
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for ((file, case), verdict) in names.iter().zip(&cases).zip(verdicts) {
        let differences = match verdict {
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
    let report = coverage.map(|coverage| coverage.report(&set.files));
    if common.json {
        let mut object = json!({ "passed": passed, "failed": failed, "tests": results });
        if let (Some(report), Some(object)) = (&report, object.as_object_mut()) {
            object.insert("coverage".to_owned(), coverage::to_json(report));
        }
        out.json(&object)?;
    } else {
        if let Some(report) = &report {
            coverage::show(report, out)?;
        }
        out.line(format_args!("{passed} passed, {failed} failed"))?;
    }
    let is_enough = report.is_none_or(|report| coverage::is_enough(&report, command.coverage_min));
    if failed > 0 || !is_enough { print::told() } else { Ok(()) }
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
