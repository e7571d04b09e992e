//! `[guard.NAME.capacity]`: only so many in all per day, week or month.

use super::cap::most;
use crate::policy::codes;
use crate::policy::compiled::{Capacity, CapacityPeriod, Reserve};
use crate::policy::expression::Expected;
use crate::policy::formula::{Context, Formula};
use crate::policy::kind::action::RawAction;
use crate::policy::kind::segment::optional;
use crate::policy::kind::share;
use crate::policy::names::Scope;
use crate::policy::raw::{At, Content, Form, Key, Node, Part, Place, Reader, form, key, takes};

/// Keys of `[guard.NAME.capacity]`.
pub(crate) static KEYS: &[Key] = &[
    key("max", form::whole(1, u32::MAX), "Places, at least 1. An action takes as many as its `effort` says.")
        .needed(),
    key(
        "per",
        takes("day, week or month", Form::Words(&["day", "week", "month"])),
        "Local, in the zone of `[settings]`; weeks begin on Monday. Default \"day\".",
    ),
    key(
        "by",
        form::EXPRESSION,
        "Each value has its own places, as the account manager's name. Default one for all.",
    ),
    key("first", form::NUMBER_EXPRESSION, "Who comes first among equal priorities: the greatest."),
    key(
        "reserve",
        takes("list of tables", Form::Tables(0, &RESERVE_PART)),
        "Kept places go to others only if nobody entitled waits.",
    ),
];

/// `capacity` as a part of a guard.
pub(crate) static PART: Part = Part { title: "capacity", keys: KEYS, constraints: &[] };

/// Keys of an entry of `reserve`.
pub(crate) static RESERVE: &[Key] = &[
    key("when", form::CONDITION, "Who is entitled.").needed(),
    key("share", form::SHARE, "How many of the places are kept for them.").needed(),
];

/// An entry of `reserve`.
static RESERVE_PART: Part = Part { title: "reserve", keys: RESERVE, constraints: &[] };

const PERIODS: [(&str, CapacityPeriod); 3] =
    [("day", CapacityPeriod::Day), ("week", CapacityPeriod::Week), ("month", CapacityPeriod::Month)];

/// As written.
pub(crate) struct RawCapacity {
    max: Option<u32>,
    place: Place,
    per: CapacityPeriod,
    by: Option<Formula>,
    first: Option<Formula>,
    reserve: Vec<RawReserve>,
}

struct RawReserve {
    when: Option<Formula>,
    share: Option<At<u32>>,
}

/// Reads the table.
pub(crate) fn read(reader: &Reader<'_>) -> RawCapacity {
    let reserve = reserve(reader);
    let total: u64 =
        reserve.iter().filter_map(|entry| entry.share.as_ref()).map(|share| u64::from(share.value)).sum();
    if let Some(entry) = reader.entry("reserve").filter(|_| total > u64::from(share::WHOLE)) {
        reader
            .sink
            .problem(&codes::together::RESERVES, &entry.key.place, "more than all places are kept")
            .help("the shares of `reserve` add up to at most 100%")
            .report();
    }
    RawCapacity {
        max: reader.required("max", most(reader)),
        place: reader.place.clone(),
        per: reader.choice("per", &PERIODS).map_or(CapacityPeriod::Day, |per| per.value),
        by: Formula::read(reader, "by"),
        first: Formula::read(reader, "first"),
        reserve,
    }
}

fn reserve(reader: &Reader<'_>) -> Vec<RawReserve> {
    let Some(entry) = reader.entry("reserve") else { return Vec::new() };
    let Content::Array(items) = &entry.node.content else {
        reader.wrong(entry, "a list of tables");
        return Vec::new();
    };
    items.iter().filter_map(|item| reserve_entry(reader, item)).collect()
}

fn reserve_entry(reader: &Reader<'_>, node: &Node) -> Option<RawReserve> {
    let Content::Table(table) = &node.content else {
        let message = format!("an entry of `reserve` must be a table, not {}", node.content.description());
        reader.sink.problem(&codes::table::WRONG_TYPE, &node.place, message).report();
        return None;
    };
    let reader = Reader::new(reader.sink, table, &node.place, RESERVE, &[]);
    let when = reader.required("when", Formula::read(&reader, "when"));
    let share = reader.required("share", reader.text("share"));
    let share =
        share.and_then(|text| share::read(&text, reader.sink).map(|value| At { value, place: text.place }));
    Some(RawReserve { when, share })
}

impl RawCapacity {
    /// Checks it; `asked` are the actions it is asked about.
    pub(super) fn check<'a>(
        self,
        asked: impl Iterator<Item = &'a RawAction>,
        context: Context<'_>,
    ) -> Option<Capacity> {
        let by = optional(self.by.as_ref(), context, &Expected::Any);
        let first = optional(self.first.as_ref(), context, &Expected::Number);
        let reserve: Vec<Option<Reserve>> =
            self.reserve.into_iter().map(|entry| entry.check(context)).collect();
        for action in asked {
            if context.enabled && self.max.is_some_and(|max| action.effort > f64::from(max)) {
                let (name, effort) = (&action.name, action.effort);
                context
                    .sink
                    .problem(
                        &codes::together::NEVER_FITS,
                        &self.place,
                        format!("`action.{name}` takes {effort} places, more than there are"),
                    )
                    .related(&action.place, "the action")
                    .help("it would always wait: raise `max`, or lower the action's `effort`")
                    .report();
            }
        }
        Some(Capacity {
            max: self.max?,
            per: self.per,
            by: by.ok()?,
            first: first.ok()?,
            reserve: reserve.into_iter().collect::<Option<_>>()?,
        })
    }
}

impl RawReserve {
    fn check(self, context: Context<'_>) -> Option<Reserve> {
        let when = self.when.and_then(|when| when.check(context, Scope::Customer, &Expected::Bool));
        Some(Reserve { when: when?, share: self.share?.value })
    }
}
