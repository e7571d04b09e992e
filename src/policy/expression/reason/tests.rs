//! What is said of conditions, and above all what is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Words::{Except, Only};
use super::{Domain, Facts, Known, Precision, Range};
use crate::model::Type;
use crate::policy::expression::names::{ClassName, Expected, Names};
use crate::policy::expression::syntax::Syntax;
use crate::policy::expression::tree::Reference;

/// Numbers `x y z`, a count, a share from 0 to 1, days since something, a mean, conditions, words.
struct Declared;

const NAMES: &[&str] =
    &["x", "y", "z", "orders", "share", "quiet", "mean", "b", "c", "name", "status", "born", "pyramid"];

impl Names for Declared {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        let ty = match path {
            ["id"] => return Some((Reference::Id, Type::Text)),
            ["known_since"] => return Some((Reference::KnownSince, Type::Time)),
            ["b" | "c"] => Type::Bool,
            ["name"] => Type::Text,
            ["born"] => Type::Date,
            ["status"] => choice(&["paid", "open", "void"]),
            ["pyramid"] => choice(&["key", "secondary", "small"]),
            _ => Type::Number,
        };
        let index = NAMES.iter().position(|name| path == [*name])?;
        Some((Reference::Value(index), ty))
    }

    fn candidates(&self) -> Vec<String> {
        Vec::new()
    }

    fn class(&self, name: &str) -> Option<ClassName> {
        let (Reference::Value(value), ty) = self.resolve(&[name]).filter(|_| name == "pyramid")? else {
            return None;
        };
        Some(ClassName { value, ty, ordered: true })
    }

    fn facts(&self, reference: &Reference) -> Option<Facts> {
        let Reference::Value(value) = reference else { return None };
        let unit = Domain::numbers(Range::between(0.0, 1.0)).or_missing();
        let days = Domain::numbers(Range::from(0.0)).or_missing();
        Some(match NAMES[*value] {
            "orders" => Facts::of(Domain::numbers(Range::from(0.0).whole())),
            "share" => Facts::of(unit),
            "quiet" => Facts { precision: Precision::Continuous, ..Facts::of(days) },
            "mean" => Facts { precision: Precision::Rounded, ..Facts::of_type(&Type::Number) },
            _ => return None,
        })
    }

    fn places(&self, value: usize) -> Option<Arc<[Arc<str>]>> {
        (NAMES[value] == "pyramid").then(|| ["key", "secondary", "small"].map(Arc::from).into())
    }
}

fn choice(words: &[&str]) -> Type {
    Type::Choice(words.iter().map(|word| Arc::from(*word)).collect())
}

/// Each warning as `code «underlined» message | help`.
fn said(text: &str) -> Vec<String> {
    let syntax = Syntax::parse(text).unwrap_or_else(|problems| panic!("{text:.80}: {problems:?}"));
    let (_, warnings) =
        syntax.check(&Declared, &Expected::Any).unwrap_or_else(|problems| panic!("{text:.80}: {problems:?}"));
    let said = warnings.into_iter().map(|found| {
        let help = if found.help.is_empty() { String::new() } else { format!(" | {}", found.help) };
        format!(
            "{} «{}» {}{help}",
            found.code.id,
            text.get(found.span).expect("a span of the text"),
            found.message
        )
    });
    said.collect()
}

const NEVER: &[(&str, &str)] = &[
    (
        "x > 90 && x < 30",
        "W301 «x > 90 && x < 30» this never holds: `x > 90` and `x < 30` exclude each other",
    ),
    (
        "b && x > 9 && c && 3 > x",
        "W301 «x > 9 && c && 3 > x» this never holds: `x > 9` and `3 > x` exclude each other",
    ),
    (
        "status == \"paid\" && status == \"open\"",
        "W301 «status == \"paid\" && status == \"open\"» this never holds: `status == \"paid\"` and `status == \"open\"` exclude each other",
    ),
    (
        "name == \"a\" && name == \"b\"",
        "W301 «name == \"a\" && name == \"b\"» this never holds: `name == \"a\"` and `name == \"b\"` exclude each other",
    ),
    (
        "is_missing(x) && !is_missing(x)",
        "W301 «is_missing(x) && !is_missing(x)» this never holds: `is_missing(x)` and `!is_missing(x)` exclude each other",
    ),
    (
        "is_missing(x) && x > 3",
        "W301 «is_missing(x) && x > 3» this never holds: `is_missing(x)` and `x > 3` exclude each other",
    ),
    (
        "x + y > 3 && is_missing(y)",
        "W301 «x + y > 3 && is_missing(y)» this never holds: `x + y > 3` and `is_missing(y)` exclude each other",
    ),
    ("b && !b", "W301 «b && !b» this never holds: `b` and `!b` exclude each other"),
    (
        "b == true && b == false",
        "W301 «b == true && b == false» this never holds: `b == true` and `b == false` exclude each other",
    ),
    ("x < y && y < x", "W301 «x < y && y < x» this never holds: `x < y` and `y < x` exclude each other"),
    (
        "x == 3 && x in [1, 2]",
        "W301 «x == 3 && x in [1, 2]» this never holds: `x == 3` and `x in [1, 2]` exclude each other",
    ),
    (
        "orders > 2 && orders < 3",
        "W301 «orders > 2 && orders < 3» this never holds: `orders > 2` and `orders < 3` exclude each other",
    ),
    (
        "at_least(pyramid, \"secondary\") && pyramid == \"small\"",
        "W301 «at_least(pyramid, \"secondary\") && pyramid == \"small\"» this never holds: `at_least(pyramid, \"secondary\")` and `pyramid == \"small\"` exclude each other",
    ),
    (
        "born > date(\"2000-01-01\") && born < date(\"1999-01-01\")",
        "W301 «born > date(\"2000-01-01\") && born < date(\"1999-01-01\")» this never holds: `born > date(\"2000-01-01\")` and `born < date(\"1999-01-01\")` exclude each other",
    ),
    (
        "x > 5 && x * 2 < 4",
        "W301 «x > 5 && x * 2 < 4» this never holds: `x > 5` and `x * 2 < 4` exclude each other",
    ),
    (
        "x * 2 < 4 && x > 5",
        "W301 «x * 2 < 4 && x > 5» this never holds: `x * 2 < 4` and `x > 5` exclude each other",
    ),
    (
        "(x > 5 || x < 1) && x > 2 && x < 4",
        "W301 «(x > 5 || x < 1) && x > 2 && x < 4» this never holds: its parts exclude each other",
    ),
    (
        "c || x > 90 && x < 30",
        "W301 «x > 90 && x < 30» this never holds: `x > 90` and `x < 30` exclude each other",
    ),
    (
        "if x > 5 && x < 3 { 1 } else { 2 }",
        "W301 «x > 5 && x < 3» this never holds: `x > 5` and `x < 3` exclude each other",
    ),
    ("x / 0 > 3", "W301 «x / 0 > 3» this never holds | `x / 0` is always missing"),
    ("orders == 2.5", "W301 «orders == 2.5» this never holds | `orders` is a whole number"),
    ("is_missing(orders)", "W301 «is_missing(orders)» this never holds | `orders` is never missing"),
    ("x > x", "W301 «x > x» this never holds"),
    (
        "(if b { \"a\" } else { \"b\" }) == \"c\"",
        "W301 «(if b { \"a\" } else { \"b\" }) == \"c\"» this never holds",
    ),
];

#[test]
fn conditions_that_can_never_hold_are_told_with_what_excludes_what() {
    for (text, expected) in NEVER {
        assert_eq!(said(text), [*expected], "{text}");
    }
}

#[test]
fn conditions_that_can_never_fail_are_told() {
    for (text, expected) in [
        (
            "status != \"paid\" || status != \"open\"",
            "W302 «status != \"paid\" || status != \"open\"» this always holds: where `status != \"paid\"` doesn't, `status != \"open\"` does",
        ),
        (
            "is_missing(x) || is_known(x)",
            "W302 «is_missing(x) || is_known(x)» this always holds: where `is_missing(x)` doesn't, `is_known(x)` does",
        ),
        ("b || !b", "W302 «b || !b» this always holds: where `b` doesn't, `!b` does"),
        (
            "orders > 3 || orders <= 3",
            "W302 «orders > 3 || orders <= 3» this always holds: where `orders > 3` doesn't, `orders <= 3` does",
        ),
        ("is_known(orders)", "W302 «is_known(orders)» this always holds | `orders` is never missing"),
    ] {
        assert_eq!(said(text), [expected], "{text}");
    }
}

#[test]
fn comparisons_beyond_what_a_number_can_be_are_told() {
    for (text, expected) in [
        ("share > 2", "W303 «share > 2» `share` is from 0 to 1, so this never holds"),
        ("80 < share", "W303 «80 < share» `share` is from 0 to 1, so this never holds"),
        ("share > 1", "W303 «share > 1» `share` is from 0 to 1, so this never holds"),
        ("share < 80", "W303 «share < 80» `share` is from 0 to 1, so this holds wherever it is known"),
        ("share != 80", "W303 «share != 80» `share` is from 0 to 1, so this always holds"),
        ("orders >= 0", "W303 «orders >= 0» `orders` is at least 0, so this always holds"),
        ("orders < 0", "W303 «orders < 0» `orders` is at least 0, so this never holds"),
        ("quiet < -1", "W303 «quiet < -1» `quiet` is at least 0, so this never holds"),
        (
            "days_since(known_since) < 0",
            "W303 «days_since(known_since) < 0» `days_since(known_since)` is at least 0, so this never holds",
        ),
        (
            "days_until(known_since) > 0",
            "W303 «days_until(known_since) > 0» `days_until(known_since)` is at most 0, so this never holds",
        ),
        (
            "month(today()) > 12",
            "W303 «month(today()) > 12» `month(today())` is a whole number from 1 to 12, so this never holds",
        ),
        (
            "weekday(now()) in [0, 6]",
            "W303 «0» `weekday(now())` is a whole number from 1 to 7, so it is never this",
        ),
        (
            "bucket(\"a\") >= 1",
            "W303 «bucket(\"a\") >= 1» `bucket(\"a\")` is from 0 up to but not 1, so this never holds",
        ),
        ("share * 100 > 101", "W303 «share * 100 > 101» `share * 100` is from 0 to 100, so this never holds"),
        ("len(name) < 0", "W303 «len(name) < 0» `len(name)` is at least 0, so this never holds"),
        (
            "(orders ?? 0) < 0 && b",
            "W303 «(orders ?? 0) < 0» `orders ?? 0` is at least 0, so this never holds",
        ),
        ("share + 1 < 1", "W303 «share + 1 < 1» `share + 1` is from 1 to 2, so this never holds"),
    ] {
        assert_eq!(said(text), [expected], "{text}");
    }
}

#[test]
fn equality_of_computed_numbers_is_told() {
    let help = "compare with < and >, or round it first: round(x) == 3, round(x, 2) == 0.35";
    for (text, underlined, why) in [
        ("x / y == 0.3", "x / y == 0.3", "`x / y` is rounded, so it is hardly ever exactly `0.3`"),
        ("x * 0.1 == 0.3", "x * 0.1 == 0.3", "`x * 0.1` is rounded, so it is hardly ever exactly `0.3`"),
        ("mean == 3.5", "mean == 3.5", "`mean` is rounded, so it is hardly ever exactly `3.5`"),
        ("quiet == 30", "quiet == 30", "`quiet` has fractions, so it is hardly ever exactly `30`"),
        ("quiet in [30, 60]", "30", "`quiet` has fractions, so it is hardly ever exactly `30`"),
        (
            "days_since(born) != 30",
            "days_since(born) != 30",
            "`days_since(born)` has fractions, so it is hardly ever exactly `30`",
        ),
        ("z == sqrt(x)", "z == sqrt(x)", "`sqrt(x)` is rounded, so it is hardly ever exactly `z`"),
    ] {
        assert_eq!(said(text), [format!("W304 «{underlined}» {why} | {help}")], "{text}");
    }
}

#[test]
fn what_may_be_meant_is_left_alone() {
    for text in [
        // Missing makes both fail.
        "x > 1 || x <= 1",
        "status == \"paid\" || status != \"open\"",
        "status in [\"paid\", \"open\", \"void\"]",
        "share >= 0",
        "share <= 1",
        "share == 1",
        "name == name",
        "x == y || x != y && b",
        "!(x > 1) && !(x <= 1)",
        "x != 1 && x != 2",
        "x > 1 && x < 2",
        "x >= 1 && x <= 1",
        "x < y && y < z",
        "x < y && y <= x + 1",
        "is_missing(b) && !b",
        "b != true && b != false",
        // Written on purpose.
        "true",
        "false",
        "b && false",
        "b || true",
        "1 == 1",
        "true && true",
        // Not negative, but fine.
        "orders > 0 && orders < 2",
        "orders == 0",
        "x / y == 0",
        "x / 2 == 3",
        "x % 2 == 1",
        "x == 0.1",
        "round(x / y, 2) == 0.35",
        "min(x / y, 1) == 1",
        "(quiet ?? -1) == -1",
        "mean == z",
        "x - y == 0",
        "quiet == quiet || b",
        "known_since < now() - 30",
        "days_since(born) < 0",
        "is_known(known_since)",
        "at_least(pyramid, \"small\")",
        "at_least(pyramid, \"key\") || pyramid == \"small\"",
        "(x ?? 0) > 5 && is_known(x)",
        "!(x > 90 && y < 30)",
        "if b { x > 1 } else { x < 0 }",
        "contains(name, \"a\") && !contains(name, \"b\")",
        "bucket(\"a\") < 0.5 && bucket(\"b\") >= 0.5",
        "(b ?? true) && !(c ?? false)",
        "x in [1, 5] && x > 2",
        "born + 30 < today()",
        "now() - known_since > 3 && now() - known_since < 30",
    ] {
        assert_eq!(said(text), [""; 0], "{text}");
    }
}

#[test]
fn long_and_deep_conditions_take_no_time() {
    let chain: Vec<String> = (0..190).map(|index| format!("(x > {index} || y < {index})")).collect();
    let deep =
        (0..14).fold("x > 1".to_owned(), |inner, index| format!("(({inner}) && y > {index} || x < {index})"));
    let branches =
        (0..14).fold("x".to_owned(), |inner, index| format!("(if x > {index} {{ {inner} }} else {{ y }})"));
    for text in [chain.join(" && "), deep, format!("{branches} > 3")] {
        let begun = std::time::Instant::now();
        said(&text);
        assert!(begun.elapsed().as_secs() < 5, "{:?} for {} bytes", begun.elapsed(), text.len());
    }
}

#[test]
fn words_meet_and_join_as_sets() {
    let words =
        |words: &[&str]| -> BTreeSet<Arc<str>> { words.iter().map(|word| Arc::from(*word)).collect() };
    assert_eq!(Only(words(&["a", "b"])).meet(&Except(words(&["b"]))), Only(words(&["a"])));
    let joined = Known::Words(Only(words(&["a"])));
    let joined = Domain { can_be_missing: false, known: joined }
        .join(&Domain { can_be_missing: true, known: Known::Words(Except(words(&["a", "b"]))) });
    assert_eq!(joined, Domain { can_be_missing: true, known: Known::Words(Except(words(&["b"]))) });
}
