//! Counts what runs do, day by day.

use std::sync::Arc;

use super::{Counts, Day, Figures, HeldRun, PlacesTaken, Queued, Room, Terms};
use crate::archive::{Archive, ArchiveError, Told};
use crate::engine::RunReport;
use crate::model::{Date, Timestamp, civil};
use crate::policy::Compiled;
use crate::policy::compiled::GuardKind;

/// Millionths of a place.
const PLACE: f64 = 1e6;

/// What was counted so far.
pub(super) struct Tally {
    figures: Figures,
    class: Option<usize>,
}

impl Tally {
    pub(super) fn new(policy: &Compiled, terms: &Terms) -> Self {
        let shape = terms.by.and_then(|class| policy.schema.classes.get(class));
        let places = shape.map(|shape| match &shape.places {
            Some(places) => places.to_vec(),
            None => vec!["out".into(), "in".into()],
        });
        let rooms = policy.guards.iter().filter_map(|guard| match &guard.kind {
            GuardKind::Capacity(capacity) => Some(Room {
                guard: Arc::clone(&guard.name),
                places: capacity.max,
                per: capacity.per,
                by: capacity.by.as_ref().map(|by| by.text.to_string()),
            }),
            _ => None,
        });
        let figures = Figures {
            begin: terms.begin,
            until: terms.until,
            timezone: policy.settings.timezone,
            customers: 0,
            told: None,
            runs: Counts::new(),
            days: Vec::new(),
            rooms: rooms.collect(),
            by: shape.map(|shape| Arc::clone(&shape.name)),
            places: places.unwrap_or_default(),
            held: Vec::new(),
            approved: terms.approve,
            script_failures: Counts::new(),
        };
        Self { figures, class: terms.by }
    }

    /// The local day of an instant.
    pub(super) fn day(&self, at: Timestamp) -> Date {
        civil::local_date(at, self.figures.timezone).unwrap_or_default()
    }

    /// Takes in what a run did.
    pub(super) fn note(
        &mut self,
        archive: &Archive,
        report: &RunReport,
        (label, at, decides): (&str, Timestamp, bool),
    ) -> Result<(), ArchiveError> {
        *self.figures.runs.entry(label.into()).or_default() += 1;
        for failure in &report.script_failures {
            let known = self.figures.script_failures.entry(Arc::clone(&failure.function)).or_default();
            *known = failure.customers.max(*known);
        }
        if report.on_hold > 0 {
            let held = HeldRun { at, label: label.to_owned(), touches: report.on_hold };
            self.figures.held.push(held);
        }
        let queued = if report.queued > 0 { archive.queued_at(at, self.class)? } else { Vec::new() };
        let (class, date) = (self.class, self.day(at));
        let Some(day) = self.open(date) else { return Ok(()) };
        day.runs += 1;
        if decides && !day.decided.contains(&date) {
            day.decided.push(date);
        }
        for count in queued {
            let kind = Queued {
                channel: count.channel.into(),
                action: count.action.into(),
                place: count.place.map(Into::into),
            };
            *day.queued.entry(kind).or_default() += count.touches;
        }
        for guard in report.guards.iter().filter(|guard| guard.suppressed > 0) {
            *day.suppressed.entry(Arc::clone(&guard.name)).or_default() += guard.suppressed;
        }
        day.expired += report.expired;
        day.missed += report.missed;
        day.cancelled += report.cancelled;
        day.transitions += report.transitions;
        day.enrolled += report.enrolled;
        day.ended += report.ended;
        if let Some(count) = report.classes.iter().find(|count| Some(count.class) == class) {
            let places = count.places.iter().map(|(_, customers)| *customers);
            day.standing = places.chain([count.none]).collect();
        }
        Ok(())
    }

    /// The day of a date; days between it and the last without a run are there too.
    fn open(&mut self, date: Date) -> Option<&mut Day> {
        let days = &mut self.figures.days;
        while days.last().is_none_or(|last| last.date < date) {
            let next = match days.last() {
                // What waits and who stands where goes on over days without a run.
                Some(last) => Day {
                    date: Date(last.date.0 + 1),
                    waiting: last.waiting.clone(),
                    on_hold: last.on_hold,
                    standing: last.standing.clone(),
                    ..Day::default()
                },
                None => Day { date, ..Day::default() },
            };
            days.push(next);
        }
        days.last_mut()
    }

    /// Takes in what there is at the end of a day.
    pub(super) fn close(&mut self, archive: &Archive) -> Result<(), ArchiveError> {
        let Figures { days, rooms, .. } = &mut self.figures;
        let Some(day) = days.last_mut() else { return Ok(()) };
        day.waiting.clear();
        day.taken.clear();
        day.on_hold = 0;
        for count in archive.waiting()? {
            *day.waiting.entry(count.guard.unwrap_or_default().into()).or_default() += count.touches;
            day.on_hold += if count.on_hold { count.touches } else { 0 };
        }
        for (room, terms) in rooms.iter().enumerate() {
            let period = terms.period(day.date);
            let used = archive.places_used(&terms.guard, period)?;
            day.taken.extend(used.into_iter().map(|used| PlacesTaken {
                room,
                key: used.key.map(Into::into),
                period,
                taken: used.units as f64 / PLACE,
            }));
        }
        Ok(())
    }

    pub(super) fn figures(self, customers: u64, told: Option<Told>) -> Figures {
        Figures { customers, told, ..self.figures }
    }
}
