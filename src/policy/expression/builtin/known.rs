//! Functions that ask whether values are known, and the customer's fixed place in experiments.

use sha2::{Digest, Sha256};

use super::results::{ANYTHING, Exactness, Results};
use super::{Accepts, Compute, Function, Gives, Parameter};
use crate::policy::expression::reason::Range;

const VALUE: Parameter = Parameter { name: "value", accepts: Accepts::Any };

const OF_VALUE: Function = Function {
    name: "",
    parameters: &[VALUE],
    last_is_optional: false,
    last_repeats: false,
    returns: Gives::Bool,
    summary: "",
    missing: "never",
    compute: Compute::CountKnown,
    kernel: None,
    results: ANYTHING,
    examples: &[],
};

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "is_missing",
        summary: "Whether nothing is known of the value.",
        compute: Compute::Known(false),
        examples: &[("is_missing(1 / 0)", "true"), ("is_missing(1)", "false")],
        ..OF_VALUE
    },
    Function {
        name: "is_known",
        summary: "Whether the value is known.",
        compute: Compute::Known(true),
        examples: &[("is_known(1 / 0)", "false"), ("is_known(\"\")", "true")],
        ..OF_VALUE
    },
    Function {
        name: "count_known",
        last_repeats: true,
        returns: Gives::Number,
        summary: "How many of the values are known.",
        compute: Compute::CountKnown,
        examples: &[("count_known(1, \"a\", 1 / 0)", "2")],
        ..OF_VALUE
    },
    Function {
        name: "bucket",
        parameters: &[Parameter { name: "\"salt\"", accepts: Accepts::TextLiteral }],
        returns: Gives::Number,
        summary: "A number from 0 up to but not 1, fixed per customer and salt, evenly spread over customers.",
        compute: Compute::PerCustomer(bucket),
        results: Results {
            range: |_| Some(Range::between(0.0, 1.0).below(1.0, true)),
            is_finite: true,
            exactness: Exactness::Continuous,
            ..ANYTHING
        },
        examples: &[("bucket(\"2027h1\") >= 0 && bucket(\"2027h1\") < 1", "true")],
        ..OF_VALUE
    },
];

/// The first 53 bits of SHA-256 over salt, a zero byte and the customer's id, as a fraction.
#[must_use]
pub fn bucket(salt: &str, customer: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(customer.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let first = digest.first_chunk::<8>().copied().unwrap_or_default();
    (u64::from_be_bytes(first) >> 11) as f64 / (1_u64 << 53) as f64
}
