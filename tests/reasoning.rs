//! What is said of conditions without data is true of all data, and whatever text is read, checked
//! and evaluated ends without harm.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says so where it fails")]

use std::sync::Arc;

use guanxi::evaluate::scalar::{Moment, Row, evaluate, holds};
use guanxi::model::{Date, Timestamp, Type, Value};
use guanxi::policy::expression::reason::{self, Domain, Facts, Known, Range};
use guanxi::policy::expression::tree::{Expression, Reference};
use guanxi::policy::expression::{ClassName, Expected, Names, Syntax};
use proptest::prelude::*;

const NAMES: [&str; 10] = ["x", "y", "orders", "share", "b", "c", "name", "status", "born", "pyramid"];
const STATUS: [&str; 3] = ["paid", "open", "void"];
const LEVELS: [&str; 3] = ["key", "secondary", "small"];

struct Declared;

fn choice(words: &[&str]) -> Type {
    Type::Choice(words.iter().map(|word| Arc::from(*word)).collect())
}

fn type_of(index: usize) -> Type {
    match NAMES[index] {
        "b" | "c" => Type::Bool,
        "name" => Type::Text,
        "status" => choice(&STATUS),
        "pyramid" => choice(&LEVELS),
        "born" => Type::Date,
        _ => Type::Number,
    }
}

impl Names for Declared {
    fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
        match path {
            ["id"] => return Some((Reference::Id, Type::Text)),
            ["known_since"] => return Some((Reference::KnownSince, Type::Time)),
            _ => {}
        }
        let index = NAMES.iter().position(|name| path == [*name])?;
        Some((Reference::Value(index), type_of(index)))
    }

    fn candidates(&self) -> Vec<String> {
        NAMES.map(str::to_owned).into()
    }

    fn class(&self, name: &str) -> Option<ClassName> {
        (name == "pyramid").then(|| ClassName { value: 9, ty: choice(&LEVELS), ordered: true })
    }

    fn facts(&self, reference: &Reference) -> Option<Facts> {
        let Reference::Value(index) = reference else { return None };
        match NAMES[*index] {
            "orders" => Some(Facts::of(Domain::numbers(Range::from(0.0).whole()))),
            "share" => Some(Facts::of(Domain::numbers(Range::between(0.0, 1.0)).or_missing())),
            _ => None,
        }
    }

    fn places(&self, value: usize) -> Option<Arc<[Arc<str>]>> {
        (value == 9).then(|| LEVELS.map(Arc::from).into())
    }
}

/// A row as it may be under what is declared.
#[derive(Clone, Debug)]
struct Sample {
    values: Vec<Option<Value>>,
    since: i64,
    previous: Option<usize>,
}

impl Row for Sample {
    fn get(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Id => Some(Value::text("c1")),
            Reference::KnownSince => Some(Value::Time(Timestamp(self.since))),
            Reference::Value(index) => self.values.get(*index)?.clone(),
            _ => None,
        }
    }

    fn place(&self, value: usize) -> Option<u16> {
        let Some(Value::Text(text)) = self.values.get(value)?.clone() else { return None };
        LEVELS.iter().position(|level| **level == *text).and_then(|place| u16::try_from(place).ok())
    }

    fn since(&self, _: usize) -> Option<Timestamp> {
        Some(Timestamp(self.since))
    }

    fn previous(&self, _: usize) -> Option<Value> {
        self.previous.map(|place| Value::text(LEVELS[place]))
    }
}

fn moment() -> Moment {
    let now = Timestamp::parse_rfc3339("2027-03-01T09:30:00+08:00").expect("an instant");
    Moment { now, timezone: chrono_tz::Asia::Shanghai }
}

fn rows() -> impl Strategy<Value = Vec<Sample>> {
    let number = prop::option::of(prop_oneof![(-6_i32..6).prop_map(f64::from), -6.0..6.0_f64]);
    let share = prop::option::of(prop_oneof![Just(0.0), Just(1.0), Just(0.5), 0.0..1.0_f64]);
    let flag = || prop::option::of(any::<bool>().prop_map(Value::Bool));
    let word =
        |words: &'static [&'static str]| prop::option::of(prop::sample::select(words).prop_map(Value::text));
    let numbers = (number.clone(), number, 0_u32..6, share);
    let others = (flag(), flag(), word(&["a", "b", "paid", ""]), word(&STATUS), word(&LEVELS));
    let born = prop::option::of(10_000_i32..22_000);
    let row = (numbers, others, born, 0_i64..1_804_000_000_000, prop::option::of(0_usize..3));
    let row =
        row.prop_map(|((x, y, orders, share), (b, c, name, status, pyramid), born, since, previous)| {
            let number = |number: Option<f64>| number.map(Value::Number);
            Sample {
                values: vec![
                    number(x),
                    number(y),
                    number(Some(f64::from(orders))),
                    number(share),
                    b,
                    c,
                    name,
                    status,
                    born.map(|day| Value::Date(Date(day))),
                    pyramid,
                ],
                since,
                previous,
            }
        });
    prop::collection::vec(row, 12)
}

fn numbers() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "x",
        "x",
        "y",
        "orders",
        "share",
        "0",
        "1",
        "2",
        "3",
        "0.5",
        "-1",
        "len(name)",
        "days_since(known_since)",
        "month(born)",
        "bucket(\"a\")",
        "count_known(x, y)",
        "days_until(born)",
        "weekday(today())",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(2, 8, 2, |inner| {
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "%", "**", "??"]);
        let function = prop::sample::select(vec!["abs", "floor", "ceil", "round", "sqrt", "ln", "exp", "-"]);
        let two = prop::sample::select(vec!["min", "max", "pow"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
            2 => (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => (two, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("clamp({a}, {b}, {c})")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("(if b {{ {a} }} else {{ {b} }})")),
        ]
    })
}

fn conditions() -> impl Strategy<Value = String> {
    let comparison = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let leaf = prop_oneof![
        6 => (numbers(), comparison(), numbers()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        2 => (numbers(), numbers(), numbers()).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        1 => numbers().prop_map(|a| format!("is_missing({a})")),
        3 => prop::sample::select(vec![
            "b", "c", "b == true", "c != true", "(b ?? false)", "is_known(b)", "status == \"paid\"",
            "status != \"open\"", "status in [\"paid\", \"void\"]", "name == status", "name == \"paid\"",
            "name != \"a\"", "name in [\"a\", \"b\"]", "is_known(status)", "contains(name, \"a\")",
            "at_least(pyramid, \"secondary\")", "pyramid == \"key\"", "pyramid != \"small\"",
            "previous(pyramid) == \"key\"", "(status ?? \"paid\") == \"paid\"", "born < today()",
            "born > date(\"2020-01-01\")", "born == date(\"2020-01-01\")", "now() - known_since > 30",
            "since(pyramid) < now()", "true", "name < \"b\"", "lower(name) == \"a\"",
        ]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            2 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("(if {a} {{ {b} }} else {{ {c} }})")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("(({a}) == ({b}))")),
        ]
    })
}

fn checked(text: &str, expected: &Expected) -> Option<Expression> {
    Syntax::parse(text).ok()?.check(&Declared, expected).ok().map(|(expression, _)| expression)
}

const PIECES: &[&str] = &[
    "x",
    "y",
    "orders",
    "share",
    "b",
    "c",
    "name",
    "status",
    "born",
    "pyramid",
    "known_since",
    "id",
    "\"a\"",
    "\"paid\"",
    "\"客\"",
    "1",
    "2.5",
    "0",
    "-",
    "+",
    "*",
    "/",
    "%",
    "**",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "if",
    "else",
    "in",
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
    ",",
    ",",
    ".",
    "min(",
    "max(",
    "round(",
    "date(\"2027-01-01\")",
    "now()",
    "today()",
    "days_since(",
    "len(",
    "number(",
    "bucket(\"a\")",
    "at_least(pyramid, \"key\")",
    "since(pyramid)",
    "previous(pyramid)",
    "is_missing(",
    "count_known(",
    "1e300",
    "1e308",
    "0x10",
    "true",
    "false",
    " ",
    "\n",
    "//",
    "/*",
    "*/",
    "\u{0}",
    "\\",
    "'",
    "`",
    "#{",
    "1_000",
];

/// Reads, checks and evaluates a text over rows; whether it came to a value.
fn endure(text: &str, rows: &[Sample]) -> bool {
    let begun = std::time::Instant::now();
    let expression = checked(text, &Expected::Any);
    for row in rows.iter().filter_map(|row| expression.as_ref().map(|expression| (expression, row))) {
        let value = evaluate(&row.0.root, row.1, &moment());
        if let Some(Value::Number(number)) = value {
            assert!(number.is_finite(), "{text:?} gives {number}");
        }
    }
    assert!(begun.elapsed().as_secs() < 5, "{text:?} took {:?}", begun.elapsed());
    expression.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_to_be_impossible_never_is(text in conditions(), rows in rows()) {
        let expression = checked(&text, &Expected::Bool).expect(&text);
        let can_hold = reason::can_be(&Declared, &[&expression], &[]);
        let can_fail = reason::can_be(&Declared, &[], &[&expression]);
        for row in &rows {
            let held = holds(&expression.root, row, &moment());
            prop_assert!(can_hold || !held, "{} holds for {:?}", text, row);
            prop_assert!(can_fail || held, "{} fails for {:?}", text, row);
        }
    }

    #[test]
    fn two_conditions_said_to_exclude_each_other_do(a in conditions(), b in conditions(), rows in rows()) {
        let (a, b) = (checked(&a, &Expected::Bool).expect(&a), checked(&b, &Expected::Bool).expect(&b));
        let can_both = reason::can_be(&Declared, &[&a, &b], &[]);
        let can_one = reason::can_be(&Declared, &[&a], &[&b]);
        for row in &rows {
            let held = (holds(&a.root, row, &moment()), holds(&b.root, row, &moment()));
            prop_assert!(can_both || held != (true, true), "{} and {} hold for {:?}", a.text, b.text, row);
            prop_assert!(can_one || held != (true, false), "{} without {} for {:?}", a.text, b.text, row);
        }
    }

    #[test]
    fn numbers_lie_where_they_are_said_to(text in numbers(), filter in conditions(), rows in rows()) {
        let of = checked(&text, &Expected::Number).expect(&text);
        let filter = checked(&filter, &Expected::Bool).expect(&filter);
        let facts = reason::facts(&Declared, &of.root, Some(&filter.root));
        let Known::Number(range) = &facts.domain.known else { panic!("numbers") };
        for row in rows.iter().filter(|row| holds(&filter.root, *row, &moment())) {
            match evaluate(&of.root, row, &moment()) {
                Some(Value::Number(number)) => {
                    prop_assert!(range.contains(number), "{} is {} for {:?}, not in {:?}", text, number, row, range);
                }
                _ => prop_assert!(facts.domain.can_be_missing, "{} is missing for {:?}", text, row),
            }
        }
    }

    #[test]
    fn any_bytes_are_read_checked_and_evaluated_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), rows in rows()) {
        endure(&String::from_utf8_lossy(&bytes), &rows);
    }

    #[test]
    fn any_heap_of_pieces_is_read_checked_and_evaluated_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30), rows in rows(),
    ) {
        endure(&pieces.join(" "), &rows);
        endure(&pieces.concat(), &rows);
    }

    #[test]
    fn damaged_conditions_are_read_checked_and_evaluated_or_refused(
        text in conditions(), at in any::<prop::sample::Index>(), put in prop::sample::select(PIECES), cut in 0_usize..6, rows in rows(),
    ) {
        prop_assert!(endure(&text, &rows), "{}", text);
        let characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len() + 1);
        let mut damaged: String = characters.iter().take(at).collect();
        damaged.push_str(put);
        damaged.extend(characters.iter().skip(at + cut));
        endure(&damaged, &rows);
    }
}
