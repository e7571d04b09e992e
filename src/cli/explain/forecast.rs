//! What comes if no data does.

use super::lines::{Lines, Tone};
use crate::explain::{Cause, Change, Forecast};

pub(super) fn forecast(told: &Forecast, lines: &mut Lines) {
    if told.days == 0 {
        return;
    }
    lines.head(&format!("What comes within {} days if no data does, cut points as they are", told.days));
    if told.runs == 0 {
        lines.plain(2, "no schedule runs anything until then");
    } else if told.changes.is_empty() {
        lines.plain(2, &format!("nothing changes within {} days", told.days));
    }
    for one in &told.changes {
        change(one, lines);
    }
    if let Some(every) = &told.looked_every {
        let seen = format!(
            "of {} runs those of {every} were looked at together; what comes and goes within them is not seen",
            told.runs
        );
        let seen = lines.tone(Tone::Dim, &seen);
        lines.plain(2, &seen);
    }
    for what in &told.untold {
        let what = lines.tone(Tone::Dim, &format!("not told: {what}"));
        lines.plain(2, &what);
    }
}

fn change(told: &Change, lines: &mut Lines) {
    let run = lines.time(told.run);
    let moves = match (told.kind, &told.says) {
        ("segment" | "tier" | "quadrant", _) => {
            format!(": {} → {}", lines.place(told.from.as_ref()), lines.place(told.to.as_ref()))
        }
        (_, Some(says)) => format!(": {says}"),
        (_, None) => String::new(),
    };
    let name = lines.tone(Tone::Head, &format!("{}.{}", told.kind, told.name));
    lines.plain(2, &format!("{run}   {name}{moves}"));
    match (told.turns, told.kind == "cadence") {
        (Some(at), true) => lines.plain(6, &format!("due {}", lines.time(at))),
        (Some(at), false) => lines.plain(6, &format!("turns {}", lines.exact(at))),
        (None, _) => {}
    }
    if let Some(at) = told.counts_from {
        lines.plain(6, &format!("counts from {}, when it has held long enough", lines.time(at)));
    }
    for one in &told.by {
        cause(one, lines);
    }
}

fn cause(told: &Cause, lines: &mut Lines) {
    if let Some(part) = &told.part {
        let text = lines.part_text(part);
        lines.plain(6, &format!("{}: {text}", told.of));
    }
    for event in &told.events {
        let at = lines.time(event.at);
        let becomes = if event.counts { "begins to count" } else { "counts no more" };
        lines.plain(6, &format!("{}: {} of {at} {becomes}", told.of, event.id));
    }
}
