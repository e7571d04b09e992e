//! The kinds of table, one file each: its keys, the raw table as written, and the checks that make
//! the compiled form of it.

pub(crate) mod about;
pub(crate) mod action;
pub(crate) mod cadence;
pub(crate) mod calendar;
pub(crate) mod channel;
pub(crate) mod clock;
pub(crate) mod constant;
pub(crate) mod data;
pub(crate) mod event;
pub(crate) mod field;
pub(crate) mod file;
pub(crate) mod function;
pub(crate) mod guard;
pub(crate) mod ledger;
pub(crate) mod metric;
pub(crate) mod occasions;
pub(crate) mod path;
pub(crate) mod payload;
pub(crate) mod quadrant;
pub(crate) mod retain;
pub(crate) mod schedule;
pub(crate) mod score;
pub(crate) mod segment;
pub(crate) mod settings;
pub(crate) mod share;
pub(crate) mod source;
pub(crate) mod tier;
pub(crate) mod trigger;
pub(crate) mod value;
pub(crate) mod webhook;

use super::raw::Key;

/// One kind of table.
#[derive(Debug)]
pub(crate) struct Kind {
    /// As written in the header.
    pub(crate) name: &'static str,
    /// Whether there is only one, without a name.
    pub(crate) single: bool,
    /// What it is for, for the reference.
    pub(crate) meaning: &'static str,
    /// Its keys, besides those of every table.
    pub(crate) keys: &'static [Key],
    /// The tables within, with their keys.
    pub(crate) parts: &'static [(&'static str, &'static [Key])],
}

const fn kind(
    name: &'static str,
    meaning: &'static str,
    keys: &'static [Key],
    parts: &'static [(&'static str, &'static [Key])],
) -> Kind {
    let single = matches!(name.as_bytes(), b"settings" | b"customer");
    Kind { name, single, meaning, keys, parts }
}

/// All kinds, in the order of the reference.
pub(crate) static KINDS: &[Kind] = &[
    kind("settings", "What holds for the whole set.", settings::KEYS, &[("`retain`", retain::KEYS)]),
    kind(
        "customer",
        "What is known of a customer: `[customer.fields]`, each `name = \"type\"` or a table. `id` (text) is always there.",
        event::CUSTOMER_KEYS,
        &[("a field", field::KEYS)],
    ),
    kind(
        "event",
        "A kind of thing that happens. Every event has `id`, `customer` and `at`. The engine itself records `touch`.",
        event::KEYS,
        &[("a field", field::KEYS)],
    ),
    kind("source", "Files that appear are imported, then moved.", source::KEYS, &[]),
    kind(
        "metric",
        "A figure made of a customer's events. `count` and `sum` of none are 0, anything else of none is missing. Ties of `mode` \
         go to the most recent. `sum` and `mean` add in order of (`at`, `id`), rounded to 6 decimals. Events later than now \
         don't exist yet.",
        metric::KEYS,
        &[],
    ),
    kind(
        "ledger",
        "A balance with memory: an emotional account, loyalty points. All its events together add up in order of \
         (`at`, `id`), rounded to 6 decimals; an `amount` that is missing adds nothing.",
        ledger::KEYS,
        &[("an entry", ledger::ENTRY)],
    ),
    kind("score", "A value by expression, or a rank in the population.", score::KEYS, &[]),
    kind(
        "segment",
        "Customers who are in or out, with memory. Like tiers and quadrants it keeps each change, but the first placement, as a transition.",
        segment::KEYS,
        &[("best", segment::BEST)],
    ),
    kind("tier", "One of several levels.", tier::KEYS, &[("a level", tier::LEVEL)]),
    kind(
        "quadrant",
        "One of four cells.",
        quadrant::KEYS,
        &[("x, y", quadrant::AXIS), ("a cell", quadrant::CELL)],
    ),
    kind(
        "channel",
        "A way out: exactly one of `[channel.NAME.webhook]` and `[channel.NAME.file]`.",
        channel::KEYS,
        &[("webhook", webhook::KEYS), ("retry", webhook::RETRY), ("file", file::KEYS)],
    ),
    kind(
        "action",
        "What goes out to a customer, because a trigger fires it or it is the step of a cadence.",
        action::KEYS,
        &[],
    ),
    kind(
        "cadence",
        "Steps in time for everybody in an audience: a customer is enrolled and goes through its cycles.",
        cadence::KEYS,
        &[("a step", cadence::STEP), ("goal", cadence::GOAL)],
    ),
    kind("trigger", "Fires actions: exactly one of `when`, `on` and `moves` says when.", trigger::KEYS, &[]),
    kind(
        "function",
        "A function from a script, called in expressions like those of the language; see Functions from scripts.",
        function::KEYS,
        &[],
    ),
    kind(
        "guard",
        "Holds touches back: exactly one of the tables block, holdout, hours, cap, capacity and blast_radius. `channels`, \
         `actions`, `tags` (those of actions) and `audience` narrow it, all together. In which order guards are asked stands \
         under Touches and guards.",
        guard::KEYS,
        &[
            ("block", guard::block::KEYS),
            ("holdout", guard::holdout::KEYS),
            ("hours", guard::hours::KEYS),
            ("cap", guard::cap::KEYS),
            ("capacity", guard::capacity::KEYS),
            ("reserve", guard::capacity::RESERVE),
            ("blast_radius", guard::blast_radius::KEYS),
        ],
    ),
    kind(
        "schedule",
        "When policies are evaluated: exactly one of `cron` and `on`. Schedules due at the same moment are one run. Without any, only `once` and `POST /v1/runs` evaluate.",
        schedule::KEYS,
        &[],
    ),
    kind("calendar", "Which days are working days, and days that have a name.", calendar::KEYS, &[]),
];
