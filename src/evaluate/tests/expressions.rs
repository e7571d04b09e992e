//! Columns against the plain evaluator, over generated expressions and rows with missing values.

use proptest::prelude::*;

use crate::evaluate::scalar::{self, Moment, Row};
use crate::evaluate::testing::{Customer, World, at};
use crate::model::{Date, Timestamp, Value};
use crate::policy::compiled::ValueKind;
use crate::policy::expression::builtin;
use crate::policy::expression::tree::Reference;

const FIELDS: &str = r#"
[settings]
timezone = "Europe/London"
[customer.fields]
a = "number"
b = "number"
c = { type = "choice", of = ["red", "green", "blue"] }
d = "date"
m = "time"
p = "bool"
q = "bool"
t = "text"
u = "text"
"#;

/// Choices that steer what is generated.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn of(&mut self, count: u8) -> u8 {
        self.0.next().map_or(0, |choice| choice % count)
    }

    fn number(&mut self, depth: u8) -> String {
        if depth == 0 {
            return ["a", "b", "2", "0", "-1.5", "0.1", "3"][usize::from(self.of(7))].to_owned();
        }
        let next = depth - 1;
        match self.of(22) {
            0..=5 => {
                let operator = ["+", "-", "*", "/", "%", "**"][usize::from(self.of(6))];
                format!("({} {operator} {})", self.number(next), self.number(next))
            }
            6 => format!("(-({}))", self.number(next)),
            7 => format!("({} ?? {})", self.number(next), self.number(next)),
            8 => format!(
                "(if {} {{ {} }} else {{ {} }})",
                self.truth(next),
                self.number(next),
                self.number(next)
            ),
            9 => {
                let function =
                    ["abs", "floor", "ceil", "sqrt", "ln", "exp", "round"][usize::from(self.of(7))];
                format!("{function}({})", self.number(next))
            }
            10 => format!("min({}, {}, {})", self.number(next), self.number(next), self.number(next)),
            11 => format!("max({}, {})", self.number(next), self.number(next)),
            12 => format!("clamp({}, {}, {})", self.number(next), self.number(next), self.number(next)),
            13 => format!("round({}, 1)", self.number(next)),
            14 => format!("len({})", self.text(next)),
            15 => format!("number({})", self.text(next)),
            16 => format!("({} - {})", self.date(next), self.date(next)),
            17 => format!("({} - {})", self.time(next), self.time(next)),
            18 => {
                let function = ["days_since", "hours_since", "days_until", "year", "month", "day", "weekday"]
                    [usize::from(self.of(7))];
                let argument = if self.of(2) == 0 { self.date(next) } else { self.time(next) };
                format!("{function}({argument})")
            }
            19 => format!("age({})", self.date(next)),
            20 => format!("hour({})", self.time(next)),
            _ => format!("(count_known({}, {}, c) + bucket(\"s\"))", self.number(next), self.truth(next)),
        }
    }

    fn truth(&mut self, depth: u8) -> String {
        if depth == 0 {
            return ["p", "q", "(a > b)", "(a == b)", "(c != \"red\")"][usize::from(self.of(5))].to_owned();
        }
        let next = depth - 1;
        let comparison = ["<", "<=", ">", ">=", "==", "!="][usize::from(self.of(6))];
        match self.of(13) {
            0 => format!("({} && {})", self.truth(next), self.truth(next)),
            1 => format!("({} || {})", self.truth(next), self.truth(next)),
            2 => format!("(!({}))", self.truth(next)),
            3 | 4 => format!("({} {comparison} {})", self.number(next), self.number(next)),
            5 => format!("({} {comparison} {})", self.text(next), self.text(next)),
            6 => format!("({} {comparison} {})", self.date(next), self.date(next)),
            7 => format!("({} {comparison} {})", self.time(next), self.time(next)),
            8 => format!("({} in [1, {}, 3])", self.number(next), self.number(next)),
            9 => format!("(c in [\"red\", \"blue\"] || {} in [\"x\", \"Ab\"])", self.text(next)),
            10 => format!("is_missing({})", self.number(next)),
            11 => {
                let function = ["contains", "starts_with", "ends_with"][usize::from(self.of(3))];
                format!("{function}({}, {})", self.text(next), self.text(next))
            }
            _ => format!("({} ?? {})", self.truth(next), self.truth(next)),
        }
    }

    fn text(&mut self, depth: u8) -> String {
        if depth == 0 {
            return ["t", "u", "\"Ab\"", "id", "\"\""][usize::from(self.of(5))].to_owned();
        }
        let next = depth - 1;
        match self.of(4) {
            0 => format!("({} + {})", self.text(next), self.text(next)),
            1 => {
                let function = ["lower", "upper", "trim"][usize::from(self.of(3))];
                format!("{function}({})", self.text(next))
            }
            2 => format!("({} ?? {})", self.text(next), self.text(next)),
            _ => {
                format!("(if {} {{ {} }} else {{ {} }})", self.truth(next), self.text(next), self.text(next))
            }
        }
    }

    fn date(&mut self, depth: u8) -> String {
        match if depth == 0 { self.of(2) } else { self.of(4) } {
            0 => "d".to_owned(),
            1 => "today()".to_owned(),
            2 => format!("({} + {})", self.date(depth - 1), self.number(depth - 1)),
            _ => format!("({} - {})", self.date(depth - 1), self.number(depth - 1)),
        }
    }

    fn time(&mut self, depth: u8) -> String {
        match if depth == 0 { self.of(3) } else { self.of(5) } {
            0 => "m".to_owned(),
            1 => "now()".to_owned(),
            2 => "known_since".to_owned(),
            3 => format!("({} + {})", self.time(depth - 1), self.number(depth - 1)),
            _ => format!("({} - {})", self.time(depth - 1), self.number(depth - 1)),
        }
    }
}

impl Row for Customer {
    fn get(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Id => Some(Value::text(self.id.as_str())),
            Reference::KnownSince => Some(Value::Time(Timestamp(0))),
            Reference::Customer(field) => self.fields[*field].clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn row() -> impl Strategy<Value = Vec<Option<Value>>> {
    let number = || {
        let numbers = [0.0, -0.0, 1.0, -2.0, 0.5, 3.0, 1e300, 7.0];
        prop::option::weighted(0.8, prop::sample::select(numbers.map(Value::Number).to_vec()))
    };
    let text = || {
        let texts = ["", "Ab", "ab", " x ", "12.5", "关键"];
        prop::option::weighted(0.8, prop::sample::select(texts.map(Value::text).to_vec()))
    };
    let choice =
        prop::option::weighted(0.8, prop::sample::select(["red", "green", "blue"].map(Value::text).to_vec()));
    let flag = || prop::option::weighted(0.7, any::<bool>().prop_map(Value::Bool));
    let date = prop::option::weighted(0.8, (-20_000..30_000).prop_map(|day| Value::Date(Date(day))));
    let time = prop::option::weighted(
        0.8,
        (-1_000_000_000_000_i64..2_000_000_000_000).prop_map(|at| Value::Time(Timestamp(at))),
    );
    (number(), number(), choice, date, time, flag(), flag(), text(), text())
        .prop_map(|(a, b, c, d, m, p, q, t, u)| vec![a, b, c, d, m, p, q, t, u])
}

/// The columns of ten generated expressions over generated rows are what the plain evaluator says.
fn check(choices: &[u8], rows: Vec<Vec<Option<Value>>>, batch: usize) -> Result<(), TestCaseError> {
    let mut choices = Choices(choices.iter());
    let mut text = FIELDS.to_owned();
    for index in 0..10 {
        let expression = match index % 5 {
            0 => choices.number(4),
            1 => choices.truth(4),
            2 => choices.text(3),
            3 => choices.date(2),
            _ => choices.time(2),
        };
        text.extend(["[score.s", &index.to_string(), "]\nvalue = '", &expression, "'\n"]);
    }
    let mut world = World::new(&text);
    world.batch = batch;
    for (index, fields) in rows.into_iter().enumerate() {
        let customer = world.customer(&format!("c{index:03}"));
        world.customers[customer].fields = fields;
    }
    let now = at("2027-03-28T09:30:00Z");
    let found = world.run(now);
    let moment = Moment { now, timezone: chrono_tz::Europe::London };
    for definition in &world.policy.values {
        let ValueKind::Score(expression) = &definition.kind else { panic!("only scores") };
        for customer in &world.customers {
            let expected = scalar::evaluate(&expression.root, customer, &moment);
            let key = (customer.id.clone(), definition.name.to_string());
            prop_assert_eq!(&found[&key], &expected, "{} of {:?}", expression.text, customer.fields);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn columns_equal_the_plain_evaluator(
        choices in prop::collection::vec(any::<u8>(), 400),
        rows in prop::collection::vec(row(), 1..140),
        batch in 1_usize..140,
    ) {
        check(&choices, rows, batch)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    /// `cargo test --lib -- --ignored hundred_thousand`: each of 10,000 cases has ten expressions.
    #[test]
    #[ignore = "takes minutes"]
    fn columns_equal_the_plain_evaluator_a_hundred_thousand_times(
        choices in prop::collection::vec(any::<u8>(), 400),
        rows in prop::collection::vec(row(), 1..140),
        batch in 1_usize..140,
    ) {
        check(&choices, rows, batch)?;
    }
}

#[test]
fn every_example_of_a_function_gives_its_value_in_columns_too() {
    let examples: Vec<(&str, &str)> =
        builtin::functions().flat_map(|function| function.examples).copied().collect();
    let mut text = "[settings]\ntimezone = \"Asia/Shanghai\"\n".to_owned();
    for (index, (call, _)) in examples.iter().enumerate() {
        text.extend([format!("[score.example_{index}]\nvalue = '{call}'\n")]);
    }
    let mut world = World::new(&text);
    world.customer("c1");
    let found = world.run(at("2027-03-01T09:30:00+08:00"));
    for (index, (call, expected)) in examples.into_iter().enumerate() {
        let expected = if expected == "missing" { "-" } else { expected };
        assert_eq!(world.column(&found, &format!("example_{index}")), [expected], "{call}");
    }
}
