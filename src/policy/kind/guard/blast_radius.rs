//! `[guard.NAME.blast_radius]`: only with approval where there are unusually many.

use crate::policy::codes;
use crate::policy::compiled::BlastRadius;
use crate::policy::kind::share;
use crate::policy::raw::{Constraint, Key, Part, Reader, form, key};

/// Keys of `[guard.NAME.blast_radius]`.
pub(crate) static KEYS: &[Key] = &[
    key("share", form::SHARE, "Of all customers. With `count` the larger of the two counts."),
    key("count", form::whole(1, u32::MAX), "So many touches within 24 hours may be made without approval."),
];

/// `blast_radius` as a part of a guard.
pub(crate) static PART: Part =
    Part { title: "blast_radius", keys: KEYS, constraints: &[Constraint::Some(&["share", "count"])] };

/// Reads and checks the table.
pub(crate) fn check(reader: &Reader<'_>) -> Option<BlastRadius> {
    if reader.entry("share").is_none() && reader.entry("count").is_none() {
        reader
            .problem(&codes::table::MISSING_KEY, "`share` or `count` is missing")
            .help(
                "say how many touches may be made without approval: `share = \"5%\"`, `count = 1000` or both",
            )
            .report();
        return None;
    }
    let share = match reader.text("share") {
        None => 0,
        Some(text) => share::read(&text, reader.sink)?,
    };
    let count = match reader.entry("count") {
        None => 0,
        Some(_) => reader.whole("count")?,
    };
    Some(BlastRadius { share, count })
}
