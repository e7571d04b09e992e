//! `guanxi once`: import, evaluate, deliver, say what was done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::arguments::{At, Common};
use super::failure::Failure;
use super::forget::counts;
use super::print::{self, Out};
use super::progress::{ImportBar, spinner};
use super::{import, open, times};
use crate::archive::Archive;
use crate::daemon::policy_set::PolicySet;
use crate::daemon::prune::{self, prune_at_once};
use crate::daemon::reload;
use crate::emit::{self, ChannelState, ChannelStatus, Dispatcher, OwnStore};
use crate::engine::{Engine, GuardCount, RunReport, RunRequest};
use crate::intake::{ImportReport, Inbox, Patience};
use crate::policy::compiled::Scope;
use crate::ports::Clock;
use crate::ports::system::{SystemClock, SystemEntropy, SystemEnvironment};

/// How the channels fared, by name.
type Deliveries = BTreeMap<Arc<str>, ChannelStatus>;

pub(super) fn execute(common: &Common, command: &At, out: &mut Out) -> Result<(), Failure> {
    let Usable { set, from_store } = usable(common)?;
    let clock = times::clock(command.now.as_deref(), set.compiled.settings.timezone)?;
    let mut archive = Archive::open(&common.store)?;
    let engine = reload::prepare(&mut archive, &set, &clock)?;
    let (imports, problems) = import_inbox(common, &set, &mut archive, &*clock);
    let evaluating = spinner("evaluating");
    let request = RunRequest { now: clock.now(), scope: Scope::Everything, schedule: "once".to_owned() };
    let run = engine.run(&mut archive, &request)?;
    evaluating.finish_and_clear();
    let rejected = Inbox::new(common.data_folder()).rejected();
    let pruned = prune_at_once(&mut archive, &set.compiled.settings, &rejected, clock.now())?;
    let deliveries = deliver(common, engine, archive, clock)?;
    if common.json {
        let mut result = as_json(&Usable { set, from_store }, &imports, &run, &deliveries);
        if let Some(result) = result.as_object_mut() {
            result.insert("pruned".to_owned(), counts(&pruned));
        }
        out.json(&result)?;
    } else {
        show(out, &set, &imports, &run, &deliveries)?;
        if let Some(words) = prune::in_words(&pruned) {
            out.line(format_args!("pruned     {words}: older than `retain` keeps"))?;
        }
    }
    for problem in &problems {
        print::message(format_args!("inbox: {problem}"));
    }
    if problems.is_empty() && !from_store { Ok(()) } else { print::told() }
}

/// The set to run.
struct Usable {
    set: PolicySet,
    /// It is not what the files say, since they can't be used.
    from_store: bool,
}

/// The set in the folders or, where that can't be used, the last good one from the store: what runs every night must
/// not stop for a slip made in the evening. The exit code tells of it all the same.
fn usable(common: &Common) -> Result<Usable, Failure> {
    let broken = match open::policies(common) {
        Ok(set) => return Ok(Usable { set, from_store: false }),
        Err(broken) => broken,
    };
    // Looking for an earlier set must not make a store.
    let kept = if common.store.exists() { open::active(&Archive::open(&common.store)?)? } else { None };
    let Some(set) = kept else { return Err(broken) };
    print::message(format_args!(
        "{broken}; going on with the last good set from the store ({})",
        set.compiled.version
    ));
    Ok(Usable { set, from_store: true })
}

fn import_inbox(
    common: &Common,
    set: &PolicySet,
    archive: &mut Archive,
    clock: &dyn Clock,
) -> (Vec<ImportReport>, Vec<String>) {
    let mut inbox = Inbox::new(common.data_folder());
    let look = inbox.look(&set.compiled, Patience::AtOnce);
    let mut problems: Vec<String> = look.problems.iter().map(ToString::to_string).collect();
    let mut reports = Vec::new();
    for found in &look.ready {
        let bar = ImportBar::new(&found.path);
        let mut show = |progress| bar.show(progress);
        match inbox.import(archive, &set.compiled, found, clock.now(), Some(&mut show)) {
            Ok(report) => reports.push(report),
            Err(error) => problems.push(error.to_string()),
        }
    }
    (reports, problems)
}

fn deliver(
    common: &Common,
    engine: Engine,
    archive: Archive,
    clock: Arc<dyn Clock>,
) -> Result<Deliveries, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outside = emit::Outside {
        clock,
        wall: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        environment: Arc::new(SystemEnvironment),
        data_folder: common.data_folder().to_owned(),
    };
    let archive = Arc::new(Mutex::new(archive));
    let policy = Arc::clone(engine.policy());
    let store = OwnStore { archive: Arc::clone(&archive), gate: Arc::new(engine) };
    let deliveries = runtime.block_on(async {
        let dispatcher = Dispatcher::new(store, outside);
        dispatcher.drain_due(&policy.channels, policy.settings.timezone).await
    });
    archive.lock().unwrap_or_else(PoisonError::into_inner).checkpoint()?;
    Ok(deliveries)
}

fn show(
    out: &mut Out,
    set: &PolicySet,
    imports: &[ImportReport],
    run: &RunReport,
    deliveries: &Deliveries,
) -> Result<(), Failure> {
    let timezone = set.compiled.settings.timezone;
    out.line(format_args!("policies   {} ({})", set.compiled.version, set.summary()))?;
    for report in imports {
        import::show(out, report)?;
    }
    out.line(format_args!("decided    for {} ({timezone})", times::show(run.now, timezone)))?;
    out.line(format_args!("customers  {}", run.customers))?;
    for class in &run.classes {
        let mut places: Vec<String> =
            class.places.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if class.none > 0 {
            places.push(format!("in none {}", class.none));
        }
        out.line(format_args!("  {}: {}", class.name, places.join(", ")))?;
    }
    out.line(format_args!("changed    {} transitions", run.transitions))?;
    if !run.edited.is_empty() {
        out.line(format_args!("edited     {} since they last ran", run.edited.join(", ")))?;
    }
    for forgotten in &run.forgotten {
        print::message(forgotten);
    }
    for (trigger, count) in &run.fired {
        let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
        out.line(format_args!("  {trigger}: fired {times}"))?;
    }
    if run.enrolled + run.ended > 0 {
        let ended = if run.ended > 0 { format!("; {} enrolments ended", run.ended) } else { String::new() };
        out.line(format_args!("enrolled   {} in cadences{ended}", run.enrolled))?;
    }
    for (count, what) in noted(run) {
        out.line(format_args!("noted      {count} {what}, not fired"))?;
    }
    out.line(touches(run))?;
    for guard in &run.guards {
        out.line(format_args!("  {}", held_back(guard)))?;
    }
    if run.on_hold > 0 {
        out.line(format_args!(
            "on hold    {} touches, more than usual; say `guanxi runs approve {}` or `guanxi runs reject {}`",
            run.on_hold, run.run, run.run
        ))?;
    }
    if run.unknown_zones > 0 {
        print::message(format_args!(
            "the customer's own time zone was missing or unknown {} times; that of the policies served",
            run.unknown_zones
        ));
    }
    if let Some(example) = &run.payload_example {
        print::message(format_args!(
            "{} parts of payloads could not be filled and are empty, such as {example}",
            run.payload_problems
        ));
    }
    for failure in &run.script_failures {
        print::message(format_args!("{failure}"));
    }
    for (channel, status) in deliveries {
        out.line(format_args!("delivered  {} over {channel}{}", status.delivered, trouble(status)))?;
    }
    Ok(())
}

/// What was noted and did not fire, with how often.
fn noted(run: &RunReport) -> impl Iterator<Item = (u64, &'static str)> {
    let noted = [
        (run.backlog, "already so when first seen, or so only by an edit"),
        (run.cooling_down, "events and moves within a cooldown"),
        (run.too_late, "events and moves found too late"),
    ];
    noted.into_iter().filter(|(count, _)| *count > 0)
}

fn touches(run: &RunReport) -> String {
    let mut parts = vec![format!("{} queued", run.queued)];
    for (count, word) in [
        (run.waiting(), "waiting"),
        (run.suppressed(), "suppressed"),
        (run.expired, "expired"),
        (run.missed, "missed"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.push(format!("{} cancelled", run.cancelled));
    format!("touches    {}", parts.join(", "))
}

fn held_back(guard: &GuardCount) -> String {
    let counts = [(guard.waiting, "wait"), (guard.suppressed, "suppressed")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("guard {}: {}", guard.name, counts.join(", "))
}

/// What stands in the way of a channel, in words to follow its count.
fn trouble(status: &ChannelStatus) -> String {
    let failed: u64 = status.failures.values().sum();
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!("{failed} attempts failed and will be made again"));
    }
    for (count, word) in [
        (status.put_off, "put off"),
        (status.suppressed, "suppressed"),
        (status.expired, "expired"),
        (status.dead, "given up"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    match &status.state {
        ChannelState::Running => parts.extend(status.trouble.clone()),
        ChannelState::Unavailable(reason) | ChannelState::Stopped(reason) => parts.push(reason.clone()),
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) }
}

fn as_json(usable: &Usable, imports: &[ImportReport], run: &RunReport, deliveries: &Deliveries) -> Value {
    let classes: serde_json::Map<String, Value> = run
        .classes
        .iter()
        .map(|class| {
            let mut places: serde_json::Map<String, Value> =
                class.places.iter().map(|(name, count)| (name.to_string(), (*count).into())).collect();
            places.insert(String::new(), class.none.into());
            (class.name.to_string(), Value::Object(places))
        })
        .collect();
    json!({
        "policy_version": &*usable.set.compiled.version,
        "from_store": usable.from_store,
        "imports": imports.iter().map(import::as_json).collect::<Vec<_>>(),
        "run": run.run,
        "now": run.now.to_string(),
        "customers": run.customers,
        "classes": classes,
        "transitions": run.transitions,
        "fired": run.fired.iter().map(|(name, count)| (name.to_string(), (*count).into())).collect::<serde_json::Map<_, _>>(),
        "backlog": run.backlog,
        "cooling_down": run.cooling_down,
        "too_late": run.too_late,
        "enrolled": run.enrolled,
        "ended": run.ended,
        "edited": run.edited,
        "forgotten": run.forgotten,
        "touches_queued": run.queued,
        "touches_cancelled": run.cancelled,
        "touches_waiting": run.waiting(),
        "touches_suppressed": run.suppressed(),
        "touches_expired": run.expired,
        "touches_missed": run.missed,
        "touches_on_hold": run.on_hold,
        "unknown_zones": run.unknown_zones,
        "guards": run.guards.iter().map(|guard| (guard.name.to_string(), json!({
            "waiting": guard.waiting,
            "suppressed": guard.suppressed,
        }))).collect::<serde_json::Map<_, _>>(),
        "script_failures": run.script_failures.iter().map(|failure| json!({
            "function": &*failure.function,
            "customers": failure.customers,
            "customer": &*failure.customer,
            "message": failure.message,
        })).collect::<Vec<_>>(),
        "channels": deliveries.iter().map(|(name, status)| (name.to_string(), json!({
            "delivered": status.delivered,
            "failures": status.failures,
            "dead": status.dead,
            "suppressed": status.suppressed,
            "put_off": status.put_off,
            "expired": status.expired,
            "trouble": status.trouble,
        }))).collect::<serde_json::Map<_, _>>(),
    })
}
