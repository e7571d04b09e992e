//! What is done and where it goes: actions, channels, payloads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::About;
use crate::model::Duration;
use crate::policy::expression::tree::Expression;

/// `[channel.NAME]`.
#[derive(Debug)]
pub struct Channel {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Which kind, with its settings.
    pub kind: ChannelKind,
    /// Underlies the payload of every action on this channel.
    pub payload: Vec<PayloadEntry>,
}

/// The kinds of channel.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// POST of JSON, signed as Standard Webhooks say.
    Webhook(Webhook),
    /// Lines or rows added to a file.
    File(File),
}

/// `[channel.NAME.webhook]`. `${NAME}` stands for a variable of the environment, put in by the daemon.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// `whsec_…`, several while rotating; unsigned where empty.
    pub secrets: Vec<String>,
    /// Sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Milliseconds for one attempt.
    pub timeout: i64,
    /// Most requests a second.
    pub rate: Option<f64>,
    /// Most requests at once.
    pub concurrency: usize,
    /// What follows a failed attempt.
    pub retry: Retry,
    /// It may go to link-local and metadata addresses.
    pub allow_link_local: bool,
}

/// `retry = { first = "5s", factor = 3, max = "6h", attempts = 12 }`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Milliseconds before the second attempt.
    pub first: i64,
    /// Each wait is this many times the one before.
    pub factor: f64,
    /// Longest wait, milliseconds.
    pub max: i64,
    /// Attempts in all.
    pub attempts: u32,
}

/// `[channel.NAME.file]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// With `{date} {month} {action} {channel}`, relative to the data folder.
    pub path: String,
    /// How rows are written.
    pub format: FileFormat,
    /// Of a CSV file: taken from the payload, then from `id customer action due`.
    pub columns: Vec<String>,
}

/// How a file channel writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Declared columns, with a header.
    Csv,
    /// The same object as a webhook's `data`, one a line.
    JsonLines,
}

/// `[action.NAME]`.
#[derive(Debug)]
pub struct Action {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner; guards and `tagged` go by its tags.
    pub about: About,
    /// Index in [`Compiled::channels`](super::Compiled::channels).
    pub channel: usize,
    /// Higher first where something is scarce; a number.
    pub priority: Option<Expression>,
    /// Places it takes of a capacity, above 0.
    pub effort: f64,
    /// Not sent later than this after it was due.
    pub expires: Duration,
    /// What goes out, in declared order; laid over the channel's.
    pub payload: Vec<PayloadEntry>,
}

/// One key of a payload.
#[derive(Clone, Debug, PartialEq)]
pub struct PayloadEntry {
    /// The key.
    pub key: Arc<str>,
    /// What it holds.
    pub content: PayloadContent,
}

/// What a payload holds.
#[derive(Clone, Debug, PartialEq)]
pub enum PayloadContent {
    /// A template, checked when the policy was loaded.
    Template(Template),
    /// Sent as it stands.
    Constant(serde_json::Value),
    /// A table.
    Table(Vec<PayloadEntry>),
    /// An array.
    List(Vec<PayloadContent>),
}

/// What a template calls the place held in a class, behind the class's name. No name has capitals.
pub const PLACE: &str = "_PLACE";

/// A minijinja template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As written, but that a class whose title or data is asked for goes by its name with [`PLACE`] behind
    /// it: bare, it is its plain value, which compares with texts.
    pub text: Arc<str>,
    /// The top names it uses that are values of the policy or customer fields, by name.
    pub names: Vec<Arc<str>>,
}
