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

use super::raw::{Constraint, Key, Part};

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
    /// What holds among them.
    pub(crate) constraints: &'static [Constraint],
}

impl Kind {
    /// The keys of every table that this kind takes as well.
    pub(crate) const fn common(&self) -> &'static [Key] {
        if self.single { &[] } else { about::KEYS }
    }

    /// The tables within its tables, each once, in the order of the keys that lead to them.
    pub(crate) fn parts(&self) -> Vec<&'static Part> {
        let mut parts = Vec::new();
        parts_of(self.keys, &mut parts);
        parts
    }
}

fn parts_of(keys: &'static [Key], parts: &mut Vec<&'static Part>) {
    for part in keys.iter().filter_map(|key| key.takes.form.part()) {
        if !parts.iter().any(|known| std::ptr::eq(*known, part)) {
            parts.push(part);
            parts_of(part.keys, parts);
        }
    }
}

const fn kind(
    name: &'static str,
    meaning: &'static str,
    keys: &'static [Key],
    constraints: &'static [Constraint],
) -> Kind {
    let single = matches!(name.as_bytes(), b"settings" | b"customer");
    Kind { name, single, meaning, keys, constraints }
}

/// All kinds, in the order of the reference.
pub(crate) static KINDS: &[Kind] = &[
    kind("settings", "What holds for the whole set.", settings::KEYS, &[]),
    kind(
        "customer",
        "What is known of a customer: `[customer.fields]`, each `name = \"type\"` or a table. `id` (text) is always there.",
        event::CUSTOMER_KEYS,
        &[],
    ),
    kind(
        "event",
        "A kind of thing that happens. Every event has `id`, `customer` and `at`. The engine itself records `touch`.",
        event::KEYS,
        &[],
    ),
    kind("source", "Files that appear are imported, then moved.", source::KEYS, &[]),
    kind(
        "metric",
        "A figure made of a customer's events. `count` and `sum` of none are 0, anything else of none is missing. Ties of `mode` \
         go to the most recent. `sum` and `mean` add in order of (`at`, `id`), rounded to 6 decimals. Events later than now \
         don't exist yet.",
        metric::KEYS,
        metric::CONSTRAINTS,
    ),
    kind(
        "ledger",
        "A balance with memory: an emotional account, loyalty points. All its events together add up in order of \
         (`at`, `id`), rounded to 6 decimals; an `amount` that is missing adds nothing.",
        ledger::KEYS,
        ledger::CONSTRAINTS,
    ),
    kind("score", "A value by expression, or a rank in the population.", score::KEYS, score::CONSTRAINTS),
    kind(
        "segment",
        "Customers who are in or out, with memory. Like tiers and quadrants it keeps each change, but the first placement, as a transition.",
        segment::KEYS,
        &[],
    ),
    kind("tier", "One of several levels.", tier::KEYS, &[]),
    kind("quadrant", "One of four cells.", quadrant::KEYS, &[]),
    kind(
        "channel",
        "A way out: exactly one of `[channel.NAME.webhook]` and `[channel.NAME.file]`.",
        channel::KEYS,
        channel::CONSTRAINTS,
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
        cadence::CONSTRAINTS,
    ),
    kind(
        "trigger",
        "Fires actions: exactly one of `when`, `on` and `moves` says when.",
        trigger::KEYS,
        trigger::CONSTRAINTS,
    ),
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
        guard::CONSTRAINTS,
    ),
    kind(
        "schedule",
        "When policies are evaluated: exactly one of `cron` and `on`. Schedules due at the same moment are one run. Without any, only `once` and `POST /v1/runs` evaluate.",
        schedule::KEYS,
        schedule::CONSTRAINTS,
    ),
    kind("calendar", "Which days are working days, and days that have a name.", calendar::KEYS, &[]),
];
