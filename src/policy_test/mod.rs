//! Policy tests (`*.test.toml`): customers, events and steps in set time, and what is expected then.
//! The tested engine is the real one, on an in-memory store with a set clock.

mod because;
mod case;
mod coverage;
mod error;
mod expect;
mod expectations;
mod facts;
mod junit;
mod read;
mod render;
mod rows;
mod runner;
mod schema;
#[cfg(test)]
mod tests;
mod verdict;

pub use case::Case;
pub use coverage::{Coverage, Point, Report as CoverageReport, Share};
pub use error::PolicyTestError;
pub use junit::junit;
pub use read::{Reading, read};
pub use render::render;
pub use runner::run_all;
pub use schema::schema;
pub use verdict::{Difference, StepVerdict, Verdict};
