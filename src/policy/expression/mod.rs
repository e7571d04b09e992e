//! Expressions: Rhai's syntax, typed against the declared values when the policy is loaded.
//!
//! [`Syntax::parse`] gives an untyped tree with the place of every part, [`Syntax::check`] types it
//! against [`Names`] and gives the [`Expression`] that is run.

pub mod builtin;
mod check;
pub mod codes;
mod convert;
pub(crate) mod layout;
pub mod names;
mod parse;
mod places;
mod problem;
#[cfg(test)]
mod properties;
pub mod reason;
mod shape;
pub mod syntax;
#[cfg(test)]
mod tests;
mod tokens;
pub mod tree;

pub use builtin::Moment;
pub(crate) use check::is_function;
pub(crate) use layout::meaning;
pub use names::{ClassName, Declared, Expected, LedgerName, Names, Tagged};
pub use syntax::{Syntax, can_be_name};
pub use tree::Expression;
