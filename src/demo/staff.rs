//! Our colleagues: eight desks, each with somebody who looks after its customers. About every fifty days somebody leaves,
//! and three days later a successor has taken over.

use super::moment::Minute;
use super::random::{Random, Topic};
use super::season::{DAY_MINUTES, working_day};
use super::sheet::{Rows, Sheet};

/// Desks.
pub const DESKS: usize = 8;
/// From leaving to the successor, in minutes.
const GAP: i64 = 3 * DAY_MINUTES;
/// Days between two who leave.
const EVERY: i64 = 50;

/// Those at the desks at first, then those who follow, in turn.
const NAMES: [&str; 32] = [
    "anna", "bao", "chen", "dora", "emil", "fang", "gita", "hugo", "ines", "jun", "kate", "liam", "mei",
    "noor", "oscar", "ping", "rosa", "sven", "tara", "umar", "vera", "wei", "xenia", "yusuf", "zoe", "adam",
    "bella", "cora", "dario", "ella", "finn", "grace",
];

/// Somebody leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Leave {
    minute: i64,
    desk: usize,
    who: &'static str,
    successor: &'static str,
}

/// Who sits where, from the start of a world to some minute.
#[derive(Clone, Debug)]
pub struct Staff {
    leaves: Vec<Leave>,
}

impl Staff {
    /// Between a local day and a local minute.
    #[must_use]
    pub fn new(seed: u64, start: i64, end: i64) -> Self {
        const TEN: i64 = 10 * 60;
        let mut desks: Vec<&'static str> = NAMES.iter().copied().take(DESKS).collect();
        let mut names = NAMES.iter().copied().cycle().skip(DESKS);
        let mut leaves = Vec::new();
        for number in 1.. {
            let mut random = Random::about(seed, Topic::Staff, number);
            let day =
                start + i64::try_from(number).unwrap_or(i64::MAX / EVERY) * EVERY + random.count(-10, 10);
            let minute = working_day(day) * DAY_MINUTES + TEN;
            if minute >= end {
                break;
            }
            let desk = usize::try_from(random.count(0, 7)).unwrap_or_default();
            let Some(successor) = names.find(|name| !desks.contains(name)) else { break };
            let Some(seat) = desks.get_mut(desk) else { break };
            leaves.push(Leave { minute, desk, who: std::mem::replace(seat, successor), successor });
        }
        Self { leaves }
    }

    /// Who looks after the customers of a desk at a minute.
    #[must_use]
    pub fn at(&self, desk: usize, minute: i64) -> &'static str {
        let taken_over = self.taken_over(desk).take_while(|(since, _)| *since <= minute);
        let first = NAMES.get(desk).copied().unwrap_or_default();
        taken_over.last().map_or(first, |(_, successor)| successor)
    }

    /// Who took over a desk, and when.
    pub fn taken_over(&self, desk: usize) -> impl Iterator<Item = (i64, &'static str)> {
        let leaves = self.leaves.iter().filter(move |leave| leave.desk == desk);
        leaves.map(|leave| (leave.minute + GAP, leave.successor))
    }

    /// Adds the notices of those who leave.
    pub fn write(&self, rows: &mut Rows) {
        for (number, leave) in (1..).zip(&self.leaves) {
            rows.add(
                leave.minute,
                Sheet::Staff,
                format_args!("leave-{number},{},{}", Minute(leave.minute), leave.who),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::season::weekday;

    #[test]
    fn somebody_leaves_about_every_fifty_days_and_is_followed_by_one_who_is_not_there_yet() {
        let staff = Staff::new(1, 0, 5_000 * DAY_MINUTES);
        assert!((98..=100).contains(&staff.leaves.len()), "{}", staff.leaves.len());
        for leave in &staff.leaves {
            assert!(weekday(leave.minute / DAY_MINUTES) < 5);
            assert_eq!(staff.at(leave.desk, leave.minute), leave.who);
            assert_eq!(staff.at(leave.desk, leave.minute + GAP), leave.successor);
            let present: Vec<&str> = (0..DESKS).map(|desk| staff.at(desk, leave.minute)).collect();
            assert!(!present.contains(&leave.successor));
        }
    }
}
