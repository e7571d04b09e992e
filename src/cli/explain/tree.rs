//! One table of the policy with all that is behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lines::{Lines, Tone};
use super::overview::{enrolled, touch};
use crate::explain::{
    ActionNow, Booked, Condition, Counted, CutTree, Move, Named, Occasion, Part, Reason, RuleTree, ValueTree,
};

/// The values of an answer, which are shown in full where they first come up.
struct Values<'a> {
    by_name: BTreeMap<&'a str, &'a ValueTree>,
    shown: Vec<Arc<str>>,
}

pub(super) fn named(told: &Named, lines: &mut Lines) {
    let by_name = told.values.iter().map(|value| (&*value.name, value)).collect();
    let mut values = Values { by_name, shown: Vec::new() };
    match &told.rule {
        Some(one) => rule(one, &mut values, lines),
        None => {
            if let Some(first) = told.values.first() {
                lines.head(&told.about);
                value(first, 0, &mut values, lines);
            }
        }
    }
}

fn rule(told: &RuleTree, values: &mut Values<'_>, lines: &mut Lines) {
    let title = if told.title.is_empty() { String::new() } else { format!(" · {}", told.title) };
    let state = match (told.kind, told.applies) {
        ("trigger", true) => "holds",
        ("trigger", false) => "does not hold",
        ("cadence", true) => "enrolled",
        ("cadence", false) => "not enrolled",
        ("guard", true) => "holds touches back",
        ("guard", false) => "lets touches pass",
        (_, true) => "may go",
        (_, false) => "is held back",
    };
    lines.head(&format!("{}.{}{title}: {state}", told.kind, told.name));
    for one in &told.why {
        reason(one, lines);
    }
    for one in &told.conditions {
        condition(one, 2, lines);
    }
    if let Some(memory) = &told.memory {
        let fired = memory
            .fired
            .map_or_else(|| "never fired".to_owned(), |at| format!("last fired {}", lines.time(at)));
        lines.plain(2, &format!("remembers: {} so far, {fired}", times_word(memory.times)));
    }
    section(&told.occasions, "Latest occasions", lines, occasion);
    section(&told.enrolments, "Enrolments", lines, enrolled);
    section(&told.actions, "What guards say now", lines, action);
    section(&told.touches, "Last touches", lines, touch);
    if !told.uses.is_empty() {
        lines.head("What it goes by");
        for name in &told.uses {
            used(name, 2, values, lines);
        }
    }
}

fn section<T>(items: &[T], title: &str, lines: &mut Lines, show: impl Fn(&T, &mut Lines)) {
    if items.is_empty() {
        return;
    }
    lines.head(title);
    for item in items {
        show(item, lines);
    }
}

fn times_word(times: u32) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

fn reason(told: &Reason, lines: &mut Lines) {
    let about = lines.tone(Tone::Head, told.about);
    lines.plain(2, &format!("{about}: {}", told.says));
    for one in &told.parts {
        let text = lines.part_text(one);
        lines.plain(6, &text);
    }
}

fn condition(told: &Condition, indent: usize, lines: &mut Lines) {
    let text = lines.part_text(&told.part);
    lines.plain(indent, &format!("{}: {text}", told.role));
    within(&told.part, indent + 4, lines);
}

fn within(part: &Part, indent: usize, lines: &mut Lines) {
    for one in &part.parts {
        let text = lines.part_text(one);
        lines.plain(indent, &text);
        within(one, indent + 2, lines);
    }
}

/// A value by name: in full where it comes up first.
fn used(name: &str, indent: usize, values: &mut Values<'_>, lines: &mut Lines) {
    let Some(told) = values.by_name.get(name).copied() else { return };
    if values.shown.contains(&told.name) {
        let shown = lines.hidden(told.personal, lines.value(told.value.as_ref()));
        lines
            .plain(indent, &format!("{} {name} = {shown}   {}", told.kind, lines.tone(Tone::Dim, "(above)")));
        return;
    }
    value(told, indent, values, lines);
}

fn value(told: &ValueTree, indent: usize, values: &mut Values<'_>, lines: &mut Lines) {
    values.shown.push(told.name.clone());
    let title = if told.title.is_empty() { String::new() } else { format!(" · {}", told.title) };
    let shown = lines.hidden(told.personal, lines.value(told.value.as_ref()));
    let shown = lines.tone(Tone::Head, &shown);
    lines.plain(indent, &format!("{} {} = {shown}{title}", told.kind, told.name));
    let indent = indent + 2;
    if let Some(standing) = &told.standing {
        let place = lines.place(standing.place.as_ref());
        let since = standing.since.map_or_else(
            || "not placed yet".to_owned(),
            |since| format!("{place} since {}", lines.time(since)),
        );
        let before = standing
            .previous
            .as_ref()
            .map_or_else(String::new, |before| format!(", before: {}", lines.place(Some(before))));
        let moves = if standing.would_move {
            format!("; a run now: {}", lines.place(told.value.as_ref()))
        } else {
            String::new()
        };
        lines.plain(indent, &format!("{since}{before}{moves}"));
        if let Some(clock) = &standing.clock {
            lines.clock(indent, clock);
        }
    }
    for one in &told.conditions {
        condition(one, indent, lines);
    }
    for one in &told.cut_points {
        cut_point(one, indent, lines);
    }
    if let Some(events) = &told.events {
        counted(events, indent, lines);
    }
    if let Some(entries) = &told.entries {
        booked(entries, indent, lines);
    }
    for note in &told.notes {
        lines.plain(indent, &format!("note: {note}"));
    }
    for name in &told.uses {
        used(name, indent + 2, values, lines);
    }
}

fn cut_point(told: &CutTree, indent: usize, lines: &mut Lines) {
    let figure = told.figure.map(crate::model::Value::Number);
    let figure = figure.map_or_else(String::new, |figure| format!(" is {}", lines.value(Some(&figure))));
    let (made, until) = (lines.time(told.made), lines.time(told.serves_until));
    lines.plain(
        indent,
        &format!(
            "cut point {}: {}{figure} among {}, made {made}, serves until {until}",
            told.part, told.by, told.population
        ),
    );
}

fn counted(told: &Counted, indent: usize, lines: &mut Lines) {
    let filter = told.r#where.as_ref().map_or_else(String::new, |filter| format!(" where {filter}"));
    let unless =
        told.unless.as_ref().map_or_else(String::new, |unless| format!(" unless followed by {unless}"));
    let noun = if told.count == 1 { "event" } else { "events" };
    let span = match (told.first, told.last) {
        (Some(first), Some(last)) if told.count > 1 => {
            format!(", {} to {}", lines.time(first), lines.time(last))
        }
        (Some(first), _) => format!(", {}", lines.time(first)),
        _ => String::new(),
    };
    lines.plain(
        indent,
        &format!("{} over {}{filter}{unless}: {} {noun}{span}", told.take, told.event, told.count),
    );
    if let Some(after) = told.after {
        let (after, until) = (lines.time(after), lines.time(told.until));
        lines.plain(indent, &format!("window: after {after}, up to {until}"));
    }
    for example in &told.examples {
        let value = example.value.as_ref().map_or_else(String::new, |value| {
            format!("   {}", lines.hidden(told.personal, lines.value(Some(value))))
        });
        let at = lines.time(example.at);
        lines.plain(indent + 2, &format!("{at}   {}{value}", example.id));
    }
    more(told.count, told.examples.len(), indent, lines);
}

fn booked(told: &Booked, indent: usize, lines: &mut Lines) {
    let noun = if told.count == 1 { "entry" } else { "entries" };
    lines.plain(indent, &format!("{} {noun}, {}", told.count, told.fades));
    for entry in &told.examples {
        let at = lines.time(entry.at);
        let number = |number: f64| lines.value(Some(&crate::model::Value::Number(number)));
        let amount = number(entry.amount);
        let now = entry.now.map_or_else(String::new, |now| format!(", now {}", number(now)));
        let lapses = entry.lapses.map_or_else(String::new, |at| format!(", lapses {}", lines.time(at)));
        lines.plain(indent + 2, &format!("{at}   {} {}: {amount}{now}{lapses}", entry.event, entry.id));
    }
    more(told.count, told.examples.len(), indent, lines);
}

fn more(count: usize, shown: usize, indent: usize, lines: &mut Lines) {
    let rest = count.saturating_sub(shown);
    if rest > 0 {
        lines.plain(indent + 2, &format!("and {rest} before"));
    }
}

fn occasion(told: &Occasion, lines: &mut Lines) {
    let mark = if told.counts { lines.tone(Tone::Good, "✓") } else { lines.tone(Tone::Bad, "✗") };
    let what = match (&told.moved, &told.id) {
        (Some(Move { from, to }), _) => {
            let place = |place: &Option<Arc<str>>| place.as_deref().unwrap_or("none").to_owned();
            format!("{} → {} (run {})", place(from), place(to), told.run.unwrap_or_default())
        }
        (None, Some(id)) => {
            format!("{}   {id}", told.at.map_or_else(String::new, |at| lines.time(at)))
        }
        (None, None) => String::new(),
    };
    let waits = told
        .awaited_until
        .map_or_else(String::new, |until| format!("; answer awaited until {}", lines.time(until)));
    let note = told.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
    lines.plain(2, &format!("{mark} {what}{waits}{note}"));
    if let Some(filter) = &told.r#where {
        let mut parts = Vec::new();
        filter.decisive(&mut parts);
        for part in parts {
            let text = lines.part_text(part);
            lines.plain(6, &text);
        }
    }
}

fn action(told: &ActionNow, lines: &mut Lines) {
    if told.guards.is_empty() {
        lines.plain(2, &format!("{}: no guard is asked", told.action));
        return;
    }
    lines.plain(2, &told.action);
    for said in &told.guards {
        let (mark, says) = match said.verdict {
            "passes" => (lines.tone(Tone::Good, "✓"), "passes".to_owned()),
            "of_the_run" => (" ".to_owned(), "is asked about all touches of a run together".to_owned()),
            verdict => (lines.tone(Tone::Bad, "✗"), format!("{verdict}: {}", said.reason)),
        };
        let until = said.until.map_or_else(String::new, |until| format!(" (until {})", lines.time(until)));
        lines.plain(4, &format!("{mark} guard.{} ({}) {says}{until}", said.guard, said.kind));
    }
}
