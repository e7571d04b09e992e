//! The expression language against Rhai itself, where their meanings coincide: floats, texts and
//! truth values, nothing missing.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says so where it fails")]

use std::sync::Arc;

use guanxi::evaluate::scalar::{Moment, Row, evaluate};
use guanxi::model::{Timestamp, Type, Value};
use guanxi::policy::expression::tree::{Node, NodeKind, Reference};
use guanxi::policy::expression::{Expected, Names, Syntax};
use proptest::prelude::*;
use rhai::{Dynamic, Engine, Scope};

const NUMBERS: [&str; 3] = ["a", "b", "c"];
const FLAGS: [&str; 2] = ["p", "q"];
const TEXTS: [&str; 2] = ["s", "t"];

#[derive(Debug)]
struct Variables {
    numbers: [f64; 3],
    flags: [bool; 2],
    texts: [String; 2],
}

impl Names for Variables {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        let [name] = path else { return None };
        let place = |names: &[&str]| names.iter().position(|known| known == name);
        place(&NUMBERS)
            .map(|index| (Reference::Customer(index), Type::Number))
            .or_else(|| place(&FLAGS).map(|index| (Reference::Event(index), Type::Bool)))
            .or_else(|| place(&TEXTS).map(|index| (Reference::Raw(index), Type::Text)))
    }

    fn candidates(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Row for Variables {
    fn get(&self, reference: &Reference) -> Option<Value> {
        Some(match *reference {
            Reference::Customer(index) => Value::Number(*self.numbers.get(index)?),
            Reference::Event(index) => Value::Bool(*self.flags.get(index)?),
            Reference::Raw(index) => Value::Text(Arc::from(self.texts.get(index)?.as_str())),
            _ => return None,
        })
    }
}

fn number() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(NUMBERS.to_vec()).prop_map(str::to_owned),
        (-50_i32..50).prop_map(|number| format!("{:?}", f64::from(number) / 4.0)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "**"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} < {b} {{ {c} }} else {{ {a} }})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} ?? {b})")),
        ]
    })
    .boxed()
}

fn flag() -> BoxedStrategy<String> {
    let comparison = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let text = || prop::sample::select(vec!["s", "t", "\"a\"", "\"重点\"", "s + t", "(t + \"b\")"]);
    let leaf = prop_oneof![
        prop::sample::select(vec!["p", "q", "true", "false"]).prop_map(str::to_owned),
        (number(), comparison(), number()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        (text(), comparison(), text()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        (text(), text(), text()).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        (text(), text()).prop_map(|(a, b)| format!("{a} !in [{b}]")),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let operator = prop::sample::select(vec!["&&", "||", "==", "!="]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
            (inner.clone(), prop::sample::select(vec!["&&", "||"]), inner.clone())
                .prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
    .boxed()
}

fn variables() -> impl Strategy<Value = Variables> {
    let number = || (-40_i32..40).prop_map(|number| f64::from(number) / 8.0);
    let text = || prop::sample::select(vec!["", "a", "ab", "Z", "重点", "é"]).prop_map(str::to_owned);
    ([number(), number(), number()], [any::<bool>(), any::<bool>()], [text(), text()])
        .prop_map(|(numbers, flags, texts)| Variables { numbers, flags, texts })
}

/// Whether no part is missing: Rhai has infinities and no missing.
fn all_known(node: &Node, row: &Variables, moment: &Moment) -> bool {
    evaluate(node, row, moment).is_some()
        && match &node.kind {
            NodeKind::Unary(_, a) => all_known(a, row, moment),
            NodeKind::Binary(_, a, b) | NodeKind::Coalesce(a, b) => {
                all_known(a, row, moment) && all_known(b, row, moment)
            }
            NodeKind::If(a, b, c) => [a, b, c].into_iter().all(|part| all_known(part, row, moment)),
            NodeKind::In(a, list) => {
                all_known(a, row, moment) && list.iter().all(|item| all_known(item, row, moment))
            }
            _ => true,
        }
}

fn by_rhai(text: &str, variables: &Variables) -> Dynamic {
    let mut scope = Scope::new();
    for (name, number) in NUMBERS.iter().zip(variables.numbers) {
        scope.push(*name, number);
    }
    for (name, flag) in FLAGS.iter().zip(variables.flags) {
        scope.push(*name, flag);
    }
    for (name, text) in TEXTS.iter().zip(&variables.texts) {
        scope.push(*name, text.clone());
    }
    let mut engine = Engine::new();
    engine.set_max_expr_depths(0, 0);
    engine.eval_expression_with_scope(&mut scope, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn agrees(text: &str, variables: &Variables) {
    let moment = Moment { now: Timestamp(0), timezone: chrono_tz::UTC };
    // Texts and numbers mixed by precedence are refused here; Rhai would fail when running.
    let Ok(Ok((expression, _))) = Syntax::parse(text).map(|syntax| syntax.check(variables, &Expected::Any))
    else {
        return;
    };
    if !all_known(&expression.root, variables, &moment) {
        return;
    }
    let ours = evaluate(&expression.root, variables, &moment).expect("all is known");
    let theirs = by_rhai(text, variables);
    match ours {
        Value::Number(number) => assert_eq!(theirs.as_float().ok(), Some(number), "{text}"),
        Value::Bool(flag) => assert_eq!(theirs.as_bool().ok(), Some(flag), "{text}"),
        other => panic!("{text}: {other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn numbers_are_computed_as_by_rhai(text in number(), variables in variables()) {
        agrees(&text, &variables);
    }

    #[test]
    fn conditions_are_decided_as_by_rhai(text in flag(), variables in variables()) {
        agrees(&text, &variables);
    }
}
