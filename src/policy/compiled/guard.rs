//! When not, and when: what holds touches back.

use std::sync::Arc;

use super::About;
use crate::policy::expression::tree::Expression;

/// `[guard.NAME]`.
#[derive(Debug)]
pub struct Guard {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner; its tags are those of the actions it narrows itself to.
    pub about: About,
    /// What it is asked about: indices in [`Compiled::actions`](super::Compiled::actions), in order.
    pub actions: Vec<usize>,
    /// For whom it is asked; for all where absent.
    pub audience: Option<Expression>,
    /// Which kind, with its terms.
    pub kind: GuardKind,
}

/// The kinds of guard.
#[derive(Debug)]
pub enum GuardKind {
    /// Never while a condition holds.
    Block(Block),
    /// Never for a fixed share of customers.
    Holdout(Holdout),
    /// Only at certain hours.
    Hours(Hours),
    /// Only so many per customer and time.
    Cap(Cap),
    /// Only so many in all per day, week or month.
    Capacity(Capacity),
    /// Only with approval where there are unusually many.
    BlastRadius(BlastRadius),
}

/// What becomes of a touch that a guard holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is never sent.
    Drop,
    /// It waits.
    Wait,
}

/// `[guard.NAME.block]`.
#[derive(Debug)]
pub struct Block {
    /// While this holds; while it is missing, touches wait.
    pub when: Expression,
    /// What becomes of touches while it holds.
    pub effect: Effect,
}

/// `[guard.NAME.holdout]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdout {
    /// How many customers, in parts of a million.
    pub share: u32,
    /// Which: another salt draws others.
    pub salt: Arc<str>,
}

/// `[guard.NAME.hours]`.
#[derive(Debug)]
pub struct Hours {
    /// First minute of the local day at which sending is open.
    pub from: u16,
    /// First minute at which it is closed again, at most 1440; not after `from` where the window crosses midnight.
    pub until: u16,
    /// Closed on days that are no working days of this calendar, index in
    /// [`Compiled::calendars`](super::Compiled::calendars).
    pub calendar: Option<usize>,
    /// The name of each customer's own zone; the set's where absent.
    pub timezone: Option<Expression>,
}

/// `[guard.NAME.cap]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Most touches of a customer, at least 1.
    pub max: u32,
    /// Within so many milliseconds.
    pub per: i64,
    /// What becomes of those beyond.
    pub effect: Effect,
}

/// `[guard.NAME.capacity]`.
#[derive(Debug)]
pub struct Capacity {
    /// Places, at least 1.
    pub max: u32,
    /// For how long.
    pub per: CapacityPeriod,
    /// Whose places; one for all where absent.
    pub by: Option<Expression>,
    /// Who comes first among equals: the greatest; a number.
    pub first: Option<Expression>,
    /// Places kept for some.
    pub reserve: Vec<Reserve>,
}

/// What the places of a capacity are for, in the set's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapacityPeriod {
    /// A local day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
}

/// `reserve = [{ when = '…', share = "80%" }]`.
#[derive(Debug)]
pub struct Reserve {
    /// Who is entitled.
    pub when: Expression,
    /// How many of the places, in parts of a million.
    pub share: u32,
}

/// `[guard.NAME.blast_radius]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlastRadius {
    /// Of all customers, in parts of a million; the larger of the two counts.
    pub share: u32,
    /// At least so many touches.
    pub count: u32,
}
