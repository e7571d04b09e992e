//! What becomes of a touch after an attempt, and noting it in the store.

use std::sync::Arc;

use super::backoff;
use super::client::Answer;
use super::outcome::Outcome;
use crate::archive::{ArchiveError, OutboxChange};
use crate::model::Timestamp;
use crate::model::touch::TouchState;
use crate::policy::compiled::Retry;

/// What is to be noted of a touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// Why.
        error: String,
    },
    /// Its attempts ran out: it is dead.
    End {
        /// Why.
        reason: String,
    },
}

/// A touch and what is to be noted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The touch.
    pub id: Arc<str>,
    /// What is noted.
    pub settlement: Settlement,
}

/// What follows an answer: pure in the attempts so far, the time and one random number in `0.0..1.0`, which is asked
/// for only where there is a wait to choose.
#[must_use]
pub fn settle(
    retry: &Retry,
    attempts: u32,
    answer: &Answer,
    now: Timestamp,
    fraction: impl FnOnce() -> f64,
) -> Settlement {
    let attempt = attempts.saturating_add(1);
    let (failure, asked) = match &answer.outcome {
        Outcome::Delivered => return Settlement::Delivered,
        Outcome::Gone => {
            // It waits for the channel, not for a time: the channel is stopped.
            return Settlement::Retry { at: now.plus(1), error: words("the receiver answered 410", answer) };
        }
        Outcome::RetryAfter(wait, failure) => (failure, Some(*wait)),
        Outcome::Retry(failure) => (failure, None),
    };
    let error = words(&failure.to_string(), answer);
    if backoff::exhausted(retry, attempt) {
        let reason = format!("{attempt} attempts failed; the last: {error}");
        return Settlement::End { reason };
    }
    let wait = asked.unwrap_or_else(|| backoff::delay(retry, attempt, fraction()));
    Settlement::Retry { at: now.plus(wait.max(1)), error }
}

fn words(failure: &str, answer: &Answer) -> String {
    if answer.detail.is_empty() { failure.to_owned() } else { format!("{failure}: {}", answer.detail) }
}

/// Notes what became of touches.
///
/// # Errors
/// The store's own.
pub fn note(change: &OutboxChange<'_>, settled: &[Settled], at: Timestamp) -> Result<(), ArchiveError> {
    let delivered = settled.iter().filter(|settled| settled.settlement == Settlement::Delivered);
    let delivered: Vec<&str> = delivered.map(|settled| &*settled.id).collect();
    change.delivered(&delivered, at)?;
    for Settled { id, settlement } in settled {
        match settlement {
            Settlement::Delivered => {}
            Settlement::Retry { at, error } => {
                change.retry(id, *at, error)?;
            }
            Settlement::End { reason } => {
                change.end(id, TouchState::Dead, reason, at)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::outcome::Failure;

    const RETRY: Retry = Retry { first: 1_000, factor: 2.0, max: 10_000, attempts: 2 };

    fn answer(outcome: Outcome) -> Answer {
        Answer { outcome, detail: "busy".to_owned() }
    }

    #[test]
    fn a_failure_is_retried_until_attempts_run_out() {
        let failed = answer(Outcome::Retry(Failure::Status(500)));
        let error = "the receiver answered 500: busy".to_owned();
        let first = settle(&RETRY, 0, &failed, Timestamp(0), || 1.0);
        assert_eq!(first, Settlement::Retry { at: Timestamp(1_000), error });
        let reason = "2 attempts failed; the last: the receiver answered 500: busy".to_owned();
        let last = settle(&RETRY, 1, &failed, Timestamp(0), || 1.0);
        assert_eq!(last, Settlement::End { reason });
    }

    #[test]
    fn what_the_receiver_asks_for_is_obeyed_but_never_at_once() {
        let busy = |wait| answer(Outcome::RetryAfter(wait, Failure::Status(429)));
        let at = |settlement| match settlement {
            Settlement::Retry { at, .. } => at,
            other => panic!("{other:?}"),
        };
        assert_eq!(at(settle(&RETRY, 0, &busy(7_000), Timestamp(0), || 0.0)), Timestamp(7_000));
        assert_eq!(at(settle(&RETRY, 0, &busy(0), Timestamp(0), || 0.0)), Timestamp(1));
    }
}
