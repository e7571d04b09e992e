//! The language reference, generated from what the loader knows.

mod example;
mod life;

use std::fmt::Write;

use super::codes::{codes, example};
use super::diagnostic::Severity;
use super::expression::builtin::catalog;
use super::expression::builtin::operators::OPERATORS;
use super::kind::{KINDS, Kind, about};
use super::raw::Key;
use super::script::{LIMITS, Limits, example as script};
use super::template;

/// The reference of the policy language as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# The policy language\n\n\
         A policy set is every `*.toml` under the policies folder (names that begin with `.` or `_` and `*.test.toml` apart). \
         Tables are written `[kind.name]`, a name being unique within its kind, of a-z, 0-9 and _, and begun by a letter; how they are spread over files means nothing. \
         Customer fields, metrics, ledgers, scores, segments, tiers and quadrants are values: expressions use them by their bare names, so that all of them differ.\n\n\
         ## Tables\n\nThe examples of all kinds together are one set, which loads as it stands. Every table takes:\n\n",
    );
    keys(&mut out, about::KEYS);
    for kind in KINDS {
        kind_section(&mut out, kind);
    }
    values(&mut out);
    operators(&mut out);
    functions(&mut out);
    scripts(&mut out);
    templates(&mut out);
    for section in
        [life::CUT_POINTS, life::TOUCHES, life::TIME, life::EDITS, life::KEPT, life::PERSONS, life::TESTS]
    {
        line(&mut out, section);
    }
    problems(&mut out);
    out
}

/// Writing to a string never fails.
fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

/// The example of a kind of table.
pub(super) fn example_of(kind: &str) -> &'static str {
    example::of(kind).unwrap_or(script::POLICY)
}

fn kind_section(out: &mut String, kind: &Kind) {
    let header = if kind.single { format!("[{}]", kind.name) } else { format!("[{}.NAME]", kind.name) };
    line(out, &format!("### `{header}`\n\n{}\n", kind.meaning));
    keys(out, kind.keys);
    for part in kind.parts() {
        line(out, &format!("Keys of {}:\n", part.title));
        keys(out, part.keys);
    }
    if let Some(example) = example::of(kind.name) {
        line(out, &format!("```toml\n{example}```\n"));
    }
}

fn keys(out: &mut String, keys: &[Key]) {
    line(out, "| key | takes | means |\n|---|---|---|");
    for key in keys {
        line(out, &format!("| `{}` | {} | {} |", key.name, cell(key.takes.words), cell(key.meaning)));
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
        let files = example(code);
        for text in files.policies.values() {
            line(out, &format!("```toml\n{text}```\n"));
        }
        for (file, text) in &files.scripts {
            line(out, &format!("`{file}`:\n\n```rhai\n{text}```\n"));
        }
    }
}

fn scripts(out: &mut String) {
    let Limits {
        text,
        functions,
        operations,
        call_depth,
        expression_depth,
        variables,
        text_size,
        array_size,
        map_size,
    } = LIMITS;
    line(
        out,
        "## Functions from scripts\n\n\
         What takes loops, tables or several steps is written in Rhai, in a `*.rhai` file under the scripts folder, and declared \
         with its types. Expressions then call it like a function of the language.\n",
    );
    line(out, &format!("```toml\n{}```\n\n`fit.rhai`:\n\n```rhai\n{}```\n", script::POLICY, script::SCRIPT));
    line(
        out,
        "- A script holds functions only. Each sees its parameters and its own variables; nothing is kept from call to call. \
         Functions of the same file may call each other.\n\
         - A `number` comes as a float (`x.to_int()` makes it whole), `text` and choices as strings, a `bool` as it is, a `date` as \
         `\"2027-01-31\"` and a `time` as `\"2027-01-31T01:00:00Z\"`, in UTC. Dates compare in their order; for lengths of time take \
         numbers: `fit(days_since(signed))`.\n\
         - What it gives must be of the declared type: a whole number counts as a number, a character as text, a date or time is \
         text written as above. `()`, and a number that is not finite, are missing.\n\
         - With a missing argument the script isn't called: missing. It is called only where its value is needed \
         (`if`, `&&`, `||`, `??` pass the others over), and once a batch for equal arguments.\n\
         - Inside, Rhai means what Rhai means: `7 / 2` is `3`, and overflow is a failure.\n\
         - Where a script fails or gives another type, the value is missing for that customer. Each run counts such customers by \
         function, with an example, and goes on. In a source, a row that lacks a value because of it is rejected with the reason.\n\
         - Scripts compute and do nothing else: there are no files, network, clock or randomness, no `eval`, `print`, `debug`, \
         `sleep`, no `import` of other scripts and no functions without a name (`|x| …`; write a loop, or `Fn(\"name\")`).\n",
    );
    line(
        out,
        &format!(
            "Limits, of one call unless they say otherwise: {operations} operations, {call_depth} functions within functions, \
             {variables} variables at a time, {text_size} bytes of text, {array_size} elements of an array, {map_size} entries of a map; \
             of a script {} KiB, {functions} functions and {expression_depth} levels of nesting. A call past a limit has failed.\n",
            text / 1024
        ),
    );
}

fn operators(out: &mut String) {
    line(
        out,
        "## Operators\n\nThose that bind strongest come first; brackets group.\n\n\
         | written | takes and gives | means | missing | for instance |\n|---|---|---|---|---|",
    );
    for operator in OPERATORS {
        let written: Vec<String> = operator
            .written
            .split(", x ")
            .enumerate()
            .map(|(at, part)| match at {
                0 => format!("`{part}`"),
                _ => format!("`x {part}`"),
            })
            .collect();
        let columns = [
            &written.join(" "),
            operator.types,
            operator.summary,
            operator.missing,
            &instances(operator.examples),
        ];
        line(out, &format!("| {} |", columns.map(cell).join(" | ")));
    }
    line(out, "");
}

fn instances(examples: &[(&str, &str)]) -> String {
    let examples: Vec<String> =
        examples.iter().map(|(text, value)| format!("`{text}` is `{value}`")).collect();
    examples.join(", ")
}

fn functions(out: &mut String) {
    line(
        out,
        "## Functions\n\nA choice is taken where text is. In the examples now is 1 March 2027, 9:30 in Shanghai, `pyramid` is a tier in which the customer rose from `ordinary` to \
         `secondary`, below `key`, the day before at noon, the column 金额 of a file says 12.50, and the action of a touch is tagged `care`, and 120 of the ledger `points` lapse in ten days.\n\n| call | takes | gives | means | missing | for instance |\n|---|---|---|---|---|---|",
    );
    for entry in catalog() {
        line(
            out,
            &format!(
                "| `{}` | {} | {} | {} | {} | {} |",
                cell(&entry.signature),
                entry.takes,
                entry.returns,
                cell(entry.summary),
                cell(entry.missing),
                cell(&instances(entry.examples))
            ),
        );
    }
    line(out, "");
}
