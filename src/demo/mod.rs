//! A generated customer world: seeded, calibrated on real orders, and the shipped policies that run on it.
//!
//! Pure: the same seed and period give the same bytes, whatever windows they are asked for in. To live
//! in a world, write [`World::files_between`] its start and a first `now` into the inbox as history, then
//! for each later `now` those since the last; [`policies::FILES`] go into the policies folder.

pub mod calibration;
pub mod customer;
pub mod order;
pub mod policies;
pub mod random;
pub mod season;
pub mod world;

pub use order::Order;
pub use world::{File, World};
