//! Policy text in, [`Compiled`] out: raw tables with their places in the files, then checks, then a
//! typed program in dependency order. Pure: no clock, no I/O, no randomness; the same text gives
//! the same program and the same diagnostics in the same order.
//!
//! Raw tables have no behaviour; only the checks can build [`Compiled`], so nothing downstream meets
//! an invalid policy.

pub mod codes;
mod columns;
pub mod compiled;
pub mod diagnostic;
mod difference;
pub mod expression;
mod facts;
mod files;
mod follow;
mod format;
mod formula;
pub(crate) mod kind;
mod load;
mod locations;
mod mask;
mod names;
mod order;
pub(crate) mod raw;
mod reference;
mod render;
pub(crate) mod schema;
pub mod script;
mod tags;
mod template;
mod version;

pub use codes::codes;
pub use compiled::Compiled;
pub use difference::{Change, DeclaredTable, KeyChange, TableChange, declared_tables, differences};
pub use facts::of_field as facts_of_field;
pub use files::Files;
pub use format::format;
pub use load::{Outcome, load};
pub use locations::{Location, Locations};
pub use mask::masked;
pub(crate) use raw::nearest;
pub use reference::reference;
pub use render::{render, to_json};
pub use schema::schema;
pub use version::UsedVersions;
