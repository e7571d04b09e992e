//! Shares of the population: `"1%"`, `"top 20%"`.

use crate::policy::codes;
use crate::policy::raw::{At, Sink};

/// The whole, in parts of a million.
pub(crate) const WHOLE: u32 = 1_000_000;

/// Reads `"12.5%"` exactly, in parts of a million: above nothing, at most the whole.
pub(crate) fn parse(text: &str) -> Option<u32> {
    let number = text.trim().strip_suffix('%')?.trim();
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 4 || !is_digits(whole) || !is_digits(fraction)
    {
        return None;
    }
    let parts = format!("{whole}{fraction:0<4}").parse().ok()?;
    (1..=WHOLE).contains(&parts).then_some(parts)
}

/// Reads a share, and reports it where it is none.
pub(crate) fn read(text: &At<String>, sink: &Sink<'_>) -> Option<u32> {
    let parts = parse(&text.value);
    if parts.is_none() {
        bad(text, sink);
    }
    parts
}

/// Reports a share.
pub(crate) fn bad(text: &At<String>, sink: &Sink<'_>) {
    sink.problem(&codes::table::BAD_SHARE, &text.place, format!("`{}` is no share", text.value))
        .help("a percentage above 0 and up to 100 with at most four decimals, as in \"20%\" or \"0.5%\"")
        .report();
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn percentages_are_exact_decimals() {
        assert_eq!(parse("1%"), Some(10_000));
        assert_eq!(parse("12.5 %"), Some(125_000));
        assert_eq!(parse("0.0001%"), Some(1));
        assert_eq!(parse("100%"), Some(1_000_000));
        for text in ["0%", "101%", "100.1%", "1", "1.00001%", "-1%", "%", ".5%", "1e1%"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
