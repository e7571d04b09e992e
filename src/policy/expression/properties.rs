//! Whatever the text, reading and checking end, and say where.

use proptest::prelude::*;

use super::names::Expected;
use super::syntax::{Part, PartKind, Syntax};
use super::tests::problems;
use super::tree::Binary;

const PIECES: &[&str] = &[
    "orders",
    "profit",
    "name",
    "\"a\"",
    "'b'",
    "`c`",
    "1",
    "2.5",
    "-",
    "+",
    "*",
    "/",
    "%",
    "**",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "if",
    "else",
    "in",
    "!in",
    "!",
    "&&",
    "||",
    "??",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    ",",
    ".",
    ";",
    "min",
    "date",
    "at_least",
    "pyramid",
    "source",
    "\"visit\"",
    "\"重点\"",
    "客户",
    "\n",
    "\r\n",
    "\t",
    " ",
    "//",
    "/*",
    "*/",
    "\\",
    "\"",
    "#",
    "#{",
    "${",
    "|x|",
    "..",
    "..=",
    "::",
    "fn",
    "let",
    "this",
    "eval",
    "Fn",
    "0x1f",
    "1e9",
    "1.",
    "\u{feff}",
    "\u{1f600}",
    "()",
    "(*",
    "?.",
    "?[",
    "~",
    "@",
    "new",
    "contains",
    "\"a\\x41\"",
    "\"\"\"\"",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..40)
        .prop_flat_map(|pieces| (Just(pieces), prop::sample::select(vec!["", " "])))
        .prop_map(|(pieces, space)| pieces.join(space))
}

/// Well-formed expressions, not necessarily well-typed.
fn formed() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "2.5",
        "-3",
        "orders",
        "name",
        "\"甲\"",
        "\"a\\\"b\"",
        "true",
        "event.amount",
        "now()",
        "pyramid.data.visits",
        "-(4)",
        "\"x\"\"y\"",
        "lapsing",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+",
            "-",
            "*",
            "/",
            "%",
            "**",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "&&",
            "||",
            "??",
            "\n + ",
            "/* x */ -",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("( {a} )")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("min({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) in [{b}, 2]")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("(if {a} {{ {b} }} else {{ {c} }})")),
        ]
    })
}

fn each_part<'a>(part: &'a Part, visit: &mut dyn FnMut(&'a Part)) {
    visit(part);
    match &part.kind {
        PartKind::Number(_) | PartKind::Text(_) | PartKind::Bool(_) | PartKind::Path(_) => {}
        PartKind::Unary(_, a) => each_part(a, visit),
        PartKind::Binary(_, a, b) | PartKind::Coalesce(a, b) => {
            each_part(a, visit);
            each_part(b, visit);
        }
        PartKind::In(a, list) => {
            each_part(a, visit);
            for item in list {
                each_part(item, visit);
            }
        }
        PartKind::If(a, b, c) => [a, b, c].into_iter().for_each(|part| each_part(part, visit)),
        PartKind::Call(_, _, list) => list.iter().for_each(|item| each_part(item, visit)),
    }
}

/// The tree without places.
fn bare(part: &Part) -> String {
    match &part.kind {
        PartKind::Number(number) => format!("{number:?}"),
        PartKind::Text(text) => format!("{text:?}"),
        PartKind::Bool(flag) => flag.to_string(),
        PartKind::Path(path) => path.join("."),
        PartKind::Unary(operator, a) => format!("({operator:?} {})", bare(a)),
        PartKind::Binary(operator, a, b) => format!("({operator:?} {} {})", bare(a), bare(b)),
        PartKind::Coalesce(a, b) => format!("(?? {} {})", bare(a), bare(b)),
        PartKind::In(a, list) => format!("(in {} {:?})", bare(a), list.iter().map(bare).collect::<Vec<_>>()),
        PartKind::If(a, b, c) => format!("(if {} {} {})", bare(a), bare(b), bare(c)),
        PartKind::Call(name, _, list) => format!("{name}{:?}", list.iter().map(bare).collect::<Vec<_>>()),
    }
}

fn spans_lie_within(text: &str) {
    for problem in problems(text, &Expected::Bool) {
        assert!(text.get(problem.span.clone()).is_some(), "{text:?}: {problem:?}");
        assert!(!problem.message.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        spans_lie_within(&text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        spans_lie_within(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_heap_of_pieces_is_read_or_refused(text in soup()) {
        spans_lie_within(&text);
    }

    #[test]
    fn damaged_expressions_are_read_or_refused(text in formed(), at in any::<prop::sample::Index>(), put in prop::sample::select(PIECES), cut in 0_usize..4) {
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        let mut damaged: String = characters.iter().take(at).collect();
        damaged.push_str(put);
        damaged.extend(characters.iter().skip(at + cut));
        spans_lie_within(&damaged);
    }

    #[test]
    fn a_part_is_what_its_span_says(text in formed()) {
        if let Ok(syntax) = Syntax::parse(&text) {
            each_part(&syntax.root, &mut |part| {
                let own = text.get(part.span.clone()).expect("on boundaries");
                // Chains of && are one node in Rhai's tree, whatever brackets stood in them.
                if !matches!(part.kind, PartKind::Binary(Binary::And | Binary::Or, ..) | PartKind::Coalesce(..)) {
                    let again = Syntax::parse(own).unwrap_or_else(|found| panic!("{own:?} in {text:?}: {found:?}"));
                    assert_eq!(bare(&again.root), bare(part), "{own:?} in {text:?}");
                }
            });
        }
        spans_lie_within(&text);
    }
}
