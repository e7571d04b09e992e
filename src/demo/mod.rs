//! A generated customer world: seeded, its orders calibrated on real ones, all else assumed; and the shipped policies
//! that run on it.
//!
//! Pure: the same seed and period give the same bytes, whatever windows they are asked for in. To live
//! in a world, write [`World::files_between`] its start and a first `now` into the inbox as history, then
//! for each later `now` those since the last, or take both from a [`Chronicle`]; [`policies::FILES`] go into the
//! policies folder.

pub mod acquaintance;
pub mod calibration;
pub mod change;
pub mod chronicle;
pub mod complaint;
pub mod contact;
pub mod customer;
pub mod days;
pub mod enquiry;
pub mod handover;
pub mod line;
pub mod market;
pub mod moment;
pub mod occasion;
pub mod order;
pub mod payment;
pub mod person;
pub mod policies;
pub mod product;
pub mod profile;
pub mod prospect;
pub mod random;
pub mod redemption;
pub mod rival;
pub mod season;
pub mod sheet;
pub mod staff;
pub mod suggestion;
pub mod survey;
pub mod terms;
pub mod world;

pub use chronicle::Chronicle;
pub use order::Order;
pub use world::{File, World};
