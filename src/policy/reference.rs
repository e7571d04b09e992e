//! The language reference, generated from what the loader knows.

use std::fmt::Write;

use super::codes::{codes, example};
use super::diagnostic::Severity;
use super::expression::builtin::catalog;
use super::kind::{KINDS, Kind, Support, about};
use super::raw::Key;
use super::template;

/// The reference of the policy language as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# The policy language\n\n\
         A policy set is every `*.toml` under the policies folder (names that begin with `.` or `_` and `*.test.toml` apart). \
         Tables are written `[kind.name]`; how they are spread over files means nothing.\n\n## Tables\n\nEvery table takes:\n\n",
    );
    keys(&mut out, about::KEYS);
    for kind in KINDS.iter().filter(|kind| kind.support == Support::Now) {
        kind_section(&mut out, kind);
    }
    let later: Vec<String> = KINDS
        .iter()
        .filter(|kind| kind.support == Support::Later)
        .map(|kind| format!("`{}`", kind.name))
        .collect();
    line(&mut out, &format!("Not supported by this version: {}.\n", later.join(", ")));
    values(&mut out);
    functions(&mut out);
    templates(&mut out);
    problems(&mut out);
    out
}

/// Writing to a string never fails.
fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

fn kind_section(out: &mut String, kind: &Kind) {
    let header = if kind.single { format!("[{}]", kind.name) } else { format!("[{}.NAME]", kind.name) };
    line(out, &format!("### `{header}`\n\n{}\n", kind.meaning));
    keys(out, kind.keys);
    for (part, part_keys) in kind.parts {
        line(out, &format!("Keys of {part}:\n"));
        keys(out, part_keys);
    }
}

fn keys(out: &mut String, keys: &[Key]) {
    line(out, "| key | takes | means |\n|---|---|---|");
    for key in keys.iter().filter(|key| key.supported) {
        line(out, &format!("| `{}` | {} | {} |", key.name, cell(key.takes), cell(key.meaning)));
    }
    let later: Vec<String> =
        keys.iter().filter(|key| !key.supported).map(|key| format!("`{}`", key.name)).collect();
    if !later.is_empty() {
        line(out, &format!("\nNot supported by this version: {}.", later.join(", ")));
    }
    line(out, "");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn values(out: &mut String) {
    line(
        out,
        "## Values\n\n\
         Types: `number` (64-bit float), `text`, `bool`, `date` (a civil day), `time` (an instant), `choice` (text out of a declared list). \
         Durations: `30s 15m 48h 90d 12w 3mo 1y`; months and years follow the calendar. Shares: `\"1%\"`, `\"12.5%\"`.\n\n\
         Any value may be missing. Arithmetic and functions on a missing value give missing; `<  <= > >= ==` and `in` with it are false, `!=` is true; \
         a missing bool counts as false. `x ?? 0` supplies a default.\n",
    );
}

fn templates(out: &mut String) {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    line(
        out,
        "## Payload templates\n\n\
         Texts of a payload are minijinja templates over every value and customer field, `id`, `known_since`, `because`, `due`, `event`, \
         and of segments, tiers and quadrants `NAME.title` and `NAME.data.KEY`.\n",
    );
    line(out, &format!("Filters: {}\n", list(template::FILTERS)));
    line(out, &format!("Tests: {}\n", list(template::TESTS)));
    line(out, &format!("Functions: {}\n", list(template::FUNCTIONS)));
}

fn problems(out: &mut String) {
    line(
        out,
        "## Problems\n\nEvery problem has a code that keeps its meaning. `E` is an error, `W` a warning.\n",
    );
    for code in codes() {
        let severity = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        line(out, &format!("### {}: {} ({severity})\n\n{}\n", code.id, code.title, code.explanation));
        for (_, text) in example(code).policies {
            line(out, &format!("```toml\n{text}```\n"));
        }
    }
}

fn functions(out: &mut String) {
    line(out, "## Functions\n\n| call | gives | means | missing | for instance |\n|---|---|---|---|---|");
    for entry in catalog() {
        let examples: Vec<String> =
            entry.examples.iter().map(|(call, value)| format!("`{call}` is `{value}`")).collect();
        line(
            out,
            &format!(
                "| `{}` | {} | {} | {} | {} |",
                cell(&entry.signature),
                entry.returns,
                cell(entry.summary),
                cell(entry.missing),
                cell(&examples.join(", "))
            ),
        );
    }
    line(out, "");
}
