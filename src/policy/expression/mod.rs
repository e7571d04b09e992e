//! Expressions: Rhai's syntax, typed against the declared values when the policy is loaded.
//!
//! [`Syntax::parse`] gives an untyped tree with the place of every part, [`Syntax::check`] types it
//! against [`Names`] and gives the [`Expression`](tree::Expression) that is run.

pub mod builtin;
pub mod codes;
pub mod names;
pub mod syntax;
pub mod tree;

pub use builtin::Moment;
pub use names::{ClassName, Expected, Names};
pub use syntax::Syntax;
pub use tree::Expression;
