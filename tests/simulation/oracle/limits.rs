//! Nobody gets more than the guards allow, nor at other times.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Timelike};
use chrono_tz::Tz;
use guanxi::model::time::DAY;

use super::known::Known;
use super::touches::Touch;
use crate::policies::{Figures, is_closed};
use crate::simulation::{Run, Simulation};

/// The zone of the set.
const ZONE: Tz = chrono_tz::Europe::Berlin;

/// A touch and the run that queued it.
type Queued<'a> = (&'a Run, &'a Touch);

pub(super) fn check(simulation: &Simulation, touches: &[Touch], known: &Known) {
    let runs: BTreeMap<i64, &Run> = simulation.runs.iter().map(|run| (run.started, run)).collect();
    let mut queued: Vec<Queued<'_>> =
        touches.iter().filter_map(|touch| Some((runs[&touch.queued?], touch))).collect();
    queued.sort_by_key(|(run, _)| run.id);
    consent_and_hours(simulation, &queued, known);
    caps(&queued);
    capacity(&queued, known);
    reserve(simulation, &queued, known);
    holdout(touches);
    blast_radius(simulation, touches);
}

/// Nothing is queued or sent to who opted out, or while it is night there.
fn consent_and_hours(simulation: &Simulation, queued: &[Queued<'_>], known: &Known) {
    for (run, touch) in queued {
        let customer = &*touch.customer;
        assert!(!known.holds(customer, "opted_out", run.facts), "queued against consent: {touch:?}");
        let zone = zone_of(known.text(customer, "zone", run.facts));
        assert!(is_open(&run.figures, zone, run.started), "queued at night in {zone}: {touch:?}");
    }
    for sent in &simulation.receiver.log {
        let customer = &*sent.customer;
        assert!(!known.holds(customer, "opted_out", sent.facts), "sent against consent: {sent:?}");
        let zone = zone_of(known.text(customer, "zone", sent.facts));
        let figures = &simulation.runs[sent.run].figures;
        assert!(is_open(figures, zone, sent.at), "sent at night in {zone}: {sent:?}");
    }
}

/// Whether a touch that was queued counts for good: one that ends before any attempt gives its place back.
fn stays(touch: &Touch) -> bool {
    touch.attempted || ["queued", "delivered", "dead"].contains(&&*touch.state)
}

/// The day in the set's zone.
fn day_of(at: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(at).unwrap().with_timezone(&ZONE).date_naive()
}

/// What is no zone means the set's.
fn zone_of(name: &str) -> Tz {
    name.parse().unwrap_or(ZONE)
}

fn is_open(figures: &Figures, zone: Tz, at: i64) -> bool {
    let local = DateTime::from_timestamp_millis(at).unwrap().with_timezone(&zone);
    let (hour, today) = (local.hour(), local.date_naive());
    let (from, until) = (figures.from, figures.until);
    if from < until {
        return (from..until).contains(&hour) && !is_closed(today);
    }
    // Over midnight: the window is that of the day on which it opens.
    (hour >= from && !is_closed(today)) || (hour < until && !is_closed(today.pred_opt().unwrap()))
}

/// Within any span as long as the cap's, no customer gets more messages queued than the cap of that moment allows.
fn caps(queued: &[Queued<'_>]) {
    let mut of_customer = BTreeMap::<&str, Vec<i64>>::new();
    for (run, touch) in queued.iter().filter(|(_, touch)| touch.channel == "crm" && stays(touch)) {
        let times = of_customer.entry(&touch.customer).or_default();
        let since = run.started - run.figures.cap_days * DAY;
        let before = times.iter().filter(|&&at| at > since).count() as u64;
        assert!(before < run.figures.cap, "message {} within the cap: {touch:?}", before + 1);
        times.push(run.started);
    }
}

/// No manager has more calls a day than he has places.
fn capacity(queued: &[Queued<'_>], known: &Known) {
    let mut taken = BTreeMap::<(NaiveDate, &str), f64>::new();
    for (run, touch) in queued.iter().filter(|(_, touch)| touch.channel == "list" && stays(touch)) {
        let day = day_of(run.started);
        let manager = known.text(&touch.customer, "manager", run.facts);
        let places = taken.entry((day, manager)).or_default();
        *places += touch.effort;
        let effort = if touch.action == "check_call" { 2.0 } else { 1.0 };
        assert!((touch.effort - effort).abs() < 1e-9, "{touch:?}");
        let most = f64::from(u32::try_from(run.figures.capacity).unwrap());
        assert!(*places <= most + 1e-9, "{manager} has {places} of {most} calls on {day}: {touch:?}");
    }
}

/// Places kept for important customers go to others only while none of those waits.
fn reserve(simulation: &Simulation, queued: &[Queued<'_>], known: &Known) {
    let mut taken = BTreeMap::<(NaiveDate, &str), [f64; 2]>::new();
    let mut queued = queued.iter().filter(|(_, touch)| touch.channel == "list").peekable();
    for run in &simulation.runs {
        let mut others = BTreeSet::new();
        let day = day_of(run.started);
        while let Some((_, touch)) = queued.next_if(|(of, _)| of.id == run.id) {
            let manager = known.text(&touch.customer, "manager", run.facts);
            let important = known.holds(&touch.customer, "vip", run.facts);
            if important || stays(touch) {
                taken.entry((day, manager)).or_default()[usize::from(important)] += touch.effort;
            }
            if !important {
                others.insert(manager);
            }
        }
        let most = f64::from(u32::try_from(run.figures.capacity).unwrap());
        let kept = most * f64::from(u32::try_from(run.figures.reserve).unwrap()) / 100.0;
        for customer in run.crowded.iter().filter(|customer| known.holds(customer, "vip", run.facts)) {
            let manager = known.text(customer, "manager", run.facts);
            let [by_others, by_important] = taken.get(&(day, manager)).copied().unwrap_or_default();
            assert!(
                !others.contains(manager) || by_others <= most - kept + 1e-9 || by_important >= kept,
                "{manager} has {by_others} calls of others on {day} while {customer} waits, {kept} of {most} kept",
            );
        }
    }
}

/// No more touches go without approval than those of any 24 hours may be.
fn blast_radius(simulation: &Simulation, touches: &[Touch]) {
    let asked: BTreeMap<String, String> = simulation
        .program
        .texts("SELECT id || ' ' || approval FROM run WHERE approval IS NOT NULL")
        .iter()
        .filter_map(|text| text.split_once(' '))
        .map(|(run, said)| (run.to_owned(), said.to_owned()))
        .collect();
    let mut made = BTreeMap::<i64, u64>::new();
    for touch in touches.iter().filter(|touch| touch.queued.is_some()) {
        match asked.get(&touch.run.to_string()).map(String::as_str) {
            None => *made.entry(touch.run).or_default() += 1,
            Some(said) => assert_eq!(said, "approved", "went without approval: {touch:?}"),
        }
    }
    for run in &simulation.runs {
        if made.contains_key(&run.id) {
            let since = run.started - DAY;
            let earlier = simulation.runs[..usize::try_from(run.id).unwrap()].iter().rev().take(60);
            let within = earlier.filter(|earlier| earlier.started > since);
            let count: u64 = within.filter_map(|earlier| made.get(&earlier.id)).sum();
            assert!(count <= run.figures.blast, "{count} touches within a day by run {}", run.id);
        }
    }
    eprintln!("runs that had to be approved: {}", asked.len());
}

/// Who is in the control group gets nothing ever; about one in twenty is.
fn holdout(touches: &[Touch]) {
    let held: BTreeSet<&str> = touches
        .iter()
        .filter(|touch| touch.state == "suppressed" && touch.guard.as_deref() == Some("control"))
        .map(|touch| &*touch.customer)
        .collect();
    for touch in touches.iter().filter(|touch| touch.queued.is_some()) {
        assert!(!held.contains(&*touch.customer), "sent to the control group: {touch:?}");
    }
    let all = touches.iter().map(|touch| &*touch.customer).collect::<BTreeSet<_>>().len();
    if all > 200 {
        assert!((all / 60..all / 9).contains(&held.len()), "{} of {all} in the control group", held.len());
    }
}
