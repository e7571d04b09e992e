//! What cadences and triggers did, and what followed.
//!
//! Of each customer the first touch of a table in the span counts: treated where it was delivered, held out where a
//! holdout suppressed it. Whether the goal was reached is asked of those whose time for it is over by now; for the others
//! it is too early.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::interval::Proportion;
use super::lift::Lift;
use super::{Asked, Columns, Goal, ReportError};
use crate::archive::{Archive, EnrolmentCount, PassingTouch};
use crate::model::Timestamp;
use crate::model::touch::TouchState;
use crate::policy::Compiled;
use crate::policy::compiled::GuardKind;

/// The most values of a field by which outcomes are split.
pub(super) const MOST_SLICES: usize = 200;

/// What a cadence or trigger did in the span.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// `cadence` or `trigger`.
    pub kind: String,
    /// As declared.
    pub name: String,
    /// For people; may be empty.
    pub title: String,
    /// Enrolments of a cadence.
    pub enrolments: Option<EnrolmentCount>,
    /// Touches made in the span, by the state they are in now; those without are left out.
    pub touches: BTreeMap<TouchState, u64>,
    /// Of those suppressed, by the guard that did; empty for a step's own condition.
    pub suppressed_by: BTreeMap<String, u64>,
    /// What followed, where there is a goal.
    pub goal: Option<GoalReport>,
}

/// What followed the touches of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalReport {
    /// What counts.
    pub goal: Goal,
    /// Whether the table declares it.
    pub is_own: bool,
    /// Those who were touched.
    pub treated: Group,
    /// Those from whom a holdout kept it.
    pub held_out: Group,
    /// What the treated have over the held out.
    pub lift: Lift,
    /// The same by value of the field asked for, in order of the value, missing first.
    pub slices: Vec<Slice>,
}

/// Customers of whom it is asked whether they reached a goal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Whose time for it is over.
    pub customers: u64,
    /// Of these, who reached it.
    pub reached: u64,
    /// Others, whose time goes on.
    pub early: u64,
}

/// The part that has one value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The value; `None` where it is missing.
    pub value: Option<String>,
    /// Those who were touched; of newcomers, all.
    pub treated: Group,
    /// Those from whom a holdout kept it.
    pub held_out: Group,
}

/// What is counted of one table.
#[derive(Default)]
struct Tally {
    goal: Option<(Goal, bool)>,
    title: String,
    enrolments: Option<EnrolmentCount>,
    touches: BTreeMap<TouchState, u64>,
    suppressed_by: BTreeMap<String, u64>,
    groups: Slices,
}

/// Groups by value of a field; all in one where none is asked for.
#[derive(Default)]
struct Slices(BTreeMap<Option<String>, (Group, Group)>);

/// The first touch of a table that a customer was to have.
#[derive(Clone, Copy)]
struct First {
    number: i64,
    at: Timestamp,
    is_held_out: bool,
}

/// A cadence or trigger.
type Table = (String, String);

impl Group {
    /// Who reached it, of those whose time is over.
    #[must_use]
    pub const fn proportion(self) -> Proportion {
        Proportion { hits: self.reached, of: self.customers }
    }

    fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.reached += other.reached;
        self.early += other.early;
    }
}

/// Looks at all touches of the span.
pub(super) fn outcomes(
    archive: &Archive,
    policy: &Compiled,
    asked: &Asked,
    columns: &Columns,
) -> Result<Vec<Outcome>, ReportError> {
    let mut tallies = declared(archive, policy, asked)?;
    let holdouts: BTreeSet<&str> = policy
        .guards
        .iter()
        .filter(|guard| matches!(guard.kind, GuardKind::Holdout(_)))
        .map(|guard| &*guard.name)
        .collect();
    let mut customer = String::new();
    let mut firsts: BTreeMap<Table, First> = BTreeMap::new();
    archive.each_touch(columns.after, columns.until, |touch| {
        if touch.customer != customer {
            settle(archive, policy, asked, (&customer, &mut firsts), &mut tallies)?;
            customer.clear();
            customer.push_str(touch.customer);
        }
        let table = (touch.kind.to_owned(), touch.name.to_owned());
        if let Some(first) = first(&touch, &holdouts, asked.now) {
            let known = firsts.entry(table.clone()).or_insert(first);
            if first.number < known.number {
                *known = first;
            }
        }
        count(tallies.entry(table).or_default(), &touch);
        Ok::<(), ReportError>(())
    })?;
    settle(archive, policy, asked, (&customer, &mut firsts), &mut tallies)?;
    Ok(tallies.into_iter().map(|(table, tally)| tally.into_outcome(table, asked)).collect())
}

/// The tables of the policy, with what their enrolments say.
fn declared(
    archive: &Archive,
    policy: &Compiled,
    asked: &Asked,
) -> Result<BTreeMap<Table, Tally>, ReportError> {
    let mut tallies: BTreeMap<Table, Tally> = BTreeMap::new();
    for cadence in &policy.cadences {
        let own = cadence.goal.map(|goal| (Goal { event: goal.event, within: goal.within }, true));
        let tally = tallies.entry(("cadence".to_owned(), cadence.name.to_string())).or_default();
        tally.title.clone_from(&cadence.about.title);
        tally.goal = own;
        tally.enrolments = Some(EnrolmentCount::default());
    }
    for trigger in &policy.triggers {
        let tally = tallies.entry(("trigger".to_owned(), trigger.name.to_string())).or_default();
        tally.title.clone_from(&trigger.about.title);
    }
    for count in archive.enrolment_counts(asked.from, asked.now)? {
        if let Some(tally) = tallies.get_mut(&("cadence".to_owned(), count.cadence.clone())) {
            tally.enrolments = Some(count);
        }
    }
    for tally in tallies.values_mut() {
        tally.goal = tally.goal.or(asked.goal.map(|goal| (goal, false)));
    }
    Ok(tallies)
}

fn first(touch: &PassingTouch<'_>, holdouts: &BTreeSet<&str>, now: Timestamp) -> Option<First> {
    let by_holdout = || touch.is_held_out || touch.guard.is_some_and(|guard| holdouts.contains(guard));
    let is_held_out = touch.state == TouchState::Suppressed && by_holdout();
    let counts = touch.state == TouchState::Delivered || is_held_out;
    (counts && touch.state_at <= now).then_some(First {
        number: touch.number,
        at: touch.state_at,
        is_held_out,
    })
}

fn count(tally: &mut Tally, touch: &PassingTouch<'_>) {
    *tally.touches.entry(touch.state).or_default() += 1;
    if touch.state == TouchState::Suppressed {
        let guard = touch.guard.unwrap_or_default();
        match tally.suppressed_by.get_mut(guard) {
            Some(count) => *count += 1,
            None => drop(tally.suppressed_by.insert(guard.to_owned(), 1)),
        }
    }
}

/// Asks what followed the first touches of a customer.
fn settle(
    archive: &Archive,
    policy: &Compiled,
    asked: &Asked,
    (customer, firsts): (&str, &mut BTreeMap<Table, First>),
    tallies: &mut BTreeMap<Table, Tally>,
) -> Result<(), ReportError> {
    let mut value: Option<Option<String>> = None;
    for (table, first) in std::mem::take(firsts) {
        let Some(tally) = tallies.get_mut(&table) else { continue };
        let Some((goal, _)) = tally.goal.or(asked.goal.map(|goal| (goal, false))) else { continue };
        tally.goal = tally.goal.or(Some((goal, false)));
        if value.is_none() {
            value = Some(asked.by.map(|field| archive.word_of(customer, field)).transpose()?.flatten());
        }
        let found = one(archive, policy, goal, (customer, first.at), asked.now)?;
        let (treated, held_out) = tally.groups.of(value.clone().flatten(), archive, asked)?;
        if first.is_held_out { held_out.add(found) } else { treated.add(found) }
    }
    Ok(())
}

/// A group of one customer, whose time for the goal began at an instant.
fn one(
    archive: &Archive,
    policy: &Compiled,
    goal: Goal,
    (customer, began): (&str, Timestamp),
    now: Timestamp,
) -> Result<Group, ReportError> {
    let end = goal.within.after(began, policy.settings.timezone);
    if end > now {
        return Ok(Group { early: 1, ..Group::default() });
    }
    let reached = archive.happened(goal.event, customer, began, end)?;
    Ok(Group { customers: 1, reached: u64::from(reached), early: 0 })
}

impl Slices {
    /// The groups of a value.
    fn of(
        &mut self,
        value: Option<String>,
        archive: &Archive,
        asked: &Asked,
    ) -> Result<(&mut Group, &mut Group), ReportError> {
        if self.0.len() >= MOST_SLICES && !self.0.contains_key(&value) {
            let field = asked.by.and_then(|field| archive.schema().customer.get(field));
            let field = field.map_or_else(Arc::default, |field| Arc::clone(&field.name));
            return Err(ReportError::TooManySlices { field });
        }
        let (treated, held_out) = self.0.entry(value).or_default();
        Ok((treated, held_out))
    }

    fn into_slices(self) -> Vec<Slice> {
        let slice = |(value, (treated, held_out))| Slice { value, treated, held_out };
        self.0.into_iter().map(slice).collect()
    }
}

impl Tally {
    fn into_outcome(self, (kind, name): Table, asked: &Asked) -> Outcome {
        let slices = self.groups.into_slices();
        let goal = self.goal.map(|(goal, is_own)| {
            let (mut treated, mut held_out) = (Group::default(), Group::default());
            for slice in &slices {
                treated.add(slice.treated);
                held_out.add(slice.held_out);
            }
            let lift = Lift::of(treated, held_out);
            let slices = if asked.by.is_some() { slices } else { Vec::new() };
            GoalReport { goal, is_own, treated, held_out, lift, slices }
        });
        Outcome {
            kind,
            name,
            title: self.title,
            enrolments: self.enrolments,
            touches: self.touches,
            suppressed_by: self.suppressed_by,
            goal,
        }
    }
}

/// Who became known in the span and reached the goal that was asked for; nobody where none was.
pub(super) fn newcomers(
    archive: &Archive,
    policy: &Compiled,
    asked: &Asked,
) -> Result<Vec<Slice>, ReportError> {
    let Some(goal) = asked.goal else { return Ok(Vec::new()) };
    let mut slices = Slices::default();
    archive.each_newcomer((asked.from, asked.now), asked.by, |customer, known_since, value| {
        // The event by which a customer became known counts.
        let found = one(archive, policy, goal, (customer, known_since.plus(-1)), asked.now)?;
        slices.of(value.map(str::to_owned), archive, asked)?.0.add(found);
        Ok::<(), ReportError>(())
    })?;
    Ok(slices.into_slices())
}
