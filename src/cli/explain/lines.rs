//! Lines for people: as wide as the terminal, coloured only there.

use chrono_tz::Tz;
use console::measure_text_width;

use crate::cli::print::{self, HIDDEN};
use crate::cli::times;
use crate::explain::{Clock, Part};
use crate::model::{Timestamp, Value};

/// Lines longer than this are hard to read however wide a terminal is; also the width where there is no terminal.
const WIDTH: usize = 120;
/// Nobody reads less.
const LEAST: usize = 40;

/// Lines as they are made.
pub(super) struct Lines {
    made: Vec<String>,
    width: usize,
    colored: bool,
    zone: Tz,
    personal: bool,
}

/// How a piece of text is set off on a terminal.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    Head,
    Good,
    Bad,
    Dim,
}

impl Lines {
    pub(super) fn new(zone: Tz, personal: bool) -> Self {
        let colored = print::colored();
        let columns = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        let width = columns.filter(|_| colored).unwrap_or(WIDTH).clamp(LEAST, WIDTH);
        Self { made: Vec::new(), width, colored, zone, personal }
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.made
    }

    /// A heading, with an empty line before it.
    pub(super) fn head(&mut self, text: &str) {
        if !self.made.is_empty() {
            self.made.push(String::new());
        }
        let toned = self.tone(Tone::Head, text);
        self.wrapped(0, 2, &toned);
    }

    /// Text at an indent.
    pub(super) fn plain(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, indent + 2, text);
    }

    /// Text set off, where lines are coloured.
    pub(super) fn tone(&self, tone: Tone, text: &str) -> String {
        if !self.colored || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Head => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Breaks between words where a line gets too long.
    fn wrapped(&mut self, indent: usize, hanging: usize, text: &str) {
        let mut line = " ".repeat(indent);
        let mut filled = indent;
        let mut is_empty = true;
        for word in text.split(' ') {
            let width = measure_text_width(word);
            if !is_empty && filled + 1 + width > self.width && !word.is_empty() {
                self.made.push(line.trim_end().to_owned());
                line = " ".repeat(hanging);
                filled = hanging;
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
                filled += 1;
            }
            line.push_str(word);
            filled += width;
            is_empty = false;
        }
        self.made.push(line.trim_end().to_owned());
    }

    /// Cells that begin at fixed columns, then text.
    pub(super) fn row(&mut self, indent: usize, cells: &[(&str, usize)], text: &str) {
        let mut line = String::new();
        for (cell, width) in cells {
            line.push_str(cell);
            let missing = width.saturating_sub(measure_text_width(cell));
            line.push_str(&"\u{a0}".repeat(missing + 2));
        }
        line.push_str(text);
        let hanging = indent + cells.iter().map(|(_, width)| width + 2).sum::<usize>();
        let start = self.made.len();
        self.wrapped(indent, hanging.min(self.width / 2), &line);
        for line in self.made.iter_mut().skip(start) {
            *line = line.replace('\u{a0}', " ");
        }
    }

    pub(super) fn time(&self, at: Timestamp) -> String {
        let shown = times::show(at, self.zone);
        shown.strip_suffix(":00").unwrap_or(&shown).to_owned()
    }

    /// To the millisecond.
    pub(super) fn exact(&self, at: Timestamp) -> String {
        format!("{}.{:03}", times::show(at, self.zone), at.0.rem_euclid(1_000))
    }

    pub(super) fn value(&self, value: Option<&Value>) -> String {
        match value {
            None => "missing".to_owned(),
            Some(Value::Bool(true)) => "yes".to_owned(),
            Some(Value::Bool(false)) => "no".to_owned(),
            Some(Value::Number(number)) => rounded(*number, 0),
            Some(Value::Time(at)) => self.time(*at),
            Some(value) => value.to_string(),
        }
    }

    /// A place as people say it: `no` for nobody's place, `outside` where there is none.
    pub(super) fn place(&self, value: Option<&Value>) -> String {
        value.map_or_else(|| "none".to_owned(), |value| self.value(Some(value)))
    }

    pub(super) fn hidden(&self, personal: bool, text: String) -> String {
        if personal && !self.personal { HIDDEN.to_owned() } else { text }
    }

    /// `✓ days_since_order > 45   (62.3 > 45)`.
    pub(super) fn part_text(&self, part: &Part) -> String {
        let mark = match part.holds {
            Some(true) => self.tone(Tone::Good, "✓ "),
            Some(false) => self.tone(Tone::Bad, "✗ "),
            None => String::new(),
        };
        let mut details = Vec::new();
        if let Some(compared) = &part.compared {
            let (left, right) = self.sides(compared.left.as_ref(), compared.right.as_ref());
            details.push(format!("{left} {} {right}", compared.operator));
        } else if part.holds.is_none() {
            details.push(self.value(part.value.as_ref()));
        }
        let given =
            part.given.iter().map(|given| format!("{} = {}", given.name, self.value(given.value.as_ref())));
        details.extend(given);
        if part.holds.is_some() && part.value.is_none() {
            details.push("missing".to_owned());
        }
        let details = if part.personal && !self.personal { vec![HIDDEN.to_owned()] } else { details };
        let note = part.note.as_ref().map_or_else(String::new, |note| format!("; {note}"));
        let details = details.join("; ");
        if details.is_empty() && note.is_empty() {
            return format!("{mark}{}", part.text);
        }
        format!("{mark}{}   {}", part.text, self.tone(Tone::Dim, &format!("({details}{note})")))
    }

    /// Two sides with as many decimals as tell them apart.
    fn sides(&self, left: Option<&Value>, right: Option<&Value>) -> (String, String) {
        if let (Some(Value::Number(left)), Some(Value::Number(right))) = (left, right) {
            for more in 0..=9 {
                let shown = (rounded(*left, more), rounded(*right, more));
                if shown.0 != shown.1 || left.total_cmp(right).is_eq() {
                    return shown;
                }
            }
        }
        (self.value(left), self.value(right))
    }

    pub(super) fn clock(&mut self, indent: usize, clock: &Clock) {
        let to = self.place(clock.to.as_ref());
        let (since, until) = (self.time(clock.since), self.time(clock.until));
        self.plain(
            indent,
            &format!(
                "clock: to {to} holds since the run of {since}; counts from {until} ({} = {})",
                clock.key, clock.length
            ),
        );
    }
}

/// A number with as many decimals as matter at its size, and some more.
fn rounded(number: f64, more: usize) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let size = number.abs();
    let decimals = if size >= 1_000.0 {
        0
    } else if size >= 10.0 {
        1
    } else {
        3
    };
    let text = format!("{number:.*}", decimals + more);
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Lines {
        Lines { made: Vec::new(), width: 40, colored: false, zone: Tz::UTC, personal: false }
    }

    #[test]
    fn numbers_have_the_decimals_that_matter() {
        for (number, text) in [
            (12.0, "12"),
            (62.345, "62.3"),
            (5321.7, "5322"),
            (0.123_45, "0.123"),
            (-0.5, "-0.5"),
            (0.000_1, "0"),
        ] {
            assert_eq!(rounded(number, 0), text);
        }
    }

    #[test]
    fn sides_that_look_alike_get_more_decimals() {
        let side = |number: f64| Some(Value::Number(number));
        let shown = |left: f64, right: f64| {
            let (left, right) = (side(left), side(right));
            lines().sides(left.as_ref(), right.as_ref())
        };
        assert_eq!(shown(45.004, 45.0), ("45.004".to_owned(), "45".to_owned()));
        assert_eq!(shown(45.0, 45.0), ("45".to_owned(), "45".to_owned()));
    }

    #[test]
    fn long_lines_break_between_words_and_go_on_indented() {
        let mut lines = lines();
        lines.plain(2, "one two three four five six seven eight nine ten");
        assert_eq!(lines.finish(), ["  one two three four five six seven", "    eight nine ten"]);
    }

    #[test]
    fn wide_letters_count_twice() {
        let mut lines = lines();
        lines.row(0, &[("关系", 6)], "next");
        assert_eq!(lines.finish(), ["关系    next"]);
    }
}
