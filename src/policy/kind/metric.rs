//! `[metric.NAME]`: a figure made of a customer's events.

use crate::model::civil::Period;
use crate::model::{Duration, Type};
use crate::policy::codes;
use crate::policy::compiled::{Metric, Take, Unless, Window};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula, disabled};
use crate::policy::names::{KnownEvent, Scope};
use crate::policy::raw::{At, Constraint, Form, Key, Reader, form, key, takes};

/// Keys of `[metric.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key("event", form::EVENT, "Of which events.").needed(),
    key(
        "take",
        takes("count, sum, mean, min, max, median, first, last, distinct, mode, days_since_first, days_since_last, median_gap_days or mean_gap_days", Form::Words(TAKE_WORDS)),
        "How they are put together.",
    ).needed(),
    key("of", takes("expression over the event", Form::Expression), "What of each event; where `take` needs it."),
    key("where", form::EVENT_CONDITION, "Which events. Default all."),
    key(
        "within",
        takes("duration, this_month, this_quarter or this_year", Form::Either(&[Form::Fixed, Form::Words(&["this_month", "this_quarter", "this_year"])])),
        "How far back: `now - within < at <= now`, or since the local period began. Default all.",
    ),
    key("before", form::DURATION, "Shifts the window back, as for the year before."),
    key("unless", form::EVENT, "Leaves out events that one of this kind has followed."),
    key("same", takes("field of both kinds", Form::Word), "What the following event must share."),
    key("half_life", form::FIXED, "Age at which an event weighs half; for `sum` and `mean`."),
];

/// What holds among the keys of `[metric.NAME]`.
pub(crate) static CONSTRAINTS: &[Constraint] = &[
    Constraint::Where { key: "take", words: OF_TAKES, other: "of", needed: true },
    Constraint::Where { key: "take", words: &["sum", "mean"], other: "half_life", needed: false },
    Constraint::Needs("same", &["unless"]),
];

/// The words of `take`.
const TAKE_WORDS: &[&str] = &[
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "median",
    "first",
    "last",
    "distinct",
    "mode",
    "days_since_first",
    "days_since_last",
    "median_gap_days",
    "mean_gap_days",
];

/// Those that look at something of each event.
const OF_TAKES: &[&str] = &["sum", "mean", "min", "max", "median", "first", "last", "distinct", "mode"];

const TAKES: &[(&str, Take)] = &[
    ("count", Take::Count),
    ("sum", Take::Sum),
    ("mean", Take::Mean),
    ("min", Take::Min),
    ("max", Take::Max),
    ("median", Take::Median),
    ("first", Take::First),
    ("last", Take::Last),
    ("distinct", Take::Distinct),
    ("mode", Take::Mode),
    ("days_since_first", Take::DaysSinceFirst),
    ("days_since_last", Take::DaysSinceLast),
    ("median_gap_days", Take::MedianGapDays),
    ("mean_gap_days", Take::MeanGapDays),
];

/// As written.
#[derive(Debug)]
pub(crate) struct RawMetric {
    event: Option<At<String>>,
    take: Option<At<Take>>,
    of: Option<Formula>,
    filter: Option<Formula>,
    within: Option<Window>,
    before: Option<Duration>,
    unless: Option<At<String>>,
    same: Option<At<String>>,
    half_life: Option<i64>,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawMetric {
    let take = reader.required("take", reader.choice("take", TAKES));
    if let Some(take) = &take {
        check_keys(reader, take.value);
    }
    if reader.entry("unless").is_none() {
        reader.useless("same", "it belongs to `unless`");
    }
    RawMetric {
        event: reader.required("event", reader.word("event")),
        take,
        of: Formula::read(reader, "of"),
        filter: Formula::read(reader, "where"),
        within: window(reader),
        before: reader.duration("before").map(|before| before.value),
        unless: reader.word("unless"),
        same: reader.word("same"),
        half_life: reader.fixed("half_life"),
    }
}

const fn needs_of(take: Take) -> bool {
    !matches!(
        take,
        Take::Count | Take::DaysSinceFirst | Take::DaysSinceLast | Take::MedianGapDays | Take::MeanGapDays
    )
}

fn check_keys(reader: &Reader<'_>, take: Take) {
    if needs_of(take) {
        if reader.entry("of").is_none() {
            reader.missing("of");
        }
    } else {
        reader.useless("of", "this `take` looks at the events only");
    }
    if !matches!(take, Take::Sum | Take::Mean) {
        reader.useless("half_life", "only `sum` and `mean` can weigh events");
    }
}

fn window(reader: &Reader<'_>) -> Option<Window> {
    let calendar = match reader.entry("within").and_then(|_| reader.text("within"))?.value.as_str() {
        "this_month" => Some(Period::Month),
        "this_quarter" => Some(Period::Quarter),
        "this_year" => Some(Period::Year),
        _ => None,
    };
    calendar.map(Window::This).or_else(|| reader.fixed("within").map(Window::Sliding))
}

impl RawMetric {
    /// Its event kind, where there is one of that name.
    pub(crate) fn event_name(&self) -> Option<&str> {
        self.event.as_ref().map(|event| event.value.as_str())
    }

    /// The event kind named by `unless`.
    pub(crate) fn unless_name(&self) -> Option<&str> {
        self.unless.as_ref().map(|event| event.value.as_str())
    }

    /// Its expressions; all stand over the event.
    pub(crate) fn formulas(&self) -> Vec<&Formula> {
        self.of.iter().chain(&self.filter).collect()
    }

    /// Checks it; also tells its type where that can be told although something is wrong.
    pub(crate) fn check(&self, context: Context<'_>) -> (Option<Metric>, Option<Type>) {
        let event = event(self.event.as_ref(), context);
        let checked = |formula: Option<&Formula>, expected| match (formula, event) {
            (Some(formula), Some(event)) => formula.check(context, Scope::Event(event), expected),
            _ => None,
        };
        let of = checked(self.of.as_ref(), &Expected::Any);
        let filter = checked(self.filter.as_ref(), &Expected::Bool);
        let unless =
            self.unless.as_ref().and_then(|follower| unless(follower, self.same.as_ref(), event, context));
        let ty = self.take.as_ref().and_then(|take| ty(take.value, of.as_ref()));
        let fits = self.fits(of.as_ref(), context);
        let is_whole = self.of.is_some() == of.is_some() && self.filter.is_some() == filter.is_some();
        let metric = match (&self.take, event) {
            (Some(take), Some(event)) if fits && is_whole => Some(Metric {
                event,
                take: take.value,
                of,
                filter,
                within: self.within.unwrap_or(Window::All),
                before: self.before,
                unless,
                half_life: self.half_life,
            }),
            _ => None,
        };
        (metric, ty)
    }

    fn fits(&self, of: Option<&Expression>, context: Context<'_>) -> bool {
        let (Some(take), Some(of), Some(formula)) = (&self.take, of, &self.of) else { return true };
        let ty = &of.root.ty;
        let wanted = match take.value {
            Take::Sum | Take::Mean | Take::Median if *ty != Type::Number => "numbers",
            Take::Min | Take::Max if !matches!(ty, Type::Number | Type::Date | Type::Time) => {
                "numbers, dates and times"
            }
            _ => return true,
        };
        let word = TAKES.iter().find(|(_, known)| *known == take.value).map_or("", |(word, _)| *word);
        context
            .sink
            .problem(
                &codes::together::TAKE,
                &formula.text.place,
                format!("`{word}` is made of {wanted}, not of {ty}"),
            )
            .label(format!("gives {ty}"))
            .related(&take.place, "taken here")
            .help("take something else, or make a number of it")
            .report();
        false
    }
}

/// The event kind that follows, and the field that both must share.
pub(crate) fn unless(
    follower: &At<String>,
    same: Option<&At<String>>,
    event: Option<usize>,
    context: Context<'_>,
) -> Option<Unless> {
    let follower_index = self::event(Some(follower), context)?;
    let Some(same) = same else { return Some(Unless { event: follower_index, same: None }) };
    let first = context.known.events.get(event?)?;
    let second = context.known.events.get(follower_index)?;
    let (a, b) = (field(same, first, context), field(same, second, context));
    let (a, b) = (a?, b?);
    let (a_shape, b_shape) = (first.shape.fields.get(a)?, second.shape.fields.get(b)?);
    if a_shape.ty.name() != b_shape.ty.name() {
        let message = format!(
            "`{}` is a {} of `{}` but a {} of `{}`",
            same.value, a_shape.ty, first.shape.name, b_shape.ty, second.shape.name
        );
        context
            .sink
            .problem(&codes::together::SAME, &same.place, message)
            .help("the two must be of one type to be compared")
            .report();
    }
    Some(Unless { event: follower_index, same: Some((a, b)) })
}

/// The field of an event kind of a name; reports one that is not there.
pub(crate) fn field(name: &At<String>, kind: &KnownEvent, context: Context<'_>) -> Option<usize> {
    let found = kind.shape.field(&name.value);
    if found.is_none() && !kind.broken.contains(&name.value) {
        unknown_field(name, kind, context);
    }
    found
}

fn unknown_field(field: &At<String>, kind: &KnownEvent, context: Context<'_>) {
    let names: Vec<&str> = kind.shape.fields.iter().map(|field| &*field.name).collect();
    let message = format!("the event `{}` has no field `{}`", kind.shape.name, field.value);
    context
        .sink
        .problem(&codes::together::UNKNOWN_REFERENCE, &field.place, message)
        .nearest(&field.value, &names, true)
        .report();
}

/// The event kind of a name; reports one that is not there or does not count.
pub(crate) fn event(name: Option<&At<String>>, context: Context<'_>) -> Option<usize> {
    let name = name?;
    let Some(index) = context.known.event(&name.value) else {
        let names: Vec<&str> = context.known.events.iter().map(|event| &*event.shape.name).collect();
        context
            .sink
            .problem(
                &codes::together::UNKNOWN_REFERENCE,
                &name.place,
                format!("there is no event `{}`", name.value),
            )
            .nearest(&name.value, &names, true)
            .report();
        return None;
    };
    let is_enabled = context.known.events.get(index).is_some_and(|event| event.enabled);
    if context.enabled && !is_enabled {
        disabled(context.sink, &name.place, &format!("event.{}", name.value));
    }
    Some(index)
}

fn ty(take: Take, of: Option<&Expression>) -> Option<Type> {
    match take {
        Take::Min | Take::Max | Take::First | Take::Last | Take::Mode => of.map(|of| of.root.ty.clone()),
        _ => Some(Type::Number),
    }
}
