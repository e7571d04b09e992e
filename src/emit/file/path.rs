//! Where a touch's row goes.

use chrono_tz::Tz;

use crate::model::Timestamp;
use crate::model::civil;

/// The path with `{date} {month} {action} {channel}` put in. The day is that of `now` in `zone`.
#[must_use]
pub fn expand(path: &str, channel: &str, action: &str, now: Timestamp, zone: Tz) -> String {
    let day = civil::local_date(now, zone).map(|day| day.to_string()).unwrap_or_default();
    let month: String = day.chars().take("2027-03".len()).collect();
    let mut expanded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        expanded.push_str(before);
        let word = after.split_once('}');
        let text = word.and_then(|(word, _)| match word {
            "date" => Some(day.as_str()),
            "month" => Some(month.as_str()),
            "action" => Some(action),
            "channel" => Some(channel),
            _ => None,
        });
        if let (Some(text), Some((_, behind))) = (text, word) {
            expanded.push_str(text);
            rest = behind;
        } else {
            expanded.push('{');
            rest = after;
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Where writing goes on when a file can't be used: `NAME.2.EXT` after `NAME.EXT`, then `NAME.3.EXT`.
#[must_use]
pub fn next(path: &str) -> String {
    let (folder, name) = match path.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, path),
    };
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, Some(extension)),
        _ => (name, None),
    };
    let numbered = stem.rsplit_once('.').and_then(|(base, number)| Some((base, number.parse::<u32>().ok()?)));
    let stem = match numbered {
        Some((base, number)) if number >= 2 => format!("{base}.{}", number.saturating_add(1)),
        _ => format!("{stem}.2"),
    };
    let name = match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem,
    };
    match folder {
        Some(folder) => format!("{folder}/{name}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_braces_are_put_in_by_the_local_day() {
        let now = Timestamp::parse_rfc3339("2027-02-28T20:00:00Z").unwrap();
        let expand = |path| expand(path, "calls", "care_call", now, chrono_tz::Asia::Shanghai);
        assert_eq!(expand("out/{channel}-{action}-{date}.csv"), "out/calls-care_call-2027-03-01.csv");
        assert_eq!(expand("out/{month}/x.csv"), "out/2027-03/x.csv");
        assert_eq!(expand("out/{other}{.csv"), "out/{other}{.csv");
    }

    #[test]
    fn the_next_name_counts_up() {
        assert_eq!(next("out/calls.csv"), "out/calls.2.csv");
        assert_eq!(next("out/calls.2.csv"), "out/calls.3.csv");
        assert_eq!(next("out.d/calls"), "out.d/calls.2");
        assert_eq!(next("calls-2027-03-01.jsonl"), "calls-2027-03-01.2.jsonl");
    }
}
