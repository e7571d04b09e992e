//! `guanxi touches`: what was, or is to be, done.

use chrono_tz::Tz;
use serde_json::Value;

use super::arguments::{Common, Touches};
use super::failure::Failure;
use super::print::{Out, table};
use super::{open, times};
use crate::archive::{Archive, TouchFilter, TouchRow};
use crate::daemon::status::touch_row;
use crate::model::touch::TouchState;

pub(super) fn execute(common: &Common, command: &Touches, out: &mut Out) -> Result<(), Failure> {
    let archive = Archive::open_read_only(&common.store)?;
    let filter = TouchFilter {
        customer: command.customer.as_deref(),
        action: command.action.as_deref(),
        state: command.state,
        before: None,
    };
    let touches = archive.touches(&filter, command.limit)?;
    if common.json {
        out.json(&Value::Array(touches.iter().map(touch_row).collect()))?;
        return Ok(());
    }
    let timezone = open::timezone(&archive)?;
    let rows = touches.iter().map(|touch| row(touch, timezone)).collect();
    out.line(table(&["due", "customer", "action", "because", "state", "since", "id"], rows, &[]))?;
    if touches.len() == command.limit {
        super::print::message(format_args!(
            "the latest {}; --limit shows more, --customer, --action and --state fewer",
            command.limit
        ));
    }
    Ok(())
}

fn row(row: &TouchRow, timezone: Tz) -> Vec<String> {
    let touch = &row.touch;
    // A guard's name in front of what it said; what became of the others, no guard said.
    let is_said = matches!(touch.state, TouchState::Waiting | TouchState::Queued | TouchState::Suppressed);
    let guard = row.guard.as_deref().filter(|_| is_said);
    let parts = [touch.state.as_str(), guard.unwrap_or_default(), &touch.reason];
    let state = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    vec![
        times::show(touch.due, timezone),
        touch.customer.to_string(),
        touch.action.to_string(),
        touch.because.title.clone(),
        state,
        times::show(row.state_at, timezone),
        touch.id.to_string(),
    ]
}
