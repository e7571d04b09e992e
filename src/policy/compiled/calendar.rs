//! Which days are working days, and days that have a name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::About;
use crate::model::Date;

/// `[calendar.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Whether each weekday is off, Monday first.
    pub weekend: [bool; 7],
    /// Days off.
    pub holidays: BTreeSet<Date>,
    /// Make-up days: worked whatever the weekend and the holidays say.
    pub workdays: BTreeSet<Date>,
    /// Lists of days by name, each in order of time.
    pub days: BTreeMap<Arc<str>, Vec<Date>>,
}
