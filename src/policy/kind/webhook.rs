//! `[channel.NAME.webhook]`: POST of JSON.

use std::collections::BTreeMap;

use base64::Engine;

use crate::policy::codes;
use crate::policy::compiled::{Retry, Webhook};
use crate::policy::names::is_name;
use crate::policy::raw::{At, Content, Form, Key, MapKeys, Part, Reader, Sink, form, key, takes};

/// A secret, or the variable that holds it.
const SECRET: Form = Form::Matching(r"\$\{.*|whsec_[A-Za-z0-9+/]+=*");

/// Keys of `[channel.NAME.webhook]`.
pub(crate) static KEYS: &[Key] = &[
    key(
        "url",
        takes("text", Form::Matching(r"\$\{.*|https?://[^/\s]\S*")),
        "Where to; `${NAME}` stands for a variable of the environment.",
    )
    .needed(),
    key(
        "secret",
        takes("text or list of texts", Form::Either(&[SECRET, Form::List(0, &SECRET)])),
        "`whsec_…` or `${NAME}`; several while rotating. Unsigned where absent.",
    ),
    key("headers", takes("table of texts", Form::Map(MapKeys::Any, &Form::Text)), "Sent with every request."),
    key("timeout", form::FIXED, "For one attempt. Default \"10s\"."),
    key(
        "rate",
        takes("text", Form::Matching(r"\s*[0-9]{1,7}\s*/\s*[smh]\s*")),
        "Most requests, as in \"20/s\" or \"100/m\". Default without limit.",
    ),
    key("concurrency", form::whole(1, 1_000), "Most requests at once. Default 8."),
    key("retry", form::table(&RETRY_PART), "What follows a failed attempt."),
    key(
        "allow_link_local",
        form::FLAG,
        "Lets it go to link-local and metadata addresses, which are refused otherwise. Default false.",
    ),
];

/// `webhook` as a part of a channel.
pub(crate) static PART: Part = Part { title: "webhook", keys: KEYS, constraints: &[] };

/// Keys of `retry`.
pub(crate) static RETRY: &[Key] = &[
    key("first", form::FIXED, "Before the second attempt. Default \"5s\"."),
    key(
        "factor",
        takes("number", Form::Number(form::between(1.0, 100.0))),
        "Each wait is this many times the one before. Default 3.",
    ),
    key("max", form::FIXED, "Longest wait. Default \"6h\"."),
    key("attempts", form::whole(1, 1_000), "Attempts in all. Default 12."),
];

/// `retry` as a part of a webhook.
static RETRY_PART: Part = Part { title: "retry", keys: RETRY, constraints: &[] };

const RETRY_DEFAULT: Retry = Retry { first: 5_000, factor: 3.0, max: 21_600_000, attempts: 12 };

/// Headers that the engine itself sets.
const OWN_HEADERS: &[&str] =
    &["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-length", "host"];

/// Reads and checks the table.
pub(crate) fn check(reader: &Reader<'_>) -> Option<Webhook> {
    let url = reader.required("url", reader.word("url"));
    let url = url.filter(|url| check_url(url, reader.sink));
    let secrets = secrets(reader);
    let headers = headers(reader);
    let timeout = reader.fixed("timeout").unwrap_or(10_000);
    let rate = rate(reader);
    let concurrency = reader.whole("concurrency").and_then(|most| usize::try_from(most).ok()).unwrap_or(8);
    let retry = reader.table("retry").map_or(RETRY_DEFAULT, |retry| read_retry(&retry));
    let allow_link_local = reader.flag("allow_link_local").unwrap_or(false);
    let url = url?.value;
    Some(Webhook { url, secrets, headers, timeout, rate, concurrency, retry, allow_link_local })
}

fn check_url(url: &At<String>, sink: &Sink<'_>) -> bool {
    if !check_variables(url, sink) {
        return false;
    }
    let text = url.value.as_str();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_url = text.starts_with("${")
        || rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
        });
    if !is_url {
        sink.problem(&codes::table::BAD_URL, &url.place, "this is no address")
            .help("write http://… or https://…, or a variable of the environment as ${NAME}")
            .report();
    }
    is_url
}

/// Reports a `${` that is not `${NAME}`.
fn check_variables(text: &At<String>, sink: &Sink<'_>) -> bool {
    let mut rest = text.value.as_str();
    while let Some((_, after)) = rest.split_once("${") {
        let name = after.split_once('}').map_or("", |(name, _)| name);
        if !is_name(&name.to_ascii_lowercase()) {
            sink.problem(&codes::table::BAD_VARIABLE, &text.place, "`${` begins the name of a variable")
                .help("write `${NAME}` with letters, digits and _")
                .report();
            return false;
        }
        rest = after;
    }
    true
}

fn secrets(reader: &Reader<'_>) -> Vec<String> {
    let Some(entry) = reader.entry("secret") else { return Vec::new() };
    let written = if matches!(entry.node.content, Content::Text(_)) {
        reader.word("secret").into_iter().collect()
    } else {
        reader.words("secret")
    };
    written
        .into_iter()
        .filter(|secret| check_secret(secret, reader.sink))
        .map(|secret| secret.value)
        .collect()
}

fn check_secret(secret: &At<String>, sink: &Sink<'_>) -> bool {
    let text = secret.value.as_str();
    if text.starts_with("${") {
        return check_variables(secret, sink);
    }
    let key = text
        .strip_prefix("whsec_")
        .and_then(|key| base64::engine::general_purpose::STANDARD.decode(key).ok());
    let is_secret = key.is_some_and(|key| (24..=64).contains(&key.len()));
    if !is_secret {
        sink.problem(&codes::table::BAD_SECRET, &secret.place, "this is no webhook secret")
            .help("`whsec_` and 24 to 64 bytes in Base64, better kept out of the file: \"${NAME}\"")
            .report();
    }
    is_secret
}

fn headers(reader: &Reader<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    let Some((_, table)) = reader.plain_table("headers") else { return headers };
    for entry in &table.entries {
        let name = entry.key.value.as_str();
        let is_token =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_token || OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let why = if is_token { "is set by the engine" } else { "is no name of a header" };
            reader
                .sink
                .problem(&codes::table::BAD_HEADER, &entry.key.place, format!("`{name}` {why}"))
                .report();
            continue;
        }
        let Content::Text(value) = &entry.node.content else {
            reader.wrong(entry, "text in quotes");
            continue;
        };
        let text = At { value: value.clone(), place: entry.node.place.clone() };
        if value.chars().any(char::is_control) {
            reader.sink.problem(&codes::table::BAD_HEADER, &text.place, "a header is one line").report();
        } else if check_variables(&text, reader.sink) {
            headers.insert(name.to_owned(), text.value);
        }
    }
    headers
}

fn rate(reader: &Reader<'_>) -> Option<f64> {
    let text = reader.text("rate")?;
    let parsed = text.value.split_once('/').and_then(|(number, unit)| {
        let number: u32 = number.trim().parse().ok().filter(|number| (1..=1_000_000).contains(number))?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        Some(f64::from(number) / seconds)
    });
    if parsed.is_none() {
        reader
            .sink
            .problem(&codes::table::BAD_RATE, &text.place, format!("`{}` is no rate", text.value))
            .help("a whole number, `/` and s, m or h, as in \"20/s\"")
            .report();
    }
    parsed
}

fn read_retry(reader: &Reader<'_>) -> Retry {
    let factor = reader.number("factor");
    if let Some(factor) = factor.as_ref().filter(|factor| !(1.0..=100.0).contains(&factor.value)) {
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, &factor.place, "`factor` must be from 1 to 100")
            .report();
    }
    let first = reader.fixed("first");
    let max = reader.fixed("max");
    if let (Some(first), Some(max), Some(entry)) = (first, max, reader.entry("max"))
        && max < first
    {
        reader
            .sink
            .problem(&codes::table::OUT_OF_RANGE, &entry.node.place, "`max` is shorter than `first`")
            .report();
    }
    let first = first.unwrap_or(RETRY_DEFAULT.first);
    Retry {
        first,
        factor: factor.map_or(RETRY_DEFAULT.factor, |factor| factor.value),
        max: max.unwrap_or(RETRY_DEFAULT.max.max(first)),
        attempts: reader.whole("attempts").unwrap_or(RETRY_DEFAULT.attempts),
    }
}
