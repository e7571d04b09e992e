//! `[guard.NAME.holdout]`: never for a fixed share of customers.

use crate::policy::compiled::Holdout;
use crate::policy::kind::share;
use crate::policy::raw::{Key, Reader, key};

/// Keys of `[guard.NAME.holdout]`.
pub(crate) static KEYS: &[Key] = &[
    key("share", "share", "How many customers."),
    key(
        "salt",
        "text",
        "Which: those whose `bucket(\"salt\")` is below the share, the same every time. Another salt draws anew. \
         Default the guard's name.",
    ),
];

/// Reads and checks the table.
pub(crate) fn check(name: &str, reader: &Reader<'_>) -> Option<Holdout> {
    let salt = reader.word("salt");
    let share = reader.required("share", reader.text("share"))?;
    let share = share::read(&share, reader.sink)?;
    Some(Holdout { share, salt: salt.as_ref().map_or(name, |salt| salt.value.as_str()).into() })
}
