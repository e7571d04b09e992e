//! Functions from scripts over columns: who is asked, how often, and what becomes of failures.

use std::sync::Arc;

use proptest::prelude::*;

use crate::evaluate::scalar::{self, Moment};
use crate::evaluate::testing::{World, at};
use crate::evaluate::{CutPlan, CutPoints, Evaluator, Goal, ScriptFailure};
use crate::model::facts::FactBatch;
use crate::model::{Timestamp, Value};
use crate::policy::compiled::ValueKind;

const POLICY: &str = r#"
[customer.fields]
a = "number"
b = "number"
t = "text"
[event.visit.fields]
km = "number"
[function.ratio]
script = "f.rhai"
takes = { x = "number", y = "number" }
returns = "number"
[function.whole]
script = "f.rhai"
takes = { x = "number" }
returns = "number"
[function.loud]
script = "f.rhai"
takes = { t = "text" }
returns = "text"
[function.wrong]
script = "f.rhai"
takes = { x = "number" }
returns = "number"
"#;

const SCRIPT: &str = r#"
fn ratio(x, y) {
    if y == 0.0 { throw "nothing to share"; }
    x / y
}
fn whole(x) { x.to_int() }
fn loud(t) { t.to_upper() + "!" }
fn wrong(x) { "x" }
"#;

fn world(scores: &[&str]) -> World {
    let mut text = POLICY.to_owned();
    for (index, score) in scores.iter().enumerate() {
        text.extend(["[score.s", &index.to_string(), "]\nvalue = '", score, "'\n"]);
    }
    World::with_script(&text, "f.rhai", SCRIPT)
}

fn now() -> Timestamp {
    at("2027-03-28T09:30:00Z")
}

/// Runs every score of a world, and tells how often scripts ran and for whom they failed.
fn counted(world: &World) -> (u64, Vec<ScriptFailure>) {
    let policy = Arc::clone(&world.policy);
    let plan = CutPlan::new(&policy);
    let cuts = CutPoints::new(&plan, &policy, Vec::new());
    let scores = policy.values.iter().filter_map(|value| match &value.kind {
        ValueKind::Score(expression) => Some(expression),
        _ => None,
    });
    let goal = Goal { classes: Vec::new(), expressions: scores.collect() };
    let mut evaluator = Evaluator::new(&policy, &plan, &goal).unwrap();
    let request = evaluator.request(now()).clone();
    let mut batch = FactBatch::default();
    for start in (0..world.customers.len()).step_by(world.batch) {
        world.fill(start, &request, now(), &mut batch);
        evaluator.evaluate(&mut batch, now(), &cuts).unwrap();
    }
    (evaluator.script_runs(), evaluator.script_failures().cloned().collect())
}

#[test]
fn a_whole_result_is_a_number_and_a_missing_argument_gives_missing_without_a_call() {
    let mut world = world(&["whole(a) / 2", "loud(t) + \"?\""]);
    world.numbers("a", &[Some(7.9), None, Some(-3.5)]);
    world.set(1, "t", Some(Value::text("关a")));
    let found = world.run(now());
    assert_eq!(world.column(&found, "s0"), ["3.5", "-", "-1.5"]);
    assert_eq!(world.column(&found, "s1"), ["-", "关A!?", "-"]);
    assert_eq!(counted(&world), (3, Vec::new()));
}

#[test]
fn equal_arguments_run_the_script_once_a_batch() {
    let mut world = world(&["whole(a)", "whole(a) + 1", "whole(a + 0) * 2", "whole(b)"]);
    world.batch = 100;
    let numbers: Vec<Option<f64>> = (0..300).map(|index| Some(f64::from(index % 10))).collect();
    world.numbers("a", &numbers);
    world.numbers("b", &numbers);
    assert_eq!(counted(&world).0, 30, "ten different arguments in each of three batches");
}

#[test]
fn results_are_kept_up_to_a_bound_and_made_anew_past_it() {
    let mut world = world(&["whole(a)", "whole(a) - 1"]);
    world.batch = 9_000;
    let numbers: Vec<Option<f64>> = (0..9_000).map(|index| Some(f64::from(index) + 0.5)).collect();
    world.numbers("a", &numbers);
    let found = world.run(now());
    let last = world.customers.len() - 1;
    assert_eq!(world.column(&found, "s0").get(last).map(String::as_str), Some("8999"));
    assert_eq!(counted(&world).0, 9_000, "one node for both");
    let mut again = self::world(&["whole(a)", "if b == 0 { 0 } else { whole(a) }"]);
    again.batch = 9_000;
    again.numbers("a", &numbers);
    again.numbers("b", &vec![Some(1.0); 9_000]);
    assert_eq!(counted(&again).0, 9_000 + (9_000 - 8 * 1024));
}

#[test]
fn a_failure_is_missing_for_its_customers_only_and_is_counted_with_an_example() {
    let mut world = world(&["ratio(a, b)", "ratio(a, b) + 1", "ratio(a + 1, b)", "wrong(a)"]);
    world.numbers("a", &[Some(4.0); 7]);
    let zero = Some(0.0);
    world.numbers("b", &[Some(2.0), zero, Some(4.0), None, zero, zero, Some(1.0)]);
    let found = world.run(now());
    assert_eq!(world.column(&found, "s0"), ["2", "-", "1", "-", "-", "-", "4"]);
    let (_, failures) = counted(&world);
    assert_eq!(failures.len(), 2);
    let ratio = &failures[0];
    assert_eq!((&*ratio.function, ratio.customers, &*ratio.customer), ("ratio", 3, "c01"));
    assert_eq!(ratio.message, "f.rhai, line 3: Runtime error: nothing to share");
    assert_eq!(
        failures[1].to_string(),
        "function.wrong failed for 7 customers, whose value is missing, such as c00: \
         f.rhai: it gave text, but number is declared"
    );
}

#[test]
fn only_those_are_asked_whose_value_is_needed() {
    let mut world = world(&[
        "if b > 0 { ratio(a, b) } else { 0 }",
        "if b == 0 { 0 } else { ratio(a, b) }",
        "if b != 0 && ratio(a, b) > 1 { 1 } else { 0 }",
        "if b == 0 || ratio(a, b) > 1 { 1 } else { 0 }",
        "(if b == 0 { 1 } else { b }) ?? ratio(a, 0)",
    ]);
    world.numbers("a", &[Some(4.0); 3]);
    world.numbers("b", &[Some(2.0), Some(0.0), Some(8.0)]);
    let found = world.run(now());
    assert_eq!(world.column(&found, "s0"), ["2", "0", "0.5"]);
    assert_eq!(world.column(&found, "s2"), ["1", "0", "0"]);
    assert_eq!(world.column(&found, "s3"), ["1", "1", "0"]);
    assert_eq!(counted(&world).1, Vec::new());
}

#[test]
fn over_events_a_failure_counts_for_the_customer_once() {
    let mut text = POLICY.to_owned();
    text.push_str(
        "[metric.far]\nevent = \"visit\"\ntake = \"sum\"\nof = 'ratio(a, km)'\n[score.s0]\nvalue = 'far'\n",
    );
    let mut world = World::with_script(&text, "f.rhai", SCRIPT);
    world.numbers("a", &[Some(8.0); 4]);
    for (customer, visits) in [(0, &[2.0, 4.0][..]), (1, &[0.0, 0.0, 8.0]), (3, &[0.0])] {
        for (hour, km) in visits.iter().enumerate() {
            let at = i64::try_from(hour).unwrap() * 3_600_000;
            world.event(customer, "visit", at, &[("km", Value::Number(*km))]);
        }
    }
    let found = world.run(now());
    assert_eq!(world.column(&found, "far"), ["6", "1", "0", "0"]);
    let (_, failures) = counted(&world);
    assert_eq!((failures[0].customers, &*failures[0].customer), (2, "c01"));
}

#[test]
fn a_call_without_arguments_is_asked_for_each_customer_and_run_once() {
    let text = "[customer.fields]\na = \"number\"\n[function.never]\nscript = \"f.rhai\"\nreturns = \"bool\"\n\
                [score.s0]\nvalue = 'never()'\n";
    let mut world = World::with_script(text, "f.rhai", "fn never() { 1 }");
    world.numbers("a", &[None, None, None]);
    let (runs, failures) = counted(&world);
    assert_eq!((runs, failures[0].customers), (1, 3));
}

/// Expressions with calls of scripts, some of which fail, give nothing, or are not asked.
const MIXED: &str = r#"
[customer.fields]
a = "number"
b = "number"
p = "bool"
t = "text"
d = "date"
m = "time"
[function.sum]
script = "m.rhai"
takes = { x = "number", y = "number" }
returns = "number"
[function.odd]
script = "m.rhai"
takes = { x = "number" }
returns = "bool"
[function.join]
script = "m.rhai"
takes = { s = "text", flag = "bool" }
returns = "text"
[function.next]
script = "m.rhai"
takes = { day = "date" }
returns = "date"
[function.hour_of]
script = "m.rhai"
takes = { at = "time", day = "date" }
returns = "number"
[function.same]
script = "m.rhai"
takes = { at = "time" }
returns = "time"
"#;

const MIXED_SCRIPT: &str = r#"
fn sum(x, y) { if x == 3.0 { throw "three"; } if y == -2.0 { "x" } else { x + y } }
fn odd(x) { let n = x.to_int(); if n == 0 { return; } n % 2 == 1 }
fn join(s, flag) { if flag { s + "|" } else { s[0] } }
fn next(day) { if day.starts_with("20") { day.sub_string(0, 8) + "01" } else { day + "?" } }
fn hour_of(at, day) { parse_int(at.sub_string(11, 2)) + day.len() }
fn same(at) { at }
"#;

fn number() -> BoxedStrategy<String> {
    let leaf = prop::sample::select(vec!["a", "b", "2", "(b / a)", "hour_of(m, d)"]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 20, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("sum({x}, {y})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x} ?? {y})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x} * {y})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(x, y, z)| format!("(if odd({x}) {{ {y} }} else {{ {z} }})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(x, y, z)| format!("(if {x} > 1 || odd({y}) {{ sum({y}, {z}) }} else {{ {z} }})")),
        ]
    })
    .boxed()
}

fn other() -> BoxedStrategy<String> {
    prop_oneof![
        (number(), number()).prop_map(|(x, y)| format!("odd({x}) && (odd({y}) || p)")),
        number().prop_map(|x| format!("odd({x})")),
        number().prop_map(|x| format!("join(t, odd({x})) + join(\"q\", p)")),
        number().prop_map(|x| format!("next(next(d) + {x})")),
        number().prop_map(|x| format!("same(m + {x})")),
    ]
    .boxed()
}

fn row() -> impl Strategy<Value = Vec<Option<Value>>> {
    let number = || {
        let numbers = [0.0, -0.0, 1.0, -2.0, 3.0, 1e300, 7.0];
        prop::option::weighted(0.8, prop::sample::select(numbers.map(Value::Number).to_vec()))
    };
    let text = prop::option::weighted(0.8, prop::sample::select(["", "Ab", "关"].map(Value::text).to_vec()));
    let flag = prop::option::weighted(0.8, any::<bool>().prop_map(Value::Bool));
    let date =
        prop::option::weighted(0.8, (-20_000..30_000).prop_map(|day| Value::Date(crate::model::Date(day))));
    let time = prop::option::weighted(
        0.8,
        (-1_000_000_000_000_i64..2_000_000_000_000).prop_map(|at| Value::Time(Timestamp(at))),
    );
    // In the order of the schema: by name.
    (number(), number(), date, time, flag, text).prop_map(|(a, b, d, m, p, t)| vec![a, b, d, m, p, t])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn columns_equal_the_plain_evaluator_where_scripts_are_called(
        numbers in prop::collection::vec(number(), 4),
        others in prop::collection::vec(other(), 4),
        rows in prop::collection::vec(row(), 1..100),
        batch in 1_usize..100,
    ) {
        let mut text = MIXED.to_owned();
        for (index, expression) in numbers.iter().chain(&others).enumerate() {
            text.extend(["[score.s", &index.to_string(), "]\nvalue = '", expression, "'\n"]);
        }
        let mut world = World::with_script(&text, "m.rhai", MIXED_SCRIPT);
        world.batch = batch;
        for (index, fields) in rows.into_iter().enumerate() {
            let customer = world.customer(&format!("c{index:03}"));
            world.customers[customer].fields = fields;
        }
        let found = world.run(now());
        let moment = Moment { now: now(), timezone: chrono_tz::UTC };
        for definition in &world.policy.values {
            let ValueKind::Score(expression) = &definition.kind else { panic!("only scores") };
            for customer in &world.customers {
                let expected = scalar::evaluate(&expression.root, customer, &moment);
                let key = (customer.id.clone(), definition.name.to_string());
                prop_assert_eq!(&found[&key], &expected, "{} of {:?}", expression.text, customer.fields);
            }
        }
    }
}
