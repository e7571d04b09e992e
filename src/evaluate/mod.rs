//! Where each customer stands: metrics, ledgers, scores, cut points, segments, tiers, quadrants. Columns, not rows.
//! Pure: `now` is an argument; the same facts, policy and `now` give the same result, bit for bit.
//!
//! A run first makes the cut points that are [stale](CutPlan::stale), stage by stage ([`CutPass`]),
//! then sends every batch of customers through one [`Evaluator`].

mod aggregate;
mod class;
mod cut;
mod error;
mod evaluator;
mod graph;
mod kernel;
mod ledger;
mod reach;
mod run;
pub mod scalar;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use aggregate::median;
pub use cut::{CutPass, CutPlan, CutPoints, Refresh};
pub use error::EvaluateError;
pub use evaluator::{Decisions, Evaluator, Goal};
pub use run::bounds as window_bounds;
pub use run::script::ScriptFailure;
