//! The checked policy set: what every other module runs by.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::expression::tree::Expression;
use crate::model::civil::Period;
use crate::model::{Duration, Schema, Type, Value};

/// A policy set that passed every check.
#[derive(Debug)]
pub struct Compiled {
    /// Hash over the parsed content of all files: 12 hexadecimal digits.
    pub version: Arc<str>,
    /// `[settings]`.
    pub settings: Settings,
    /// The shape of the archive.
    pub schema: Arc<Schema>,
    /// Metrics, scores, segments, tiers and quadrants, each after all it uses; otherwise by name.
    pub values: Vec<ValueDefinition>,
    /// By name.
    pub sources: Vec<Source>,
    /// By name.
    pub channels: Vec<Channel>,
    /// By name.
    pub actions: Vec<Action>,
    /// By name.
    pub triggers: Vec<Trigger>,
    /// By name.
    pub schedules: Vec<Schedule>,
}

/// `[settings]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What local days and hours mean.
    pub timezone: Tz,
    /// How old cut points may get.
    pub refresh: Duration,
}

/// What every table may say of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// For people; the name where empty.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Who answers for it.
    pub owner: String,
    /// Free words.
    pub tags: Vec<String>,
}

/// A metric, score, segment, tier or quadrant.
#[derive(Debug)]
pub struct ValueDefinition {
    /// As declared, unique over all values and customer fields.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// What the value is.
    pub ty: Type,
    /// Hash over its own definition and those of all it uses, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// How it is found.
    pub kind: ValueKind,
}

/// How a value is found.
#[derive(Debug)]
pub enum ValueKind {
    /// From the customer's events.
    Metric(Metric),
    /// `value = …`.
    Score(Expression),
    /// `rank = …`: the share of the population below, 0 to 1.
    Rank(Rank),
    /// In or out, with memory.
    Segment(Segment),
    /// One of several levels.
    Tier(Tier),
    /// One of four cells.
    Quadrant(Quadrant),
}

/// `[metric.NAME]`.
#[derive(Debug)]
pub struct Metric {
    /// Index in [`Schema::events`].
    pub event: usize,
    /// How events are put together.
    pub take: Take,
    /// What of each event; always there for those of [`Take`] that need it.
    pub of: Option<Expression>,
    /// Which events.
    pub filter: Option<Expression>,
    /// How far back.
    pub within: Window,
    /// How far the window is shifted back.
    pub before: Option<Duration>,
    /// Leaves out events that another has followed.
    pub unless: Option<Unless>,
    /// Age at which an event weighs half, milliseconds (`sum` and `mean` only).
    pub half_life: Option<i64>,
}

/// `unless = "complaint_answered", same = "ticket"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unless {
    /// The event kind that follows, index in [`Schema::events`].
    pub event: usize,
    /// The field both must share: its index in the first and in the following kind.
    pub same: Option<(usize, usize)>,
}

/// How a metric puts events together. All but `Count` and `Sum` of no events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Take {
    /// How many.
    Count,
    /// Sum of `of`, in order of (`at`, `id`), rounded to 6 decimals.
    Sum,
    /// Mean of `of`, likewise.
    Mean,
    /// Least `of`.
    Min,
    /// Greatest `of`.
    Max,
    /// Middle `of`; the mean of the middle two for an even number.
    Median,
    /// `of` of the earliest event.
    First,
    /// `of` of the latest event.
    Last,
    /// How many different `of`.
    Distinct,
    /// Most frequent `of`; the most recent among equals.
    Mode,
    /// Days from the earliest event to now.
    DaysSinceFirst,
    /// Days from the latest event to now.
    DaysSinceLast,
    /// Median of the days between one event and the next; missing for fewer than two events.
    MedianGapDays,
    /// Mean of the days between one event and the next; missing for fewer than two events.
    MeanGapDays,
}

/// Which events count by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// All up to now.
    All,
    /// `now - length < at <= now`, milliseconds.
    Sliding(i64),
    /// From the start of the present local month, quarter or year.
    This(Period),
}

/// `[score.NAME] rank = …`.
#[derive(Debug)]
pub struct Rank {
    /// What is ranked; a number.
    pub of: Expression,
    /// Who is in the population; all who have the value where absent.
    pub among: Option<Expression>,
}

/// Data attached to a class, level or cell.
pub type Data = BTreeMap<Arc<str>, Value>;

/// `[segment.NAME]`.
#[derive(Debug)]
pub struct Segment {
    /// Index in [`Schema::classes`].
    pub class: usize,
    /// Who is in.
    pub when: Expression,
    /// Who leaves; not `when` where absent.
    pub leave_when: Option<Expression>,
    /// How long `when` must hold first.
    pub enter_after: Option<Duration>,
    /// How long the leaving condition must hold first.
    pub leave_after: Option<Duration>,
    /// Only the best so many.
    pub best: Option<Best>,
    /// Known while in the segment.
    pub data: Data,
}

/// `best = { count = 20, by = '…' }`.
#[derive(Debug)]
pub struct Best {
    /// How many places there are.
    pub count: usize,
    /// Who comes first: the greatest; a number.
    pub by: Expression,
}

/// `[tier.NAME]`.
#[derive(Debug)]
pub struct Tier {
    /// Index in [`Schema::classes`].
    pub class: usize,
    /// Whether the levels are ordered from the top.
    pub ordered: bool,
    /// What `top` and `holds` go by; a number.
    pub by: Option<Expression>,
    /// Who has a level at all.
    pub among: Option<Expression>,
    /// In declared order: the first that lets in counts.
    pub levels: Vec<Level>,
    /// How long a fall must hold first.
    pub fall_after: Option<Duration>,
}

/// One level of a tier. A level with neither `share` nor `when` takes all the rest.
#[derive(Debug)]
pub struct Level {
    /// As declared; its place is its index.
    pub name: Arc<str>,
    /// For people; the name where empty.
    pub title: String,
    /// By rank in the population.
    pub share: Option<Share>,
    /// By condition; beside `share` either lets in.
    pub when: Option<Expression>,
    /// Known while at this level.
    pub data: Data,
}

/// The share of the population that a level and all above it let in. Exact decimals:
/// parts of a million, so that `1%` is 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// `top = "1%"`: the value of the ⌈p·N⌉-th from the top; all at or above are in.
    Top(u32),
    /// `holds = "95%"`: the highest value such that those at or above hold at least p of the sum of
    /// the positive values.
    Holds(u32),
}

/// `[quadrant.NAME]`.
#[derive(Debug)]
pub struct Quadrant {
    /// Index in [`Schema::classes`].
    pub class: usize,
    /// Left to right.
    pub x: Axis,
    /// Bottom to top.
    pub y: Axis,
    /// In order of place: top right, bottom right, top left, bottom left.
    pub cells: [Cell; 4],
}

/// One axis of a quadrant.
#[derive(Debug)]
pub struct Axis {
    /// The coordinate; a number.
    pub value: Expression,
    /// At the split counts as right or top.
    pub split: Split,
    /// For people.
    pub label: String,
    /// A customer changes side only when past the split by this much.
    pub margin: f64,
}

/// Where an axis is split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Split {
    /// At a number.
    At(f64),
    /// At the population's mean.
    Mean,
    /// At the population's median.
    Median,
    /// So that this share, in parts of a million, is right or top.
    Top(u32),
}

/// One cell of a quadrant.
#[derive(Debug)]
pub struct Cell {
    /// As declared.
    pub name: Arc<str>,
    /// For people; the name where empty.
    pub title: String,
    /// Known while in this cell.
    pub data: Data,
}

/// `[source.NAME]`.
#[derive(Debug)]
pub struct Source {
    /// As declared.
    pub name: Arc<str>,
    /// What rows become.
    pub into: Into,
    /// Path with `*` and `?` in its last part, relative to the data folder.
    pub path: String,
    /// How the bytes are read; UTF-8 where absent. A label of the WHATWG encoding standard.
    pub encoding: Option<String>,
    /// Where each target comes from: `id`, `customer`, `at` or a field.
    pub columns: Vec<Mapping>,
    /// chrono's strftime for times; RFC 3339 or a date where absent.
    pub time_format: Option<String>,
    /// The zone of times without an offset.
    pub timezone: Tz,
    /// Only rows for which this holds.
    pub filter: Option<Expression>,
    /// The raw column names that [`Reference::Raw`](super::expression::tree::Reference::Raw) indexes.
    pub raw: Vec<Arc<str>>,
}

/// What the rows of a source become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Into {
    /// Customers, merged by id.
    Customer,
    /// Events of a kind, index in [`Schema::events`].
    Event(usize),
}

/// One target of a source.
#[derive(Debug)]
pub struct Mapping {
    /// What is filled.
    pub target: Target,
    /// Where from.
    pub from: Origin,
}

/// What a mapping fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The row's id; for events a hash where not mapped.
    Id,
    /// The event's customer.
    Customer,
    /// When the event happened.
    At,
    /// A field of the customer or of the event, by index.
    Field(usize),
}

/// Where a mapping's value comes from.
#[derive(Debug)]
pub enum Origin {
    /// A column of the file, index in [`Source::raw`]; its text is read as the target's type.
    Column(usize),
    /// An expression over the file's columns.
    Value(Expression),
    /// The same for every row.
    Constant(Value),
}

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
    /// Index in [`Compiled::channels`].
    pub channel: usize,
    /// Higher first where something is scarce; a number.
    pub priority: Option<Expression>,
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

/// A minijinja template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As written.
    pub text: Arc<str>,
    /// The top names it uses that are values of the policy or customer fields, by name.
    pub names: Vec<Arc<str>>,
}

/// `[trigger.NAME]`.
#[derive(Debug)]
pub struct Trigger {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Hash over its own definition and those of all it uses, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// Fires when this becomes true.
    pub when: Expression,
    /// Narrows it.
    pub audience: Option<Expression>,
    /// Free word.
    pub cause: Option<String>,
    /// `low`, `normal` or `high`.
    pub severity: Option<String>,
    /// Not again for this long.
    pub cooldown: Option<Duration>,
    /// What becomes of what was already true when the trigger, or the customer, was first seen.
    pub backlog: Backlog,
    /// Indices in [`Compiled::actions`].
    pub actions: Vec<usize>,
}

/// What becomes of what was already true at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backlog {
    /// Noted, not fired.
    Skip,
    /// Fired.
    Fire,
}

/// `[schedule.NAME]`.
#[derive(Debug)]
pub struct Schedule {
    /// As declared.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// Six fields, seconds first, weekdays by name; as the `cron` crate reads it.
    pub cron: String,
    /// What the fields mean.
    pub timezone: Tz,
    /// What is evaluated.
    pub evaluate: Scope,
    /// What becomes of runs missed while down.
    pub catch_up: CatchUp,
}

/// What a run evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All classes and triggers.
    Everything,
    /// Indices of values and of triggers; what they use comes along.
    Some {
        /// In [`Compiled::values`].
        values: Vec<usize>,
        /// In [`Compiled::triggers`].
        triggers: Vec<usize>,
    },
}

/// What becomes of runs missed while down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// One run.
    Latest,
    /// Each, in order.
    All,
    /// None.
    None,
}

impl Compiled {
    /// The index of a value by name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<usize> {
        self.values.iter().position(|value| &*value.name == name)
    }
}

impl ValueKind {
    /// The index in [`Schema::classes`] of a segment, tier or quadrant.
    #[must_use]
    pub const fn class(&self) -> Option<usize> {
        match self {
            Self::Segment(segment) => Some(segment.class),
            Self::Tier(tier) => Some(tier.class),
            Self::Quadrant(quadrant) => Some(quadrant.class),
            Self::Metric(_) | Self::Score(_) | Self::Rank(_) => None,
        }
    }
}
