//! What a simulation counted, by local day, and put together for longer spans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use super::Counts;
use crate::archive::Told;
use crate::model::{Date, Timestamp};
use crate::policy::compiled::CapacityPeriod;

/// What touches are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Queued {
    /// Where they go.
    pub channel: Arc<str>,
    /// What is done.
    pub action: Arc<str>,
    /// Where the customer stands when they are queued; `None` where in no place, or none is asked for.
    pub place: Option<Arc<str>>,
}

/// Places taken of a capacity in one of its periods.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacesTaken {
    /// Index of [`Figures::rooms`].
    pub room: usize,
    /// Whose places, where each has their own.
    pub key: Option<Arc<str>>,
    /// The first day of the period.
    pub period: Date,
    /// How many so far.
    pub taken: f64,
}

/// A capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The guard.
    pub guard: Arc<str>,
    /// The places of a period, of each owner where it is one each.
    pub places: u32,
    /// For how long.
    pub per: CapacityPeriod,
    /// Whose places, as the policy says; for all where absent.
    pub by: Option<String>,
}

/// A run whose touches wait for approval, or would if nobody gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRun {
    /// When.
    pub at: Timestamp,
    /// The run's label.
    pub label: String,
    /// How many touches.
    pub touches: u64,
}

/// One local day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// Runs.
    pub runs: u64,
    /// The days among these on which a run decided what is to be done: places of capacities were to be had.
    pub decided: Vec<Date>,
    /// Touches queued.
    pub queued: BTreeMap<Queued, u64>,
    /// Touches dropped, by guard.
    pub suppressed: Counts,
    /// Touches not let through in time.
    pub expired: u64,
    /// Steps found too late.
    pub missed: u64,
    /// Touches whose reason went away.
    pub cancelled: u64,
    /// Changes of place.
    pub transitions: u64,
    /// Enrolments begun.
    pub enrolled: u64,
    /// Enrolments ended.
    pub ended: u64,
    /// Touches that wait at its end, by guard; those that no guard was asked about yet under an empty name.
    pub waiting: Counts,
    /// Of those, how many wait for approval.
    pub on_hold: u64,
    /// Places taken by its end.
    pub taken: Vec<PlacesTaken>,
    /// How many customers stand where at its end, in the order of [`Figures::places`], then in no place; empty before the
    /// first run that says so.
    pub standing: Vec<u64>,
}

impl Day {
    /// Touches queued in all.
    #[must_use]
    pub fn touches(&self) -> u64 {
        self.queued.values().sum()
    }
}

/// How days are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Each by itself.
    Day,
    /// From Monday to Sunday.
    Week,
    /// Of the calendar.
    Month,
}

impl Span {
    /// The first day of the span a day lies in.
    #[must_use]
    pub fn first(self, day: Date) -> Date {
        let Some(date) = day.to_naive() else { return day };
        let first = match self {
            Self::Day => Some(date),
            Self::Week => Some(date.week(chrono::Weekday::Mon).first_day()),
            Self::Month => NaiveDate::from_ymd_opt(date.year(), date.month(), 1),
        };
        first.map_or(day, Date::from)
    }
}

/// What a simulation counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// When virtual time began.
    pub begin: Timestamp,
    /// When it ended.
    pub until: Timestamp,
    /// What local days mean.
    pub timezone: Tz,
    /// Customers at the end.
    pub customers: u64,
    /// What became known, where it was a replay.
    pub told: Option<Told>,
    /// How often runs of each label happened.
    pub runs: Counts,
    /// Every day from the first with a run to the last.
    pub days: Vec<Day>,
    /// The capacities of the policy set, in its order.
    pub rooms: Vec<Room>,
    /// The class customers are counted by, where one is asked for.
    pub by: Option<Arc<str>>,
    /// Its places, as declared.
    pub places: Vec<Arc<str>>,
    /// Runs whose touches were unusually many.
    pub held: Vec<HeldRun>,
    /// Whether those were approved.
    pub approved: bool,
    /// For how many customers functions from scripts failed at most in a run, by function.
    pub script_failures: Counts,
}

impl Figures {
    /// Days put together. Counts are summed; what waits and where customers stand is that of the last day; places of a
    /// period longer than the span are those taken by its end.
    #[must_use]
    pub fn by_span(&self, span: Span) -> Vec<Day> {
        let mut spans: Vec<Day> = Vec::new();
        for day in &self.days {
            let first = span.first(day.date);
            match spans.last_mut().filter(|last| last.date == first) {
                Some(last) => last.go_on(day),
                None => spans.push(Day { date: first, ..day.clone() }),
            }
        }
        spans
    }

    /// The places taken of a capacity and those there were to be taken, over some days: of days on which a run decided, and
    /// of every owner who ever took one.
    #[must_use]
    pub fn use_of(&self, room: usize, days: &[Day]) -> Use {
        let Some(terms) = self.rooms.get(room) else { return Use::default() };
        let all = self.days.iter().flat_map(|day| &day.taken);
        let keys: BTreeSet<&Option<Arc<str>>> =
            all.filter(|taken| taken.room == room).map(|taken| &taken.key).collect();
        let mut last: BTreeMap<(&Option<Arc<str>>, Date), f64> = BTreeMap::new();
        for taken in days.iter().flat_map(|day| &day.taken).filter(|taken| taken.room == room) {
            last.insert((&taken.key, taken.period), taken.taken);
        }
        let decided = days.iter().flat_map(|day| &day.decided);
        let periods: BTreeSet<Date> = decided.map(|day| terms.period(*day)).collect();
        let owners = if terms.by.is_some() { keys.len() } else { 1 };
        let there = periods.len() as f64 * owners as f64 * f64::from(terms.places);
        let mut by_owner: BTreeMap<Option<Arc<str>>, f64> =
            keys.into_iter().map(|key| (key.clone(), 0.0)).collect();
        for ((key, _), taken) in &last {
            *by_owner.entry((*key).clone()).or_default() += taken;
        }
        Use { taken: last.values().sum(), there, by_owner }
    }
}

/// How far a capacity was used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Use {
    /// Places taken.
    pub taken: f64,
    /// Places there were.
    pub there: f64,
    /// Places taken by whose they are; nobody's where all share them or it is not known.
    pub by_owner: BTreeMap<Option<Arc<str>>, f64>,
}

impl Room {
    /// The first day of the period a day lies in.
    pub(super) fn period(&self, day: Date) -> Date {
        match self.per {
            CapacityPeriod::Day => Span::Day.first(day),
            CapacityPeriod::Week => Span::Week.first(day),
            CapacityPeriod::Month => Span::Month.first(day),
        }
    }
}

impl Day {
    /// Adds the day after.
    fn go_on(&mut self, next: &Self) {
        self.runs += next.runs;
        self.decided.extend(&next.decided);
        for (kind, touches) in &next.queued {
            *self.queued.entry(kind.clone()).or_default() += touches;
        }
        for (guard, touches) in &next.suppressed {
            *self.suppressed.entry(Arc::clone(guard)).or_default() += touches;
        }
        self.expired += next.expired;
        self.missed += next.missed;
        self.cancelled += next.cancelled;
        self.transitions += next.transitions;
        self.enrolled += next.enrolled;
        self.ended += next.ended;
        self.waiting.clone_from(&next.waiting);
        self.on_hold = next.on_hold;
        self.taken.extend(next.taken.iter().cloned());
        self.standing.clone_from(&next.standing);
    }
}
