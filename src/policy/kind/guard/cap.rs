//! `[guard.NAME.cap]`: only so many per customer and time.

use super::effect;
use crate::policy::codes;
use crate::policy::compiled::Cap;
use crate::policy::raw::{Key, Reader, key};

/// Keys of `[guard.NAME.cap]`.
pub(crate) static KEYS: &[Key] = &[
    key("max", "whole number", "Most touches of a customer, at least 1."),
    key("per", "duration", "Within any span of this length, counted back from each touch."),
    key("effect", "drop or wait", "What becomes of those beyond. Default \"drop\"."),
];

/// Reads and checks the table.
pub(crate) fn check(reader: &Reader<'_>) -> Option<Cap> {
    let max = reader.required("max", most(reader));
    let per = reader.required("per", reader.fixed("per"));
    let effect = effect(reader);
    Some(Cap { max: max?, per: per?, effect })
}

/// Reads `max`: none at all is said by a block.
pub(super) fn most(reader: &Reader<'_>) -> Option<u32> {
    let max = reader.whole("max", 0, u32::MAX)?;
    if max == 0 {
        let place = reader.entry("max").map_or(reader.place, |entry| &entry.node.place);
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, place, "`max` must be at least 1")
            .help("to let nothing through, write a block: `[guard.NAME.block]` with `when = 'true'`")
            .report();
        return None;
    }
    Some(max)
}
