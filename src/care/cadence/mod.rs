//! Cadences: who is enrolled, from when its cycles count, and which steps are due.
//!
//! An enrolment remembers when a step is due next, so that a run looks at an enrolment only when that has come, or
//! when something about the customer changed. [`turn()`] decides all of one customer in one run:
//!
//! - **Steps** go by their id. A step is decided once a cycle, whatever becomes of it and whatever is edited around it.
//! - **Found late**, a step is recorded as missed; one that was due before its customer was enrolled, or before it was
//!   part of the cadence, is not this customer's and nothing is recorded.
//! - **Edited**: in the first run after, all that is due within the grace is looked at again. A step put in is due for
//!   those not past it by more than the grace. One taken out is never sent; one renamed is taken out and put in. One
//!   moved takes its unsent touch along; where it was sent it stays sent.
//! - **A moved anchor** takes the cycle along where it moved by less than 30 days; else another enrolment begins.
//!   Yearly anchors compare by the day of the year.

mod due;
mod enrol;
mod moved;
#[cfg(test)]
mod properties;
mod stagger;
#[cfg(test)]
mod tests;
mod timeline;
mod turn;

pub use due::{Due, due, due_within, next_due, reaches_back};
pub use enrol::{Base, Changed, End, Sight, Standing, Start, Terms, Verdict, decide};
pub use stagger::stagger;
pub use timeline::{Rhythm, Timeline};
pub use turn::{Found, Turn, Unsent, due_of, for_event, turn};
