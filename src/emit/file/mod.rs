//! File channels: one row or line per touch, each exactly once, also across a crash.
//!
//! What is about to be written, and where, is kept in the store first. Writing looks at what the file holds
//! by now and adds what is missing, so that it may be begun again at any time.

pub mod journal;
pub mod lane;
pub(super) mod orphans;
pub mod path;
pub mod rows;
pub mod tail;
pub mod withdraw;
