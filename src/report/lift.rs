//! What of an outcome is owed to the touch.

use super::interval::{Difference, difference};
use super::outcomes::Group;

/// Fewer customers in either group are too few to tell anything by.
pub const LEAST_CUSTOMERS: u64 = 20;
/// Fewer customers that reached the goal, or that missed it, of both groups together are too few as well.
pub const LEAST_OUTCOMES: u64 = 5;

/// What the treated have over the held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Lift {
    /// In shares of customers, with its 95 % interval; `None` where a group is empty.
    pub difference: Option<Difference>,
    /// What can be said by it.
    pub verdict: Verdict,
}

/// What can be said by a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody was held out.
    NobodyHeldOut,
    /// There is too little to tell by.
    TooLittle,
    /// It may be chance.
    Unclear,
    /// More of the treated reached the goal.
    Raises,
    /// Fewer did.
    Lowers,
}

impl Verdict {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NobodyHeldOut => "nobody_held_out",
            Self::TooLittle => "too_little_data",
            Self::Unclear => "unclear",
            Self::Raises => "raises",
            Self::Lowers => "lowers",
        }
    }
}

impl Lift {
    /// Holds the treated against the held out.
    #[must_use]
    pub fn of(treated: Group, held_out: Group) -> Self {
        let nobody_held_out = held_out.customers + held_out.early == 0;
        let (treated, held_out) = (treated.proportion(), held_out.proportion());
        let difference = difference(treated, held_out);
        let reached = treated.hits + held_out.hits;
        let missed = treated.of + held_out.of - reached;
        let verdict = match difference {
            _ if nobody_held_out => Verdict::NobodyHeldOut,
            _ if treated.of.min(held_out.of) < LEAST_CUSTOMERS => Verdict::TooLittle,
            _ if reached.min(missed) < LEAST_OUTCOMES => Verdict::TooLittle,
            Some(difference) if difference.low > 0.0 => Verdict::Raises,
            Some(difference) if difference.high < 0.0 => Verdict::Lowers,
            _ => Verdict::Unclear,
        };
        Self { difference, verdict }
    }

    /// What can be said, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let points = |share: f64| format!("{:+.1}", share * 100.0);
        let told = self.difference.map_or_else(String::new, |difference| {
            let Difference { value, low, high } = difference;
            format!("{} points, 95% interval {} to {}", points(value), points(low), points(high))
        });
        match self.verdict {
            Verdict::NobodyHeldOut => {
                "nobody was held out, so it can't be told what the touches did".to_owned()
            }
            Verdict::TooLittle => format!(
                "too little data to tell: that takes {LEAST_CUSTOMERS} customers in each group, and {LEAST_OUTCOMES} who reached the goal and {LEAST_OUTCOMES} who missed it"
            ),
            Verdict::Unclear => format!("no clear difference: {told}"),
            Verdict::Raises => format!("more reach the goal when touched: {told}"),
            Verdict::Lowers => format!("fewer reach the goal when touched: {told}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_hangs_on_how_much_there_is_and_where_the_interval_lies() {
        let said = |(reached, customers): (u64, u64), (held_reached, held): (u64, u64)| {
            let group = |reached, customers| Group { customers, reached, early: 0 };
            Lift::of(group(reached, customers), group(held_reached, held)).verdict
        };
        assert_eq!(said((9, 30), (0, 0)), Verdict::NobodyHeldOut);
        assert_eq!(said((0, 0), (3, 30)), Verdict::TooLittle);
        assert_eq!(said((30, 300), (2, 19)), Verdict::TooLittle);
        assert_eq!(said((4, 300), (0, 200)), Verdict::TooLittle);
        assert_eq!(said((296, 300), (200, 200)), Verdict::TooLittle);
        assert_eq!(said((10, 20), (9, 20)), Verdict::Unclear);
        assert_eq!(said((56, 70), (48, 80)), Verdict::Raises);
        assert_eq!(said((48, 80), (56, 70)), Verdict::Lowers);
    }
}
