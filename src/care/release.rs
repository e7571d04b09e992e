//! Whether a queued touch may leave now: asked again just before every attempt.

use std::sync::Arc;

use crate::model::Timestamp;
use crate::model::touch::{Fate, Touch, TouchState, Withheld};

/// When guards are asked again that can't say until when they hold a touch.
pub const ASKED_AGAIN: i64 = 15 * 60 * 1_000;

/// What the guards say of a touch that is about to leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// None holds it.
    Passes,
    /// One drops it.
    Drops {
        /// Which.
        guard: Arc<str>,
        /// Why.
        reason: String,
    },
    /// It waits.
    Waits {
        /// Which guard holds it; `None` where none can be asked.
        guard: Option<Arc<str>>,
        /// Why.
        reason: String,
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
}

/// The attempts made so far, all without success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts<'a> {
    /// How many.
    pub count: u32,
    /// Why the last failed.
    pub last: Option<&'a str>,
}

/// What becomes of a touch whose attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// It leaves.
    Leave,
    /// It is no longer queued (cancelled, dropped or already delivered): nothing is to be done.
    NoLongerQueued,
    /// Its time is over.
    Expired {
        /// In words.
        reason: String,
    },
    /// A guard drops it.
    Suppressed {
        /// Which.
        guard: Arc<str>,
        /// Why.
        reason: String,
    },
    /// It waits.
    PutOff {
        /// When it is asked again.
        until: Timestamp,
        /// Which guard holds it; `None` where none can be asked.
        guard: Option<Arc<str>>,
        /// Why.
        reason: String,
    },
}

impl Release {
    /// Whether the touch leaves.
    #[must_use]
    pub fn leaves(&self) -> bool {
        *self == Self::Leave
    }

    /// What is to be noted of a touch that doesn't leave.
    #[must_use]
    pub fn withheld(self, id: &Arc<str>) -> Option<Withheld> {
        let (reason, fate) = match self {
            Self::Leave | Self::NoLongerQueued => return None,
            Self::Expired { reason } => (reason, Fate::Ends(TouchState::Expired)),
            Self::Suppressed { guard, reason } => (by(&guard, &reason), Fate::Ends(TouchState::Suppressed)),
            Self::PutOff { until, guard, reason } => {
                (guard.map_or_else(|| reason.clone(), |guard| by(&guard, &reason)), Fate::PutOff(until))
            }
        };
        Some(Withheld { id: Arc::clone(id), reason, fate })
    }
}

fn by(guard: &str, reason: &str) -> String {
    format!("guard.{guard}: {reason}")
}

/// Whether guards need be asked of a touch at all.
#[must_use]
pub fn is_askable(touch: &Touch, now: Timestamp) -> bool {
    touch.state == TouchState::Queued && now <= touch.expires
}

/// Decides on a touch by what the guards say of it.
#[must_use]
pub fn release(touch: &Touch, attempts: Attempts<'_>, said: Said, now: Timestamp) -> Release {
    if touch.state != TouchState::Queued {
        return Release::NoLongerQueued;
    }
    if now > touch.expires {
        return Release::Expired { reason: attempts.told_after(format!("not sent by {}", touch.expires)) };
    }
    match said {
        Said::Passes => Release::Leave,
        Said::Drops { guard, reason } => Release::Suppressed { guard, reason: attempts.told_after(reason) },
        Said::Waits { guard, reason, until } => {
            let until = until.filter(|until| *until > now).unwrap_or_else(|| now.plus(ASKED_AGAIN));
            // No later than its end, to be found over then.
            Release::PutOff { until: until.min(touch.expires.plus(1)), guard, reason }
        }
    }
}

impl Attempts<'_> {
    /// A reason, and that the touch was attempted before: it may have arrived all the same.
    fn told_after(self, reason: String) -> String {
        if self.count == 0 {
            return reason;
        }
        let last = self.last.unwrap_or("no answer");
        format!("{reason}; attempts that failed: {}, the last: {last}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::touch::Because;

    const NONE: Attempts<'_> = Attempts { count: 0, last: None };
    const TWO: Attempts<'_> = Attempts { count: 2, last: Some("no answer in time") };

    fn touch(state: TouchState, expires: i64) -> Touch {
        let text = String::new;
        let because = Because {
            kind: text(),
            name: text(),
            title: text(),
            step: None,
            event: None,
            cause: None,
            severity: None,
            from: None,
            to: None,
        };
        Touch {
            id: "t".into(),
            customer: "c".into(),
            action: "call".into(),
            channel: "crm".into(),
            because,
            occurrence: text(),
            event: None,
            due: Timestamp(0),
            expires: Timestamp(expires),
            made: Timestamp(0),
            queued: None,
            effort: 1.0,
            priority: 0.0,
            state,
            reason: text(),
            policy_version: "v".into(),
            payload: serde_json::Map::new(),
        }
    }

    fn waits(until: Option<i64>) -> Said {
        Said::Waits { guard: Some("night".into()), reason: "closed".to_owned(), until: until.map(Timestamp) }
    }

    fn put_off(until: i64) -> Release {
        Release::PutOff { until: Timestamp(until), guard: Some("night".into()), reason: "closed".to_owned() }
    }

    #[test]
    fn a_touch_may_leave_up_to_its_expiry_and_only_while_queued() {
        let queued = touch(TouchState::Queued, 10);
        assert_eq!(release(&queued, NONE, Said::Passes, Timestamp(10)), Release::Leave);
        let reason = "not sent by 1970-01-01T00:00:00.010Z".to_owned();
        assert_eq!(release(&queued, NONE, Said::Passes, Timestamp(11)), Release::Expired { reason });
        let cancelled = touch(TouchState::Cancelled, 10);
        assert_eq!(release(&cancelled, NONE, Said::Passes, Timestamp(11)), Release::NoLongerQueued);
    }

    #[test]
    fn what_is_dropped_or_expires_after_attempts_says_so() {
        let queued = touch(TouchState::Queued, 10);
        let drops = Said::Drops { guard: "consent".into(), reason: "opted_out".to_owned() };
        let reason = "opted_out; attempts that failed: 2, the last: no answer in time".to_owned();
        let suppressed = Release::Suppressed { guard: "consent".into(), reason };
        assert_eq!(release(&queued, TWO, drops, Timestamp(1)), suppressed);
        let Release::Expired { reason } = release(&queued, TWO, Said::Passes, Timestamp(11)) else {
            panic!("it is over")
        };
        assert!(reason.ends_with("; attempts that failed: 2, the last: no answer in time"), "{reason}");
    }

    #[test]
    fn what_is_held_is_asked_again_when_it_may_leave_in_a_quarter_of_an_hour_or_when_it_is_over() {
        let queued = touch(TouchState::Queued, 2 * ASKED_AGAIN);
        assert_eq!(release(&queued, NONE, waits(Some(9)), Timestamp(1)), put_off(9));
        assert_eq!(release(&queued, NONE, waits(None), Timestamp(1)), put_off(ASKED_AGAIN + 1));
        assert_eq!(release(&queued, NONE, waits(Some(i64::MAX)), Timestamp(1)), put_off(2 * ASKED_AGAIN + 1));
        // A guard that names an instant that is past must not be asked without end.
        assert_eq!(release(&queued, NONE, waits(Some(1)), Timestamp(1)), put_off(ASKED_AGAIN + 1));
    }
}
