//! `guanxi test`: the policy tests beside the policies, in set time.

mod coverage;

use std::collections::BTreeMap;
use std::thread::available_parallelism;

use serde_json::{Value as Json, json};

use super::arguments::{Common, Test};
use super::failure::Failure;
use super::open;
use super::print::{self, Out};
use crate::daemon::policy_set::counted;
use crate::policy;
use crate::policy_test::{self, Case, Coverage, CoverageReport, Difference, Reading, Verdict};
use crate::ports::files;

pub(super) fn execute(common: &Common, command: &Test, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let reading = read(common, &set.compiled)?;
    let cases = chosen(&reading, command.run.as_deref())?;
    let wants_coverage = command.coverage || command.coverage_min.is_some();
    let mut coverage = wants_coverage.then(|| Coverage::of(&set.compiled));
    let workers = available_parallelism().map_or(1, usize::from);
    let verdicts =
        policy_test::run_all(&cases, &set.compiled, workers, coverage.as_mut()).map_err(Failure::fault)?;
    if let Some(path) = &command.junit {
        let xml =
            policy_test::junit(&cases, &verdicts, &reading.files, &set.compiled).map_err(Failure::fault)?;
        let failed = |error| Failure::Input(format!("{} can't be written: {error}", path.display()));
        std::fs::write(path, xml).map_err(failed)?;
    }
    let report = coverage.map(|coverage| coverage.report(&set.files));
    if common.json {
        out.json(&to_json(&cases, &verdicts, report.as_ref()))?;
    } else {
        for (case, verdict) in cases.iter().zip(&verdicts) {
            let word = if verdict.passed() { "ok    " } else { "FAILED" };
            out.line(format_args!("{word}  {}: {}", case.file, case.name))?;
        }
        for (case, verdict) in cases.iter().zip(&verdicts).filter(|(_, verdict)| !verdict.passed()) {
            let text = policy_test::render(case, verdict, &reading.files, &set.compiled, print::colored());
            out.line(format_args!("\n{}", text.trim_end()))?;
        }
        if let Some(report) = &report {
            coverage::show(report, out)?;
        }
        let passed = verdicts.iter().filter(|verdict| verdict.passed()).count();
        out.line(format_args!("{passed} passed, {} failed", verdicts.len() - passed))?;
    }
    let is_enough = report.is_none_or(|report| coverage::is_enough(&report, command.coverage_min));
    if is_enough && verdicts.iter().all(Verdict::passed) { Ok(()) } else { print::told() }
}

/// Reads the test files; prints every problem.
fn read(common: &Common, policy: &policy::Compiled) -> Result<Reading, Failure> {
    let texts: BTreeMap<String, String> = files::read_tests(&common.policies)?;
    if texts.is_empty() {
        return Err(Failure::Input(format!("there is no *.test.toml under {}", common.policies.display())));
    }
    let reading = policy_test::read(texts, policy);
    print::message(policy::render(&reading.diagnostics, &reading.files, open::colored()));
    if reading.has_errors() {
        return Err(Failure::Input(format!("the tests have {}", counted(&reading.diagnostics))));
    }
    Ok(reading)
}

/// The tests whose file or name holds the pattern, where there is one.
fn chosen(reading: &Reading, pattern: Option<&str>) -> Result<Vec<Case>, Failure> {
    let wanted = |case: &&Case| {
        pattern.is_none_or(|pattern| case.file.contains(pattern) || case.name.contains(pattern))
    };
    let cases: Vec<Case> = reading.cases.iter().filter(wanted).cloned().collect();
    if cases.is_empty() {
        return Err(Failure::Input(match pattern {
            Some(pattern) => format!("no test's file or name holds {pattern:?}"),
            None => "the test files hold no test".to_owned(),
        }));
    }
    Ok(cases)
}

fn to_json(cases: &[Case], verdicts: &[Verdict], coverage: Option<&CoverageReport>) -> Json {
    let difference = |difference: &Difference| {
        json!({
            "customer": difference.customer,
            "what": difference.what,
            "expected": difference.expected,
            "found": difference.found,
            "because": difference.because,
            "line": difference.place.line,
        })
    };
    let test = |(case, verdict): (&Case, &Verdict)| {
        let steps = verdict.steps.iter().map(|step| {
            let differences: Vec<Json> = step.differences.iter().map(difference).collect();
            json!({ "at": step.at.to_string(), "differences": differences })
        });
        json!({
            "file": &*case.file,
            "line": case.line,
            "name": case.name,
            "passed": verdict.passed(),
            "steps": steps.collect::<Vec<_>>(),
            "error": verdict.error.as_ref().map(ToString::to_string),
        })
    };
    let passed = verdicts.iter().filter(|verdict| verdict.passed()).count();
    let tests: Vec<Json> = cases.iter().zip(verdicts).map(test).collect();
    let mut object = json!({ "passed": passed, "failed": verdicts.len() - passed, "tests": tests });
    if let (Some(report), Some(object)) = (coverage, object.as_object_mut()) {
        object.insert("coverage".to_owned(), coverage::to_json(report));
    }
    object
}
