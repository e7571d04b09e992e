//! `[calendar.NAME]`: which days are working days, and days that have a name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{about, constant};
use crate::model::{Date, Type, Value};
use crate::policy::codes;
use crate::policy::compiled::Calendar;
use crate::policy::names::check_form;
use crate::policy::raw::{
    At, Content, Declared, Entry, Form, Key, MapKeys, Node, Place, Reader, Sink, Table, form, key, takes,
};

/// Keys of `[calendar.NAME]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "weekend",
        takes("list of weekdays", Form::List(0, &Form::Words(&WEEKDAYS))),
        "Weekdays off, of mon, tue, wed, thu, fri, sat and sun. Default sat and sun.",
    ),
    key("holidays", form::DATES, "Days off."),
    key("workdays", form::DATES, "Make-up days: worked whatever weekend and holidays say."),
    key(
        "days",
        takes("table", Form::Map(MapKeys::Names, &Form::List(1, &Form::Date))),
        "Lists of dates by name, for the anchors of cadences: `\"CALENDAR.NAME\"`.",
    ),
];

static WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A calendar as declared.
#[derive(Clone, Debug)]
pub(crate) struct KnownCalendar {
    /// What can be read of it.
    pub(crate) calendar: Calendar,
    /// Whether it counts.
    pub(crate) enabled: bool,
}

/// Reads and checks all calendars: those that count by name, then the others.
pub(crate) fn check(declared: &Declared, sink: &Sink<'_>) -> Vec<KnownCalendar> {
    let tables = declared.get("calendar").into_iter().flatten();
    let mut calendars: Vec<KnownCalendar> =
        tables.map(|(name, table)| check_one(name, table, sink)).collect();
    calendars.sort_by_key(|calendar| !calendar.enabled);
    calendars
}

fn check_one(name: &str, table: &At<Table>, sink: &Sink<'_>) -> KnownCalendar {
    let head = about::read(sink, table, KEYS);
    let reader = head.reader;
    let holidays = list(&reader, "holidays");
    let workdays = list(&reader, "workdays");
    for (day, place) in &workdays {
        if let Some(holiday) = holidays.get(day) {
            sink.problem(&codes::together::WORKED_HOLIDAY, place, format!("{day} is a holiday as well"))
                .related(holiday, "the holiday")
                .help("a make-up day wins: the day is worked; take it out of one of the two")
                .report();
        }
    }
    let calendar = Calendar {
        name: name.into(),
        about: head.about,
        weekend: weekend(&reader),
        holidays: holidays.into_keys().collect(),
        workdays: workdays.into_keys().collect(),
        days: named(&reader),
    };
    KnownCalendar { calendar, enabled: head.enabled }
}

fn weekend(reader: &Reader<'_>) -> [bool; 7] {
    if reader.entry("weekend").is_none() {
        return [false, false, false, false, false, true, true];
    }
    let words = reader.words("weekend");
    for word in &words {
        if !WEEKDAYS.contains(&word.value.as_str()) {
            reader
                .sink
                .problem(
                    &codes::table::NOT_A_WORD,
                    &word.place,
                    format!("`{}` can't be a day of the `weekend`", word.value),
                )
                .nearest(&word.value, &WEEKDAYS, true)
                .report();
        }
    }
    WEEKDAYS.map(|weekday| words.iter().any(|word| word.value == weekday))
}

/// The dates of a key, each with its place.
fn list(reader: &Reader<'_>, key: &str) -> BTreeMap<Date, Place> {
    reader.entry(key).map(|entry| dates(reader.sink, key, &entry.node)).unwrap_or_default()
}

fn named(reader: &Reader<'_>) -> BTreeMap<Arc<str>, Vec<Date>> {
    let Some((_, table)) = reader.plain_table("days") else { return BTreeMap::new() };
    table.entries.iter().filter_map(|entry| named_list(entry, reader.sink)).collect()
}

fn named_list(entry: &Entry, sink: &Sink<'_>) -> Option<(Arc<str>, Vec<Date>)> {
    let name = entry.key.value.as_str();
    let has_form = check_form(&entry.key, sink);
    if matches!(&entry.node.content, Content::Array(items) if items.is_empty()) {
        sink.problem(&codes::table::EMPTY, &entry.node.place, format!("`{name}` has no days")).report();
    }
    let days: BTreeSet<Date> = dates(sink, name, &entry.node).into_keys().collect();
    has_form.then(|| (name.into(), days.into_iter().collect()))
}

fn dates(sink: &Sink<'_>, key: &str, node: &Node) -> BTreeMap<Date, Place> {
    let mut dates = BTreeMap::new();
    let Content::Array(items) = &node.content else {
        let message = format!("`{key}` must be a list of dates, not {}", node.content.description());
        sink.problem(&codes::table::WRONG_TYPE, &node.place, message).report();
        return dates;
    };
    for item in items {
        let Some(Value::Date(day)) = constant::read(sink, key, item, &Type::Date) else { continue };
        if let Some(first) = dates.get(&day) {
            sink.problem(&codes::table::REPEATED, &item.place, format!("{day} is listed twice"))
                .related(first, "first listed here")
                .help("keep one of the two")
                .report();
            continue;
        }
        dates.insert(day, item.place.clone());
    }
    dates
}
