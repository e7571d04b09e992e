//! Expressions: Rhai's syntax, typed against the declared values when the policy is loaded.

pub mod builtin;
pub mod tree;
