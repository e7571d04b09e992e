//! What is owed to each customer: triggers and cadences. Every decision returns a named reason, not a bool,
//! and `explain` shows that same value. Pure: `now` is an argument.

pub mod cadence;
pub mod calendar;
pub mod guard;
pub mod identity;
pub mod payload;
pub mod release;
pub mod trigger;
