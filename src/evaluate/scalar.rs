//! Expressions over one row: plain and obviously right. Intake runs it on every row it reads, and
//! the columns are held against it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::{Timestamp, Type, Value};
use crate::policy::expression::builtin::compute::{Arithmetic, finite, instant, whole_date};
use crate::policy::expression::builtin::{Builtin, Compute};
use crate::policy::expression::tree::{Binary, Node, NodeKind, Reference, Unary};
use crate::policy::script::{Failure, Function};

pub use crate::policy::expression::Moment;

/// What an expression may ask of a row.
pub trait Row {
    /// What a name stands for in this row; `None` where it is missing.
    fn get(&self, reference: &Reference) -> Option<Value>;

    /// The same where it is text. A row that holds texts lends them here, so that none is copied.
    fn text(&self, reference: &Reference) -> Option<Text<'_>> {
        match self.get(reference)? {
            Value::Text(text) => Some(Text::Shared(text)),
            _ => None,
        }
    }

    /// Notes that a function from a script failed for this row.
    fn failed(&self, function: &Function, failure: &Failure) {
        let _ = (function, failure);
    }

    /// The index of the level or cell the row has in a class, by index of the class's value.
    fn place(&self, value: usize) -> Option<u16> {
        let _ = value;
        None
    }

    /// When the row took its present place in a class.
    fn since(&self, value: usize) -> Option<Timestamp> {
        let _ = value;
        None
    }

    /// What of a ledger lapses within so many days, by index of the ledger's value.
    fn expiring(&self, value: usize, days: f64) -> Option<f64> {
        let _ = (value, days);
        None
    }

    /// The place the row had before the present one.
    fn previous(&self, value: usize) -> Option<Value> {
        let _ = value;
        None
    }
}

/// Text of a row, an expression or a computation.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// Lent.
    Borrowed(&'a str),
    /// Shared.
    Shared(Arc<str>),
    /// Computed.
    Owned(String),
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl Text<'_> {
    /// The text as a value.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::Borrowed(text) => Value::text(text),
            Self::Shared(text) => Value::Text(text),
            Self::Owned(text) => Value::text(text),
        }
    }
}

/// The value of an expression's root, or of any part of it; `None` where it is missing.
#[must_use]
pub fn evaluate(node: &Node, row: &dyn Row, moment: &Moment) -> Option<Value> {
    match node.ty {
        Type::Bool => truth(node, row, moment).map(Value::Bool),
        Type::Text | Type::Choice(_) => text(node, row, moment).map(Text::into_value),
        Type::Number => number(node, row, moment).map(Value::Number),
        Type::Date => number(node, row, moment).and_then(whole_date).map(Value::Date),
        Type::Time => number(node, row, moment).and_then(instant).map(Value::Time),
    }
}

/// Whether a condition holds; missing counts as false.
#[must_use]
pub fn holds(node: &Node, row: &dyn Row, moment: &Moment) -> bool {
    truth(node, row, moment).unwrap_or(false)
}

/// A part that gives a number, a date (as day number) or a time (as milliseconds).
#[must_use]
pub fn number(node: &Node, row: &dyn Row, moment: &Moment) -> Option<f64> {
    match &node.kind {
        NodeKind::Literal(value) => value_number(value),
        NodeKind::Name(reference) => row.get(reference).as_ref().and_then(value_number),
        NodeKind::Unary(Unary::Negate, operand) => number(operand, row, moment).map(|number| -number),
        NodeKind::Binary(operator, left, right) => {
            let arithmetic = Arithmetic::of(&left.ty, &right.ty, &node.ty);
            let left = number(left, row, moment)?;
            let right = number(right, row, moment)?;
            finite(arithmetic.apply(*operator, left, right))
        }
        NodeKind::If(condition, yes, no) => {
            number(if holds(condition, row, moment) { yes } else { no }, row, moment)
        }
        NodeKind::Coalesce(value, default) => {
            number(value, row, moment).or_else(|| number(default, row, moment))
        }
        NodeKind::Call(builtin, arguments) => number_call(builtin, arguments, row, moment).and_then(finite),
        NodeKind::Script(function, arguments) => {
            script(function, arguments, row, moment).as_ref().and_then(value_number)
        }
        NodeKind::Since(value) => row.since(*value).map(|at| at.0 as f64),
        NodeKind::Expiring(value, days) => row.expiring(*value, number(days, row, moment)?),
        NodeKind::Previous(_) | NodeKind::Unary(Unary::Not, _) | NodeKind::In(..) | NodeKind::AtLeast(..) => {
            None
        }
    }
}

/// A part that gives true or false.
#[must_use]
pub fn truth(node: &Node, row: &dyn Row, moment: &Moment) -> Option<bool> {
    match &node.kind {
        NodeKind::Literal(value) => value_truth(value),
        NodeKind::Name(reference) => row.get(reference).as_ref().and_then(value_truth),
        NodeKind::Previous(value) => row.previous(*value).as_ref().and_then(value_truth),
        NodeKind::Unary(Unary::Not, operand) => Some(!holds(operand, row, moment)),
        NodeKind::Binary(Binary::And, left, right) => {
            Some(holds(left, row, moment) && holds(right, row, moment))
        }
        NodeKind::Binary(Binary::Or, left, right) => {
            Some(holds(left, row, moment) || holds(right, row, moment))
        }
        NodeKind::Binary(operator, left, right) => Some(compare(*operator, left, right, row, moment)),
        NodeKind::In(subject, list) => {
            Some(list.iter().any(|item| compare(Binary::Equal, subject, item, row, moment)))
        }
        NodeKind::If(condition, yes, no) => {
            truth(if holds(condition, row, moment) { yes } else { no }, row, moment)
        }
        NodeKind::Coalesce(value, default) => {
            truth(value, row, moment).or_else(|| truth(default, row, moment))
        }
        NodeKind::Call(builtin, arguments) => truth_call(builtin, arguments, row, moment),
        NodeKind::Script(function, arguments) => {
            script(function, arguments, row, moment).as_ref().and_then(value_truth)
        }
        // Levels are declared from the top.
        NodeKind::AtLeast(value, level) => Some(row.place(*value).is_some_and(|place| place <= *level)),
        NodeKind::Unary(Unary::Negate, _) | NodeKind::Since(_) | NodeKind::Expiring(..) => None,
    }
}

/// A part that gives text or a choice.
#[must_use]
pub fn text<'a>(node: &'a Node, row: &'a dyn Row, moment: &Moment) -> Option<Text<'a>> {
    match &node.kind {
        NodeKind::Literal(Value::Text(text)) => Some(Text::Borrowed(text)),
        NodeKind::Name(reference) => row.text(reference),
        NodeKind::Previous(value) => match row.previous(*value)? {
            Value::Text(text) => Some(Text::Shared(text)),
            _ => None,
        },
        NodeKind::Binary(Binary::Add, left, right) => {
            let left = text(left, row, moment)?;
            let right = text(right, row, moment)?;
            Some(Text::Owned([left.as_ref(), right.as_ref()].concat()))
        }
        NodeKind::If(condition, yes, no) => {
            text(if holds(condition, row, moment) { yes } else { no }, row, moment)
        }
        NodeKind::Coalesce(value, default) => text(value, row, moment).or_else(|| text(default, row, moment)),
        NodeKind::Script(function, arguments) => match script(function, arguments, row, moment)? {
            Value::Text(text) => Some(Text::Shared(text)),
            _ => None,
        },
        NodeKind::Call(builtin, arguments) => match (builtin.compute, arguments.as_slice()) {
            (Compute::TextToText(compute), [argument]) => {
                let argument = text(argument, row, moment)?;
                Some(match argument {
                    Text::Borrowed(argument) => match compute(argument) {
                        Cow::Borrowed(text) => Text::Borrowed(text),
                        Cow::Owned(text) => Text::Owned(text),
                    },
                    argument => Text::Owned(compute(argument.as_ref()).into_owned()),
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn number_call(builtin: Builtin, arguments: &[Node], row: &dyn Row, moment: &Moment) -> Option<f64> {
    const USUAL: usize = 4;
    match (builtin.compute, arguments) {
        (Compute::Numbers(compute), arguments) if arguments.len() <= USUAL => {
            let mut numbers = [0.0; USUAL];
            for (slot, argument) in numbers.iter_mut().zip(arguments) {
                *slot = number(argument, row, moment)?;
            }
            numbers.get(..arguments.len()).map(compute)
        }
        (Compute::Numbers(compute), arguments) => {
            let numbers: Option<Vec<f64>> =
                arguments.iter().map(|argument| number(argument, row, moment)).collect();
            numbers.map(|numbers| compute(&numbers))
        }
        (Compute::TextToNumber(compute), [argument]) => {
            text(argument, row, moment).map(|text| compute(text.as_ref()))
        }
        (Compute::Moment(compute), _) => Some(compute(moment)),
        (Compute::Civil { date, time }, [argument]) => {
            let compute = if argument.ty == Type::Date { date } else { time };
            number(argument, row, moment).map(|number| compute(number, moment))
        }
        (Compute::CountKnown, arguments) => {
            Some(arguments.iter().filter(|argument| is_known(argument, row, moment)).count() as f64)
        }
        (Compute::PerCustomer(compute), [salt]) => {
            let salt = text(salt, row, moment)?;
            let customer = row.text(&Reference::Id)?;
            Some(compute(salt.as_ref(), customer.as_ref()))
        }
        _ => None,
    }
}

fn truth_call(builtin: Builtin, arguments: &[Node], row: &dyn Row, moment: &Moment) -> Option<bool> {
    match (builtin.compute, arguments) {
        (Compute::Known(wanted), [argument]) => Some(is_known(argument, row, moment) == wanted),
        (Compute::Texts(compute), [first, second]) => {
            let first = text(first, row, moment)?;
            let second = text(second, row, moment)?;
            Some(compute(first.as_ref(), second.as_ref()))
        }
        _ => None,
    }
}

/// Not called where an argument is missing.
fn script(function: &Function, arguments: &[Node], row: &dyn Row, moment: &Moment) -> Option<Value> {
    let known: Option<Vec<Value>> =
        arguments.iter().map(|argument| evaluate(argument, row, moment)).collect();
    match function.call(known?.into_iter()) {
        Ok(value) => value,
        Err(failure) => {
            row.failed(function, &failure);
            None
        }
    }
}

fn is_known(node: &Node, row: &dyn Row, moment: &Moment) -> bool {
    match node.ty {
        Type::Bool => truth(node, row, moment).is_some(),
        Type::Text | Type::Choice(_) => text(node, row, moment).is_some(),
        Type::Number | Type::Date | Type::Time => number(node, row, moment).is_some(),
    }
}

/// Compares two values of one kind; with a missing side only `!=` is true. Texts go by code point,
/// which is the order of their bytes in UTF-8.
fn compare(operator: Binary, left: &Node, right: &Node, row: &dyn Row, moment: &Moment) -> bool {
    let order = match left.ty {
        Type::Bool => {
            truth(left, row, moment).zip(truth(right, row, moment)).map(|(left, right)| left.cmp(&right))
        }
        Type::Text | Type::Choice(_) => text(left, row, moment)
            .zip(text(right, row, moment))
            .map(|(left, right)| left.as_ref().cmp(right.as_ref())),
        Type::Number | Type::Date | Type::Time => number(left, row, moment)
            .zip(number(right, row, moment))
            .and_then(|(left, right)| left.partial_cmp(&right)),
    };
    let Some(order) = order else { return operator == Binary::NotEqual };
    match operator {
        Binary::Equal => order.is_eq(),
        Binary::NotEqual => order.is_ne(),
        Binary::Less => order.is_lt(),
        Binary::LessOrEqual => order.is_le(),
        Binary::Greater => order.is_gt(),
        Binary::GreaterOrEqual => order.is_ge(),
        _ => false,
    }
}

fn value_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Date(day) => Some(f64::from(day.0)),
        Value::Time(at) => Some(at.0 as f64),
        Value::Text(_) | Value::Bool(_) => None,
    }
}

const fn value_truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::expression::builtin::catalog;
    use crate::policy::expression::builtin::operators::OPERATORS;
    use crate::policy::expression::{ClassName, Expected, LedgerName, Names, Syntax, Tagged};

    struct Sample;

    impl Names for Sample {
        fn resolve(&self, path: &[&str]) -> Option<(Reference, Type)> {
            let ty = match path {
                ["id"] => return Some((Reference::Id, Type::Text)),
                ["n" | "two"] => Type::Number,
                ["t" | "word"] => Type::Text,
                ["b" | "yes"] => Type::Bool,
                ["d" | "day"] => Type::Date,
                ["at"] => Type::Time,
                _ => return None,
            };
            let index = ["n", "t", "b", "d", "two", "word", "yes", "day", "at"];
            let index = index.iter().position(|name| path == [*name])?;
            Some((Reference::Customer(index), ty))
        }

        fn candidates(&self) -> Vec<String> {
            Vec::new()
        }

        fn class(&self, name: &str) -> Option<ClassName> {
            let levels = ["key", "secondary", "ordinary"].map(Arc::from);
            let class = ClassName { value: 9, ty: Type::Choice(levels.into()), ordered: true };
            (name == "pyramid").then_some(class)
        }

        fn ledger(&self, name: &str) -> Option<LedgerName> {
            (name == "points").then_some(LedgerName { value: 8, lapses: true })
        }

        fn tagged(&self, tag: &str) -> Tagged {
            let actions = if tag == "care" { ["care_call", "visit"] } else { ["offer", "reminder"] };
            Tagged::Actions(Reference::Event(0), actions.map(Arc::from).into())
        }

        fn column(&self, name: &str) -> Option<(Reference, Type)> {
            (name == "金额").then_some((Reference::Raw(0), Type::Text))
        }
    }

    /// The one-letter names are missing.
    impl Row for Sample {
        fn get(&self, reference: &Reference) -> Option<Value> {
            match reference {
                Reference::Id => Some(Value::text("c1")),
                Reference::Customer(4) => Some(Value::Number(2.0)),
                Reference::Customer(5) => Some(Value::text("wörd")),
                Reference::Customer(6) => Some(Value::Bool(true)),
                Reference::Customer(7) => crate::model::Date::parse("2027-02-28").map(Value::Date),
                Reference::Customer(8) => {
                    Timestamp::parse_rfc3339("2027-02-28T12:00:00+08:00").map(Value::Time)
                }
                Reference::Event(0) => Some(Value::text("visit")),
                Reference::Raw(0) => Some(Value::text("12.50")),
                _ => None,
            }
        }

        fn place(&self, _: usize) -> Option<u16> {
            Some(1)
        }

        fn since(&self, _: usize) -> Option<Timestamp> {
            Timestamp::parse_rfc3339("2027-02-28T12:00:00+08:00")
        }

        fn expiring(&self, _: usize, days: f64) -> Option<f64> {
            Some(if days >= 10.0 { 120.0 } else { 0.0 })
        }

        fn previous(&self, _: usize) -> Option<Value> {
            Some(Value::text("ordinary"))
        }
    }

    fn moment() -> Moment {
        let now = Timestamp::parse_rfc3339("2027-03-01T09:30:00+08:00").expect("an instant");
        Moment { now, timezone: chrono_tz::Asia::Shanghai }
    }

    fn value(text: &str) -> String {
        let syntax = Syntax::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let (expression, _) =
            syntax.check(&Sample, &Expected::Any).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        evaluate(&expression.root, &Sample, &moment()).map_or("missing".to_owned(), |value| value.to_string())
    }

    #[test]
    fn every_example_of_the_reference_gives_its_value() {
        for entry in catalog() {
            assert!(!entry.examples.is_empty(), "{} has no example", entry.name);
            assert!(!entry.summary.is_empty() && !entry.missing.is_empty(), "{}", entry.name);
            for (call, expected) in entry.examples {
                assert_eq!(value(call), *expected, "{call}");
            }
        }
        for operator in OPERATORS {
            assert!(!operator.examples.is_empty(), "{} has no example", operator.written);
            for (text, expected) in operator.examples {
                assert_eq!(value(text), *expected, "{text}");
            }
        }
    }

    #[test]
    fn every_function_is_found_by_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for entry in catalog() {
            assert!(names.insert(entry.name), "{} stands twice", entry.name);
        }
        for function in crate::policy::expression::builtin::functions() {
            let found = crate::policy::expression::builtin::named(function.name);
            assert!(found.is_some_and(|found| std::ptr::eq(found, function)), "{}", function.name);
        }
    }

    #[test]
    fn missing_follows_the_rules_of_the_language() {
        for (text, expected) in [
            ("n + 1", "missing"),
            ("-n", "missing"),
            ("round(n)", "missing"),
            ("lower(t)", "missing"),
            ("t + \"a\"", "missing"),
            ("contains(t, \"a\")", "missing"),
            ("days_since(d)", "missing"),
            ("n < 1", "false"),
            ("n >= 1", "false"),
            ("n == n", "false"),
            ("n != 1", "true"),
            ("n != n", "true"),
            ("t == \"a\"", "false"),
            ("t != \"a\"", "true"),
            ("b == true", "false"),
            ("n in [1, 2]", "false"),
            ("two in [n, 2]", "true"),
            ("n !in [1, 2]", "true"),
            ("!b", "true"),
            ("b && true", "false"),
            ("b || true", "true"),
            ("b || b", "false"),
            ("if b { 1 } else { 2 }", "2"),
            ("n ?? 5", "5"),
            ("t ?? \"none\"", "none"),
            ("b ?? true", "true"),
            ("1 / 0 ?? 9", "9"),
            ("1 / 0", "missing"),
            ("0 % 0", "missing"),
            ("(0 - 8) ** 0.5", "missing"),
            ("is_missing(1 / 0)", "true"),
            ("is_known(b)", "false"),
            ("is_known(b && b)", "true"),
            ("count_known(n, t, b, d, two, word)", "2"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_one_type_and_times_move_by_days() {
        for (text, expected) in [
            ("7 / 2", "3.5"),
            ("-7 % 3", "-1"),
            ("2 ** -1", "0.5"),
            ("2 + 3 * 4", "14"),
            ("day + 1", "2027-03-01"),
            ("day + 0.9", "2027-02-28"),
            ("1 + day", "2027-03-01"),
            ("day - 59", "2026-12-31"),
            ("date(\"2027-03-01\") - day", "1"),
            ("now() - at", "0.8958333333333334"),
            ("at + 0.5", "2027-02-28T16:00:00Z"),
            ("0.5 + at", "2027-02-28T16:00:00Z"),
            ("at - 0.5", "2027-02-27T16:00:00Z"),
            ("day + 1 / 0", "missing"),
            ("day + 999999999", "missing"),
            ("\"a\" < \"b\" && \"Z\" < \"a\" && \"z\" < \"ä\"", "true"),
            ("word == \"wörd\" && len(word) == 4", "true"),
            ("word + \"!\"", "wörd!"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn a_bucket_is_the_same_for_ever() {
        assert_eq!(value("bucket(\"2027h1\")"), "0.01951580872499059");
    }
}
