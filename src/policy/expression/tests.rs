//! What is said of right and wrong expressions, word for word and place for place.

use std::sync::Arc;

use super::names::{ClassName, Expected, Names};
use super::syntax::Syntax;
use super::tree::{Binary, NodeKind, Reference};
use super::{can_be_name, codes};
use crate::model::{Type, Value};
use crate::policy::diagnostic::Problem;

struct Declared;

fn choice(words: &[&str]) -> Type {
    Type::Choice(words.iter().map(|word| Arc::from(*word)).collect())
}

const PLAIN: &[&str] = &[
    "id",
    "known_since",
    "orders",
    "profit",
    "name",
    "opted_out",
    "birthday",
    "source",
    "pyramid",
    "personality",
    "lapsing",
    "size",
    "customer.name",
    "event.amount",
    "pyramid.data.visits",
];

impl Names for Declared {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        let index = PLAIN.iter().position(|name| *name == path.join("."))?;
        let ty = match path {
            ["id"] => return Some((Reference::Id, Type::Text)),
            ["known_since"] => return Some((Reference::KnownSince, Type::Time)),
            ["name"] | ["customer", "name"] => Type::Text,
            ["opted_out" | "lapsing"] => Type::Bool,
            ["birthday"] => Type::Date,
            ["source"] => choice(&["visit", "referral", "online"]),
            ["size"] => choice(&["small", "large"]),
            ["pyramid"] => choice(&["key", "secondary", "ordinary", "small"]),
            ["personality"] => choice(&["lion", "owl"]),
            _ => Type::Number,
        };
        Some((Reference::Value(index), ty))
    }

    fn candidates(&self) -> Vec<String> {
        PLAIN.iter().map(|name| (*name).to_owned()).collect()
    }

    fn class(&self, name: &str) -> Option<ClassName> {
        let (_, ty) = self.resolve(&[name])?;
        matches!(name, "pyramid" | "personality" | "lapsing").then(|| ClassName {
            value: 7,
            ty,
            ordered: name == "pyramid",
        })
    }
}

pub(super) fn problems(text: &str, expected: &Expected) -> Vec<Problem> {
    match Syntax::parse(text) {
        Err(problems) => problems,
        Ok(syntax) => syntax.check(&Declared, expected).err().unwrap_or_default(),
    }
}

/// Each problem as `code «underlined» message | label | help | suggestion`.
fn said(text: &str) -> Vec<String> {
    said_where(text, &Expected::Any)
}

fn said_where(text: &str, expected: &Expected) -> Vec<String> {
    problems(text, expected)
        .into_iter()
        .map(|found| {
            let mut line = format!(
                "{} «{}» {}",
                found.code.id,
                text.get(found.span).expect("a span of the text"),
                found.message
            );
            for more in [found.label, found.help, found.suggestion.unwrap_or_default()] {
                if !more.is_empty() {
                    line = format!("{line} | {more}");
                }
            }
            line
        })
        .collect()
}

fn type_of(text: &str) -> Type {
    let syntax = Syntax::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    let checked = syntax.check(&Declared, &Expected::Any);
    checked.unwrap_or_else(|problems| panic!("{text}: {problems:?}")).0.root.ty
}

#[test]
fn every_construct_of_the_language_has_its_type() {
    for (text, ty) in [
        ("7 / 2", Type::Number),
        ("-2 ** 2 % 3", Type::Number),
        ("1.5e3 + 0x10 + 1_000", Type::Number),
        ("orders > 3 && !opted_out || name == \"甲\"", Type::Bool),
        ("pyramid in [\"key\", \"small\"]", Type::Bool),
        ("source !in [\"visit\"]", Type::Bool),
        ("profit ?? 0", Type::Number),
        ("name ?? \"?\"", Type::Text),
        ("source ?? \"visit\"", choice(&["visit", "referral", "online"])),
        ("source ?? \"none\"", Type::Text),
        ("if lapsing { 1 } else if opted_out { 2 } else { orders }", Type::Number),
        ("if lapsing { \"a\" } else { source }", Type::Text),
        ("birthday + 30", Type::Date),
        ("30 + birthday", Type::Date),
        ("now() - 1", Type::Time),
        ("now() - known_since", Type::Number),
        ("today() - birthday", Type::Number),
        ("birthday < date(\"2000-01-01\")", Type::Bool),
        ("name + \"-\" + source", Type::Text),
        ("at_least(pyramid, \"secondary\")", Type::Bool),
        ("since(pyramid)", Type::Time),
        ("previous(lapsing)", Type::Bool),
        ("previous(personality) == \"owl\"", Type::Bool),
        ("pyramid.data.visits + event.amount", Type::Number),
        ("count_known(name, orders, birthday)", Type::Number),
        ("round(profit, 2) + min(1, 2, 3)", Type::Number),
        ("bucket(\"a\") < 0.5", Type::Bool),
        ("lower(customer.name)", Type::Text),
        ("contains(name, \"a\") // a comment", Type::Bool),
        ("/* one /* two */ */ orders", Type::Number),
        ("orders > 1 &&\n  name == \"多行\"\n  && lapsing", Type::Bool),
    ] {
        assert_eq!(type_of(text), ty, "{text}");
    }
}

const MISTAKES: &[(&str, &str)] = &[
    ("porfit > 1", "E304 «porfit» nothing is named `porfit` | did you mean `profit`? | profit"),
    (
        "pyramid.data.visit > 1",
        "E304 «pyramid.data.visit» nothing is named `pyramid.data.visit` | did you mean `pyramid.data.visits`? | pyramid.data.visits",
    ),
    ("now > known_since", "E304 «now» nothing is named `now` | `now` is a function: write now()"),
    ("true && TRUE", "E304 «TRUE» nothing is named `TRUE` | write true | true"),
    (
        "pyramid.visits > 1",
        "E304 «pyramid.visits» nothing is named `pyramid.visits` | did you mean `pyramid.data.visits`? | pyramid.data.visits",
    ),
    (
        "sum(profit) > 3",
        "E305 «sum» there is no function `sum` | figures of events are made by a [metric.…], and expressions use it by its name",
    ),
    (
        "isnull(profit)",
        "E305 «isnull» there is no function `isnull` | did you mean `is_missing`? | is_missing",
    ),
    (
        "orders > \"30\"",
        "E307 «orders > \"30\"» a number can't be compared with text | number and text | a number stands without quotes: 30",
    ),
    (
        "lapsing == 1",
        "E307 «lapsing == 1» a condition (true or false) can't be compared with a number | bool and number | a condition stands by itself: write x or !x",
    ),
    (
        "known_since > date(\"2027-01-01\")",
        "E307 «known_since > date(\"2027-01-01\")» a time can't be compared with a date | time and date | turn both into days: days_since(x) < days_since(y)",
    ),
    (
        "birthday + \"1\" > today()",
        "E307 «birthday + \"1\"» `+` does not take a date and text | date + text | a date or time moves by a number of days: x + 30; the difference of two is in days",
    ),
    (
        "at_least(pyramid, secondary)",
        "E312 «secondary» a level in double quotes is expected here | write \"secondary\" | \"secondary\"",
    ),
    ("ruond(profit)", "E305 «ruond» there is no function `ruond` | did you mean `round`? | round"),
    (
        "orders() > 1",
        "E305 «orders» there is no function `orders` | `orders` is a value: write it without ( )",
    ),
    (
        "tagged(\"a\")",
        "E314 «tagged(\"a\")» `tagged` asks about the action of a touch, but there is no touch here | use it over the event `touch`, as in the `where` of a metric of touches",
    ),
    ("sqrt(orders, 2)", "E306 «sqrt(orders, 2)» 2 arguments can't be right | it is called as sqrt(number)"),
    ("round()", "E306 «round()» 0 arguments can't be right | it is called as round(number, digits?)"),
    (
        "name > 3",
        "E307 «name > 3» text can't be compared with a number | text and number | number(text) reads a number; missing where the text is none",
    ),
    (
        "birthday == \"2000-01-01\"",
        "E307 «birthday == \"2000-01-01\"» a date can't be compared with text | date and text | a date is written date(\"2000-01-01\")",
    ),
    (
        "name * 2",
        "E307 «name * 2» `*` does not take text and a number | text * number | number(text) reads a number; missing where the text is none",
    ),
    (
        "1 < orders < 5",
        "E307 «1 < orders < 5» a condition (true or false) can't be compared with a number | bool and number | join comparisons with && or ||: 1 < x && x < 5",
    ),
    (
        "pyramid >= \"secondary\"",
        "E307 «pyramid >= \"secondary\"» the words of a choice have no order | of an ordered tier ask at_least(tier, \"level\"); otherwise list the words: x in [\"a\", \"b\"]",
    ),
    (
        "orders && lapsing",
        "E307 «orders» a condition is expected here, but this is a number | number | compare it, as in x > 0",
    ),
    (
        "if lapsing { 1 } else { \"a\" }",
        "E307 «\"a\"» this is text, but the other is a number | text | both branches of an `if` must give the same type",
    ),
    (
        "orders ?? \"none\"",
        "E307 «\"none\"» this is text, but the other is a number | text | a default must be of the same type as the value",
    ),
    (
        "days_since(orders)",
        "E307 «orders» `days_since` takes a date or a time here, but this is a number | number",
    ),
    (
        "pyramid == \"keys\"",
        "E308 «\"keys\"» this can never be \"keys\" | did you mean \"key\"? | it is one of \"key\", \"secondary\", \"ordinary\" or \"small\" | \"key\"",
    ),
    (
        "\"visti\" != source",
        "E308 «\"visti\"» this can never be \"visti\" | did you mean \"visit\"? | it is one of \"visit\", \"referral\" or \"online\" | \"visit\"",
    ),
    (
        "source in [\"visit\", \"tv\"]",
        "E308 «\"tv\"» this can never be \"tv\" | it is one of \"visit\", \"referral\" or \"online\"",
    ),
    ("pyramid == key", "E304 «key» nothing is named `key` | text stands in double quotes: \"key\" | \"key\""),
    (
        "source == size",
        "E309 «size» these choices have no word in common: the other is one of \"visit\", \"referral\" or \"online\" | one of \"small\" or \"large\"",
    ),
    (
        "at_least(personality, \"owl\")",
        "E310 «personality» `at_least` needs an ordered tier, and this has no order | list the words: x in [\"a\", \"b\"]",
    ),
    (
        "at_least(lapsing, \"owl\")",
        "E310 «lapsing» `at_least` needs an ordered tier, and this is a segment | a segment is a condition by itself",
    ),
    ("since(profit)", "E310 «profit» `since` asks about a segment, tier or quadrant, and this is none"),
    (
        "at_least(pyramid, \"secondry\")",
        "E311 «\"secondry\"» there is no level \"secondry\" | did you mean \"secondary\"? | its levels are \"key\", \"secondary\", \"ordinary\" or \"small\" | \"secondary\"",
    ),
    ("bucket(name)", "E312 «name» `bucket` takes text in quotes here, known when the policy is loaded"),
    (
        "date(name)",
        "E312 «name» a day in double quotes is expected here | a day is written date(\"2027-01-31\")",
    ),
    (
        "date(\"2027-02-29\")",
        "E313 «\"2027-02-29\"» \"2027-02-29\" is no day of the calendar | a day is written year-month-day: date(\"2027-01-31\")",
    ),
    (
        "col(\"a\")",
        "E314 «col(\"a\")» `col` names a column of a file, but there is no file here | use it in the `columns` and `when` of a source",
    ),
];

#[test]
fn mistakes_in_names_and_types_are_told_with_the_remedy() {
    for (text, expected) in MISTAKES {
        assert_eq!(said(text), [*expected], "{text}");
    }
}

const SYNTAX_MISTAKES: &[(&str, &str)] = &[
    ("", "E301 «» an expression is expected here"),
    ("orders = 3", "E301 «=» `=` is no operator here | comparing is written `==` | =="),
    ("lapsing and opted_out", "E301 «and» `and` is no operator here | write `&&` | &&"),
    ("lapsing or opted_out", "E301 «or» `or` is no operator here | write `||` | ||"),
    ("not lapsing", "E301 «not» `not` is no operator here | write `!` | !"),
    ("name not in [\"a\"]", "E301 «not in» `not in` is no operator here | write `!in` | !in"),
    (
        "name == 'Acme 公司'",
        "E301 «'Acme 公司'» text can't stand between ' and ' | text stands in double quotes; put the whole expression in single quotes in the file | \"Acme 公司\"",
    ),
    (
        "name == `a`",
        "E301 «`a`» text can't stand between ` and ` | text stands in double quotes; put the whole expression in single quotes in the file | \"a\"",
    ),
    ("name == \"a", "E301 «\"a» this text has no closing quote | close it with \" on the same line"),
    ("orders > 3）", "E301 «）» `）` can't stand in an expression | write ) | )"),
    (
        "金额 > 3",
        "E301 «金额» `金额` can't stand in an expression | names are made of a-z, 0-9 and _; text stands in double quotes; a file's column is written col(\"…\")",
    ),
    ("(orders + 1", "E301 «(» this `(` is never closed | add `)`"),
    ("orders + 1)", "E301 «)» this `)` closes nothing"),
    ("min(1, 2]", "E301 «]» `]` does not fit here | close with `)` first"),
    ("orders +", "E301 «+» the expression ends too early: something is missing after this"),
    ("orders profit", "E301 «profit» `profit` is not expected here"),
    (
        "orders == null",
        "E301 «null» there is no `null` here | ask is_missing(x) or is_known(x), or supply a default: x ?? 0",
    ),
    (
        "let x = 1; x",
        "E302 «let» `let` can't stand in an expression | an expression has no statements; they live in scripts",
    ),
    ("name.trim()", "E302 «.trim» there are no methods here | write trim(x) for x.trim()"),
    (
        "name[0] == \"a\"",
        "E302 «[0]» there is neither a list nor an index here | a list stands only to the right of `in`: x in [\"a\", \"b\"]",
    ),
    ("orders in 1..5", "E302 «..» there are no ranges here | compare with both ends: x >= 1 && x <= 5"),
    (
        "name in source",
        "E302 «in» `in` is followed by a list | write x in [\"a\", \"b\"]; contains(text, part) looks inside a text",
    ),
    (
        "if lapsing { 1 }",
        "E301 «if lapsing { 1 }» this `if` has no value otherwise | add else { … } with the value for all others",
    ),
    (
        "{ orders }",
        "E302 «{ orders }» a block can't stand here | braces belong to `if c { a } else { b }`; group with ( and )",
    ),
    (
        "new > 3",
        "E301 «new» `new` is a word of the expression syntax and can't be a name | give the value another name",
    ),
    ("lapsing AND opted_out", "E301 «AND» `AND` is no operator here | write `&&` | &&"),
    ("name like \"a%\"", "E301 «like» `like` is no operator here | write contains(text, part)"),
    (
        "if lapsing then 1 else 2",
        "E301 «then» `then` is no operator here | a choice of two is written if c { a } else { b }",
    ),
    (
        "lapsing ? 1 : 2",
        "E302 «?» `?` can't stand in an expression | a choice of two is written if c { a } else { b }",
    ),
    (
        "orders > 1,000",
        "E301 «,» `,` is not expected here | numbers have no separators: write 1000, or 1_000",
    ),
    (
        "orders > 30d",
        "E301 «d» `d` is not expected here | numbers have no units; days are plain numbers: x > 30",
    ),
    ("orders > 3 && < 10", "E301 «<» `<` is not expected here | name it again: x >= 3 && x < 10"),
    (
        "name in (\"a\", \"b\")",
        "E301 «,» `)` is expected before `,` | a list stands between [ and ]: x in [\"a\", \"b\"]",
    ),
    (
        "orders > 50%",
        "E301 «%» the expression ends too early: something is missing after this | a share is written as a number: 50% is 0.5",
    ),
    ("\"a\" && lapsing", "E307 «\"a\"» a condition is expected here, but this is text"),
    ("1e400 > orders", "E301 «1e400» this number is too large"),
];

#[test]
fn mistakes_of_syntax_are_told_with_the_remedy() {
    for (text, expected) in SYNTAX_MISTAKES {
        assert_eq!(said(text).first().map(String::as_str), Some(*expected), "{text}: {:#?}", said(text));
    }
}

#[test]
fn every_mistake_is_told_at_once_and_in_order() {
    let codes: Vec<String> = said("porfit > 1 && source == \"tv\"\n && ruond(nmae) == 2")
        .iter()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(codes, ["E304 «porfit»", "E308 «\"tv\"»", "E305 «ruond»", "E304 «nmae»"]);
}

#[test]
fn the_whole_sub_expression_is_underlined() {
    for (text, underlined) in [
        ("(orders + 1) * name", "(orders + 1) * name"),
        ("((name)) * (2 + (3))", "((name)) * (2 + (3))"),
        ("1 + -(orders - name)", "orders - name"),
        ("\"上海客户\" == \"x\" && (name\n  < ((orders)))", "name\n  < ((orders))"),
        ("lapsing && max(1, (2)) && opted_out", "max(1, (2))"),
        ("(if lapsing { (1) } else { ((2)) }) && lapsing", "if lapsing { (1) } else { ((2)) }"),
        ("-(-(5)) && lapsing", "-(-(5))"),
        ("/* 注 */ (name) /* 释 */ - orders", "(name) /* 释 */ - orders"),
    ] {
        let found = problems(text, &Expected::Any);
        let spans: Vec<&str> = found.iter().filter_map(|problem| text.get(problem.span.clone())).collect();
        assert_eq!(spans, [underlined], "{text}: {found:#?}");
    }
}

#[test]
fn a_place_asks_for_its_type() {
    assert_eq!(
        said_where("orders + 1", &Expected::Bool),
        [
            "E307 «orders + 1» a condition is expected here, but this is a number | number | compare it, as in x > 0"
        ]
    );
    assert_eq!(said_where("lapsing", &Expected::Number).len(), 1);
    let sizes = Expected::Type(choice(&["small", "large"]));
    assert_eq!(said_where("if orders > 3 { \"large\" } else { \"small\" }", &sizes), [""; 0]);
    assert_eq!(
        said_where("if orders > 3 { \"lrage\" } else { \"small\" }", &sizes),
        [
            "E308 «\"lrage\"» this can never be \"lrage\" | did you mean \"large\"? | it is one of \"small\" or \"large\" | \"large\""
        ]
    );
    assert_eq!(said_where("trim(name)", &sizes), [""; 0]);
    assert_eq!(said_where("source", &Expected::Type(Type::Text)), [""; 0]);
}

#[test]
fn names_are_listed_with_their_places() {
    let syntax =
        Syntax::parse("pyramid.data.visits > at_least(pyramid, \"key\") + event.amount").expect("parses");
    let names: Vec<(String, std::ops::Range<usize>)> = syntax.names();
    assert_eq!(
        names,
        [("pyramid".to_owned(), 0..7), ("pyramid".to_owned(), 31..38), ("event".to_owned(), 49..54)]
    );
}

#[test]
fn words_of_the_syntax_can_not_be_names() {
    for word in ["new", "default", "case", "if", "in", "true", "let", "null", "a.b", "9a", ""] {
        assert!(!can_be_name(word), "{word}");
    }
    assert!(can_be_name("days_since_order"));
}

#[test]
fn literals_compared_with_a_choice_are_of_its_type() {
    let syntax = Syntax::parse("source == \"visit\" && date(\"1970-01-02\") > birthday").expect("parses");
    let (expression, _) = syntax.check(&Declared, &Expected::Bool).expect("checks");
    let NodeKind::Binary(Binary::And, left, right) = expression.root.kind else { panic!("an and") };
    let NodeKind::Binary(_, _, word) = left.kind else { panic!("a comparison") };
    assert_eq!(word.ty, choice(&["visit", "referral", "online"]));
    let NodeKind::Binary(_, day, _) = right.kind else { panic!("a comparison") };
    assert!(matches!(day.kind, NodeKind::Literal(Value::Date(crate::model::Date(1)))));
}

#[test]
fn deep_and_huge_expressions_are_refused_without_harm() {
    let deep = [
        format!("{}1{}", "(".repeat(8000), ")".repeat(8000)),
        format!("{}1", "-".repeat(16_000)),
        format!("{}1", "- ".repeat(8000)),
        format!("{}true", "!".repeat(16_000)),
        vec!["1"; 8000].join("+"),
        vec!["1"; 1990].join("+"),
        vec!["2"; 1990].join("**"),
        vec!["true"; 1990].join("&&"),
        vec!["a"; 8000].join("."),
        format!("a{}", "[0]".repeat(5000)),
        format!("{} 1 {}", "if a { ".repeat(900), "} else { 2 }".repeat(900)),
        format!("{} {{ 1 }}", "if a { 1 } else ".repeat(560)),
        "a".repeat(100_000),
        format!("a in [{}]", vec!["1"; 3000].join(",")),
    ];
    for text in deep {
        let shown: String = text.chars().take(40).collect();
        assert!(!problems(&text, &Expected::Any).is_empty(), "{shown}");
    }
    let sums: Vec<String> = (0..31)
        .fold("1".to_owned(), |inner, _| format!("({}+{inner})", vec!["1"; 60].join("+")))
        .split(' ')
        .map(str::to_owned)
        .collect();
    for text in sums {
        assert!(Syntax::parse(&text).is_err());
    }
    assert_eq!(said(&vec!["orders"; 190].join(" + ")), [""; 0]);
    assert_eq!(said(&format!("{}orders{}", "(".repeat(32), ")".repeat(32))), [""; 0]);
}

#[test]
fn codes_are_in_order_and_each_stands_once() {
    let ids: Vec<&str> = codes::CODES.iter().map(|code| code.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}
