//! A generated customer world: seeded, calibrated on real orders, and the shipped policies that run on it.
//!
//! Pure: the same seed and period give the same bytes.

pub mod policies;
