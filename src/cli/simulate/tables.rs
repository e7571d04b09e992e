//! What a simulation did, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Datelike;
use console::Term;

use super::super::failure::Failure;
use super::super::print::{self, Out, table};
use super::chart::{bar, line};
use super::{Simulated, shown};
use crate::model::Date;
use crate::simulate::{Day, Figures, Queued, Span};

/// Columns of a screen where nobody says how wide it is.
const WIDTH: usize = 100;
/// Runs on hold that are named.
const SHOWN: usize = 5;
/// A plot narrower than this says nothing.
const NARROWEST: usize = 8;
/// The widest plot: wider ones are no easier to read.
const WIDEST: usize = 60;

/// Touches by the place in which customers stood.
type ByPlace<'a> = BTreeMap<Option<&'a Arc<str>>, u64>;
/// A count of a day and what to call it.
type Count = (&'static str, fn(&Day) -> u64);

pub(super) fn show(out: &mut Out, simulated: &Simulated<'_>) -> Result<(), Failure> {
    let spans = simulated.figures.by_span(simulated.span);
    head(out, simulated)?;
    out.line("")?;
    touches(out, simulated, &spans)?;
    over_time(out, simulated, &spans)?;
    capacity(out, simulated, &spans)?;
    standing(out, simulated, &spans)?;
    tail(out, simulated)
}

/// What was done with what.
fn head(out: &mut Out, simulated: &Simulated<'_>) -> Result<(), Failure> {
    let Simulated { set, active, command, figures, .. } = simulated;
    let how = match (command.from.is_some(), command.no_deliveries, command.hold_cut_points) {
        (true, ..) => "as it became known",
        (false, false, _) => "without new data",
        (false, true, _) => "without new data or deliveries",
    };
    let held = if command.hold_cut_points { ", with cut points held" } else { "" };
    out.line(format_args!(
        "simulated  {} to {} ({}), {how}{held}",
        shown(figures.begin, simulated),
        shown(figures.until, simulated),
        figures.timezone
    ))?;
    let active = if *active { "the active set" } else { "not the active set" };
    out.line(format_args!("policies   {} ({}), {active}", set.compiled.version, set.summary()))?;
    if let Some(told) = figures.told {
        out.line(format_args!(
            "known      {} events of the first import since they happened, {} since they arrived; fields and",
            told.first_load, told.arrived
        ))?;
        out.line("           corrected events as they are now; touches before it begins are not")?;
    }
    let by = figures.by.as_ref().map(|by| format!(", counted by {by} (`--by` takes another)"));
    out.line(format_args!("customers  {}{}", figures.customers, by.unwrap_or_default()))?;
    let runs: Vec<String> = figures.runs.iter().map(|(label, runs)| format!("{label} {runs}")).collect();
    out.line(format_args!(
        "runs       {}",
        if runs.is_empty() { "none".to_owned() } else { runs.join(", ") }
    ))?;
    Ok(())
}

/// Touches by channel and action, and by where customers stood.
fn touches(out: &mut Out, simulated: &Simulated<'_>, spans: &[Day]) -> Result<(), Failure> {
    let figures = &simulated.figures;
    let mut by_action: BTreeMap<(&Arc<str>, &Arc<str>), ByPlace<'_>> = BTreeMap::new();
    for (kind, touches) in figures.days.iter().flat_map(|day| &day.queued) {
        let places = by_action.entry((&kind.channel, &kind.action)).or_default();
        *places.entry(kind.place.as_ref()).or_default() += touches;
    }
    if by_action.is_empty() {
        out.line("no touch was queued")?;
        out.line("")?;
        return Ok(());
    }
    let places = places(figures, by_action.values());
    let mut header = vec!["channel".to_owned(), "action".to_owned(), "touches".to_owned()];
    header.extend(places.iter().map(|place| place.map_or("in none", |place| place).to_owned()));
    let numbers: Vec<usize> = (2..header.len()).collect();
    header.push(per(simulated.span));
    let used = width_of(&header, by_action.keys().map(|(channel, action)| [channel.len(), action.len()]));
    let mut rows = Vec::new();
    for ((channel, action), counts) in &by_action {
        let mut row = vec![(*channel).to_string(), (*action).to_string()];
        row.push(counts.values().sum::<u64>().to_string());
        for place in &places {
            let name = place.and_then(|place| figures.places.iter().find(|known| ***known == *place));
            row.push(counts.get(&name).copied().unwrap_or(0).to_string());
        }
        let of = |kind: &Queued| kind.channel == **channel && kind.action == **action;
        let values: Vec<f64> = spans.iter().map(|span| count(span, of)).collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        row.push(line(&values, top, plot_width(used)));
        rows.push(row);
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    out.line(table(&header, rows, &numbers))?;
    out.line("")?;
    Ok(())
}

/// The places that get a column: those of the class in which any touched customer stood, in declared order, then none.
fn places<'a>(figures: &'a Figures, counts: impl Iterator<Item = &'a ByPlace<'a>>) -> Vec<Option<&'a str>> {
    let met: BTreeSet<Option<&Arc<str>>> = counts.flat_map(BTreeMap::keys).copied().collect();
    if figures.by.is_none() {
        return Vec::new();
    }
    let known = figures.places.iter().filter(|place| met.contains(&Some(*place)));
    let none = met.contains(&None).then_some(None);
    known.map(|place| Some(&**place)).chain(none).collect()
}

fn count(day: &Day, of: impl Fn(&Queued) -> bool) -> f64 {
    day.queued.iter().filter(|(kind, _)| of(kind)).map(|(_, touches)| *touches).sum::<u64>() as f64
}

/// What happened in each span of time.
fn over_time(out: &mut Out, simulated: &Simulated<'_>, spans: &[Day]) -> Result<(), Failure> {
    let figures = &simulated.figures;
    let columns: [Count; 8] = [
        ("runs", |day| day.runs),
        ("touches", Day::touches),
        ("waiting", |day| day.waiting.values().sum()),
        ("suppressed", |day| day.suppressed.values().sum()),
        ("expired", |day| day.expired),
        ("missed", |day| day.missed),
        ("cancelled", |day| day.cancelled),
        ("moves", |day| day.transitions),
    ];
    // A column in which nothing ever happens is none.
    let columns: Vec<_> = columns
        .into_iter()
        .filter(|(name, of)| matches!(*name, "runs" | "touches") || spans.iter().any(|day| of(day) > 0))
        .collect();
    let mut header = vec![when(simulated.span)];
    header.extend(columns.iter().map(|(name, _)| *name));
    let numbers: Vec<usize> = (1..header.len()).collect();
    header.push("");
    let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let used = width_of(&names, std::iter::once([day_name(figures.days.first(), simulated.span).len(), 0]));
    let top = spans.iter().map(Day::touches).max().unwrap_or(0) as f64;
    let rows = spans.iter().map(|day| {
        let mut row = vec![day_name(Some(day), simulated.span)];
        row.extend(columns.iter().map(|(_, of)| of(day).to_string()));
        row.push(bar(day.touches() as f64, top, plot_width(used)));
        row
    });
    out.line(table(&header, rows.collect(), &numbers))?;
    out.line("")?;
    Ok(())
}

/// How far capacities were used, and by whom.
fn capacity(out: &mut Out, simulated: &Simulated<'_>, spans: &[Day]) -> Result<(), Failure> {
    let figures = &simulated.figures;
    if figures.rooms.is_empty() {
        return Ok(());
    }
    let last = figures.days.last();
    let header = ["capacity", "places taken", "of", "share", "waiting", &per(simulated.span)];
    let mut rows = Vec::new();
    for (index, room) in figures.rooms.iter().enumerate() {
        let used = figures.use_of(index, &figures.days);
        let shares: Vec<f64> = spans
            .iter()
            .map(|span| {
                let used = figures.use_of(index, std::slice::from_ref(span));
                if used.there > 0.0 { used.taken / used.there } else { 0.0 }
            })
            .collect();
        let waiting = last.and_then(|day| day.waiting.get(&room.guard)).copied().unwrap_or(0);
        let owners = used.by_owner.len();
        rows.push(vec![
            room.guard.to_string(),
            places_text(used.taken),
            places_text(used.there),
            share_text(used.taken, used.there),
            waiting.to_string(),
            // Full is the top, so that one line can be held against another.
            line(&shares, 1.0, plot_width(60)),
        ]);
        for (owner, taken) in used.by_owner.iter().filter(|_| room.by.is_some()) {
            let there = used.there / owners as f64;
            rows.push(vec![
                format!("  {}", owner.as_deref().unwrap_or("not known")),
                places_text(*taken),
                places_text(there),
                share_text(*taken, there),
                String::new(),
                String::new(),
            ]);
        }
    }
    out.line(table(&header, rows, &[1, 2, 3, 4]))?;
    out.line("")?;
    Ok(())
}

/// Where customers stood at the beginning and at the end.
fn standing(out: &mut Out, simulated: &Simulated<'_>, spans: &[Day]) -> Result<(), Failure> {
    let figures = &simulated.figures;
    let mut counted = figures.days.iter().filter(|day| !day.standing.is_empty());
    let (Some(by), Some(first)) = (&figures.by, counted.next()) else { return Ok(()) };
    let last = counted.next_back().unwrap_or(first);
    let names = figures.places.iter().map(|place| &**place).chain(["in none"]);
    let rows = names.enumerate().map(|(index, name)| {
        let of = |day: &Day| day.standing.get(index).copied().unwrap_or(0);
        let values: Vec<f64> = spans.iter().map(|day| of(day) as f64).collect();
        let top = values.iter().copied().fold(0.0, f64::max);
        vec![name.to_owned(), of(first).to_string(), of(last).to_string(), line(&values, top, plot_width(50))]
    });
    let header = [&**by, &first.date.to_string(), &last.date.to_string(), &per(simulated.span)];
    out.line(table(&header, rows.collect(), &[1, 2]))?;
    Ok(())
}

/// What an operator should know besides.
fn tail(out: &mut Out, simulated: &Simulated<'_>) -> Result<(), Failure> {
    let figures = &simulated.figures;
    if !figures.held.is_empty() {
        out.line("")?;
    }
    for held in figures.held.iter().take(SHOWN) {
        let became = if figures.approved { "approved, as you asked" } else { "wait to the end" };
        out.line(format_args!(
            "on hold    {} ({}): {} touches, more than usual; {became}",
            shown(held.at, simulated),
            held.label,
            held.touches
        ))?;
    }
    if figures.held.len() > SHOWN {
        out.line(format_args!("on hold    and {} runs more", figures.held.len() - SHOWN))?;
    }
    if !figures.held.is_empty() && !figures.approved {
        print::message("runs would wait for somebody's approval; --approve lets their touches go");
    }
    for (function, customers) in &figures.script_failures {
        print::message(format_args!(
            "function {function} failed for {customers} customers at most, so that its value was missing"
        ));
    }
    Ok(())
}

const fn when(span: Span) -> &'static str {
    match span {
        Span::Day => "day",
        Span::Week => "week from",
        Span::Month => "month",
    }
}

fn per(span: Span) -> String {
    let span = match span {
        Span::Day => "day",
        Span::Week => "week",
        Span::Month => "month",
    };
    format!("by {span}")
}

/// `Mon 2026-09-14`, `2026-09-14` of a week, `2026-09` of a month.
fn day_name(day: Option<&Day>, span: Span) -> String {
    let date = day.map_or_else(Date::default, |day| day.date);
    let Some(naive) = date.to_naive() else { return date.to_string() };
    match span {
        Span::Day => naive.format("%a %Y-%m-%d").to_string(),
        Span::Week => date.to_string(),
        Span::Month => format!("{}-{:02}", naive.year(), naive.month()),
    }
}

fn places_text(places: f64) -> String {
    // Efforts may be parts of a place.
    if places.fract() == 0.0 { format!("{places:.0}") } else { format!("{places:.1}") }
}

fn share_text(taken: f64, there: f64) -> String {
    if there > 0.0 { format!("{:.0} %", 100.0 * taken / there) } else { "-".to_owned() }
}

/// The columns that the cells before a plot take, with what is between them.
fn width_of<const COLUMNS: usize>(header: &[String], cells: impl Iterator<Item = [usize; COLUMNS]>) -> usize {
    const BETWEEN: usize = 2;
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    widths.pop();
    for cells in cells {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell);
        }
    }
    widths.iter().map(|width| width + BETWEEN).sum()
}

/// The columns a plot may take behind so many.
fn plot_width(used: usize) -> usize {
    let screen = Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns));
    screen.saturating_sub(used + 2).clamp(NARROWEST, WIDEST)
}
