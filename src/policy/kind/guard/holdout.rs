//! `[guard.NAME.holdout]`: never for a fixed share of customers.

use crate::policy::compiled::Holdout;
use crate::policy::kind::share;
use crate::policy::raw::{Form, Key, Part, Reader, form, key, takes};

/// Keys of `[guard.NAME.holdout]`.
pub(crate) static KEYS: &[Key] = &[
    key("share", form::SHARE, "How many customers.").needed(),
    key(
        "salt",
        takes("text", Form::Word),
        "Which: those whose `bucket(\"salt\")` is below the share, the same every time. Another salt draws anew. \
         Default the guard's name.",
    ),
];

/// `holdout` as a part of a guard.
pub(crate) static PART: Part = Part { title: "holdout", keys: KEYS, constraints: &[] };

/// Reads and checks the table.
pub(crate) fn check(name: &str, reader: &Reader<'_>) -> Option<Holdout> {
    let salt = reader.word("salt");
    let share = reader.required("share", reader.text("share"))?;
    let share = share::read(&share, reader.sink)?;
    Some(Holdout { share, salt: salt.as_ref().map_or(name, |salt| salt.value.as_str()).into() })
}
