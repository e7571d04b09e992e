//! `[channel.NAME]`: a way out.

use std::collections::BTreeMap;

use super::occasions::Rules;
use super::payload::RawPayload;
use super::{about, file, path, webhook};
use crate::policy::codes;
use crate::policy::compiled::{About, Channel, ChannelKind};
use crate::policy::formula::Context;
use crate::policy::raw::{At, Constraint, Declared, Key, Place, Sink, form, key};

/// Keys of `[channel.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("webhook", form::table(&webhook::PART), "POST of JSON, signed as Standard Webhooks say."),
    key("file", form::table(&file::PART), "Lines or rows added to a file."),
    key("payload", form::PAYLOAD, "Underlies the payload of every action on this channel."),
];

/// What holds among the keys of `[channel.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[Constraint::One(&["webhook", "file"])];

/// As written.
pub(crate) struct RawChannel {
    pub(crate) name: String,
    pub(crate) place: Place,
    about: About,
    pub(crate) enabled: bool,
    kind: Option<ChannelKind>,
    /// The columns of a CSV file.
    pub(crate) columns: Vec<At<String>>,
    pub(crate) payload: RawPayload,
}

/// Reads all channels, by name.
pub(crate) fn read(declared: &Declared, sink: &Sink<'_>) -> Vec<RawChannel> {
    let mut paths: BTreeMap<String, Place> = BTreeMap::new();
    let mut channels = Vec::new();
    for (name, table) in declared.get("channel").into_iter().flatten() {
        let head = about::read(sink, table, KEYS);
        let reader = head.reader;
        let (webhook, file) = (reader.entry("webhook"), reader.entry("file"));
        let message = match (webhook, file) {
            (None, None) => Some(format!("`channel.{name}` says no way out")),
            (Some(_), Some(_)) => Some(format!("`channel.{name}` says two ways out")),
            _ => None,
        };
        if let Some(message) = message {
            reader
                .problem(&codes::together::CHANNEL_KIND, message)
                .help(format!(
                    "a channel has exactly one of `[channel.{name}.webhook]` and `[channel.{name}.file]`"
                ))
                .report();
        }
        let webhook = reader.table("webhook").and_then(|webhook| webhook::check(&webhook));
        let file = reader.table("file").map(|file| file::read(&file));
        let columns = file.as_ref().map(|file| file.columns.clone()).unwrap_or_default();
        if let Some(path) = file.as_ref().and_then(|file| file.path.as_ref()).filter(|_| head.enabled) {
            shared_path(name, path, &mut paths, sink);
        }
        let kind = webhook.map(ChannelKind::Webhook).or_else(|| file?.compiled().map(ChannelKind::File));
        channels.push(RawChannel {
            name: name.clone(),
            place: table.place.clone(),
            about: head.about,
            enabled: head.enabled,
            kind,
            columns,
            payload: RawPayload::read(&reader),
        });
    }
    channels
}

fn shared_path(name: &str, written: &At<String>, paths: &mut BTreeMap<String, Place>, sink: &Sink<'_>) {
    let normal = path::normal(&written.value.replace("{channel}", name));
    match paths.get(&normal) {
        Some(first) => sink
            .problem(&codes::together::SHARED_PATH, &written.place, format!("two channels write `{normal}`"))
            .related(first, "the other channel")
            .help("give each channel its own file, for instance with `{channel}` in the path")
            .report(),
        None => {
            paths.insert(normal, written.place.clone());
        }
    }
}

impl RawChannel {
    /// Checks it against what fires actions.
    pub(crate) fn check(self, rules: &Rules, context: Context<'_>) -> Option<Channel> {
        let payload = self.payload.check(&rules.of_channel(&self.name), context);
        Some(Channel {
            name: self.name.as_str().into(),
            about: self.about,
            kind: self.kind?,
            payload: payload?,
        })
    }
}
