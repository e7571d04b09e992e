//! The few traits for what the outside does. [`system`] implements them for real, [`simulated`] with set time.

use crate::model::Timestamp;

pub mod edit;
pub mod files;
pub mod process;
pub mod simulated;
pub mod system;

/// Tells and waits for the time.
pub trait Clock: Send + Sync {
    /// The instant.
    fn now(&self) -> Timestamp;

    /// How long really to wait for an instant; zero once it is reached.
    fn until(&self, at: Timestamp) -> std::time::Duration;
}

/// Gives unforeseeable numbers.
pub trait Entropy: Send + Sync {
    /// A number in `0.0..1.0`.
    fn fraction(&self) -> f64;

    /// A key that nobody can guess.
    ///
    /// # Errors
    /// Where the machine has none to give.
    fn key(&self) -> std::io::Result<[u8; 32]>;
}

/// Tells variables of the environment.
pub trait Environment: Send + Sync {
    /// The variable's text, if it is set to text.
    fn variable(&self, name: &str) -> Option<String>;
}
