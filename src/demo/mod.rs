//! A generated customer world: seeded, calibrated on real orders, and the shipped policies that run on it.
//!
//! Pure: the same seed and period give the same bytes, whatever windows they are asked for in.

pub mod calibration;
pub mod customer;
pub mod order;
pub mod policies;
pub mod random;
pub mod season;
pub mod world;

pub use order::Order;
pub use world::{File, World};
