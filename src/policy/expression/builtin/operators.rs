//! Operators for the reference. What they mean is in [`compute`](super::compute) and the evaluators,
//! which ones take what in the checks; the examples here run as tests.

/// An operator, or a close family of them.
#[derive(Debug)]
pub struct Operator {
    /// As written.
    pub written: &'static str,
    /// What it takes and gives.
    pub types: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// What missing operands do to it.
    pub missing: &'static str,
    /// Expressions with their values; `missing` where there is none.
    pub examples: &'static [(&'static str, &'static str)],
}

const STRICT: &str = "where an operand is";
const COMPARED: &str = "never: false where a side is missing";

/// Every operator, those that bind strongest first.
pub static OPERATORS: &[Operator] = &[
    Operator {
        written: "-x",
        types: "number to number",
        summary: "The number with the other sign.",
        missing: STRICT,
        examples: &[("-(2 + 3)", "-5"), ("-(1 / 0)", "missing")],
    },
    Operator {
        written: "!x",
        types: "bool to bool",
        summary: "Not: true where the condition does not hold.",
        missing: "never: true where the operand is missing",
        examples: &[("!(2 > 3)", "true")],
    },
    Operator {
        written: "x ** y",
        types: "number, number to number",
        summary: "To the power of.",
        missing: "where an operand is, or the result is no finite number",
        examples: &[("2 ** 10", "1024"), ("(0 - 8) ** 0.5", "missing")],
    },
    Operator {
        written: "x * y",
        types: "number, number to number",
        summary: "Times.",
        missing: STRICT,
        examples: &[("2.5 * 4", "10")],
    },
    Operator {
        written: "x / y",
        types: "number, number to number",
        summary: "Divided by; there is one type of number, so nothing is cut off.",
        missing: "where an operand is, or the divisor is 0",
        examples: &[("7 / 2", "3.5"), ("1 / 0", "missing")],
    },
    Operator {
        written: "x % y",
        types: "number, number to number",
        summary: "What is left of a division, with the sign of what is divided.",
        missing: "where an operand is, or the divisor is 0",
        examples: &[("7 % 3", "1"), ("-7 % 3", "-1")],
    },
    Operator {
        written: "x + y",
        types: "number, number to number; date or time, number to date or time; text, text to text",
        summary: "Plus; moves a date or time by days (a date by whole ones); joins texts.",
        missing: STRICT,
        examples: &[
            ("1.5 + 2", "3.5"),
            ("date(\"2027-01-31\") + 1", "2027-02-01"),
            ("\"CN-\" + \"310\"", "CN-310"),
            ("1 / 0 + 1", "missing"),
        ],
    },
    Operator {
        written: "x - y",
        types: "number, number to number; date or time, number to date or time; date, date or time, time to number",
        summary: "Minus; moves a date or time back by days; the days between two.",
        missing: STRICT,
        examples: &[
            ("2 - 0.5", "1.5"),
            ("date(\"2027-03-01\") - 1", "2027-02-28"),
            ("date(\"2027-03-01\") - date(\"2027-02-01\")", "28"),
        ],
    },
    Operator {
        written: "x ?? y",
        types: "two of one type to that type",
        summary: "The first, or where that is missing the second.",
        missing: "where both are",
        examples: &[("(1 / 0) ?? 9", "9"), ("3 ?? 9", "3")],
    },
    Operator {
        written: "x in [a, b]",
        types: "a value and a list of its type to bool",
        summary: "Whether it is one of the list; `!in`: whether it is none.",
        missing: "never: false where the value is missing, and `!in` true",
        examples: &[
            ("\"b\" in [\"a\", \"b\"]", "true"),
            ("3 !in [1, 2]", "true"),
            ("1 / 0 in [1, 2]", "false"),
        ],
    },
    Operator {
        written: "x < y, x <= y, x > y, x >= y",
        types: "two numbers, dates, times or texts to bool",
        summary: "In order; texts by code point. Levels of a tier are compared by `at_least`.",
        missing: COMPARED,
        examples: &[
            ("2 < 3", "true"),
            ("\"a\" >= \"b\"", "false"),
            ("date(\"2027-01-31\") < today()", "true"),
            ("1 / 0 <= 1", "false"),
        ],
    },
    Operator {
        written: "x == y",
        types: "two of one type to bool",
        summary: "Whether they are the same. What is compared with a choice must be one of its words.",
        missing: COMPARED,
        examples: &[("7 / 2 == 3.5", "true"), ("1 / 0 == 1 / 0", "false")],
    },
    Operator {
        written: "x != y",
        types: "two of one type to bool",
        summary: "Whether they differ.",
        missing: "never: true where a side is missing",
        examples: &[("\"a\" != \"b\"", "true"), ("1 / 0 != 1", "true")],
    },
    Operator {
        written: "x && y",
        types: "bool, bool to bool",
        summary: "Whether both hold.",
        missing: "never: a missing side counts as false",
        examples: &[("2 > 1 && 3 > 2", "true"), ("2 > 1 && 1 / 0 > 2", "false")],
    },
    Operator {
        written: "x || y",
        types: "bool, bool to bool",
        summary: "Whether one of them holds.",
        missing: "never: a missing side counts as false",
        examples: &[("2 > 3 || 3 > 2", "true"), ("2 > 3 || 1 / 0 > 2", "false")],
    },
    Operator {
        written: "if c { x } else { y }",
        types: "a condition and two of one type to that type",
        summary: "The first where the condition holds, otherwise the second; `else if` goes on.",
        missing: "where the one chosen is; a missing condition does not hold",
        examples: &[("if 2 > 3 { \"a\" } else { \"b\" }", "b"), ("if 1 / 0 > 3 { 1 } else { 2 }", "2")],
    },
];
