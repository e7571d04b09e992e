use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Reading, Verdict, read, render, run_all};
use crate::policy::{self, Compiled, Files, codes, load};

const POLICY: &str = r#"
[settings]
timezone = "Asia/Shanghai"
[customer.fields]
opted_out = { type = "bool", default = false }
grade = { type = "choice", of = ["gold", "silver"] }
born = "date"
share = { type = "number", min = 0, max = 1 }
[event.order.fields]
amount = "number"
[metric.orders]
event = "order"
take = "count"
[segment.busy]
when = 'orders > 1'
[channel.list.file]
path = "out/list.jsonl"
[action.greet]
channel = "list"
[action.greet.payload]
said = "{{ orders }}"
[trigger.busy]
when = 'busy'
actions = ["greet"]
[guard.consent.block]
when = 'opted_out'
[guard.night.hours]
from = "09:00"
until = "20:00"
"#;

fn compiled() -> Arc<Compiled> {
    let mut files = Files::default();
    files.policies.insert("all.toml".to_owned(), POLICY.to_owned());
    let outcome = load(&files);
    let said = policy::render(&outcome.diagnostics, &files, false);
    Arc::new(outcome.compiled.unwrap_or_else(|| panic!("{said}")))
}

fn reading(texts: &[(&str, &str)], policy: &Compiled) -> Reading {
    read(texts.iter().map(|&(file, text)| (file.to_owned(), text.to_owned())).collect(), policy)
}

fn told(reading: &Reading) -> Vec<String> {
    let place = |found: &policy::diagnostic::Diagnostic| {
        let text = reading.files.policies.get(&*found.file).unwrap();
        let line = text.get(..found.problem.span.start).unwrap().matches('\n').count() + 1;
        let suggestion =
            found.problem.suggestion.as_ref().map_or_else(String::new, |near| format!(" -> {near}"));
        format!("{}:{line} {} {}{suggestion}", found.file, found.problem.code.id, found.problem.message)
    };
    reading.diagnostics.iter().map(place).collect()
}

#[test]
fn every_problem_of_every_file_is_told_with_its_place_and_the_nearest_name() {
    let one = r#"
[[test]]
nmae = "a slip in a key"
[[test.customer]]
id = "acme"
grade = "glod"
share = 2
opted_uot = true
[[test.event]]
type = "ordre"
customer = "acme"
[[test.step]]
at = "2027-01-02 09:00"
expect = [{ customer = "amce", values = { bussy = true, orders = "two" }, touches = ["gret"] }]
"#;
    let other = r#"
[[test]]
name = "guards, payloads, time"
customer = [{ id = "acme" }]
[[test.step]]
at = 2027-01-02T09:00:00Z
event = [{ type = "order", amount = 3 }]
[[test.step]]
at = 2027-01-01T09:00:00Z
expect = [
  { customer = "acme", values = { grade = "missing", born = "2027-02-30" } },
  { customer = "acme", waiting = { greet = "nihgt" }, suppressed = { greet = "" }, payload = { greet = { sad = "1" } } },
]
"#;
    let found = told(&reading(&[("one.test.toml", one), ("other.test.toml", other)], &compiled()));
    let expected = [
        "one.test.toml:3 E202 `nmae` is no key of this table -> name",
        "one.test.toml:6 E227 `grade` must be one of its declared words, not \"glod\" -> \"gold\"",
        "one.test.toml:7 E214 `share` is at least 0 and at most 1, not 2: such a row would be rejected",
        "one.test.toml:8 E701 there is no field `opted_uot` -> opted_out",
        "one.test.toml:10 E701 there is no event `ordre` -> \"order\"",
        "one.test.toml:13 E702 `2027-01-02 09:00` is no time",
        "one.test.toml:14 E704 nobody of the id `amce` is known at this step -> \"acme\"",
        "one.test.toml:14 E701 there is no value `bussy` -> busy",
        "one.test.toml:14 E227 `orders` must be a number, not \"two\"",
        "one.test.toml:14 E701 there is no action `gret` -> \"greet\"",
        "other.test.toml:7 E203 `customer` is missing",
        "other.test.toml:9 E703 this step is before the one above it",
        "other.test.toml:11 E227 `born` must be a date, as in 2027-03-01, not \"2027-02-30\"",
        "other.test.toml:12 E701 there is no guard `nihgt` -> \"night\"",
        "other.test.toml:12 E701 there is no key in the payload of `greet` called `sad` -> said",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_example_of_each_code_of_tests_has_exactly_that_problem() {
    for code in codes::test::CODES {
        let files = codes::example(code);
        let (tests, policies) =
            files.policies.into_iter().partition(|(file, _)| file.ends_with(".test.toml"));
        let compiled = load(&Files { policies, ..Files::default() }).compiled.unwrap();
        let reading = read(tests, &compiled);
        let found: Vec<&str> = reading.diagnostics.iter().map(|found| found.problem.code.id).collect();
        assert_eq!(found, [code.id], "{}", policy::render(&reading.diagnostics, &reading.files, false));
        assert_eq!(reading.cases.is_empty(), code.id.starts_with('E'));
    }
}

fn verdicts(text: &str) -> (Vec<Verdict>, String) {
    let compiled = compiled();
    let reading = reading(&[("a.test.toml", text)], &compiled);
    assert_eq!(told(&reading), Vec::<String>::new());
    let verdicts = run_all(&reading.cases, &compiled, 2, None).unwrap();
    let rendered = reading
        .cases
        .iter()
        .zip(&verdicts)
        .map(|(case, verdict)| render(case, verdict, &reading.files, &compiled, false));
    let rendered = rendered.collect();
    (verdicts, rendered)
}

const TWO_ORDERS: &str = r#"
[[test]]
name = "two orders and a greeting"
customer = [{ id = "acme" }]
[[test.step]]
at = "2027-01-01T10:00:00+08:00"
[[test.step]]
at = "2027-01-02T10:00:00+08:00"
event = [{ type = "order", customer = "acme" }, { type = "order", customer = "acme" }]
"#;

#[test]
fn what_differs_is_told_with_expected_found_and_place() {
    let expect = r#"expect = [
  { customer = "acme", values = { orders = 3, busy = true, grade = "gold" }, touches = [] },
  { customer = "acme", touches = ["greet"], payload = { greet = { said = "3" } } },
  { customer = "acme", waiting = { greet = "night" } },
]
"#;
    let (verdicts, rendered) = verdicts(&format!("{TWO_ORDERS}{expect}"));
    let [verdict] = verdicts.as_slice() else { panic!("one test") };
    assert!(!verdict.passed() && verdict.error.is_none());
    assert_eq!(verdict.steps.len(), 2);
    let told: Vec<(&str, &str, &str, usize)> = verdict
        .differences()
        .map(|found| (&*found.what, &*found.expected, &*found.found, found.place.line))
        .collect();
    let expected = [
        ("orders", "3", "2", 11),
        ("grade", "gold", "missing", 11),
        ("touches", "none", "greet", 11),
        ("greet.said", "\"3\"", "\"2\"", 12),
        ("greet", "waiting by guard `night`", "queued", 13),
    ];
    assert_eq!(told, expected);
    assert!(rendered.contains("--> a.test.toml:11:44"), "{rendered}");
    assert!(rendered.contains("greet.said  \"3\"                       \"2\"\n"), "{rendered}");
}

#[test]
fn tests_come_out_in_their_order_however_many_run_at_a_time() {
    let text = |number| {
        let orders = if number % 2 == 0 { 2 } else { 5 };
        format!("{TWO_ORDERS}expect = [{{ customer = \"acme\", values = {{ orders = {orders} }} }}]\n")
    };
    let text = (0..40).map(text).collect::<Vec<String>>().concat();
    let (verdicts, _) = verdicts(&text);
    let passed: Vec<bool> = verdicts.iter().map(Verdict::passed).collect();
    assert_eq!(passed, (0..40).map(|number| number % 2 == 0).collect::<Vec<_>>());
}

#[test]
fn what_is_no_toml_is_told_and_nothing_is_run() {
    let reading =
        read(BTreeMap::from([("a.test.toml".to_owned(), "[[test]\nname = 1".to_owned())]), &compiled());
    assert!(reading.has_errors() && reading.cases.is_empty());
    assert_eq!(reading.diagnostics.first().map(|found| found.problem.code.id), Some("E101"));
}
