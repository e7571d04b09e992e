//! What an attempt came to. Answers are judged by a pure function of status and headers.

use std::fmt;

use chrono::{DateTime, NaiveDateTime};

use crate::model::Timestamp;
use crate::model::time::DAY;

/// What one attempt to send a touch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered,
    /// The receiver wants nothing more (410): the channel stops.
    Gone,
    /// The receiver asks to come back after so many milliseconds, and why.
    RetryAfter(i64, Failure),
    /// To be tried again after a backoff.
    Retry(Failure),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The receiver answered with this status.
    Status(u16),
    /// The receiver sent us elsewhere, which is never followed.
    Redirect(u16),
    /// No answer within the channel's timeout.
    Timeout,
    /// No connection: refused, no such host, a bad certificate.
    Connect(String),
    /// The connection broke before an answer came.
    Broken(String),
    /// The message could not be written.
    Unwritable(String),
}

impl Outcome {
    /// One word for counting.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Gone => "gone",
            Self::RetryAfter(_, failure) | Self::Retry(failure) => failure.word(),
        }
    }
}

impl Failure {
    /// One word for counting.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Redirect(_) => "redirect",
            Self::Timeout => "timeout",
            Self::Connect(_) => "connect",
            Self::Broken(_) => "broken",
            Self::Unwritable(_) => "unwritable",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "the receiver answered {status}"),
            Self::Redirect(status) => {
                write!(formatter, "the receiver answered {status}, a redirect, which is not followed")
            }
            Self::Timeout => formatter.write_str("no answer in time"),
            Self::Connect(reason) => write!(formatter, "no connection: {reason}"),
            Self::Broken(reason) => write!(formatter, "the connection broke: {reason}"),
            Self::Unwritable(reason) => write!(formatter, "the message can't be written: {reason}"),
        }
    }
}

/// Longest wait a receiver may ask for.
const LONGEST_WAIT: i64 = 30 * DAY;

/// Judges an answer by its status and its `Retry-After`, read at `now`.
#[must_use]
pub fn classify(status: u16, retry_after: Option<&str>, now: Timestamp) -> Outcome {
    match status {
        200..=299 => Outcome::Delivered,
        410 => Outcome::Gone,
        300..=399 => Outcome::Retry(Failure::Redirect(status)),
        429 | 503 => {
            let failure = Failure::Status(status);
            match retry_after.and_then(|text| retry_after_milliseconds(text, now)) {
                Some(wait) => Outcome::RetryAfter(wait, failure),
                None => Outcome::Retry(failure),
            }
        }
        _ => Outcome::Retry(Failure::Status(status)),
    }
}

/// How long a `Retry-After` asks to wait: whole seconds, or an HTTP date in any of its three forms.
fn retry_after_milliseconds(text: &str, now: Timestamp) -> Option<i64> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1_000)
    } else {
        http_date(text)?.0.saturating_sub(now.0)
    };
    Some(wait.clamp(0, LONGEST_WAIT))
}

fn http_date(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(Timestamp(at.timestamp_millis()));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|at| Timestamp::from(at.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(784_111_770_000); // 1994-11-06T08:49:30Z

    #[test]
    fn statuses_mean_what_the_interface_says() {
        assert_eq!(classify(200, None, NOW), Outcome::Delivered);
        assert_eq!(classify(204, None, NOW), Outcome::Delivered);
        assert_eq!(classify(410, None, NOW), Outcome::Gone);
        assert_eq!(classify(302, None, NOW), Outcome::Retry(Failure::Redirect(302)));
        assert_eq!(classify(404, Some("7"), NOW), Outcome::Retry(Failure::Status(404)));
        assert_eq!(classify(500, None, NOW), Outcome::Retry(Failure::Status(500)));
        assert_eq!(classify(429, None, NOW), Outcome::Retry(Failure::Status(429)));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let seven_seconds = Outcome::RetryAfter(7_000, Failure::Status(503));
        for text in [
            "7",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(classify(503, Some(text), NOW), seven_seconds, "{text}");
        }
    }

    #[test]
    fn an_odd_retry_after_is_no_reason_to_wait_forever_or_not_at_all() {
        assert_eq!(classify(429, Some("soon"), NOW), Outcome::Retry(Failure::Status(429)));
        let longest = Outcome::RetryAfter(LONGEST_WAIT, Failure::Status(429));
        assert_eq!(classify(429, Some("99999999999999999999999"), NOW), longest);
        let past = Outcome::RetryAfter(0, Failure::Status(429));
        assert_eq!(classify(429, Some("Sat, 05 Nov 1994 08:49:37 GMT"), NOW), past);
    }
}
