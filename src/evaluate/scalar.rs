//! Expressions over one row: plain and obviously right.

use crate::model::{Timestamp, Value};
use crate::policy::expression::tree::{Node, Reference};

pub use crate::policy::expression::Moment;

/// What an expression may ask of a row.
pub trait Row {
    /// What a name stands for in this row; `None` where it is missing.
    fn get(&self, reference: &Reference) -> Option<Value>;

    /// The index of the level or cell the row has in a class, by index of the class's value.
    fn place(&self, value: usize) -> Option<u16> {
        let _ = value;
        None
    }

    /// When the row took its present place in a class.
    fn since(&self, value: usize) -> Option<Timestamp> {
        let _ = value;
        None
    }

    /// The place the row had before the present one.
    fn previous(&self, value: usize) -> Option<Value> {
        let _ = value;
        None
    }
}

/// The value of an expression's root, or of any part of it; `None` where it is missing.
#[must_use]
pub fn evaluate(node: &Node, row: &dyn Row, moment: &Moment) -> Option<Value> {
    let _ = (node, row, moment);
    None
}
