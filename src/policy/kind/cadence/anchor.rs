//! What the times of a cadence count from: `anchor`, `on` and `where`.

use crate::model::{Date, Type};
use crate::policy::codes;
use crate::policy::compiled::Anchor;
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula, disabled};
use crate::policy::kind::metric::event;
use crate::policy::names::{Known, KnownEvent, Scope, is_name};
use crate::policy::raw::{At, Reader};

/// As written.
pub(super) struct RawAnchor {
    kind: RawKind,
    on: Option<At<String>>,
    filter: Option<Formula>,
}

enum RawKind {
    Enrolment,
    Value(Formula),
    /// A calendar's name and the name of its days.
    Days(At<String>),
    /// A field of the event.
    Field(At<String>),
}

impl RawAnchor {
    /// Reads the keys.
    pub(super) fn read(reader: &Reader<'_>) -> Self {
        let has_event = reader.entry("on").is_some();
        if !has_event {
            reader.useless("where", "it picks the events of `on`");
        }
        let kind = match reader.word("anchor") {
            None => RawKind::Enrolment,
            Some(text) if has_event => RawKind::Field(text),
            Some(text) if text.value == "enrolment" => RawKind::Enrolment,
            Some(text) if names_days(&text.value) => RawKind::Days(text),
            Some(text) => RawKind::Value(Formula::parse(text, reader.sink)),
        };
        Self { kind, on: reader.word("on"), filter: Formula::read(reader, "where") }
    }

    /// Whether its times count from an enrolment by audience.
    pub(super) const fn is_enrolment(&self) -> bool {
        matches!(self.kind, RawKind::Enrolment) && self.on.is_none()
    }

    /// Whether it goes by the days of a calendar.
    pub(super) const fn is_calendar(&self) -> bool {
        matches!(self.kind, RawKind::Days(_))
    }

    /// Whether enrolments can be spread.
    pub(super) const fn can_stagger(&self) -> bool {
        matches!(self.kind, RawKind::Enrolment)
    }

    /// The event kind it enrols for.
    pub(super) const fn on(&self) -> Option<&At<String>> {
        self.on.as_ref()
    }

    /// Which events.
    pub(super) const fn filter(&self) -> Option<&Formula> {
        self.filter.as_ref()
    }

    /// The date or time of the customer's.
    pub(super) const fn value(&self) -> Option<&Formula> {
        match &self.kind {
            RawKind::Value(formula) => Some(formula),
            _ => None,
        }
    }

    /// The days of the calendar.
    pub(super) fn listed<'k>(&self, known: &'k Known) -> Option<&'k [Date]> {
        let RawKind::Days(text) = &self.kind else { return None };
        let (calendar, days) = text.value.split_once('.')?;
        let calendar = known.calendars.iter().find(|known| *known.calendar.name == *calendar)?;
        calendar.calendar.days.get(days).map(Vec::as_slice)
    }

    /// Checks it.
    pub(super) fn check(&self, context: Context<'_>) -> Option<Anchor> {
        if let Some(on) = &self.on {
            return self.check_event(on, context);
        }
        match &self.kind {
            RawKind::Value(formula) => {
                let expression = formula.check(context, Scope::Customer, &Expected::Any)?;
                check_type(&formula.text, &expression.root.ty, context).then_some(Anchor::Value(expression))
            }
            RawKind::Days(text) => self.check_days(text, context),
            RawKind::Enrolment | RawKind::Field(_) => Some(Anchor::Enrolment),
        }
    }

    fn check_event(&self, on: &At<String>, context: Context<'_>) -> Option<Anchor> {
        let event = event(Some(on), context)?;
        let kind = context.known.events.get(event)?;
        let filter =
            self.filter.as_ref().map(|filter| filter.check(context, Scope::Event(event), &Expected::Bool));
        let field = match &self.kind {
            RawKind::Field(text) if text.value != "at" => Some(check_field(text, kind, context)),
            _ => None,
        };
        if matches!(filter, Some(None)) || matches!(field, Some(None)) {
            return None;
        }
        Some(Anchor::Event { event, filter: filter.flatten(), field: field.flatten() })
    }

    fn check_days(&self, text: &At<String>, context: Context<'_>) -> Option<Anchor> {
        let (name, list) = text.value.split_once('.')?;
        let calendars = &context.known.calendars;
        let Some(calendar) = calendars.iter().find(|known| *known.calendar.name == *name) else {
            let names: Vec<String> = calendars
                .iter()
                .flat_map(|known| {
                    let name = &known.calendar.name;
                    known.calendar.days.keys().map(move |days| format!("{name}.{days}"))
                })
                .collect();
            unknown(text, format!("there is no calendar `{name}`"), &names, context);
            return None;
        };
        if context.enabled && !calendar.enabled {
            disabled(context.sink, &text.place, &format!("calendar.{name}"));
        }
        let Some(days) = self.listed(context.known) else {
            let names: Vec<String> =
                calendar.calendar.days.keys().map(|days| format!("{name}.{days}")).collect();
            unknown(text, format!("the calendar `{name}` has no days `{list}`"), &names, context);
            return None;
        };
        Some(Anchor::Days { name: text.value.as_str().into(), days: days.into() })
    }
}

/// Whether text is `calendar.days`.
fn names_days(text: &str) -> bool {
    text.split_once('.').is_some_and(|(calendar, days)| is_name(calendar) && is_name(days))
}

fn check_field(text: &At<String>, kind: &KnownEvent, context: Context<'_>) -> Option<usize> {
    let name = text.value.strip_prefix("event.").unwrap_or(&text.value);
    let shape = &kind.shape;
    let Some(index) = shape.field(name) else {
        if !kind.broken.contains(name) {
            let names: Vec<String> = shape.fields.iter().map(|field| field.name.to_string()).collect();
            unknown(text, format!("the event `{}` has no field `{name}`", shape.name), &names, context);
        }
        return None;
    };
    check_type(text, &shape.fields.get(index)?.ty, context).then_some(index)
}

fn unknown(text: &At<String>, message: String, names: &[String], context: Context<'_>) {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    context
        .sink
        .problem(&codes::together::UNKNOWN_REFERENCE, &text.place, message)
        .nearest(&text.value, &names, true)
        .report();
}

/// Reports an anchor that is neither date nor time.
fn check_type(text: &At<String>, ty: &Type, context: Context<'_>) -> bool {
    let fits = matches!(ty, Type::Date | Type::Time);
    if !fits {
        context
            .sink
            .problem(
                &codes::together::ANCHOR,
                &text.place,
                format!("a cadence counts from a date or a time, not from {ty}"),
            )
            .label(format!("gives {ty}"))
            .help("name a date or time, \"enrolment\", or days of a calendar: \"cn.spring_festival\"")
            .report();
    }
    fits
}
