//! One customer on a screen.

use super::lines::{Lines, Tone};
use crate::explain::{EnrolmentTree, Holds, Overview, Stands, TouchTree};

/// How many decisive parts of a place are shown.
const PARTS: usize = 3;

pub(super) fn overview(told: &Overview, lines: &mut Lines) {
    lines.head("Standing, as the last run left it");
    let width = told.standing.iter().map(|stands| stands.name.chars().count()).max().unwrap_or(0);
    for stands in &told.standing {
        standing(stands, width, lines);
    }
    if !told.enrolments.is_empty() {
        lines.head("Enrolled");
        for enrolment in &told.enrolments {
            enrolled(enrolment, lines);
        }
    }
    if !told.triggers.is_empty() {
        lines.head("Triggers that hold or cool down");
        for trigger in &told.triggers {
            holds(trigger, lines);
        }
    }
    if !told.touches.is_empty() {
        lines.head("Last touches");
        for one in &told.touches {
            touch(one, lines);
        }
    }
}

fn standing(stands: &Stands, width: usize, lines: &mut Lines) {
    let place = lines.place(stands.standing.place.as_ref());
    let title = stands.standing.title.as_ref().map_or_else(String::new, |title| format!(" · {title}"));
    let since = stands
        .standing
        .since
        .map_or_else(|| "not placed yet".to_owned(), |since| format!("since {}", lines.time(since)));
    let before = stands
        .standing
        .previous
        .as_ref()
        .map_or_else(String::new, |before| format!(", before: {}", lines.place(Some(before))));
    let head = format!(
        "{}{title}   {}",
        lines.tone(Tone::Head, &place),
        lines.tone(Tone::Dim, &format!("{since}{before}"))
    );
    lines.row(2, &[(&stands.name, width)], &head);
    if stands.standing.would_move || stands.standing.since.is_none() {
        let now = lines.place(stands.value.as_ref());
        lines.plain(width + 4, &format!("a run now: {now}"));
    }
    for part in stands.because.iter().take(PARTS) {
        let text = lines.part_text(part);
        lines.plain(width + 4, &text);
    }
    if let Some(clock) = &stands.standing.clock {
        lines.clock(width + 4, clock);
    }
}

pub(super) fn enrolled(enrolment: &EnrolmentTree, lines: &mut Lines) {
    let started = lines.time(enrolment.started);
    let event = enrolment.event.as_ref().map_or_else(String::new, |event| format!(" for {event}"));
    let ended = match (enrolment.ended, &enrolment.reason) {
        (Some(at), reason) => {
            format!(", ended {}: {}", lines.time(at), reason.as_deref().unwrap_or("ended"))
        }
        (None, _) => String::new(),
    };
    lines.plain(
        2,
        &format!("{} (enrolment {}){event}, since {started}{ended}", enrolment.cadence, enrolment.number),
    );
    for step in enrolment.next.iter().take(4) {
        let due = lines.time(step.due);
        lines.plain(6, &format!("{due}   {} ({})", step.step, step.action));
    }
}

fn holds(trigger: &Holds, lines: &mut Lines) {
    let mark = if trigger.holds { lines.tone(Tone::Good, "✓") } else { " ".to_owned() };
    let fired = trigger.memory.as_ref().and_then(|memory| memory.fired);
    let fired = fired.map_or_else(String::new, |fired| format!("; last fired {}", lines.time(fired)));
    let why: Vec<&str> = trigger.why.iter().map(|reason| &*reason.says).collect();
    lines.plain(2, &format!("{mark} {}: {}{fired}", trigger.name, why.join("; ")));
}

pub(super) fn touch(touch: &TouchTree, lines: &mut Lines) {
    let due = lines.time(touch.due);
    let step = touch.step.as_ref().map_or_else(String::new, |step| format!(".{step}"));
    let state_at = lines.time(touch.state_at);
    let reason = if touch.reason.is_empty() { String::new() } else { format!(": {}", touch.reason) };
    lines.plain(
        2,
        &format!("{due}   {} for {}{step}: {} {state_at}{reason}", touch.action, touch.because, touch.state),
    );
    for said in touch.verdicts.as_array().into_iter().flatten() {
        let text = |key: &str| said.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let at = crate::model::Timestamp::parse_rfc3339(text("at"));
        let at = at.map_or_else(String::new, |at| lines.time(at));
        lines.plain(6, &format!("{at}   guard.{} {}: {}", text("guard"), text("verdict"), text("reason")));
    }
}
