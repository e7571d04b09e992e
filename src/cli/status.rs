//! `guanxi status`: how much there is and what is going on, from the store alone.

use serde_json::{Value, json};

use super::arguments::Common;
use super::failure::Failure;
use super::print::{Out, table};
use super::{open, times};
use crate::archive::{Archive, Counts, Depth, RunOutcome, RunRow};
use crate::daemon::policy_set::{PolicySet, PolicySetError, counted};
use crate::daemon::status::run_row;
use chrono_tz::Tz;

pub(super) fn execute(common: &Common, out: &mut Out) -> Result<(), Failure> {
    let mut archive = Archive::open_read_only(&common.store)?;
    let active = open::active(&archive)?;
    if let Some(set) = &active {
        archive.adopt(std::sync::Arc::clone(&set.compiled.schema))?;
    }
    let (counts, depths) = (archive.counts()?, archive.depths()?);
    let last = archive.runs(1)?.into_iter().next();
    let files = on_disk(common, active.as_ref());
    let places = places(&archive, active.as_ref())?;
    if common.json {
        out.json(&json!({
            "policy": { "version": active.as_ref().map(|set| set.compiled.version.to_string()), "files": files },
            "customers": counts.customers,
            "events": counts.events.iter().map(|(kind, count)| (kind.clone(), (*count).into())).collect::<serde_json::Map<_, _>>(),
            "standing": places,
            "touches": counts.touches.iter().map(|touch| json!({
                "action": touch.action, "state": touch.state.as_str(), "count": touch.count,
            })).collect::<Vec<_>>(),
            "outbox": depths.iter().map(|depth| json!({
                "channel": depth.channel, "queued": depth.queued, "oldest": depth.oldest.map(|at| at.to_string()),
            })).collect::<Vec<_>>(),
            "last_run": last.as_ref().map(run_row),
        }))?;
        return Ok(());
    }
    let timezone = active.as_ref().map_or(Tz::UTC, |set| set.compiled.settings.timezone);
    let version = active.as_ref().map_or("none yet", |set| &*set.compiled.version);
    out.line(format_args!("store      {}", common.store.display()))?;
    out.line(format_args!("policies   {version} active; {files}"))?;
    out.line(format_args!("times in   {timezone}"))?;
    out.line(format_args!("last run   {}", last_run(last.as_ref(), timezone)))?;
    show_counts(out, &counts, &depths, &places, timezone)
}

/// How the policy files stand to the set that is active.
fn on_disk(common: &Common, active: Option<&PolicySet>) -> String {
    match PolicySet::read(&common.policies, &common.scripts) {
        Ok(set) if active.is_some_and(|active| active.compiled.version == set.compiled.version) => {
            "the files on disk say the same".to_owned()
        }
        Ok(set) => format!("the files on disk are another set, {}", set.compiled.version),
        Err(PolicySetError::Invalid { diagnostics, .. }) => {
            format!("the files on disk have {}: see guanxi check", counted(&diagnostics))
        }
        Err(PolicySetError::Folder(error)) => error.to_string(),
    }
}

fn last_run(last: Option<&RunRow>, timezone: Tz) -> String {
    match last {
        None => "none yet".to_owned(),
        Some(RunRow { id, run, outcome: RunOutcome::Committed(totals), .. }) => format!(
            "{id} ({}) decided for {}: {} customers, {} transitions, {} touches",
            run.schedule,
            times::show(run.now, timezone),
            totals.customers,
            totals.transitions,
            totals.touches
        ),
        Some(RunRow { id, run, outcome: RunOutcome::Failed { error, .. }, .. }) => {
            format!("{id} ({}) failed: {error}", run.schedule)
        }
    }
}

/// How many customers stand where, by class; those in no place are not counted.
fn places(archive: &Archive, active: Option<&PolicySet>) -> Result<serde_json::Map<String, Value>, Failure> {
    let mut all = serde_json::Map::new();
    let Some(set) = active else { return Ok(all) };
    for (index, class) in set.compiled.schema.classes.iter().enumerate() {
        let mut places = serde_json::Map::new();
        for (place, count) in archive.place_counts(index)? {
            let name = match &class.places {
                Some(names) => names.get(usize::from(place)).map(ToString::to_string),
                None => Some(if place == 1 { "in" } else { "out" }.to_owned()),
            };
            if let Some(name) = name {
                places.insert(name, count.into());
            }
        }
        all.insert(class.name.to_string(), Value::Object(places));
    }
    Ok(all)
}

fn show_counts(
    out: &mut Out,
    counts: &Counts,
    depths: &[Depth],
    places: &serde_json::Map<String, Value>,
    timezone: Tz,
) -> Result<(), Failure> {
    out.line(format_args!("customers  {}", counts.customers))?;
    let mut rows = Vec::new();
    for (kind, count) in &counts.events {
        rows.push(vec![format!("event {kind}"), count.to_string()]);
    }
    for (class, places) in places {
        for (place, count) in places.as_object().into_iter().flatten() {
            rows.push(vec![format!("{class} {place}"), count.to_string()]);
        }
    }
    for touch in &counts.touches {
        rows.push(vec![format!("touches {} {}", touch.action, touch.state), touch.count.to_string()]);
    }
    for depth in depths.iter().filter(|depth| depth.queued > 0) {
        let oldest = depth.oldest.map(|at| format!(", oldest {}", times::show(at, timezone)));
        let what = format!("outbox {}{}", depth.channel, oldest.unwrap_or_default());
        rows.push(vec![what, depth.queued.to_string()]);
    }
    if !rows.is_empty() {
        out.line("")?;
        out.line(table(&["what", "count"], rows, &[1]))?;
    }
    Ok(())
}
