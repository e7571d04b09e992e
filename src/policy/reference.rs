//! The language reference, generated from what the loader knows.

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
         Tables are written `[kind.name]`; how they are spread over files means nothing.\n\n## Tables\n\nEvery table takes:\n\n",
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
    time(&mut out);
    edits(&mut out);
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

fn time(out: &mut String) {
    line(
        out,
        "## Time\n\n\
         - `s m h d w` are exact: a day is 24 hours, also where the clocks change. `mo` and `y` follow the calendar of the zone and keep the local time of day; \
         what has no such day falls on the month's last (a month after the 31st of January is the 28th of February, or the 29th).\n\
         - A local time that daylight saving skips is the moment after the gap; of one that comes twice the first counts.\n\
         - A run decides for its scheduled time, also where it comes late, over what had happened by then. `grace`, `expires`, guards and sending go by the real time.\n\
         - No run decides for an earlier time than the one before. Was the clock set back, runs decide for the last run's time until the clock is there, and say so; events \
         that come in meanwhile are news all the same. A schedule whose last fire lies more than a day ahead goes by the clock again.\n\
         - An event counts from when it happened, however late it comes in. For triggers on events one older than the `grace` is noted; one dated \
         in the future waits until then.\n\
         - What is true of a customer when first seen, history and all, is noted and fires nothing, but for `backlog = \"fire\"`. Events and moves of before a trigger \
         was first seen are passed over and not counted.\n",
    );
}

fn edits(out: &mut String) {
    line(
        out,
        "## Editing a live policy\n\n\
         Files are looked at whenever they change. A set with errors changes nothing: the last good one, which the store keeps, goes on, \
         also across a restart; `once` then says so by its exit code. No edit fires anything again or restarts a clock.\n\n\
         - Every segment, tier, quadrant and trigger remembers under which version of the set it last ran. Was it edited since, or anything it uses \
         (scripts, fields, `settings.timezone`), its next run evaluates the former definition too, on the same facts, with its own cut points. What never ran \
         between two edits counts for nothing, and neither does an edit that was taken back.\n\
         - From where a customer stood to where the former definition puts it, a transition is caused by `data`; from there to where it stands now by `policy`. \
         A trigger that `moves` fires for what the data did, if the customer also came there by the present definition.\n\
         - A trigger with `when` fires for who rose under both definitions. What only the edit made true is noted, and fired only with `backlog = \"fire\"`; what \
         only the edit made false cancels touches that were not sent; what holds by the edit alone, after it had fired, goes on and fires nothing.\n\
         - A trigger on events or moves judges what is new to it by the `where` and `audience` that it has when it runs: what came before the edit \
         but after its last evaluation too. What waits for an answer keeps the `within` it began with.\n\
         - A table that is removed or disabled sleeps: its unsent touches are cancelled, what it remembers is kept. What became true or moved while it slept is the \
         edit's doing. A table with another name is another table.\n\
         - A level or cell with a new name, at the place of one whose name is gone, among as many, is the same one renamed: its customers stay \
         there, with `since`, `previous` and clocks; nobody moves by that.\n\
         - Where the store no longer has the former set, or this version of the program can't read it, all that changed counts as the edit's doing, and the run says so.\n",
    );
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
