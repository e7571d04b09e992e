//! Policy tests (`*.test.toml`): customers, events and steps in set time, and what is expected then.
//! The tested engine is the real one, on an in-memory store with a set clock.

mod case;
mod coverage;
mod error;
mod expect;
mod facts;
mod runner;
mod schema;

pub use case::{Case, read};
pub use coverage::{Coverage, Point, Report as CoverageReport, Share};
pub use error::PolicyTestError;
pub use runner::{Verdict, run_all};
pub use schema::schema;
