//! How touches leave: the outbox drained to webhooks and files, with signature and retry.
//!
//! One lane per channel, so that channels don't slow each other. What is sent, how an answer is judged,
//! how long to wait and what a file's next bytes are, are pure functions; lanes put them together.

pub mod address;
pub mod backoff;
pub mod client;
mod connection;
pub mod dispatcher;
pub mod file;
pub mod gate;
pub mod message;
pub mod outcome;
pub mod pace;
pub mod settings;
pub mod settle;
pub mod signature;
pub mod status;
pub mod store;
pub mod substitute;
mod webhook;

pub use dispatcher::{Dispatcher, Outside, Wake};
pub use gate::{Gate, GateError};
pub use status::{Board, ChannelState, ChannelStatus};
pub use store::{OutboxStore, OwnStore, StoreError};

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
