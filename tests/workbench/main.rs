//! The operator's commands on the shipped policies and a generated world: what people read, what programs read, and
//! that both are true.
//!
//! Golden texts are in `tests/workbench/golden`; `GUANXI_BLESS=1 cargo test --test workbench` writes them anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on fails")]

mod explain;
#[path = "../common/folder.rs"]
mod folder;
#[path = "../common/golden.rs"]
mod golden;
mod home;
mod plan;
mod preview;
mod report;
mod simulate;
mod test;
