//! Quadrants: one of four cells, with a margin to change sides.

use super::Former;
use crate::model::standing::{NO_PLACE, Place};

/// The side of one coordinate: right or top is true. Without a margin the split itself counts as
/// right or top. With one, a customer on the left changes at `split + margin`, one on the right below `split - margin`.
fn side(coordinate: f64, split: f64, margin: f64, former: Option<bool>) -> bool {
    match former {
        None => coordinate >= split,
        Some(true) => coordinate >= split - margin,
        Some(false) => coordinate >= split + margin,
    }
}

/// One axis for one customer.
#[derive(Clone, Copy, Debug)]
pub(in crate::evaluate) struct Coordinate {
    pub(in crate::evaluate) value: Option<f64>,
    pub(in crate::evaluate) split: Option<f64>,
    pub(in crate::evaluate) margin: f64,
}

impl Coordinate {
    fn side(self, former: Option<bool>) -> Option<bool> {
        Some(side(self.value?, self.split?, self.margin, former))
    }
}

/// The cell: top right, bottom right, top left, bottom left; none where a coordinate or a split is missing.
pub(in crate::evaluate) fn place(former: Former, x: Coordinate, y: Coordinate) -> Place {
    let (right, top) = match former {
        Former { first: false, place: place @ 0..=3 } => (Some(place < 2), Some(place % 2 == 0)),
        _ => (None, None),
    };
    match (x.side(right), y.side(top)) {
        (Some(true), Some(true)) => 0,
        (Some(true), Some(false)) => 1,
        (Some(false), Some(true)) => 2,
        (Some(false), Some(false)) => 3,
        _ => NO_PLACE,
    }
}
