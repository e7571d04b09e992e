//! How the daemon is doing, as `GET /v1/status` shows it.

use serde_json::{Value, json};

use super::state::{Active, ReloadReport, Shared};
use crate::archive::{Approval, Archive, ArchiveError, RunOutcome, RunRow, TouchRow};
use crate::emit::{ChannelState, ChannelStatus};
use crate::engine::RunReport;
use crate::model::Timestamp;
use crate::schedule::Timetable;

/// A run that takes longer is stuck.
const STUCK: i64 = 30 * 60 * 1000;

/// Why the daemon is not ready; `None` where it is.
#[must_use]
pub fn not_ready(shared: &Shared) -> Option<String> {
    if shared.writer.is_stopped() {
        return Some("the store's writer has stopped".to_owned());
    }
    let runs = shared.runs();
    if let Some(since) = stuck_since(shared) {
        return Some(format!("a run has not ended since {since}"));
    }
    runs.failure.map(|failure| format!("the last run failed: {failure}"))
}

/// Since when a run is stuck, if one is.
pub(super) fn stuck_since(shared: &Shared) -> Option<Timestamp> {
    shared.runs().running_since.filter(|since| shared.now().0 - since.0 > STUCK)
}

/// The status, with what the store tells.
///
/// # Errors
/// The store can't be looked at.
pub fn status(shared: &Shared, archive: &Archive) -> Result<Value, ArchiveError> {
    let now = shared.now();
    let counts = archive.counts()?;
    let depths = archive.depths()?;
    let active = shared.active();
    let reload = shared.reload_report();
    let runs = shared.runs();
    let mut status = json!({
        "now": text(now),
        "started": text(shared.started),
        "version": env!("CARGO_PKG_VERSION"),
        "process": std::process::id(),
        "policy": policy(&active),
        "last_reload": last_reload(&reload),
        "schedules": schedules(&shared.timetables(), now),
        "customers": counts.customers,
        "events": counts.events.into_iter().map(|(kind, count)| (kind, count.into())).collect::<serde_json::Map<_, _>>(),
        "touches": counts.touches.iter().map(|count| json!({
            "action": count.action, "state": count.state.as_str(), "count": count.count,
        })).collect::<Vec<_>>(),
        "outbox": depths.iter().map(|depth| json!({
            "channel": depth.channel, "queued": depth.queued, "oldest": depth.oldest.map(text),
        })).collect::<Vec<_>>(),
        "channels": channels(shared),
        "running_since": runs.running_since.map(text),
        "run_failure": runs.failure,
        "inbox_problems": shared.inbox_problems(),
        "waiting_jobs": shared.writer.waiting(),
    });
    let last = match runs.last {
        Some(report) => Some(last_report(&report)),
        None => archive.runs(1)?.first().map(run_row),
    };
    if let Value::Object(status) = &mut status {
        status.insert("last_run".to_owned(), last.unwrap_or_default());
    }
    Ok(status)
}

/// What became of the last look at the policies, and what is active since.
pub(super) fn reload(active: &Active, report: &ReloadReport) -> Value {
    json!({ "policy": policy(active), "last_reload": last_reload(report) })
}

fn policy(active: &Active) -> Value {
    json!({
        "version": &*active.set.compiled.version,
        "active_since": text(active.since),
        "from_store": active.from_store,
        "timezone": active.set.compiled.settings.timezone.name(),
    })
}

fn last_reload(report: &ReloadReport) -> Value {
    json!({
        "at": text(report.at),
        "successful": report.successful,
        "message": report.message,
        "diagnostics": report.diagnostics,
        "rendered": report.rendered,
    })
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

fn schedules(timetables: &[(Timetable, Timestamp)], now: Timestamp) -> Vec<Value> {
    timetables
        .iter()
        .map(|(timetable, last)| {
            json!({
                "name": &*timetable.name,
                "last": text(*last),
                "next": timetable.next_after(now.max(*last)).map(text),
            })
        })
        .collect()
}

fn channels(shared: &Shared) -> Vec<Value> {
    shared.board.read().iter().map(|(name, status)| channel(name, status)).collect()
}

fn channel(name: &str, status: &ChannelStatus) -> Value {
    let (state, reason) = match &status.state {
        ChannelState::Running => ("running", None),
        ChannelState::Unavailable(reason) => ("unavailable", Some(reason)),
        ChannelState::Stopped(reason) => ("stopped", Some(reason)),
    };
    json!({
        "name": name,
        "state": state,
        "reason": reason,
        "delivered": status.delivered,
        "failures": status.failures,
        "dead": status.dead,
        "suppressed": status.suppressed,
        "put_off": status.put_off,
        "expired": status.expired,
        "trouble": status.trouble,
    })
}

/// What a run did.
pub(super) fn last_report(report: &RunReport) -> Value {
    json!({
        "id": report.run,
        "now": text(report.now),
        "finished": text(report.finished),
        "customers": report.customers,
        "transitions": report.transitions,
        "touches": report.queued,
        "cancelled": report.cancelled,
        "script_failures": report.script_failures.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A run as JSON.
#[must_use]
pub fn run_row(row: &RunRow) -> Value {
    let mut value = json!({
        "id": row.id,
        "now": text(row.run.now),
        "started": text(row.run.started),
        "schedule": row.run.schedule,
        "policy_version": row.run.policy_version,
        "approval": row.approval.map(Approval::as_str),
    });
    let rest = match &row.outcome {
        RunOutcome::Committed(totals) => json!({
            "outcome": "committed",
            "finished": text(totals.finished),
            "customers": totals.customers,
            "transitions": totals.transitions,
            "touches": totals.touches,
            "cancelled": totals.cancelled,
        }),
        RunOutcome::Failed { finished, error } => json!({
            "outcome": "failed", "finished": text(*finished), "error": error,
        }),
    };
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, rest) {
        value.extend(rest);
    }
    value
}

/// A touch as JSON.
#[must_use]
pub fn touch_row(row: &TouchRow) -> Value {
    let touch = &row.touch;
    json!({
        "id": &*touch.id,
        "customer": &*touch.customer,
        "action": &*touch.action,
        "channel": &*touch.channel,
        "due": touch.due.to_string(),
        "expires": touch.expires.to_string(),
        "state": touch.state.as_str(),
        "state_at": row.state_at.to_string(),
        "reason": touch.reason,
        "guard": row.guard,
        "on_hold": row.is_on_hold,
        "verdicts": serde_json::from_str::<Value>(&row.verdicts).unwrap_or_default(),
        "because": touch.because,
        "priority": touch.priority,
        "policy_version": &*touch.policy_version,
        "run": row.run,
        "payload": touch.payload,
    })
}
