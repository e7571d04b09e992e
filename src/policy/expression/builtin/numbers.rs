//! Functions of numbers.

use super::results::{ANYTHING, Exactness, Results, absolute, argument, clamped, fold, power, rounded};
use super::{Accepts, Compute, Function, Gives, Kernel, Parameter};
use crate::policy::expression::reason::Range;

const NUMBER: Parameter = Parameter { name: "number", accepts: Accepts::Number };
const MISSING: &str = "where an argument is";

const ONE: Function = Function {
    name: "",
    parameters: &[NUMBER],
    last_is_optional: false,
    last_repeats: false,
    returns: Gives::Number,
    summary: "",
    missing: MISSING,
    compute: Compute::Numbers(|_| f64::NAN),
    kernel: None,
    results: ANYTHING,
    examples: &[],
};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        summary: "The number without its sign.",
        compute: Compute::Numbers(|numbers| first(numbers).abs()),
        kernel: Some(Kernel::Absolute),
        results: Results {
            range: |given| Some(absolute(&given.argument(0))),
            is_finite: true,
            exactness: Exactness::OfArguments,
            ..ANYTHING
        },
        examples: &[("abs(-2.5)", "2.5")],
        ..ONE
    },
    Function {
        name: "min",
        last_repeats: true,
        summary: "The least of the numbers.",
        compute: Compute::Numbers(|numbers| numbers.iter().copied().fold(f64::INFINITY, f64::min)),
        kernel: Some(Kernel::Least),
        results: Results {
            range: |given| Some(fold(given.ranges, f64::min)),
            is_finite: true,
            exactness: Exactness::OfArguments,
            ..ANYTHING
        },
        examples: &[("min(3, 1, 2)", "1")],
        ..ONE
    },
    Function {
        name: "max",
        last_repeats: true,
        summary: "The greatest of the numbers.",
        compute: Compute::Numbers(|numbers| numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        kernel: Some(Kernel::Greatest),
        results: Results {
            range: |given| Some(fold(given.ranges, f64::max)),
            is_finite: true,
            exactness: Exactness::OfArguments,
            ..ANYTHING
        },
        examples: &[("max(3, 1, 2)", "3")],
        ..ONE
    },
    Function {
        name: "round",
        parameters: &[NUMBER, Parameter { name: "digits", accepts: Accepts::Number }],
        last_is_optional: true,
        summary: "The nearest whole number, or number of so many decimals; halves away from zero.",
        compute: Compute::Numbers(round),
        results: Results { range: rounded, ..ANYTHING },
        examples: &[("round(2.5)", "3"), ("round(-2.5)", "-3"), ("round(3.14159, 2)", "3.14")],
        ..ONE
    },
    Function {
        name: "floor",
        summary: "The greatest whole number that is not greater.",
        compute: Compute::Numbers(|numbers| first(numbers).floor()),
        kernel: Some(Kernel::Floor),
        results: Results {
            range: |given| Some(given.argument(0).stepped(f64::floor).whole()),
            is_finite: true,
            ..ANYTHING
        },
        examples: &[("floor(-2.5)", "-3")],
        ..ONE
    },
    Function {
        name: "ceil",
        summary: "The least whole number that is not less.",
        compute: Compute::Numbers(|numbers| first(numbers).ceil() + 0.0),
        kernel: Some(Kernel::Ceiling),
        results: Results {
            range: |given| Some(given.argument(0).stepped(f64::ceil).whole()),
            is_finite: true,
            ..ANYTHING
        },
        examples: &[("ceil(2.1)", "3"), ("ceil(-0.5)", "0")],
        ..ONE
    },
    Function {
        name: "sqrt",
        summary: "The square root.",
        missing: "where the argument is, or is below zero",
        compute: Compute::Numbers(|numbers| first(numbers).sqrt()),
        kernel: Some(Kernel::SquareRoot),
        results: Results {
            range: |given| Some(given.argument(0).above(0.0, false).stepped(f64::sqrt)),
            is_total: |ranges| argument(ranges, 0).low >= 0.0,
            exactness: Exactness::Rounded,
            ..ANYTHING
        },
        examples: &[("sqrt(9)", "3"), ("sqrt(-1)", "missing")],
        ..ONE
    },
    Function {
        name: "ln",
        summary: "The natural logarithm.",
        missing: "where the argument is, or is not above zero",
        compute: Compute::Numbers(|numbers| first(numbers).ln()),
        results: Results { exactness: Exactness::Rounded, ..ANYTHING },
        examples: &[("ln(1)", "0"), ("ln(0)", "missing")],
        ..ONE
    },
    Function {
        name: "exp",
        summary: "e to the power of the number.",
        missing: "where the argument is, or the result is too large",
        compute: Compute::Numbers(|numbers| first(numbers).exp()),
        results: Results {
            range: |_| Some(Range::from(0.0)),
            is_total: |_| false,
            exactness: Exactness::Rounded,
            ..ANYTHING
        },
        examples: &[("exp(0)", "1"), ("exp(1000)", "missing")],
        ..ONE
    },
    Function {
        name: "pow",
        parameters: &[NUMBER, Parameter { name: "exponent", accepts: Accepts::Number }],
        summary: "The number to the power of the exponent, the same as `**`.",
        missing: "where an argument is, or the result is not a finite number",
        compute: Compute::Numbers(|numbers| match numbers {
            [base, exponent] => base.powf(*exponent),
            _ => f64::NAN,
        }),
        kernel: Some(Kernel::Power),
        results: Results {
            range: |given| Some(power(&given.argument(0), &given.argument(1))),
            is_total: |_| false,
            exactness: Exactness::Rounded,
            ..ANYTHING
        },
        examples: &[("pow(2, 10)", "1024"), ("pow(2, -1)", "0.5")],
        ..ONE
    },
    Function {
        name: "clamp",
        parameters: &[
            NUMBER,
            Parameter { name: "low", accepts: Accepts::Number },
            Parameter { name: "high", accepts: Accepts::Number },
        ],
        summary: "The number, held between two others.",
        missing: "where an argument is, or low is above high",
        compute: Compute::Numbers(|numbers| match numbers {
            [number, low, high] if low <= high => number.max(*low).min(*high),
            _ => f64::NAN,
        }),
        results: Results {
            range: |given| Some(clamped(&given.argument(0), &given.argument(1), &given.argument(2))),
            is_total: |ranges| argument(ranges, 1).high <= argument(ranges, 2).low,
            ..ANYTHING
        },
        examples: &[("clamp(7, 0, 5)", "5"), ("clamp(1, 5, 0)", "missing")],
        ..ONE
    },
];

fn first(numbers: &[f64]) -> f64 {
    numbers.first().copied().unwrap_or(f64::NAN)
}

/// Adding zero at the end makes -0 plain 0.
fn round(numbers: &[f64]) -> f64 {
    const MOST_DIGITS: f64 = 15.0;
    match numbers {
        [number] => number.round() + 0.0,
        [number, digits] => {
            let digits = digits.trunc();
            if digits > MOST_DIGITS {
                return *number;
            }
            let scale = 10_f64.powf(digits.abs());
            let rounded = if digits < 0.0 {
                (number / scale).round() * scale
            } else {
                (number * scale).round() / scale
            };
            // Scaling a very large number up can overflow; it has no decimals to round.
            if rounded.is_finite() { rounded + 0.0 } else { *number }
        }
        _ => f64::NAN,
    }
}
