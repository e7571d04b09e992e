//! The report as people read it.

use chrono_tz::Tz;

use super::Shown;
use crate::cli::failure::Failure;
use crate::cli::print::{Out, table};
use crate::model::Timestamp;
use crate::model::civil::{in_words, local};
use crate::model::touch::TouchState;
use crate::report::{Flow, GoalReport, Group, Outcome, PlaceCounts, Slice, Standing};

/// The most columns of a table over time.
const MOST_COLUMNS: usize = 10;
/// What stands where nothing is on record.
const UNKNOWN: &str = "–";
/// What customers in no place are called.
const NOWHERE: &str = "(none)";

pub(super) fn show(shown: &Shown<'_>, out: &mut Out) -> Result<(), Failure> {
    let timezone = shown.policy.settings.timezone;
    let (from, now) = (in_words(shown.asked.from, timezone), in_words(shown.asked.now, timezone));
    out.line(format_args!("from {from} to {now}"))?;
    match shown.report.history_from {
        Some(history) if history > shown.asked.from => {
            out.line(format_args!("changes of place are on record from {}", in_words(history, timezone)))?;
        }
        Some(_) => {}
        None => out.line("nothing ran yet")?,
    }
    show_standings(shown, timezone, out)?;
    for standing in shown.report.standings.iter().filter(|standing| standing.kind != "segment") {
        show_flow(standing, out)?;
    }
    show_segment_moves(&shown.report.standings, out)?;
    show_touches(&shown.report.outcomes, out)?;
    for outcome in &shown.report.outcomes {
        if let Some(goal) = &outcome.goal {
            show_goal(shown, outcome, goal, out)?;
        }
    }
    show_newcomers(shown, out)
}

/// How many stood where, a column a week of those on record; the latest and some before where there are many.
fn show_standings(shown: &Shown<'_>, timezone: Tz, out: &mut Out) -> Result<(), Failure> {
    let columns = &shown.report.columns;
    let unknown =
        columns.iter().take_while(|at| shown.report.history_from.is_none_or(|from| from > **at)).count();
    let step = (columns.len() - unknown).div_ceil(MOST_COLUMNS).max(1);
    let is_shown = |index: usize| index >= unknown && (columns.len() - 1 - index).is_multiple_of(step);
    let day = |at: &Timestamp| {
        local(*at, timezone).map_or_else(|| at.to_string(), |local| local.format("%m-%d").to_string())
    };
    let dates = columns.iter().enumerate().filter(|(index, _)| is_shown(*index)).map(|(_, at)| day(at));
    let header: Vec<String> = ["", "customers at"].map(str::to_owned).into_iter().chain(dates).collect();
    let mut rows = Vec::new();
    for standing in &shown.report.standings {
        let places = standing.places.iter().filter(|counts| is_told(standing, counts));
        for (number, counts) in places.enumerate() {
            let name = if number == 0 { standing.name.to_string() } else { String::new() };
            let numbers = counts.counts.iter().enumerate().filter(|(index, _)| is_shown(*index));
            let numbers =
                numbers.map(|(_, count)| count.map_or_else(|| UNKNOWN.to_owned(), |count| count.to_string()));
            rows.push([name, place(standing, counts.place.as_deref())].into_iter().chain(numbers).collect());
        }
    }
    let right: Vec<usize> = (2..header.len()).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    out.line("")?;
    out.line(table(&header, rows, &right))?;
    Ok(())
}

/// Who is out of a segment are the others, and nobody in no place is no news.
fn is_told(standing: &Standing, counts: &PlaceCounts) -> bool {
    match counts.place.as_deref() {
        Some("false") if standing.kind == "segment" => false,
        Some(_) => true,
        None => counts.counts.iter().flatten().any(|count| *count > 0),
    }
}

fn place(standing: &Standing, place: Option<&str>) -> String {
    match place {
        None => NOWHERE.to_owned(),
        Some("true") if standing.kind == "segment" => "in".to_owned(),
        Some(name) => name.to_owned(),
    }
}

/// Moves between the places of a tier or quadrant.
fn show_flow(standing: &Standing, out: &mut Out) -> Result<(), Failure> {
    if standing.flows.is_empty() {
        return Ok(());
    }
    let total: u64 = standing.flows.iter().map(|flow| flow.data + flow.policy).sum();
    let by_edits: u64 = standing.flows.iter().map(|flow| flow.policy).sum();
    let by_edits = if by_edits > 0 { format!(", {by_edits} by edits of the policy") } else { String::new() };
    let is_met =
        |place: &Option<String>| standing.flows.iter().any(|flow| flow.from == *place || flow.to == *place);
    let met: Vec<&Option<String>> =
        standing.places.iter().map(|counts| &counts.place).filter(|place| is_met(place)).collect();
    let count = |from: &Option<String>, to: &Option<String>| {
        let flow = standing.flows.iter().find(|flow| flow.from == *from && flow.to == *to);
        flow.map_or_else(String::new, |flow: &Flow| (flow.data + flow.policy).to_string())
    };
    let names: Vec<String> = met.iter().map(|name| place(standing, name.as_deref())).collect();
    let header: Vec<&str> = std::iter::once("from \\ to").chain(names.iter().map(String::as_str)).collect();
    let row = |from: &&Option<String>| {
        let counts = met.iter().map(|to| count(from, to));
        std::iter::once(place(standing, from.as_deref())).chain(counts).collect()
    };
    let right: Vec<usize> = (1..header.len()).collect();
    out.line(format_args!("\n{}: {total} moves{by_edits}", standing.name))?;
    out.line(table(&header, met.iter().map(row).collect(), &right))?;
    Ok(())
}

/// Who came into segments and who left.
fn show_segment_moves(standings: &[Standing], out: &mut Out) -> Result<(), Failure> {
    let moved = standings.iter().filter(|standing| standing.kind == "segment" && !standing.flows.is_empty());
    let row = |standing: &Standing| {
        let to = |place: &str| {
            let into = standing.flows.iter().filter(|flow| flow.to.as_deref() == Some(place));
            into.map(|flow| flow.data + flow.policy).sum::<u64>().to_string()
        };
        vec![standing.name.to_string(), to("true"), to("false")]
    };
    let rows: Vec<Vec<String>> = moved.map(row).collect();
    if !rows.is_empty() {
        out.line("")?;
        out.line(table(&["segment", "came in", "left"], rows, &[1, 2]))?;
    }
    Ok(())
}

/// What cadences and triggers did, and what became of their touches.
fn show_touches(outcomes: &[Outcome], out: &mut Out) -> Result<(), Failure> {
    let states: Vec<TouchState> = TouchState::ALL
        .into_iter()
        .filter(|state| outcomes.iter().any(|outcome| outcome.touches.contains_key(state)))
        .collect();
    let words = states.iter().map(|state| state.as_str());
    let header: Vec<&str> = ["", "enrolled", "ended", "open", "touches"].into_iter().chain(words).collect();
    let row = |outcome: &Outcome| {
        let enrolments = outcome.enrolments.as_ref();
        let enrolments =
            enrolments.map_or([None; 3], |found| [found.started, found.ended, found.open].map(Some));
        let all: u64 = outcome.touches.values().sum();
        let states = states.iter().map(|state| outcome.touches.get(state).copied());
        let numbers = enrolments.into_iter().chain([Some(all)]).chain(states);
        let cells = numbers.map(|number| number.map_or_else(String::new, |number| number.to_string()));
        std::iter::once(format!("{}.{}", outcome.kind, outcome.name)).chain(cells).collect()
    };
    let right: Vec<usize> = (1..header.len()).collect();
    out.line("")?;
    out.line(table(&header, outcomes.iter().map(row).collect(), &right))?;
    let rows = outcomes.iter().flat_map(|outcome| {
        outcome.suppressed_by.iter().map(move |(guard, count)| {
            let by = if guard.is_empty() { "its step's condition" } else { guard };
            vec![format!("{}.{}", outcome.kind, outcome.name), by.to_owned(), count.to_string()]
        })
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        out.line("")?;
        out.line(table(&["suppressed", "by", "touches"], rows, &[2]))?;
    }
    Ok(())
}

/// What followed the touches of a table.
fn show_goal(shown: &Shown<'_>, outcome: &Outcome, goal: &GoalReport, out: &mut Out) -> Result<(), Failure> {
    let within = goal.goal.within;
    let event = shown.event(goal.goal);
    out.line(format_args!(
        "\n{}.{}: `{event}` within {within} of the first touch",
        outcome.kind, outcome.name
    ))?;
    if [goal.treated, goal.held_out].iter().all(|group| group.customers + group.early == 0) {
        out.line("nobody was touched")?;
        return Ok(());
    }
    let mut rows = vec![group_row("touched", goal.treated)];
    if goal.held_out.customers + goal.held_out.early > 0 {
        rows.push(group_row("held out", goal.held_out));
    }
    out.line(table(&["", "customers", "reached it", "share", "too early"], rows, &[1, 2, 3, 4]))?;
    out.line(goal.lift.sentence())?;
    let Some(by) = shown.by().filter(|_| !goal.slices.is_empty()) else { return Ok(()) };
    let is_anybody_held_out = goal.held_out.customers > 0;
    let row = |slice: &Slice| {
        let numbers = |group: Group| [group.customers.to_string(), group.reached.to_string(), share(group)];
        let held_out = is_anybody_held_out.then(|| numbers(slice.held_out));
        let numbers = numbers(slice.treated).into_iter().chain(held_out.into_iter().flatten());
        std::iter::once(value(slice)).chain(numbers).collect()
    };
    let header = [by, "touched", "reached it", "share", "held out", "reached it", "share"];
    let header = header.get(..if is_anybody_held_out { 7 } else { 4 }).unwrap_or_default();
    out.line(table(header, goal.slices.iter().map(row).collect(), &[1, 2, 3, 4, 5, 6]))?;
    Ok(())
}

/// Of those who came in the span, how many reached the goal.
fn show_newcomers(shown: &Shown<'_>, out: &mut Out) -> Result<(), Failure> {
    let Some(goal) = shown.asked.goal else { return Ok(()) };
    let (event, within) = (shown.event(goal), goal.within);
    out.line(format_args!("\nwho came in this time: `{event}` within {within} of becoming known"))?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for slice in &shown.report.newcomers {
        let name = if shown.asked.by.is_some() { value(slice) } else { "all".to_owned() };
        rows.push(group_row(&name, slice.treated));
    }
    let header = [shown.by().unwrap_or_default(), "customers", "reached it", "share", "too early"];
    out.line(table(&header, rows, &[1, 2, 3, 4]))?;
    Ok(())
}

fn group_row(name: &str, group: Group) -> Vec<String> {
    let early = if group.early > 0 { group.early.to_string() } else { String::new() };
    vec![name.to_owned(), group.customers.to_string(), group.reached.to_string(), share(group), early]
}

fn share(group: Group) -> String {
    let share = group.proportion().share();
    share.map_or_else(|| UNKNOWN.to_owned(), |share| format!("{:.1}%", share * 100.0))
}

fn value(slice: &Slice) -> String {
    slice.value.clone().unwrap_or_else(|| NOWHERE.to_owned())
}
