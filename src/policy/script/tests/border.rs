//! What crosses the border between expressions and scripts, and what is said when it can't.

use std::sync::Arc;

use super::{failure, function, meaning, read, refusal, run};
use crate::model::{Date, Timestamp, Type, Value};

#[test]
fn nothing_is_kept_from_call_to_call() {
    let keeping = function(
        "fn f(x) { let seen = [x]; seen.push(x); x = x + 1; seen.len() + x }",
        &[Type::Number],
        Type::Number,
    );
    for _ in 0..3 {
        assert_eq!(keeping.run(vec![Value::Number(1.0)]), Ok(Some(Value::Number(4.0))));
    }
    for text in ["let n = 0; fn f() { 1 }", "const N = 1; fn f() { N }", "print(1);", "f(); fn f() { 1 }"] {
        refusal(text);
    }
    assert!(refusal("let n = 0;\nfn f() { 1 }").contains("outside of functions"));
    assert!(refusal("fn f() { n += 1; n }").contains("nothing is named `n`"));
    failure("fn f() { this.n = 1; 1 }");
}

#[test]
fn the_same_arguments_give_what_they_gave_and_others_do_not() {
    let takes = [Type::Number, Type::Text];
    let called = function("fn f(x, s) { if s == \"\" { throw \"empty\" } `${x} ${s}` }", &takes, Type::Text);
    let call = |x: f64, s: &str| called.call([Value::Number(x), Value::text(s)].into_iter());
    for _ in 0..2 {
        assert_eq!(call(1.5, "a"), Ok(Some(Value::text("1.5 a"))));
        assert_eq!(call(1.5, "b"), Ok(Some(Value::text("1.5 b"))));
        assert_eq!(call(2.5, "a"), Ok(Some(Value::text("2.5 a"))));
        assert!(call(1.5, "").is_err(), "a failure is told each time");
    }
    let other = function("fn f(x, s) { s }", &takes, Type::Text);
    let given = other.call([Value::Number(1.5), Value::text("a")].into_iter());
    assert_eq!(given, Ok(Some(Value::text("a"))), "each function remembers its own");
    for number in 0..40_000 {
        let x = f64::from(number) + 0.5;
        assert_eq!(call(x, "a"), Ok(Some(Value::text(format!("{x} a")))), "more than are remembered");
    }
}

#[test]
fn a_whole_number_is_a_number() {
    assert_eq!(run("fn f() { 3 }"), Ok(Some(Value::Number(3.0))));
    assert_eq!(run("fn f() { 7 / 2.0 }"), Ok(Some(Value::Number(3.5))));
}

#[test]
fn what_is_not_finite_or_nothing_is_missing_and_no_failure() {
    assert_eq!(run("fn f() { 1.0 / 0.0 }"), Ok(None));
    assert_eq!(run("fn f() { 0.0 / 0.0 }"), Ok(None));
    assert_eq!(run("fn f() { }"), Ok(None));
    assert_eq!(run("fn f() { if false { 1 } }"), Ok(None));
}

#[test]
fn another_type_than_declared_is_a_failure() {
    for (body, found) in [
        ("\"x\"", "text"),
        ("true", "true or false"),
        ("[1]", "an array"),
        ("#{a: 1}", "a map"),
        ("'x'", "a character"),
        ("0..3", "something else"),
    ] {
        let message = failure(&format!("fn f() {{ {body} }}"));
        assert_eq!(message, format!("test.rhai: it gave {found}, but number is declared"));
    }
    let text = function("fn f() { 1 }", &[], Type::Text).call(std::iter::empty());
    assert_eq!(text.unwrap_err().message, "test.rhai: it gave a number, but text is declared");
}

#[test]
fn a_failure_says_where_in_the_script_and_stays_short() {
    assert_eq!(failure("fn f() {\n  1 / 0\n}"), "test.rhai, line 2: Division by zero: 1 / 0");
    assert_eq!(
        failure("fn g() {\n\n  throw \"no such kind\"\n}\nfn f() { g() }"),
        "test.rhai, line 3: Runtime error: no such kind"
    );
    assert!(failure("fn f() { let s = \"x\"; s.pad(9000, 'x'); throw s; }").chars().count() < 250);
}

#[test]
fn each_type_crosses_the_border_both_ways() {
    let day = Date::parse("2027-01-31").unwrap();
    let at = Timestamp::parse_rfc3339("2027-01-31T09:00:00+08:00").unwrap();
    for (ty, value) in [
        (Type::Number, Value::Number(2.5)),
        (Type::Text, Value::text("关键")),
        (Type::Bool, Value::Bool(true)),
        (Type::Date, Value::Date(day)),
        (Type::Time, Value::Time(at)),
    ] {
        let same = function("fn f(x) { x }", std::slice::from_ref(&ty), ty.clone());
        assert_eq!(same.call([value.clone()].into_iter()), Ok(Some(value)));
    }
    let shown = function("fn f(x) { x }", &[Type::Date], Type::Text);
    assert_eq!(shown.call([Value::Date(day)].into_iter()), Ok(Some(Value::text("2027-01-31"))));
    let shown = function("fn f(x) { x }", &[Type::Time], Type::Text);
    assert_eq!(shown.call([Value::Time(at)].into_iter()), Ok(Some(Value::text("2027-01-31T01:00:00Z"))));
    let bad = function("fn f(x) { \"2027-02-30\" }", &[Type::Date], Type::Date);
    assert!(bad.call([Value::Date(day)].into_iter()).unwrap_err().message.contains("2027-02-30"));
}

#[test]
fn a_flaw_has_its_place() {
    for (text, wrong) in [
        ("fn f() {\n  let x = \"客户\";\n  let x = ;\n}", ";"),
        ("fn f() {\n  distanse * 2\n}", "distanse"),
        ("fn f() { 1", "1"),
        ("fn f(a, a) { 1 }", "a"),
        ("fn f() { eval(\"1\") }", "eval"),
        ("fn f() { 1 }\nlet x = 1;", "let"),
    ] {
        let flaw = read(text).err().unwrap();
        assert_eq!(text.get(flaw.span.clone()), Some(wrong), "{text}: {flaw:?}");
    }
}

#[test]
fn comments_and_layout_of_a_script_mean_nothing() {
    let plain = meaning("fn f(x) { if x > 1 { \"a  b\" } else { `${x} c` } }");
    let laid_out =
        meaning("// what it does\nfn f( x )\n{\n  if x>1 { /* yes */ \"a  b\" }\n  else { `${x} c` }\n}\n");
    assert_eq!(plain, laid_out);
    assert_ne!(plain, meaning("fn f(x) { if x > 2 { \"a  b\" } else { `${x} c` } }"));
    assert_ne!(plain, meaning("fn f(x) { if x > 1 { \"a b\" } else { `${x} c` } }"));
    assert_eq!(meaning("fn f( {"), "fn f( {");
}

#[test]
fn calls_from_several_threads_do_not_meet() {
    let counting = Arc::new(function(
        "fn f(n) { let s = 0; for i in 0..n.to_int() { s += i; } s }",
        &[Type::Number],
        Type::Number,
    ));
    let threads: Vec<_> = (1..5)
        .map(|n| {
            let counting = Arc::clone(&counting);
            std::thread::spawn(move || counting.call([Value::Number(f64::from(n) * 500.0)].into_iter()))
        })
        .collect();
    for (n, thread) in (1..5).zip(threads) {
        let n = f64::from(n) * 500.0;
        assert_eq!(thread.join().unwrap(), Ok(Some(Value::Number(n * (n - 1.0) / 2.0))));
    }
}
