//! How tests ended, as JUnit's XML has it, for what shows the results of builds.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{Case, Verdict, render};
use crate::policy::{Compiled, Files};

/// The tests as JUnit's XML, a suite a file.
///
/// # Errors
/// The XML can't be written.
pub fn junit(
    cases: &[Case],
    verdicts: &[Verdict],
    files: &Files,
    policy: &Compiled,
) -> Result<String, SerializeError> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for (case, verdict) in cases.iter().zip(verdicts) {
        let suite = suites.entry(&case.file).or_insert_with(|| TestSuite::new(&*case.file));
        let mut test = TestCase::new(case.name.as_str(), status(case, verdict, files, policy));
        test.set_classname(&*case.file).set_time(verdict.took);
        suite.add_test_case(test);
    }
    let mut report = Report::new("guanxi test");
    report.set_time(verdicts.iter().map(|verdict| verdict.took).sum());
    report.add_test_suites(suites.into_values().map(|mut suite| {
        let took = suite.test_cases.iter().filter_map(|test| test.time).sum();
        suite.set_time(took);
        suite
    }));
    report.to_string()
}

fn status(case: &Case, verdict: &Verdict, files: &Files, policy: &Compiled) -> TestCaseStatus {
    if verdict.passed() {
        return TestCaseStatus::success();
    }
    let kind = if verdict.error.is_some() { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    let first = verdict.differences().next().map(|first| {
        format!("{}: {} is {}, expected {}", first.customer, first.what, first.found, first.expected)
    });
    let message = verdict.error.as_ref().map(ToString::to_string).or(first).unwrap_or_default();
    let at = verdict.differences().next().map_or(case.line, |first| first.place.line);
    status
        .set_type(if verdict.error.is_some() { "error" } else { "difference" })
        .set_message(message)
        .set_description(format!("{}:{at}\n{}", case.file, render(case, verdict, files, policy, false)));
    status
}
