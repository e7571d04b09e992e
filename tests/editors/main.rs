//! What those who write policies work with: the schema for their editor, layout, a set to begin with, completions.
//!
//! Golden texts are in `tests/editors/golden`; `GUANXI_BLESS=1 cargo test --test editors` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that can't go on fails, and says what it had to leave out"
)]

mod completions;
mod desk;
#[path = "../common/folder.rs"]
mod folder;
mod format;
#[path = "../common/golden.rs"]
mod golden;
mod init;
mod schema;
