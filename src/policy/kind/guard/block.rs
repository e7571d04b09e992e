//! `[guard.NAME.block]`: never while a condition holds.

use super::effect;
use crate::policy::compiled::{Block, Effect};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::names::Scope;
use crate::policy::raw::{Key, Part, Reader, form, key};

/// Keys of `[guard.NAME.block]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "when",
        form::CONDITION,
        "While it holds, nothing goes out. While it is missing touches wait: consent never fails open.",
    )
    .needed(),
    key("effect", form::EFFECT, "What becomes of touches while it holds. Default \"drop\"."),
];

/// `block` as a part of a guard.
pub(crate) static PART: Part = Part { title: "block", keys: KEYS, constraints: &[] };

/// As written.
pub(crate) struct RawBlock {
    when: Option<Formula>,
    effect: Effect,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawBlock {
    RawBlock { when: reader.required("when", Formula::read(reader, "when")), effect: effect(reader) }
}

impl RawBlock {
    /// Checks it.
    pub(super) fn check(self, context: Context<'_>) -> Option<Block> {
        let when = self.when?.check(context, Scope::Customer, &Expected::Bool)?;
        Some(Block { when, effect: self.effect })
    }
}
