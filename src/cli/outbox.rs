//! `guanxi outbox`: what did not leave yet and why, and what is to become of it.

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::arguments::{Common, Orders, Outbox, Redeliver};
use super::ask::Running;
use super::failure::Failure;
use super::print::{Out, message, table};
use super::{open, times};
use crate::archive::{Archive, ArchiveError, Depth, OutboxFilter, OutboxRow};
use crate::daemon::redeliver::{Order, refusal};
use crate::model::touch::TouchState;

pub(super) fn execute(common: &Common, command: &Outbox, out: &mut Out) -> Result<(), Failure> {
    match &command.order {
        None => show(common, command, out),
        Some(Redeliver::Retry(orders)) => order(common, Order::Retry, orders, out),
        Some(Redeliver::Drop(orders)) => order(common, Order::Drop, orders, out),
    }
}

/// Carries out an order for the touch of an id; says why not, where it was refused.
type Done<'a> = Box<dyn FnMut(&str) -> Result<Option<String>, Failure> + 'a>;

/// Carries out an order for each touch, or has the running guanxi do so; goes on behind one that is refused.
fn order(common: &Common, order: Order, orders: &Orders, out: &mut Out) -> Result<(), Failure> {
    let path = |id: &str| format!("/v1/outbox/{id}/{}", order.as_str());
    let mut done: Done<'_> = match open::existing(common) {
        Ok(mut archive) => {
            nobody_sends(&mut archive)?;
            let clock = times::clock(orders.at.now.as_deref(), open::timezone(&archive)?)?;
            Box::new(move |id| Ok(refusal(id, order, order.carry_out(&mut archive, id, clock.now())?)))
        }
        Err(in_use @ ArchiveError::InUse { .. }) => {
            let first = orders.ids.first().map_or("ID", String::as_str);
            let running = Running::find(&orders.ask, &in_use, &path(first))?;
            Box::new(move |id| Ok(running.post(&path(id))?.err()))
        }
        Err(error) => return Err(error.into()),
    };
    let state = order.leads_to().as_str();
    let (mut results, mut refused) = (Vec::new(), 0);
    for id in &orders.ids {
        // Nothing else is an id, and nothing else may reach a path.
        let is_id =
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let refusal = if is_id { done(id)? } else { Some(format!("there is no touch {id}")) };
        match &refusal {
            None if common.json => {}
            None => out.line(format_args!("{state:<10} {id}"))?,
            Some(why) => message(format_args!("error: {why}")),
        }
        refused += usize::from(refusal.is_some());
        results.push(match refusal {
            None => json!({ "id": id, "state": state }),
            Some(why) => json!({ "id": id, "error": why }),
        });
    }
    if common.json {
        out.json(&Value::Array(results))?;
    }
    if refused == 0 { Ok(()) } else { Err(Failure::Told) }
}

/// Ends the attempts that a guanxi which died had begun: this process holds the store, so nobody is at them.
fn nobody_sends(archive: &mut Archive) -> Result<(), ArchiveError> {
    let depths = archive.depths()?;
    let change = archive.change_outbox()?;
    for depth in depths {
        change.recover(&depth.channel)?;
    }
    change.commit()
}

fn show(common: &Common, command: &Outbox, out: &mut Out) -> Result<(), Failure> {
    let archive = Archive::open_read_only(&common.store)?;
    let filter = OutboxFilter { channel: command.channel.as_deref(), state: command.state };
    let (depths, dead) = (archive.depths()?, archive.dead()?);
    let touches = archive.undelivered(&filter, command.limit)?;
    if common.json {
        let touches = touches.iter().map(as_json).collect::<Vec<_>>();
        return Ok(out.json(&json!({ "channels": channels(&depths, &dead), "touches": touches }))?);
    }
    let timezone = open::timezone(&archive)?;
    if depths.is_empty() && dead.is_empty() {
        return Ok(out.line("nothing waits to leave, and nothing is dead")?);
    }
    out.line(table(&["channel", "queued", "oldest", "dead"], summary(&depths, &dead, timezone), &[1, 3]))?;
    if touches.is_empty() {
        return Ok(());
    }
    out.line("")?;
    let rows = touches.iter().map(|touch| row(touch, timezone)).collect();
    let header = ["state", "since", "channel", "customer", "action", "next attempt", "failed", "why", "id"];
    out.line(table(&header, rows, &[6]))?;
    if touches.len() == command.limit {
        message(format_args!(
            "the latest {}; --limit shows more, --channel and --state fewer",
            command.limit
        ));
    }
    Ok(())
}

/// Every channel that holds something: its name, touches queued and dead, and when the oldest was queued.
fn each<'a>(depths: &'a [Depth], dead: &'a [(String, u64)]) -> Vec<(&'a str, Option<&'a Depth>, u64)> {
    let mut names: Vec<&str> = depths.iter().map(|depth| &*depth.channel).collect();
    names.extend(dead.iter().map(|(channel, _)| channel.as_str()));
    names.sort_unstable();
    names.dedup();
    let found = names.into_iter().map(|name| {
        let count = dead.iter().find(|(channel, _)| channel == name).map_or(0, |(_, count)| *count);
        (name, depths.iter().find(|depth| depth.channel == name), count)
    });
    found.collect()
}

fn channels(depths: &[Depth], dead: &[(String, u64)]) -> Value {
    let channels = each(depths, dead).into_iter().map(|(channel, depth, dead)| {
        json!({
            "channel": channel,
            "queued": depth.map_or(0, |depth| depth.queued),
            "oldest": depth.and_then(|depth| depth.oldest).map(|at| at.to_string()),
            "dead": dead,
        })
    });
    channels.collect()
}

fn summary(depths: &[Depth], dead: &[(String, u64)], timezone: Tz) -> Vec<Vec<String>> {
    let rows = each(depths, dead).into_iter().map(|(channel, depth, dead)| {
        let oldest = depth.and_then(|depth| depth.oldest);
        vec![
            channel.to_owned(),
            depth.map_or(0, |depth| depth.queued).to_string(),
            oldest.map_or_else(|| "–".to_owned(), |at| times::show(at, timezone)),
            dead.to_string(),
        ]
    });
    rows.collect()
}

/// Why a touch did not leave: of a dead one its end, of a queued one what failed or holds it.
fn why(touch: &OutboxRow) -> String {
    let parts = [touch.row.guard.as_deref(), Some(&*touch.row.touch.reason), touch.error.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

fn row(touch: &OutboxRow, timezone: Tz) -> Vec<String> {
    let of = &touch.row.touch;
    let next = touch.next_attempt.map_or_else(|| "–".to_owned(), |at| times::show(at, timezone));
    let failed = if of.state == TouchState::Dead { "all".to_owned() } else { touch.attempts.to_string() };
    vec![
        of.state.to_string(),
        times::show(touch.row.state_at, timezone),
        of.channel.to_string(),
        of.customer.to_string(),
        of.action.to_string(),
        next,
        failed,
        why(touch),
        of.id.to_string(),
    ]
}

fn as_json(touch: &OutboxRow) -> Value {
    let of = &touch.row.touch;
    json!({
        "id": &*of.id,
        "state": of.state.as_str(),
        "state_at": touch.row.state_at.to_string(),
        "channel": &*of.channel,
        "customer": &*of.customer,
        "action": &*of.action,
        "due": of.due.to_string(),
        "expires": of.expires.to_string(),
        "queued": of.queued.map(|at| at.to_string()),
        "attempts": touch.attempts,
        "next_attempt": touch.next_attempt.map(|at| at.to_string()),
        "guard": touch.row.guard,
        "reason": of.reason,
        "error": touch.error,
    })
}
