//! What of a policy set its tests decided: conditions both ways, values known, levels and cells held, steps and
//! triggers that made touches, guards that let pass and that held.
//!
//! What counts is what came to be in the course of a test, for any of its customers after any of its steps, whether or
//! not an expectation names it.

mod points;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use points::Point;
use points::Watching;
pub(super) use watch::Watcher;

use crate::policy::{Compiled, Files, Location, Locations};

/// What can be seen of a policy set, and what was.
#[derive(Debug)]
pub struct Coverage {
    watching: Watching,
    seen: Vec<bool>,
}

/// How much of one file was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// What was seen.
    pub seen: usize,
    /// What there is to be seen.
    pub points: usize,
}

/// What was seen by file, and what no test saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// By name of the file.
    pub files: BTreeMap<Arc<str>, Share>,
    /// Of all files.
    pub total: Share,
    /// What no test saw, in order of place.
    pub missing: Vec<(Location, Point)>,
}

impl Share {
    /// From 0 to 1; 1 where there is nothing to see.
    #[must_use]
    pub fn fraction(self) -> f64 {
        if self.points == 0 { 1.0 } else { self.seen as f64 / self.points as f64 }
    }

    fn count(&mut self, seen: bool) {
        self.points += 1;
        self.seen += usize::from(seen);
    }
}

impl Coverage {
    /// Nothing was seen yet.
    #[must_use]
    pub fn of(policy: &Compiled) -> Self {
        let watching = Watching::of(policy);
        let seen = vec![false; watching.points.len()];
        Self { watching, seen }
    }

    /// Adds what else was seen.
    pub(super) fn add(&mut self, seen: &[bool]) {
        for (known, &also) in self.seen.iter_mut().zip(seen) {
            *known |= also;
        }
    }

    /// What was seen of a set that stands in these files.
    #[must_use]
    pub fn report(&self, files: &Files) -> Report {
        let locations = Locations::of(files);
        let mut report = Report { files: BTreeMap::new(), total: Share::default(), missing: Vec::new() };
        for (point, &seen) in self.watching.points.iter().zip(&self.seen) {
            let path: Vec<&str> = point.path.iter().map(String::as_str).collect();
            let Some(location) = locations.find(&path) else { continue };
            report.files.entry(Arc::clone(&location.file)).or_default().count(seen);
            report.total.count(seen);
            if !seen {
                report.missing.push((location, point.clone()));
            }
        }
        let place = |location: &Location| (Arc::clone(&location.file), location.span.start);
        report.missing.sort_by_key(|(location, _)| place(location));
        report
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::load;
    use crate::policy_test::{read, run_all};

    const POLICY: &str = r#"
[customer.fields]
gone = "bool"
[event.order.fields]
amount = "number"
[metric.usual]
event = "order"
take = "median"
of = 'amount'
[segment.buying]
when = 'is_known(usual)'
[tier.size]
levels = [
  { name = "large", when = 'usual > 100' },
  { name = "small" },
]
[channel.list.file]
path = "out/list.jsonl"
[action.ring]
channel = "list"
[trigger.large]
on = "order"
where = 'amount > 100'
audience = '!gone'
actions = ["ring"]
[cadence.care]
[[cadence.care.step]]
id = "now"
after = "0d"
action = "ring"
when = 'size == "large"'
[guard.leave.block]
when = 'gone'
"#;

    const TESTS: &str = r#"
[[test]]
name = "a small order is no reason to call"
[[test.customer]]
id = "c"
[[test.step]]
at = "2027-01-01T09:00:00Z"
[[test.step]]
at = "2027-01-02T09:00:00Z"
event = [{ type = "order", customer = "c", amount = 5 }]
expect = [{ customer = "c", touches = [] }]
"#;

    #[test]
    fn what_no_test_decided_is_told_with_its_line() {
        let mut files = Files::default();
        files.policies.insert("all.toml".to_owned(), POLICY.to_owned());
        let compiled = Arc::new(load(&files).compiled.unwrap());
        let cases = read(BTreeMap::from([("all.test.toml".to_owned(), TESTS.to_owned())]), &compiled).cases;
        let mut coverage = Coverage::of(&compiled);
        assert_eq!(coverage.report(&files).total.seen, 0);
        run_all(&cases, &compiled, 1, Some(&mut coverage)).unwrap();
        let report = coverage.report(&files);
        let missing: Vec<(usize, &str, &str)> = report
            .missing
            .iter()
            .map(|(location, point)| (location.line, point.table.as_str(), point.outcome))
            .collect();
        let expected = [
            (14, "tier.size", "place"),
            (21, "trigger.large", "fired"),
            (23, "trigger.large", "true"),
            (24, "trigger.large", "false"),
            (27, "cadence.care", "touch"),
            (31, "cadence.care", "true"),
            (32, "guard.leave", "passed"),
            (32, "guard.leave", "held"),
        ];
        assert_eq!(missing, expected);
        // usual known; buying twice; small; audience true; amount > 100 false; step's condition false.
        assert_eq!(report.total, Share { seen: 7, points: 15 });
    }
}
