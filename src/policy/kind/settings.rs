//! `[settings]`: what holds for the whole set.

use chrono_tz::Tz;

use super::retain::{self, RawRetain};
use crate::model::Duration;
use crate::policy::codes;
use crate::policy::compiled::{Retain, Settings};
use crate::policy::raw::{At, Form, Key, Reader, Sink, Table, form, key, nearest, takes};

/// Keys of `[settings]`.
pub(crate) static KEYS: &[Key] = &[
    key("timezone", form::ZONE, "What local days and hours mean. Default \"UTC\"."),
    key("refresh", form::DURATION, "How old cut points may get. Default \"1d\"."),
    key(
        "retain",
        takes("table of durations", Form::Table(&retain::PART)),
        "How long events and history are kept: `{ events = \"5y\", history = \"2y\" }`. Default: for good.",
    ),
];

/// Reads and checks `[settings]`; what is kept for how long is to be checked against all that looks back.
pub(crate) fn check(table: Option<&At<Table>>, sink: &Sink<'_>) -> (Settings, RawRetain) {
    let mut settings = Settings { timezone: Tz::UTC, refresh: Duration::days(1), retain: Retain::default() };
    let Some(table) = table else { return (settings, RawRetain::default()) };
    let reader = Reader::new(sink, &table.value, &table.place, KEYS, &[]);
    if let Some(zone) = timezone(&reader) {
        settings.timezone = zone;
    }
    if let Some(refresh) = reader.duration("refresh") {
        settings.refresh = refresh.value;
    }
    let retain = retain::read(&reader);
    settings.retain = retain.compiled();
    (settings, retain)
}

/// Reads the `timezone` of a table.
pub(crate) fn timezone(reader: &Reader<'_>) -> Option<Tz> {
    let text = reader.text("timezone")?;
    if let Ok(zone) = text.value.parse() {
        return Some(zone);
    }
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    let near = nearest(&text.value, names);
    let report = reader
        .sink
        .problem(&codes::table::TIMEZONE, &text.place, format!("`{}` is no time zone", text.value))
        .suggest(near.map(|near| format!("\"{near}\"")));
    match near {
        Some(near) => report.help(format!("did you mean `{near}`?")).report(),
        None => report.help("use a name of the IANA database, as in \"Asia/Shanghai\"").report(),
    }
    None
}
