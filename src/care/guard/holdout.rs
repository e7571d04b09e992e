//! Never for a fixed share of customers: the control group.

use super::Verdict;
use crate::policy::compiled::Holdout;
use crate::policy::expression::builtin::bucket;

/// The whole, in the parts that shares are counted in.
const WHOLE: f64 = 1_000_000.0;

/// Decides about a touch of a customer. The same customers are left out every time.
#[must_use]
pub fn decide(holdout: &Holdout, customer: &str) -> Verdict {
    if bucket(&holdout.salt, customer) < f64::from(holdout.share) / WHOLE {
        return Verdict::Drops { reason: "holdout".to_owned() };
    }
    Verdict::Passes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(share: u32, salt: &str, customers: u32) -> Vec<u32> {
        let holdout = Holdout { share, salt: salt.into() };
        let is_held = |number: &u32| decide(&holdout, &format!("c{number}")) != Verdict::Passes;
        (0..customers).filter(is_held).collect()
    }

    #[test]
    fn the_share_is_held_within_chance() {
        // Five standard deviations of a binomial draw.
        for (share, customers) in [(50_000_u32, 20_000_u32), (10_000, 50_000), (500_000, 10_000)] {
            for salt in ["2027h1", "2027h2", ""] {
                let part = f64::from(share) / WHOLE;
                let expected = part * f64::from(customers);
                let deviation = (expected * (1.0 - part)).sqrt();
                let found = held(share, salt, customers).len() as f64;
                assert!((found - expected).abs() < 5.0 * deviation, "{salt} {share}: {found} of {expected}");
            }
        }
        assert_eq!(held(1_000_000, "all", 1_000).len(), 1_000);
    }

    #[test]
    fn the_same_customers_are_held_and_a_larger_share_holds_them_too() {
        let five = held(50_000, "2027h1", 5_000);
        assert_eq!(five, held(50_000, "2027h1", 5_000));
        let ten = held(100_000, "2027h1", 5_000);
        assert!(five.iter().all(|customer| ten.contains(customer)));
    }

    #[test]
    fn another_salt_draws_anew() {
        let (one, other) = (held(100_000, "2027h1", 20_000), held(100_000, "2027h2", 20_000));
        let both = one.iter().filter(|customer| other.contains(customer)).count();
        // A tenth of a tenth, within chance.
        assert!((100..300).contains(&both), "{both}");
    }
}
