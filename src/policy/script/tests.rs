//! What scripts can't do, and what becomes of those that try.

use std::sync::Arc;

use proptest::prelude::*;

use super::engine::LIMITS;
use super::{Failure, Flaw, Function, Parameter, Script, meaning};
use crate::model::{Date, Timestamp, Type, Value};
use crate::policy::compiled::About;

fn read(text: &str) -> Result<Script, Flaw> {
    Script::read("test.rhai", text)
}

fn function(text: &str, takes: &[Type], returns: Type) -> Function {
    let script = read(text).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}"));
    assert!(script.arities("f").contains(&takes.len()), "{text}");
    Function {
        name: "f".into(),
        about: About::default(),
        index: 0,
        parameters: takes.iter().map(|ty| Parameter { name: "x".into(), ty: ty.clone() }).collect(),
        returns,
        version: "".into(),
        entry: "f".into(),
        script,
    }
}

/// Calls `fn f()`, which gives a number.
fn run(text: &str) -> Result<Option<Value>, Failure> {
    function(text, &[], Type::Number).call(std::iter::empty())
}

fn failure(text: &str) -> String {
    match run(text) {
        Err(failure) => failure.message,
        Ok(value) => panic!("{text} gave {value:?}"),
    }
}

fn refusal(text: &str) -> String {
    match read(text) {
        Err(flaw) => flaw.message,
        Ok(_) => panic!("{text} was taken"),
    }
}

/// Refused when read, or else fails when called.
fn is_stopped(text: &str) {
    if let Ok(script) = read(text) {
        assert!(script.arities("f").contains(&0), "{text}");
        failure(text);
    }
}

#[test]
fn a_script_that_loops_for_ever_is_stopped() {
    for text in [
        "fn f() { loop { } }",
        "fn f() { while true { } 1 }",
        "fn f() { do { } until false; 1 }",
        "fn f() { let x = 0; for i in 0..9223372036854775807 { x += 1; } x }",
        "fn f() { let x = 0; for i in range(0, 9223372036854775807, 1) { x += 1; } x }",
        "fn f() { loop { try { throw 1; } catch { } } }",
        "fn f() { try { loop { } } catch { 1 } }",
    ] {
        let message = failure(text);
        assert!(message.contains("Too many operations"), "{text}: {message}");
        assert!(message.starts_with("test.rhai"), "{message}");
    }
}

#[test]
fn operations_within_functions_given_to_functions_count_too() {
    let text = "fn one(x) { let n = 0; while n < 1000 { n += 1; } n }
        fn all(x) { let a = []; a.pad(100, 1); a.map(Fn(\"one\")).len() }
        fn f() { let a = []; a.pad(1000, 1); a.map(Fn(\"all\")).len() }";
    let message = failure(text);
    assert!(message.contains("Too many operations"), "{message}");
}

#[test]
fn a_text_that_grows_without_end_is_stopped() {
    for text in [
        "fn f() { let s = \"x\"; loop { s += s; } }",
        "fn f() { let s = \"x\"; loop { s = s + s; } }",
        "fn f() { let s = \"x\"; loop { s = `${s}${s}`; } }",
        "fn f() { let s = \"x\"; s.pad(1000000000, 'x'); s.len() }",
        "fn f() { let s = \"x\"; s.pad(16000, 'x'); let t = s; s.replace(\"x\", t); s.len() }",
        "fn f() { let s = \"x\"; s.pad(16000, 'x'); let t = s; s.replace('x', t); s.len() }",
        "fn f() { let s = \"x\"; s.pad(16000, 'x'); let t = s; s.replace(\"\", t); s.len() }",
        "fn f() { let a = []; let s = \"x\"; s.pad(16000, 'x'); loop { a.push(s); } }",
    ] {
        let message = failure(text);
        assert!(message.contains("string"), "{text}: {message}");
    }
}

#[test]
fn an_array_or_map_that_grows_without_end_is_stopped() {
    for text in [
        "fn f() { let a = [1]; loop { a += a; } }",
        "fn f() { let a = [1]; loop { a.push(1); } }",
        "fn f() { let a = [1]; loop { a = [a, a]; } }",
        "fn f() { let a = []; a.pad(1000000000, 1); a.len() }",
        "fn f() { let a = []; loop { a.insert(0, 1); } }",
        "fn f() { let m = #{}; let n = 0; loop { m[`k${n}`] = n; n += 1; } }",
        "fn f() { let m = #{a: 1}; loop { m = #{a: m, b: m}; } }",
        "fn f() { let b = []; loop { b = [b]; } }",
    ] {
        let message = failure(text);
        assert!(message.contains("Size of") || message.contains("Too many op"), "{text}: {message}");
    }
}

#[test]
fn a_script_that_calls_itself_for_ever_is_stopped() {
    for text in [
        "fn f() { f() }",
        "fn f() { g() + 1 } fn g() { f() + 1 }",
        "fn f() { let a = [1]; a.map(Fn(\"g\")).len() } fn g(x) { f() }",
    ] {
        let message = failure(text);
        assert!(message.contains("Stack overflow"), "{text}: {message}");
    }
}

#[test]
fn recursion_to_its_limit_in_deep_expressions_does_not_exhaust_the_stack() {
    let depth = LIMITS.expression_depth / 2 - 4;
    let nested = format!("{}g(n + 1){}", "(1 + ".repeat(depth), ")".repeat(depth));
    let text = format!("fn g(n) {{ {nested} }} fn f() {{ g(0) }}");
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let thread = small.spawn(move || failure(&text)).unwrap();
    assert!(thread.join().unwrap().contains("Stack overflow"));
}

#[test]
fn too_much_nesting_is_refused_when_read() {
    let deep = |depth: usize| format!("fn f() {{ {}1{} }}", "(1 + ".repeat(depth), ")".repeat(depth));
    assert!(read(&deep(LIMITS.expression_depth / 2 - 4)).is_ok());
    refusal(&deep(LIMITS.expression_depth / 2 + 1));
    refusal(&deep(5_000));
}

#[test]
fn too_many_functions_or_variables_are_stopped() {
    let many: Vec<String> = (0..=LIMITS.functions).map(|index| format!("fn g{index}() {{ }}\n")).collect();
    refusal(&many.concat());
    let many: Vec<String> = (0..=LIMITS.variables).map(|index| format!("let x{index} = 1; ")).collect();
    is_stopped(&format!("fn f() {{ {} 1 }}", many.concat()));
}

#[test]
fn a_script_can_not_run_text_as_code() {
    assert!(refusal("fn f() { eval(\"1\") }").contains("`eval` is not allowed"));
    for text in ["fn f() { Fn(\"eval\").call(\"40 + 2\") }", "fn f() { call(\"eval\", \"1\") }"] {
        is_stopped(text);
    }
}

#[test]
fn a_script_can_not_sleep() {
    let started = std::time::Instant::now();
    for text in ["fn f() { sleep(5); 1 }", "fn f() { sleep(5.0); 1 }", "fn f() { Fn(\"sleep\").call(5); 1 }"]
    {
        assert!(failure(text).contains("sleep"), "{text}");
    }
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_script_can_not_import() {
    assert!(refusal("import \"other\" as other; fn f() { 1 }").contains("`import` is not allowed"));
    refusal("fn f() { import \"other\" as other; other::g() }");
    refusal("fn f() { other::g() }");
    refusal("export let x = 1; fn f() { 1 }");
}

#[test]
fn a_script_can_not_print() {
    assert!(refusal("fn f() { print(\"x\"); 1 }").contains("`print` is not allowed"));
    assert!(refusal("fn f() { debug(1); 1 }").contains("`debug` is not allowed"));
}

#[test]
fn a_script_finds_no_file_network_clock_or_chance() {
    for call in [
        "open_file(\"/etc/passwd\")",
        "read(\"/etc/passwd\")",
        "File()",
        "path(\"/\")",
        "timestamp()",
        "now()",
        "rand()",
        "rand(1, 6)",
        "[1, 2].shuffle()",
        "env(\"HOME\")",
        "parse_json(\"{}\")",
        "exit(1)",
        "get_fn_metadata_list()",
        "http_get(\"http://localhost\")",
    ] {
        is_stopped(&format!("fn f() {{ {call} }}"));
    }
}

#[test]
fn functions_without_a_name_are_refused_as_what_they_capture_outlives_the_call() {
    assert!(refusal("fn f() { let a = []; let g = || a; a.push(g); 1 }").contains("without a name"));
    refusal("fn f() { [1].map(|x| x + 1)[0] }");
}

#[test]
fn nothing_is_kept_from_call_to_call() {
    let keeping = function(
        "fn f(x) { let seen = [x]; seen.push(x); x = x + 1; seen.len() + x }",
        &[Type::Number],
        Type::Number,
    );
    for _ in 0..3 {
        assert_eq!(keeping.call([Value::Number(1.0)].into_iter()), Ok(Some(Value::Number(4.0))));
    }
    for text in ["let n = 0; fn f() { 1 }", "const N = 1; fn f() { N }", "print(1);", "f(); fn f() { 1 }"] {
        refusal(text);
    }
    assert!(refusal("let n = 0;\nfn f() { 1 }").contains("outside of functions"));
    assert!(refusal("fn f() { n += 1; n }").contains("nothing is named `n`"));
    failure("fn f() { this.n = 1; 1 }");
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

const PIECES: &[&str] = &[
    "x",
    "y",
    "a",
    "s",
    "m",
    "1",
    "0",
    "-1",
    "2.5",
    "9223372036854775807",
    "\"a,b\"",
    "'c'",
    "`${x}`",
    "[]",
    "[1, 2, 3]",
    "#{a: 1}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "<<",
    ">>",
    "&",
    "|",
    "^",
    "==",
    "<",
    ">=",
    "&&",
    "||",
    "!",
    "??",
    "?.",
    "?[",
    "=",
    "+=",
    "-=",
    "<<=",
    "let ",
    "const ",
    "if ",
    "else ",
    "while ",
    "loop ",
    "for ",
    "in ",
    "do ",
    "until ",
    "switch ",
    "=>",
    "return ",
    "break",
    "continue",
    "throw ",
    "try ",
    "catch ",
    "fn ",
    "f",
    "g(x)",
    "this",
    "type_of(x)",
    "is_def_var(\"x\")",
    "Fn(\"g\")",
    ".call(1)",
    ".curry(1)",
    ".map(Fn(\"g\"))",
    ".sort()",
    ".sort(Fn(\"g\"))",
    ".split(\",\")",
    ".sub_string(1, 9)",
    ".pad(99, 1)",
    ".splice(0, 1, [2])",
    ".extract(-2)",
    ".replace(\"a\", \"bb\")",
    ".chop(1)",
    ".truncate(-1)",
    ".insert(5, 1)",
    ".remove(0)",
    ".index_of(1)",
    ".chars()",
    ".bits()",
    ".get_bits(0, 65)",
    ".to_int()",
    ".to_float()",
    ".len",
    ".len()",
    ".keys()",
    ".values()",
    ".mixin(m)",
    ".drain(0..2)",
    ".retain(Fn(\"g\"))",
    ".reduce(Fn(\"g\"))",
    ".zip([1], Fn(\"g\"))",
    ".dedup()",
    ".order()",
    ".crop(-9, 99)",
    "[-9]",
    "[9] = 1",
    "[0..2]",
    ".a",
    ".b.c = 1",
    "range(0, 9, 0)",
    "range(9, 0, -1)",
    "0..9",
    "0..=x",
    "range(0.0, 1.0, 0.1)",
    "parse_int(\"z\", 99)",
    "max(x, 1)",
    "min(\"a\", 'b')",
    "::",
    "global::x",
    ";",
    ",",
    " ",
    "\n",
    "//",
    "/*",
    "*/",
    "\\",
    "@",
    "#",
    "$",
    "import \"x\"",
    "eval(\"1\")",
    "重",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_is_refused_or_runs_to_an_end(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        let body = pieces.concat();
        let frame = format!(
            "fn g(x) {{ x }} fn g(x, y) {{ x > y }} \
             fn f(x, s) {{ let y = 3; let a = [3, 1, 2]; let m = #{{a: 1, b: #{{c: 2}}}}; {body} }}"
        );
        for text in [body, frame] {
            let read = read(&text);
            let _ = meaning(&text);
            if read.is_ok_and(|script| script.arities("f") == [2]) {
                let called = function(&text, &[Type::Number, Type::Text], Type::Number);
                let _ = called.call([Value::Number(4.0), Value::text("abc")].into_iter());
            }
        }
    }

    #[test]
    fn any_small_expression_in_a_script_ends(
        chains in prop::collection::vec((prop::sample::select(PIECES), prop::sample::select(PIECES), prop::sample::select(PIECES)), 1..4),
    ) {
        let body: Vec<String> = chains.iter().map(|(a, b, c)| format!("try {{ {a}{b}{c}; }} catch {{ }}")).collect();
        let text = format!(
            "fn g(x) {{ x }} fn g(x, y) {{ x > y }} \
             fn f(x, s) {{ let y = 3; let a = [3, 1, 2]; let m = #{{a: 1, b: #{{c: 2}}}}; {} y }}", body.concat()
        );
        if read(&text).is_ok() {
            let called = function(&text, &[Type::Number, Type::Text], Type::Number);
            let _ = called.call([Value::Number(4.0), Value::text("abc")].into_iter());
        }
    }
}
