//! The kinds of problem an expression can have.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[&SYNTAX];

/// Not readable as an expression.
pub static SYNTAX: Code = Code {
    id: "E301",
    title: "this is no expression",
    explanation: "An expression is made of literals, names, operators, `in [..]`, `??`, `if c { a } else { b }` \
                  and calls. Look at the underlined place: a bracket, an operand or an operator is missing or too many.",
    example: "[score.double]\nvalue = '2 *'\n",
};
