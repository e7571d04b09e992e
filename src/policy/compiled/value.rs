//! What is known of each customer: metrics, ledgers, scores, segments, tiers, quadrants.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::About;
use crate::model::civil::Period;
use crate::model::standing::Place;
use crate::model::{Duration, Type, Value};
use crate::policy::expression::reason::Facts;
use crate::policy::expression::tree::Expression;
use crate::policy::version::UsedVersions;

/// A metric, ledger, score, segment, tier or quadrant.
#[derive(Debug)]
pub struct ValueDefinition {
    /// As declared, unique over all values and customer fields.
    pub name: Arc<str>,
    /// Title, description, owner, tags.
    pub about: About,
    /// What the value is.
    pub ty: Type,
    /// What is known of it beyond its type.
    pub facts: Facts,
    /// Hash over its own definition and those of all it uses, 12 hexadecimal digits.
    pub version: Arc<str>,
    /// What it uses.
    pub uses: UsedVersions,
    /// How it is found.
    pub kind: ValueKind,
}

/// How a value is found.
#[derive(Debug)]
pub enum ValueKind {
    /// From the customer's events.
    Metric(Metric),
    /// A balance of the customer's events.
    Ledger(Ledger),
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
    /// Index in [`Schema::events`](crate::model::Schema::events).
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
    /// The event kind that follows, index in [`Schema::events`](crate::model::Schema::events).
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

/// `[ledger.NAME]`.
#[derive(Debug)]
pub struct Ledger {
    /// What becomes of entries with time.
    pub fades: Fades,
    /// What changes the balance; events at one instant with one id count in this order.
    pub entries: Vec<Entry>,
}

/// What becomes of a ledger's entries with time. Lengths in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fades {
    /// Nothing.
    Never,
    /// Each weighs half at this age, a quarter at twice this age.
    HalfLife(i64),
    /// What was put in is gone at this age. What is taken out uses the oldest first.
    Expires(i64),
}

/// `[[ledger.NAME.entry]]`.
#[derive(Debug)]
pub struct Entry {
    /// Index in [`Schema::events`](crate::model::Schema::events).
    pub event: usize,
    /// What an event puts in, or takes out where it is negative; a number.
    pub amount: Expression,
    /// Which events.
    pub filter: Option<Expression>,
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
    /// Index in [`Schema::classes`](crate::model::Schema::classes).
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
    /// Index in [`Schema::classes`](crate::model::Schema::classes).
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
    /// Index in [`Schema::classes`](crate::model::Schema::classes).
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

impl ValueKind {
    /// The index in [`Schema::classes`](crate::model::Schema::classes) of a segment, tier or quadrant.
    #[must_use]
    pub const fn class(&self) -> Option<usize> {
        match self {
            Self::Segment(segment) => Some(segment.class),
            Self::Tier(tier) => Some(tier.class),
            Self::Quadrant(quadrant) => Some(quadrant.class),
            Self::Metric(_) | Self::Ledger(_) | Self::Score(_) | Self::Rank(_) => None,
        }
    }

    /// All its expressions, those over events too.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let optional: Vec<Option<&Expression>> = match self {
            Self::Metric(metric) => vec![metric.of.as_ref(), metric.filter.as_ref()],
            Self::Ledger(ledger) => {
                ledger.entries.iter().flat_map(|entry| [Some(&entry.amount), entry.filter.as_ref()]).collect()
            }
            Self::Score(expression) => vec![Some(expression)],
            Self::Rank(rank) => vec![Some(&rank.of), rank.among.as_ref()],
            Self::Segment(segment) => {
                vec![
                    Some(&segment.when),
                    segment.leave_when.as_ref(),
                    segment.best.as_ref().map(|best| &best.by),
                ]
            }
            Self::Tier(tier) => [tier.by.as_ref(), tier.among.as_ref()]
                .into_iter()
                .chain(tier.levels.iter().map(|level| level.when.as_ref()))
                .collect(),
            Self::Quadrant(quadrant) => vec![Some(&quadrant.x.value), Some(&quadrant.y.value)],
        };
        optional.into_iter().flatten().collect()
    }

    /// The data of a place of a segment, tier or quadrant; none outside.
    #[must_use]
    pub fn data(&self, place: Place) -> Option<&Data> {
        let index = usize::from(place);
        match self {
            Self::Segment(segment) => (place == 1).then_some(&segment.data),
            Self::Tier(tier) => tier.levels.get(index).map(|level| &level.data),
            Self::Quadrant(quadrant) => quadrant.cells.get(index).map(|cell| &cell.data),
            Self::Metric(_) | Self::Ledger(_) | Self::Score(_) | Self::Rank(_) => None,
        }
    }

    /// What a place of a segment, tier or quadrant is as a value; none outside.
    #[must_use]
    pub fn place(&self, place: Place) -> Option<Value> {
        let index = usize::from(place);
        match self {
            Self::Segment(_) => (place <= 1).then_some(Value::Bool(place == 1)),
            Self::Tier(tier) => tier.levels.get(index).map(|level| Value::Text(level.name.clone())),
            Self::Quadrant(quadrant) => quadrant.cells.get(index).map(|cell| Value::Text(cell.name.clone())),
            Self::Metric(_) | Self::Ledger(_) | Self::Score(_) | Self::Rank(_) => None,
        }
    }

    /// A place's title, where it has one.
    #[must_use]
    pub fn place_title(&self, place: Place) -> Option<&str> {
        let index = usize::from(place);
        let title = match self {
            Self::Tier(tier) => tier.levels.get(index).map(|level| &*level.title),
            Self::Quadrant(quadrant) => quadrant.cells.get(index).map(|cell| &*cell.title),
            _ => None,
        };
        title.filter(|title| !title.is_empty())
    }

    /// The word for the kind, as its tables are headed.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Metric(_) => "metric",
            Self::Ledger(_) => "ledger",
            Self::Score(_) | Self::Rank(_) => "score",
            Self::Segment(_) => "segment",
            Self::Tier(_) => "tier",
            Self::Quadrant(_) => "quadrant",
        }
    }
}
