//! The demo as a person starts it, and the systems of `policies/README.md`: each is shipped, tested, and decides in the
//! demo.
//!
//! The demo is lived through once for a build of the program and takes two minutes in a debug build.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that can't go on fails"
)]

mod claims;
mod decisions;
mod life;
mod personal;
mod printed;
mod sentences;
mod shipped;
mod unusual;
mod walk;
