//! The HTTP interface: what it shows, whom it lets, and that nobody can hold it up.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can't go on fails"
)]

mod clients;
mod explained;
mod home;
mod looking;
mod plans;
mod redelivery;
mod schema;
mod tokens;
