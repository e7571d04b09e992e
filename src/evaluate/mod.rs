//! Where each customer stands: metrics, scores, cut points, segments, tiers, quadrants. Columns, not rows.
//! Pure: `now` is an argument; the same facts, policy and `now` give the same result, bit for bit.

pub mod scalar;
