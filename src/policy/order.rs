//! The order of evaluation: each value after all it uses, otherwise by name.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::raw::{Place, Sink};

/// What a value uses: name and the place where it does.
pub(crate) type Uses = BTreeMap<String, Vec<(String, Place)>>;

/// The names in order of evaluation, and those that are in a loop or hang on one.
pub(crate) struct Order {
    /// In order.
    pub(crate) names: Vec<String>,
    /// Can't be ordered.
    pub(crate) looped: Vec<String>,
}

/// Orders values. A loop is reported whole, once.
pub(crate) fn order(uses: &Uses, sink: &Sink<'_>) -> Order {
    let mut waits: BTreeMap<&str, BTreeSet<&str>> = uses
        .iter()
        .map(|(name, used)| {
            let used = used.iter().map(|(used, _)| used.as_str()).filter(|used| uses.contains_key(*used));
            (name.as_str(), used.collect())
        })
        .collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, used) in &waits {
        for used in used {
            users.entry(used).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&str> =
        waits.iter().filter(|(_, used)| used.is_empty()).map(|(name, _)| *name).collect();
    let mut names = Vec::new();
    while let Some(name) = ready.pop_first() {
        names.push(name.to_owned());
        waits.remove(name);
        for user in users.get(name).map_or(&[] as &[&str], Vec::as_slice) {
            if let Some(left) = waits.get_mut(user) {
                left.remove(name);
                if left.is_empty() {
                    ready.insert(user);
                }
            }
        }
    }
    report_loops(&waits, uses, sink);
    Order { names, looped: waits.keys().map(|name| (*name).to_owned()).collect() }
}

/// Follows, from each value left, the first it waits for until one comes again.
fn report_loops(waits: &BTreeMap<&str, BTreeSet<&str>>, uses: &Uses, sink: &Sink<'_>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for start in waits.keys() {
        let mut path: Vec<&str> = Vec::new();
        let mut at = *start;
        while seen.insert(at) {
            path.push(at);
            let Some(next) = waits.get(at).and_then(|left| left.first()) else { break };
            at = next;
        }
        if let Some(from) = path.iter().position(|name| *name == at) {
            report_loop(path.get(from..).unwrap_or_default(), uses, sink);
        }
    }
}

fn report_loop(path: &[&str], uses: &Uses, sink: &Sink<'_>) {
    let smallest = path.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(index, _)| index);
    let mut path = path.to_vec();
    path.rotate_left(smallest);
    let Some(first) = path.first().copied() else { return };
    let whole = path.iter().chain([&first]).copied().collect::<Vec<_>>().join(" → ");
    let links: Vec<(&str, &str, &Place)> = path
        .iter()
        .zip(path.iter().cycle().skip(1))
        .filter_map(|(user, used)| {
            let (_, place) = uses.get(*user)?.iter().find(|(name, _)| name == used)?;
            Some((*user, *used, place))
        })
        .collect();
    let Some((_, _, place)) = links.first() else { return };
    let mut report = sink
        .problem(&codes::together::LOOP, place, format!("values use each other in a loop: {whole}"))
        .label(format!("`{first}` needs itself to be found"))
        .help("break the loop: one of these values must do without the next");
    for (user, used, place) in links.iter().skip(1) {
        report = report.related(place, format!("`{user}` uses `{used}`"));
    }
    report.report();
}
