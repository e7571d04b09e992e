//! A generated customer world: seeded, calibrated on real orders.
