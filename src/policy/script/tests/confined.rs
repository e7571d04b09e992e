//! What scripts can't do, and what becomes of those that try.

use super::super::LIMITS;
use super::{failure, is_stopped, read, refusal};

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
