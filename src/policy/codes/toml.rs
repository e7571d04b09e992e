//! Problems of TOML itself.

use crate::policy::diagnostic::Code;

/// Every kind, in order of id.
pub static CODES: &[&Code] = &[&TOML];

/// This is no TOML.
pub static TOML: Code = Code {
    id: "E101",
    title: "this is no TOML",
    explanation: "The file, or a part of it, can't be read as TOML: a bracket or quote is missing, a text stands without quotes, or a key is said twice. All other problems are still looked for, except those that may come from what could not be read.",
    example: "[settings]\ntimezone = Asia/Shanghai\n",
};
