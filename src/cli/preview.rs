//! `guanxi preview`: what an action would send to a customer now. Nothing is sent or written.

use serde_json::{Value as Json, json};

use super::arguments::{Common, Preview as Asked};
use super::failure::Failure;
use super::print::{HIDDEN, Out};
use super::{open, times};
use crate::care::guard::Verdict;
use crate::emit::file::rows;
use crate::emit::message;
use crate::engine::{Engine, Ground, GuardSaying, Preview};
use crate::evaluate::CutPoints;
use crate::explain::{Saying, Topic, ground_name, known};
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::{ChannelKind, PayloadContent};

pub(super) fn execute(common: &Common, command: &Asked, out: &mut Out) -> Result<(), Failure> {
    let set = open::policies(common)?;
    let policy = &set.compiled;
    let zone = policy.settings.timezone;
    let clock = times::clock(command.at.now.as_deref(), zone)?;
    let now = clock.now();
    let mut archive = open::look(common, &set)?;
    let engine = Engine::new(policy.clone(), clock)?;
    let action = action(policy, &command.action)?;
    let ground = ground(&engine, action, command.because.as_deref())?;
    let customer = known(&mut archive, &command.customer, now)?;
    let _still = archive.snapshot()?;
    let cuts = CutPoints::new(engine.plan(), policy, archive.cut_points()?);
    let guards = engine.guards_say(&archive, &customer, &[action], now, &cuts)?.pop().unwrap_or_default();
    let preview = engine.preview(&archive, &customer, action, ground, now, &cuts)?;
    let mut preview =
        preview.ok_or_else(|| Failure::Input(format!("no customer is known by the id `{customer}`")))?;
    if !common.json && !command.personal {
        hide_personal(policy, action, &mut preview.touch.payload);
    }
    let sent = Sent::of(policy, &preview, now)?;
    let because = ground.map(|ground| ground_name(policy, ground));
    if common.json {
        let sayings: Vec<Saying> = guards.into_iter().map(Saying::from).collect();
        out.json(&json!({
            "customer": customer,
            "action": preview.touch.action,
            "channel": preview.touch.channel,
            "because": because,
            "now": now,
            "payload": preview.touch.payload,
            "body": sent.body,
            "row": sent.row,
            "problems": preview.problems,
            "guards": sayings,
        }))?;
        return Ok(());
    }
    let because = because.unwrap_or_else(|| "nothing in the policies".to_owned());
    out.line(format_args!(
        "{} for {customer} because of {because}, as it would be queued {}; nothing is sent",
        preview.touch.action,
        times::show(now, zone)
    ))?;
    out.line("")?;
    out.line(format_args!("channel.{}, a {}:", preview.touch.channel, sent.kind))?;
    match (&sent.body, &sent.row) {
        (Some(body), _) => out.json(body)?,
        (None, Some(row)) => out.line(row.trim_end())?,
        (None, None) => {}
    }
    for problem in &preview.problems {
        out.line(format_args!("problem: {problem}"))?;
    }
    out.line("")?;
    out.line(if guards.is_empty() { "no guard is asked about it" } else { "what guards say now:" })?;
    for said in &guards {
        out.line(format_args!("  {}", saying(said)))?;
    }
    Ok(())
}

/// What leaves.
struct Sent {
    kind: &'static str,
    /// Of a webhook, the body that is signed; of lines, the line.
    body: Option<Json>,
    /// Of a CSV file: its header and row.
    row: Option<String>,
}

impl Sent {
    fn of(policy: &Compiled, preview: &Preview, now: Timestamp) -> Result<Self, Failure> {
        let touch = &preview.touch.outgoing().map_err(Failure::fault)?;
        let channel = policy.channels.iter().find(|channel| channel.name == preview.touch.channel);
        let parsed = |bytes: Vec<u8>| serde_json::from_slice(&bytes).map_err(Failure::fault);
        Ok(match channel.map(|channel| &channel.kind) {
            Some(ChannelKind::Webhook(_)) => Self {
                kind: "webhook; the body that is signed",
                body: Some(parsed(message::body(touch, now).map_err(Failure::fault)?)?),
                row: None,
            },
            Some(ChannelKind::File(file)) => {
                let text = rows::preview(file, touch).map_err(Failure::fault)?;
                match parsed(text.clone().into_bytes()) {
                    Ok(line) => Self { kind: "file of lines", body: Some(line), row: None },
                    Err(_) => Self { kind: "file of rows", body: None, row: Some(text) },
                }
            }
            None => Self { kind: "channel that is gone", body: None, row: None },
        })
    }
}

/// Hides what of a payload speaks of personal fields of the customer.
fn hide_personal(policy: &Compiled, action: usize, payload: &mut serde_json::Map<String, Json>) {
    let Some(action) = policy.actions.get(action) else { return };
    let channel = policy.channels.get(action.channel);
    let entries = channel.into_iter().flat_map(|channel| &channel.payload).chain(&action.payload);
    for entry in entries.filter(|entry| speaks_of_personal(policy, &entry.content)) {
        if let Some(content) = payload.get_mut(&*entry.key) {
            *content = HIDDEN.into();
        }
    }
}

fn speaks_of_personal(policy: &Compiled, content: &PayloadContent) -> bool {
    let is_personal = |name: &std::sync::Arc<str>| {
        policy.schema.customer.iter().any(|field| field.personal && field.name == *name)
    };
    match content {
        PayloadContent::Constant(_) => false,
        PayloadContent::Template(template) => template.names.iter().any(is_personal),
        PayloadContent::Table(entries) => {
            entries.iter().any(|entry| speaks_of_personal(policy, &entry.content))
        }
        PayloadContent::List(items) => items.iter().any(|item| speaks_of_personal(policy, item)),
    }
}

fn action(policy: &Compiled, name: &str) -> Result<usize, Failure> {
    let full = if name.starts_with("action.") { name.to_owned() } else { format!("action.{name}") };
    match Topic::find(policy, &full) {
        Ok(Topic::Action(index)) => Ok(index),
        Ok(_) => Err(Failure::Input(format!("`{name}` is no action"))),
        Err(error) => Err(Failure::input(error)),
    }
}

/// What the touch would be for.
fn ground(engine: &Engine, action: usize, asked: Option<&str>) -> Result<Option<Ground>, Failure> {
    let policy = engine.policy();
    let grounds = engine.grounds(action);
    let names: Vec<String> = grounds.iter().map(|ground| ground_name(policy, *ground)).collect();
    let listed = names.join(", ");
    let Some(asked) = asked else {
        return match grounds.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(*only)),
            _ => Err(Failure::Input(format!(
                "the action hangs on several: choose one with --because, of {listed}"
            ))),
        };
    };
    let begins = format!("{asked}.");
    let exact = names.iter().position(|name| name == asked);
    let mut under = names.iter().enumerate().filter(|(_, name)| name.starts_with(&begins));
    let chosen = exact.or_else(|| match (under.next(), under.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    });
    match chosen.and_then(|index| grounds.get(index)) {
        Some(ground) => Ok(Some(*ground)),
        None if names.is_empty() => {
            Err(Failure::Input("nothing in the policies asks for this action".to_owned()))
        }
        None => {
            Err(Failure::Input(format!("the action does not hang on `{asked}` alone; it hangs on {listed}")))
        }
    }
}

fn saying(said: &GuardSaying) -> String {
    let says = match &said.verdict {
        None => "is asked about all touches of a run together".to_owned(),
        Some(Verdict::Passes) => "passes".to_owned(),
        Some(Verdict::Waits { reason, .. }) => format!("waits: {reason}"),
        Some(Verdict::Drops { reason }) => format!("drops: {reason}"),
    };
    format!("guard.{} ({}) {says}", said.guard, said.kind)
}
