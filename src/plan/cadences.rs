//! What becomes of enrolments in cadences that were edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::{CadenceChange, Ending, Moved, StepChange};
use super::sample::Sample;
use super::touches::Pair;
use crate::archive::EnrolledRow;
use crate::care::cadence::{Terms, next_due};
use crate::model::Timestamp;
use crate::model::enrolment::Enrolment;
use crate::model::touch::TouchState;
use crate::policy::Compiled;
use crate::policy::compiled::Cadence;

/// Milliseconds of a day, as distances are told.
const DAY: f64 = 86_400_000.0;
/// Why enrolments end whose cadence is gone.
const GONE: &str = "the cadence was removed or disabled, they sleep";

/// The cadences that decide otherwise, and what is added up of each.
pub(super) struct Cadences<'set> {
    all: BTreeMap<&'set str, Edited<'set>>,
    now: Timestamp,
}

struct Edited<'set> {
    before: Option<Terms<'set>>,
    after: Option<Terms<'set>>,
    enrolled: [u64; 2],
    enters: Sample<String>,
    ends: BTreeMap<String, Sample<String>>,
    /// In order of the cadence; steps that are gone come last.
    steps: Vec<StepChange>,
}

/// One customer's enrolment: its number, and the identity that keeps those of merged customers apart.
type Key<'a> = (&'a str, &'a str, u32, Option<&'a str>);

impl<'set> Cadences<'set> {
    /// Those whose version is another, or that one set lacks.
    pub(super) fn of(old: &'set Compiled, new: &'set Compiled, now: Timestamp) -> Self {
        let named = |policy: &'set Compiled| {
            policy.cadences.iter().map(|cadence| (&*cadence.name, cadence)).collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (named(old), named(new));
        let version = |cadence: Option<&&Cadence>| cadence.map(|cadence| cadence.version.clone());
        let mut all = BTreeMap::new();
        for &name in before.keys().chain(after.keys()) {
            let (was, is) = (before.get(name), after.get(name));
            if version(was) != version(is) {
                let before = was.map(|cadence| Terms::of(old, cadence));
                all.insert(name, Edited::new(before, is.map(|cadence| Terms::of(new, cadence))));
            }
        }
        Self { all, now }
    }

    /// Takes in the enrolments of some customers, in order, and the touches of the next run.
    pub(super) fn take(
        &mut self,
        before: &[EnrolledRow],
        after: &[EnrolledRow],
        pairs: &[Pair],
        most: usize,
    ) {
        if self.all.is_empty() {
            return;
        }
        let mut both: BTreeMap<Key<'_>, [Option<&Enrolment>; 2]> = BTreeMap::new();
        for (side, rows) in [before, after].into_iter().enumerate() {
            for (customer, cadence, enrolment) in rows {
                let identity = enrolment.identity.as_deref();
                let key = (&**customer, &**cadence, enrolment.number, identity);
                if let Some(place) = both.entry(key).or_default().get_mut(side) {
                    *place = Some(enrolment);
                }
            }
        }
        for ((customer, cadence, ..), sides) in both {
            if let Some(edited) = self.all.get_mut(cadence) {
                edited.take(customer, sides, self.now, most);
            }
        }
        for pair in pairs {
            self.take_touch(pair, most);
        }
    }

    /// Notes a step that only the edit makes due, or finds too late.
    fn take_touch(&mut self, pair: &Pair, most: usize) {
        let Some(row) = &pair.after else { return };
        let because = &row.touch.because;
        if because.kind != "cadence" {
            return;
        }
        let edited = self.all.get_mut(&*because.name);
        let step = because.step.as_deref().unwrap_or_default();
        let Some(step) = edited.and_then(|edited| edited.steps.iter_mut().find(|known| known.step == step))
        else {
            return;
        };
        let customer = || row.touch.customer.to_string();
        let is_missed = |row: &crate::archive::TouchRow| row.touch.state == TouchState::Missed;
        match pair.counts() {
            [false, true] => step.due.note(most, customer),
            _ if is_missed(row) && !pair.before.as_ref().is_some_and(is_missed) => {
                step.missed.note(most, customer);
            }
            _ => {}
        }
    }

    /// What it came to, by name.
    pub(super) fn finish(self) -> Vec<CadenceChange> {
        let change = |(name, edited): (&str, Edited<'_>)| {
            let [enrolled_before, enrolled_after] = edited.enrolled;
            let ends = edited.ends.into_iter().map(|(reason, customers)| Ending { reason, customers });
            CadenceChange {
                cadence: name.to_owned(),
                enrolled_before,
                enrolled_after,
                enters: edited.enters,
                ends: ends.collect(),
                steps: edited.steps.into_iter().filter(moves_anybody).collect(),
            }
        };
        self.all.into_iter().map(change).collect()
    }
}

fn moves_anybody(step: &StepChange) -> bool {
    let StepChange { earlier, later, gained, lost, due, missed, .. } = step;
    let counts = [&earlier.customers, &later.customers, gained, lost, due, missed];
    counts.iter().any(|sample| !sample.is_empty())
}

impl<'set> Edited<'set> {
    fn new(before: Option<Terms<'set>>, after: Option<Terms<'set>>) -> Self {
        let steps = |terms: Option<Terms<'set>>| terms.map_or(&[][..], |terms| terms.steps);
        let mut names: Vec<&Arc<str>> = steps(after).iter().map(|step| &step.id).collect();
        for step in steps(before) {
            if !names.contains(&&step.id) {
                names.push(&step.id);
            }
        }
        let empty = |name: &Arc<str>| StepChange { step: name.to_string(), ..StepChange::default() };
        Self {
            before,
            after,
            enrolled: [0, 0],
            enters: Sample::default(),
            ends: BTreeMap::new(),
            steps: names.into_iter().map(empty).collect(),
        }
    }

    /// Takes in one enrolment.
    fn take(&mut self, customer: &str, sides: [Option<&Enrolment>; 2], now: Timestamp, most: usize) {
        let goes_on = |terms: Option<Terms<'_>>, enrolment: Option<&Enrolment>| {
            terms.is_some() && enrolment.is_some_and(|enrolment| enrolment.ended.is_none())
        };
        let [was, is] = sides;
        let (went_on, goes_on) = (goes_on(self.before, was), goes_on(self.after, is));
        for (count, there) in self.enrolled.iter_mut().zip([went_on, goes_on]) {
            *count += u64::from(there);
        }
        let id = || customer.to_owned();
        match (went_on, goes_on) {
            (true, true) => self.take_steps(customer, sides, now, most),
            (false, true) => self.enters.note(most, id),
            (true, false) => {
                let reason = match (self.after, is) {
                    (None, _) => GONE,
                    (Some(_), None) => "does not begin",
                    (Some(_), Some(ended)) => ended.reason.as_deref().unwrap_or_default(),
                };
                self.ends.entry(reason.to_owned()).or_default().note(most, id);
            }
            (false, false) => {}
        }
    }

    /// Compares when each step comes next.
    fn take_steps(&mut self, customer: &str, sides: [Option<&Enrolment>; 2], now: Timestamp, most: usize) {
        let terms = [self.before, self.after];
        for change in &mut self.steps {
            let mut next = [None, None];
            for ((next, terms), enrolment) in next.iter_mut().zip(terms).zip(sides) {
                *next =
                    terms.zip(enrolment).and_then(|(terms, own)| comes_next(&terms, own, &change.step, now));
            }
            let id = || customer.to_owned();
            match next {
                [None, Some(_)] => change.gained.note(most, id),
                [Some(_), None] => change.lost.note(most, id),
                [Some(was), Some(is)] if is < was => change.earlier.note(was.0 - is.0, id, most),
                [Some(was), Some(is)] if is > was => change.later.note(is.0 - was.0, id, most),
                _ => {}
            }
        }
    }
}

/// When a step of an enrolment is due next.
fn comes_next(terms: &Terms<'_>, enrolment: &Enrolment, step: &str, now: Timestamp) -> Option<Timestamp> {
    let timeline = terms.timeline(enrolment.counts_from());
    let step = terms.steps.iter().find(|known| *known.id == *step)?;
    next_due(&timeline, std::slice::from_ref(step), now)
}

impl Moved {
    #[expect(clippy::cast_precision_loss, reason = "a distance of milliseconds is far below 2^53")]
    fn note(&mut self, milliseconds: i64, customer: impl FnOnce() -> String, most: usize) {
        let days = milliseconds as f64 / DAY;
        self.customers.note(most, customer);
        self.least_days = Some(self.least_days.map_or(days, |least| least.min(days)));
        self.most_days = Some(self.most_days.map_or(days, |most| most.max(days)));
    }
}
