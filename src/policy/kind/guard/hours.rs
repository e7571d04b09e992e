//! `[guard.NAME.hours]`: only at certain hours.

use crate::model::{Type, Value};
use crate::policy::codes;
use crate::policy::compiled::Hours;
use crate::policy::expression::tree::{Node, NodeKind};
use crate::policy::expression::{Expected, Expression};
use crate::policy::formula::{Context, Formula};
use crate::policy::kind::action::reference;
use crate::policy::kind::clock;
use crate::policy::names::Scope;
use crate::policy::raw::{At, Form, Key, Part, Reader, form, key, takes};

/// Keys of `[guard.NAME.hours]`.
pub(crate) static KEYS: &[Key] = &[
    key("from", form::CLOCK, "When it opens, as in \"09:00\".").needed(),
    key(
        "until",
        form::CLOCK,
        "When it closes; not after `from`: the window crosses midnight and belongs to the day it began on.",
    )
    .needed(),
    key("calendar", takes("calendar", Form::Name), "Closed on days that are no working days of it."),
    key(
        "timezone",
        takes("text by expression, or IANA time zone", Form::Either(&[Form::Zone, Form::Expression])),
        "The customer's own zone. Unknown or missing: that of `[settings]`. Default that of `[settings]`.",
    ),
];

/// `hours` as a part of a guard.
pub(crate) static PART: Part = Part { title: "hours", keys: KEYS, constraints: &[] };

/// As written.
pub(crate) struct RawHours {
    from: Option<u16>,
    until: Option<u16>,
    calendar: Option<At<String>>,
    timezone: Option<Zone>,
}

enum Zone {
    /// The same for all.
    Named(At<String>),
    Formula(Formula),
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawHours {
    let from = reader.required("from", clock::read(reader, "from"));
    let until = reader.required("until", clock::read(reader, "until"));
    if let (Some(from), Some(until)) = (from, until)
        && from % clock::DAY == until % clock::DAY
    {
        // From 00:00 until 24:00 is a whole day, of which a calendar may leave some out.
        let is_whole_day = from == 0 && until == clock::DAY;
        if !is_whole_day || reader.entry("calendar").is_none() {
            let says = if is_whole_day { "is always open" } else { "never opens" };
            reader
                .problem(&codes::together::NO_WINDOW, format!("a window that {says}"))
                .help("`from` and `until` must differ; whole days are from \"00:00\" until \"24:00\" by a calendar")
                .report();
        }
    }
    RawHours { from, until, calendar: reader.word("calendar"), timezone: zone(reader) }
}

/// A plain zone name is no expression that could give text, so that it can only be meant as one.
fn zone(reader: &Reader<'_>) -> Option<Zone> {
    let text = reader.word("timezone")?;
    if text.value.parse::<chrono_tz::Tz>().is_ok() {
        return Some(Zone::Named(text));
    }
    Some(Zone::Formula(Formula::parse(text, reader.sink)))
}

impl Zone {
    fn check(&self, context: Context<'_>) -> Option<Expression> {
        match self {
            Self::Formula(formula) => formula.check(context, Scope::Customer, &Expected::Type(Type::Text)),
            Self::Named(name) => {
                let kind = NodeKind::Literal(Value::text(name.value.as_str()));
                let root = Node { kind, ty: Type::Text, span: 0..name.value.len() };
                Some(Expression { text: name.value.as_str().into(), root })
            }
        }
    }
}

impl RawHours {
    /// Checks it.
    pub(super) fn check(self, context: Context<'_>) -> Option<Hours> {
        let calendars = || {
            let known = context.known.calendars.iter();
            known.map(|known| (&*known.calendar.name, known.enabled))
        };
        let calendar = self.calendar.as_ref().map(|name| reference(name, "calendar", calendars(), context));
        let timezone = self.timezone.map(|zone| zone.check(context));
        let calendar = match calendar {
            None => None,
            Some(calendar) => Some(calendar?),
        };
        let timezone = match timezone {
            None => None,
            Some(timezone) => Some(timezone?),
        };
        Some(Hours { from: self.from?, until: self.until?, calendar, timezone })
    }
}
