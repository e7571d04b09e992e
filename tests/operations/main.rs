//! What an operator relies on: metrics, logs, the service manager, shutdown, steady memory and disk.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't go on fails")]
#![expect(clippy::float_cmp, reason = "samples are whole numbers, or the same figure twice")]

mod home;
mod logs;
mod metrics;
mod process;
mod receiver;
mod service;
mod shutdown;
mod soak;
