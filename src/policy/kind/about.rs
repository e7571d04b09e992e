//! What every table may say of itself.

use crate::policy::compiled::About;
use crate::policy::raw::{At, Key, Reader, Sink, Table, form, key};

/// Keys of every table.
pub(crate) static KEYS: &[Key] = &[
    key("title", form::TEXT, "For people; the name where absent."),
    key("description", form::TEXT, "What it is for."),
    key("owner", form::TEXT, "Who answers for it."),
    key(
        "tags",
        form::WORDS,
        "Free words. `report` on a metric, ledger or score says that people look at it, so that it needs no other use.",
    ),
    key(
        "enabled",
        form::FLAG,
        "`false`: checked, but left out; what it remembers is kept for when it wakes. Default true.",
    ),
];

/// A table with what it says of itself.
pub(crate) struct Head<'a> {
    /// The rest of the table.
    pub(crate) reader: Reader<'a>,
    /// Title, description, owner, tags.
    pub(crate) about: About,
    /// Whether it counts.
    pub(crate) enabled: bool,
}

/// Reads what a table says of itself.
pub(crate) fn read<'a>(sink: &'a Sink<'a>, table: &'a At<Table>, keys: &'static [Key]) -> Head<'a> {
    let reader = Reader::new(sink, &table.value, &table.place, keys, KEYS);
    let text = |key| reader.text(key).map(|text| text.value).unwrap_or_default();
    let about = About {
        title: text("title"),
        description: text("description"),
        owner: text("owner"),
        tags: reader.words("tags").into_iter().map(|tag| tag.value).collect(),
    };
    let enabled = reader.flag("enabled").unwrap_or(true);
    Head { reader, about, enabled }
}
