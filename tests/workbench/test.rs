//! `guanxi test` on the shipped policies.

use std::fs;

use serde_json::Value;

use super::home::{Home, golden, printed};

/// One test that holds, and one that expects what is not.
const BROKEN: &str = r#"
[[test]]
name = "three orders, twenty days apart"
customer = [ { id = "acme", contact = "Pat", phone = "07700 900001", account_manager = "anna", personality = "quiet", purpose = "resale" } ]
event = [
  { type = "order", id = "1", customer = "acme", at = "2026-01-05T10:00:00Z", amount = 900, status = "placed" },
  { type = "order", id = "2", customer = "acme", at = "2026-01-25T10:00:00Z", amount = 900, status = "placed" },
  { type = "order", id = "3", customer = "acme", at = "2026-02-14T10:00:00Z", amount = 900, status = "placed" },
]
[[test.step]]
at = "2026-02-20T09:00:00Z"
expect = [ { customer = "acme", values = { orders = 3, overdue = false }, touches = [] } ]

[[test]]
name = "overdue after thirty days"
customer = [ { id = "acme", contact = "Pat", phone = "07700 900001", account_manager = "anna", personality = "quiet", purpose = "resale" } ]
event = [
  { type = "order", id = "1", customer = "acme", at = "2026-01-05T10:00:00Z", amount = 900, status = "placed" },
  { type = "order", id = "2", customer = "acme", at = "2026-01-25T10:00:00Z", amount = 900, status = "placed" },
  { type = "order", id = "3", customer = "acme", at = "2026-02-14T10:00:00Z", amount = 900, status = "placed" },
]
[[test.step]]
at = "2026-02-20T09:00:00Z"
[[test.step]]
at = "2026-03-16T09:00:00Z"
expect = [ { customer = "acme", values = { orders = 3, overdue = true }, touches = ["overdue_call"] } ]
[[test.step]]
at = "2026-03-30T09:00:00Z"
expect = [ { customer = "acme", touches = [], payload = { overdue_call = { country = "France" } } } ]
"#;

fn with_broken() -> Home {
    let home = Home::new();
    fs::write(home.store().with_file_name("policies").join("broken.test.toml"), BROKEN).unwrap();
    home
}

#[test]
fn what_passes_is_listed() {
    golden("test/passes.txt", &printed(&Home::new().command(&["test"]), 0));
}

#[test]
fn what_fails_is_shown_beside_what_was_expected() {
    let home = with_broken();
    golden("test/fails.txt", &printed(&home.command(&["test", "--run", "broken"]), 1));
    golden("test/fails.json", &printed(&home.command(&["test", "--run", "broken", "--json"]), 1));
}

#[test]
fn what_is_covered_is_told_by_file() {
    let home = Home::new();
    golden("test/coverage.txt", &printed(&home.command(&["test", "--coverage"]), 0));
    let json: Value =
        serde_json::from_str(&printed(&home.command(&["test", "--coverage", "--json"]), 0)).unwrap();
    let coverage = &json["coverage"];
    golden("test/coverage.json", &format!("{coverage:#}\n"));
    let missing = coverage["missing"].as_array().unwrap().len() as u64;
    let (seen, points) = (coverage["seen"].as_u64().unwrap(), coverage["points"].as_u64().unwrap());
    assert_eq!(seen + missing, points);
}

#[test]
fn too_little_coverage_fails_and_says_so() {
    let home = Home::new();
    let output = home.command(&["test", "--run", "value.test.toml", "--coverage-min", "99.5%"]);
    printed(&output, 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: the tests cover ") && said.contains("less than 99.5%"), "{said}");
    printed(&home.command(&["test", "--run", "value.test.toml", "--coverage-min", "1%"]), 0);
}

#[test]
fn junit_has_a_suite_a_file_and_a_failure_with_its_place() {
    let home = with_broken();
    let file = home.store().with_file_name("junit.xml");
    printed(&home.command(&["test", "--run", "broken", "--junit", "junit.xml"]), 1);
    golden("test/junit.xml", &without_times(&fs::read_to_string(file).unwrap()));
    let output = home.command(&["test", "--run", "broken", "--junit", "no/such/folder.xml"]);
    printed(&output, 1);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no/such/folder.xml can't be written"));
}

#[test]
fn every_problem_of_the_test_files_is_told_before_anything_runs() {
    let home = Home::new();
    let text = BROKEN.replace("overdue_call", "overdo_call").replace("orders = 3", "ordres = 3");
    fs::write(home.store().with_file_name("policies").join("broken.test.toml"), text).unwrap();
    let output = home.command(&["test"]);
    assert_eq!(printed(&output, 1), "");
    golden("test/problems.txt", &String::from_utf8(output.stderr).unwrap());
}

/// How long tests took changes from run to run.
fn without_times(xml: &str) -> String {
    let mut parts = xml.split(" time=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (time, rest) = part.split_once('"').unwrap();
        assert!(time.parse::<f64>().is_ok(), "{time} is no number of seconds");
        text + rest
    })
}
