//! Functions of text.

use std::borrow::Cow;

use super::results::{ANYTHING, Results};
use super::{Accepts, Compute, Function, Gives, Parameter};
use crate::policy::expression::reason::Range;

const TEXT: Parameter = Parameter { name: "text", accepts: Accepts::Text };
const PART: Parameter = Parameter { name: "part", accepts: Accepts::Text };

const TO_TEXT: Function = Function {
    name: "",
    parameters: &[TEXT],
    last_is_optional: false,
    last_repeats: false,
    returns: Gives::Text,
    summary: "",
    missing: "where the argument is",
    compute: Compute::TextToText(|text| Cow::Borrowed(text)),
    kernel: None,
    results: ANYTHING,
    examples: &[],
};
const ASK: Function =
    Function { parameters: &[TEXT, PART], returns: Gives::Bool, missing: "where an argument is", ..TO_TEXT };

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "lower",
        summary: "In lower case.",
        compute: Compute::TextToText(|text| Cow::Owned(text.to_lowercase())),
        examples: &[("lower(\"Ärzte GmbH\")", "ärzte gmbh")],
        ..TO_TEXT
    },
    Function {
        name: "upper",
        summary: "In upper case.",
        compute: Compute::TextToText(|text| Cow::Owned(text.to_uppercase())),
        examples: &[("upper(\"vip\")", "VIP")],
        ..TO_TEXT
    },
    Function {
        name: "trim",
        summary: "Without space at the beginning and the end.",
        compute: Compute::TextToText(|text| Cow::Borrowed(text.trim())),
        examples: &[("trim(\"  key \")", "key")],
        ..TO_TEXT
    },
    Function {
        name: "len",
        returns: Gives::Number,
        summary: "How many characters the text has.",
        compute: Compute::TextToNumber(|text| text.chars().count() as f64),
        results: Results { range: |_| Some(Range::from(0.0).whole()), is_finite: true, ..ANYTHING },
        examples: &[("len(\"关键客户\")", "4")],
        ..TO_TEXT
    },
    Function {
        name: "contains",
        summary: "Whether the part stands anywhere in the text.",
        compute: Compute::Texts(|text, part| text.contains(part)),
        examples: &[("contains(\"上海重点客户\", \"重点\")", "true")],
        ..ASK
    },
    Function {
        name: "starts_with",
        summary: "Whether the text begins with the part.",
        compute: Compute::Texts(|text, part| text.starts_with(part)),
        examples: &[("starts_with(\"CN-310\", \"CN\")", "true")],
        ..ASK
    },
    Function {
        name: "ends_with",
        summary: "Whether the text ends with the part.",
        compute: Compute::Texts(|text, part| text.ends_with(part)),
        examples: &[("ends_with(\"a@example.com\", \".org\")", "false")],
        ..ASK
    },
    Function {
        name: "number",
        returns: Gives::Number,
        summary: "The number a text is, with a decimal point and no other separators; space around it is ignored.",
        missing: "where the argument is, or is no number",
        compute: Compute::TextToNumber(|text| text.trim().parse().unwrap_or(f64::NAN)),
        examples: &[
            ("number(\" 12.50 \")", "12.5"),
            ("number(\"1,200\")", "missing"),
            ("number(\"\")", "missing"),
        ],
        ..TO_TEXT
    },
];
