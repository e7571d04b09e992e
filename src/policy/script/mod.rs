//! Functions from scripts: Rhai code that a policy set declares with the types it takes and gives.
//!
//! Scripts are pure and confined. The engine knows no file, network, clock or
//! randomness and every limit of it is set; a call starts from nothing and leaves nothing behind. What
//! crosses the border has a declared type, both ways. What a call gave is remembered. A script that fails is a [`Failure`] of one
//! call, for the caller to count.

mod engine;
pub(crate) mod example;
mod function;
mod remembered;
mod source;
#[cfg(test)]
mod tests;

pub use engine::{LIMITS, Limits};
pub use function::{Failure, Function, Parameter};
pub(crate) use remembered::Remembered;
pub(crate) use source::{Flaw, Script, meaning};
