//! Which tables decide otherwise although they say the same.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Follows;
use crate::policy::compiled::ValueDefinition;
use crate::policy::{Compiled, TableChange, UsedVersions};

/// A table that has a version, with what it uses.
struct Versioned<'a> {
    version: &'a str,
    uses: &'a UsedVersions,
}

/// The tables of a set that have versions, by `kind.name`.
fn versioned(policy: &Compiled) -> BTreeMap<String, Versioned<'_>> {
    let values = policy
        .values
        .iter()
        .map(|value| (table_of(value), Versioned { version: &value.version, uses: &value.uses }));
    let triggers = policy.triggers.iter().map(|trigger| {
        (format!("trigger.{}", trigger.name), Versioned { version: &trigger.version, uses: &trigger.uses })
    });
    let cadences = policy.cadences.iter().map(|cadence| {
        (format!("cadence.{}", cadence.name), Versioned { version: &cadence.version, uses: &cadence.uses })
    });
    values.chain(triggers).chain(cadences).collect()
}

/// The table of a value: `metric.orders`.
pub(super) fn table_of(value: &ValueDefinition) -> String {
    format!("{}.{}", value.kind.word(), value.name)
}

/// The tables of another version that were not edited themselves, with what they use that is another.
pub(super) fn follow(old: &Compiled, new: &Compiled, edited: &[TableChange]) -> Vec<Follows> {
    let (before, after) = (versioned(old), versioned(new));
    let edited: BTreeSet<&str> = edited.iter().map(|change| change.table.as_str()).collect();
    let mut follow = Vec::new();
    for (table, now) in &after {
        let Some(was) = before.get(table) else { continue };
        if was.version == now.version || edited.contains(table.as_str()) {
            continue;
        }
        let used: BTreeSet<&String> = was.uses.keys().chain(now.uses.keys()).collect();
        let others = used.into_iter().filter(|name| was.uses.get(*name) != now.uses.get(*name));
        let through = others.map(|name| table_named(new, name)).collect();
        follow.push(Follows { table: table.clone(), through });
    }
    follow
}

/// The table of something used, as people write it: `value.pyramid` is `tier.pyramid`.
fn table_named(policy: &Compiled, used: &str) -> String {
    let Some((kind, name)) = used.split_once('.') else { return used.to_owned() };
    match kind {
        "value" => {
            let value = policy.value(name).and_then(|index| policy.values.get(index));
            value.map_or_else(|| name.to_owned(), table_of)
        }
        "field" => format!("customer.{name}"),
        _ => used.to_owned(),
    }
}
