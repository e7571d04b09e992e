//! `[schedule.NAME]`: when policies are evaluated.

use std::str::FromStr;

use chrono_tz::Tz;

use super::settings::timezone;
use super::{about, metric};
use crate::policy::codes;
use crate::policy::compiled::{About, CatchUp, Schedule, Scope, Start};
use crate::policy::formula::{Context, disabled};
use crate::policy::names::KnownValue;
use crate::policy::raw::{At, Constraint, Content, Declared, Form, Key, Reader, Sink, form, key, takes};

/// What can be evaluated, as said in a list.
const EVALUATED: Form =
    Form::Matching(r"everything|(segment|tier|quadrant|trigger|cadence)\.(\*|[a-z][a-z0-9_]*)");

/// Keys of `[schedule.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "cron",
        takes("text", Form::Matching(r"\s*(\S+\s+){4,5}[^\s0-9]+\s*")),
        "Five fields, or six with seconds; weekdays by name.",
    ),
    key(
        "on",
        takes("list of event kinds", Form::List(1, &Form::Name)),
        "Instead of `cron`: the customers of such events are evaluated within seconds of their arrival.",
    ),
    key("timezone", form::ZONE, "What the fields of `cron` mean. Default that of `[settings]`."),
    key(
        "evaluate",
        takes("list of texts", Form::List(0, &EVALUATED)),
        "\"everything\" (default) or names as `kind.name` or `kind.*`; what they use comes along.",
    ),
    key(
        "catch_up",
        takes("latest, all or none", Form::Words(&["latest", "all", "none"])),
        "What becomes of runs missed while down; only with `cron`. Default \"latest\" (one run).",
    ),
];

/// What holds among the keys of `[schedule.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[
    Constraint::One(&["cron", "on"]),
    Constraint::Excludes("on", "timezone"),
    Constraint::Excludes("on", "catch_up"),
];

/// What can be evaluated, beside triggers and cadences.
const CLASSES: &[&str] = &["segment", "tier", "quadrant"];

/// As written.
pub(crate) struct RawSchedule {
    name: String,
    about: About,
    pub(crate) enabled: bool,
    start: Option<RawStart>,
    evaluate: Vec<At<String>>,
}

enum RawStart {
    Times(Start),
    Events(Vec<At<String>>),
}

/// Reads all schedules, by name.
pub(crate) fn read(declared: &Declared, zone: Tz, sink: &Sink<'_>) -> Vec<RawSchedule> {
    let tables = declared.get("schedule").into_iter().flatten();
    tables
        .map(|(name, table)| {
            let head = about::read(sink, table, KEYS);
            let reader = head.reader;
            RawSchedule {
                name: name.clone(),
                about: head.about,
                enabled: head.enabled,
                start: start(&reader, zone),
                evaluate: reader.words("evaluate"),
            }
        })
        .collect()
}

fn start(reader: &Reader<'_>, zone: Tz) -> Option<RawStart> {
    let words = [("latest", CatchUp::Latest), ("all", CatchUp::All), ("none", CatchUp::None)];
    let catch_up = reader.choice("catch_up", &words).map_or(CatchUp::Latest, |word| word.value);
    let zone_of_fields = timezone(reader).unwrap_or(zone);
    let on = reader.words("on");
    if reader.entry("on").is_none() {
        let cron = cron(reader)?;
        return Some(RawStart::Times(Start::Times { cron, timezone: zone_of_fields, catch_up }));
    }
    reader.excludes("on", "cron", "a schedule goes by the time or by events");
    for key in ["timezone", "catch_up"] {
        reader.useless(key, "a schedule that goes by events has no times");
    }
    if let Some(entry) = reader.entry("on")
        && matches!(&entry.node.content, Content::Array(items) if items.is_empty())
    {
        let report = reader.sink.problem(
            &codes::table::EMPTY,
            &entry.node.place,
            "a schedule needs at least one event",
        );
        report.report();
    }
    (!on.is_empty()).then_some(RawStart::Events(on))
}

fn cron(reader: &Reader<'_>) -> Option<String> {
    let Some(text) = reader.word("cron") else {
        if reader.entry("cron").is_none() {
            reader.missing("cron");
        }
        return None;
    };
    let fields: Vec<&str> = text.value.split_whitespace().collect();
    let six = match fields.len() {
        5 => format!("0 {}", fields.join(" ")),
        6 => fields.join(" "),
        number => {
            let report = reader.sink.problem(
                &codes::table::BAD_CRON,
                &text.place,
                format!("a cron expression has five fields, or six with seconds, not {number}"),
            );
            report.help("minute, hour, day of the month, month, weekday, as in \"0 9 * * Mon-Fri\"").report();
            return None;
        }
    };
    if fields.last().is_some_and(|weekday| weekday.bytes().any(|byte| byte.is_ascii_digit())) {
        let offset = text.value.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let place = reader.sink.part(&text, &(offset..text.value.trim_end().len()));
        reader
            .sink
            .problem(&codes::table::NUMERIC_WEEKDAY, &place, "weekdays are written by name")
            .help(
                "numbers mean different days in different programs: write Mon, Tue, Wed, Thu, Fri, Sat, Sun",
            )
            .report();
        return None;
    }
    if cron::Schedule::from_str(&six).is_err() {
        reader
            .sink
            .problem(&codes::table::BAD_CRON, &text.place, format!("`{}` is no cron expression", text.value))
            .help("minute, hour, day of the month, month, weekday, as in \"0 9 * * Mon-Fri\"")
            .report();
        return None;
    }
    Some(six)
}

/// The tables that fire actions, in order of their indices, and whether each counts.
pub(crate) struct Tables {
    pub(crate) triggers: Vec<(String, bool)>,
    pub(crate) cadences: Vec<(String, bool)>,
}

impl RawSchedule {
    /// Checks it against the tables that fire actions.
    pub(crate) fn check(self, tables: &Tables, context: Context<'_>) -> Option<Schedule> {
        let evaluate = self.scope(tables, context);
        let start = match self.start? {
            RawStart::Times(times) => times,
            RawStart::Events(events) => {
                let kinds: Vec<Option<usize>> =
                    events.iter().map(|event| metric::event(Some(event), context)).collect();
                Start::Events(kinds.into_iter().collect::<Option<_>>()?)
            }
        };
        Some(Schedule { name: self.name.as_str().into(), about: self.about, start, evaluate })
    }

    fn scope(&self, tables: &Tables, context: Context<'_>) -> Scope {
        let mut everything = self.evaluate.is_empty();
        let (mut values, mut triggers, mut cadences) = (Vec::new(), Vec::new(), Vec::new());
        for pattern in &self.evaluate {
            if pattern.value == "everything" {
                everything = true;
                continue;
            }
            let Some((kind, name)) = known_kind(pattern, context) else { continue };
            let named = |value: &KnownValue| value.kind == kind;
            let of_kind = |value: &KnownValue| {
                (if named(value) { value.name.to_string() } else { String::new() }, value.enabled)
            };
            let (candidates, indices) = match kind {
                "trigger" => (tables.triggers.clone(), &mut triggers),
                "cadence" => (tables.cadences.clone(), &mut cadences),
                _ => (context.known.values.iter().map(of_kind).collect(), &mut values),
            };
            matching(pattern, kind, name, &candidates, context, indices);
        }
        if everything {
            return Scope::Everything;
        }
        for indices in [&mut values, &mut triggers, &mut cadences] {
            indices.sort_unstable();
            indices.dedup();
        }
        Scope::Some { values, triggers, cadences }
    }
}

fn known_kind<'p>(pattern: &'p At<String>, context: Context<'_>) -> Option<(&'p str, &'p str)> {
    let (kind, name) = pattern.value.split_once('.').unwrap_or((&pattern.value, ""));
    if (CLASSES.contains(&kind) || matches!(kind, "trigger" | "cadence")) && !name.is_empty() {
        return Some((kind, name));
    }
    let sink = context.sink;
    sink.problem(
        &codes::together::EVALUATE,
        &pattern.place,
        format!("`{}` can't be evaluated", pattern.value),
    )
    .help("write \"everything\", or segment, tier, quadrant, trigger or cadence with `.name` or `.*`")
    .report();
    None
}

fn matching(
    pattern: &At<String>,
    kind: &str,
    name: &str,
    tables: &[(String, bool)],
    context: Context<'_>,
    indices: &mut Vec<usize>,
) {
    if name == "*" {
        let all = tables.iter().enumerate().filter(|(_, (known, enabled))| !known.is_empty() && *enabled);
        let before = indices.len();
        indices.extend(all.map(|(index, _)| index));
        if indices.len() == before {
            context
                .sink
                .problem(
                    &codes::together::EVALUATE,
                    &pattern.place,
                    format!("there is no {kind} to evaluate"),
                )
                .help("take it out, or declare one")
                .report();
        }
        return;
    }
    let Some(index) = tables.iter().position(|(known, _)| known == name) else {
        let names: Vec<String> = tables
            .iter()
            .filter(|(known, _)| !known.is_empty())
            .map(|(known, _)| format!("{kind}.{known}"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        context
            .sink
            .problem(
                &codes::together::UNKNOWN_REFERENCE,
                &pattern.place,
                format!("there is no {kind} `{name}`"),
            )
            .nearest(&pattern.value, &names, true)
            .report();
        return;
    };
    if context.enabled && !tables.get(index).is_some_and(|(_, enabled)| *enabled) {
        disabled(context.sink, &pattern.place, &pattern.value);
    }
    indices.push(index);
}
