//! Scripts made by chance: whatever they are, they end.

use proptest::prelude::*;

use super::{function, meaning, read};
use crate::model::{Type, Value};

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
