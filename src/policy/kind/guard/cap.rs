//! `[guard.NAME.cap]`: only so many per customer and time.

use super::effect;
use crate::policy::codes;
use crate::policy::compiled::Cap;
use crate::policy::raw::{Content, Key, Part, Reader, form, key};

/// Keys of `[guard.NAME.cap]`.
pub(crate) static KEYS: &[Key] = &[
    key("max", form::whole(1, u32::MAX), "Most touches of a customer, at least 1.").needed(),
    key("per", form::FIXED, "Within any span of this length, counted back from each touch.").needed(),
    key("effect", form::EFFECT, "What becomes of those beyond. Default \"drop\"."),
];

/// `cap` as a part of a guard.
pub(crate) static PART: Part = Part { title: "cap", keys: KEYS, constraints: &[] };

/// Reads and checks the table.
pub(crate) fn check(reader: &Reader<'_>) -> Option<Cap> {
    let max = reader.required("max", most(reader));
    let per = reader.required("per", reader.fixed("per"));
    let effect = effect(reader);
    Some(Cap { max: max?, per: per?, effect })
}

/// Reads `max`: none at all is said by a block.
pub(super) fn most(reader: &Reader<'_>) -> Option<u32> {
    let none = reader.entry("max").filter(|entry| entry.node.content == Content::Integer(0));
    if let Some(entry) = none {
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, &entry.node.place, "`max` must be at least 1")
            .help("to let nothing through, write a block: `[guard.NAME.block]` with `when = 'true'`")
            .report();
        return None;
    }
    reader.whole("max")
}
