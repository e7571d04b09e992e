//! How touches leave: the outbox drained to webhooks and files, with signature and retry.

pub mod address;
pub mod backoff;
pub mod message;
pub mod outcome;
pub mod release;
pub mod signature;
pub mod substitute;

#[cfg(test)]
pub(crate) mod testing;
