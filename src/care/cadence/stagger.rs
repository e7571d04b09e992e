//! Spreading enrolments, so that a thousand customers enrolled on one day aren't called on one day.

use sha2::{Digest, Sha256};

/// How much later than its enrolment a customer starts: fixed per customer and cadence, evenly spread over
/// `stagger` milliseconds.
#[must_use]
pub fn stagger(cadence: &str, customer: &str, stagger: i64) -> i64 {
    let Ok(within @ 1..) = u64::try_from(stagger) else { return 0 };
    let mut hash = Sha256::new();
    for part in ["stagger", cadence, customer] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let drawn = hash.finalize().iter().take(8).fold(0_u64, |drawn, &byte| drawn << 8 | u64::from(byte));
    // The upper half of the product is the draw scaled to the range.
    i64::try_from((u128::from(drawn) * u128::from(within)) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY;

    #[test]
    fn a_customer_has_a_fixed_place_and_many_are_spread_evenly() {
        assert_eq!(stagger("care", "c1", 14 * DAY), stagger("care", "c1", 14 * DAY));
        assert_ne!(stagger("care", "c1", 14 * DAY), stagger("other", "c1", 14 * DAY));
        assert_eq!(stagger("care", "c1", 0), 0);
        let mut days = [0; 14];
        for number in 0..14_000 {
            let start = stagger("care", &format!("c{number}"), 14 * DAY);
            days[usize::try_from(start / DAY).unwrap_or(99)] += 1;
        }
        assert!(days.iter().all(|&count| (880..1_120).contains(&count)), "{days:?}");
    }
}
