//! Whether a queued touch may leave now: asked again just before every attempt.

use std::sync::Arc;

use crate::model::Timestamp;
use crate::model::touch::{Fate, Outgoing, Ruling, TouchState};

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
        guard: GuardName,
        /// Why.
        reason: String,
    },
    /// It waits.
    Waits {
        /// Which guard holds it; `None` where none can be asked.
        guard: Option<GuardName>,
        /// Why.
        reason: String,
        /// Until when, where that is known.
        until: Option<Timestamp>,
    },
}

/// A guard, as notes name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardName {
    /// Its name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: &'static str,
}

/// What became of a touch since it was queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past<'a> {
    /// How many attempts failed.
    pub attempts: u32,
    /// Whether an attempt was made or begun, counted or not.
    pub may_have_arrived: bool,
    /// Why the last failed.
    pub error: Option<&'a str>,
    /// The guard that held it when an attempt was due last.
    pub held_by: Option<&'a str>,
}

/// What becomes of a touch whose attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// It leaves.
    Leave {
        /// Whether a guard held it until now.
        was_held: bool,
    },
    /// It is no longer queued (cancelled, dropped or already delivered): nothing is to be done.
    NoLongerQueued,
    /// Its time is over.
    Expired {
        /// In words.
        reason: String,
        /// The guard that held it.
        held_by: Option<Arc<str>>,
    },
    /// A guard drops it.
    Suppressed {
        /// Which.
        guard: GuardName,
        /// Why.
        reason: String,
    },
    /// It waits.
    PutOff {
        /// When it is asked again.
        until: Timestamp,
        /// Which guard holds it; `None` where none can be asked.
        guard: Option<GuardName>,
        /// Why.
        reason: String,
        /// Until when the guard holds it, where that is known.
        told: Option<Timestamp>,
    },
}

impl Release {
    /// Whether the touch leaves.
    #[must_use]
    pub const fn leaves(&self) -> bool {
        matches!(self, Self::Leave { .. })
    }

    /// What is to be noted, if anything.
    #[must_use]
    pub fn ruling(self, id: &Arc<str>) -> Option<Ruling> {
        let id = Arc::clone(id);
        Some(match self {
            Self::Leave { was_held: false } | Self::NoLongerQueued => return None,
            Self::Leave { was_held: true } => {
                Ruling { id, fate: Fate::Leaves, guard: None, reason: String::new(), verdict: None }
            }
            Self::Expired { reason, held_by } => {
                let fate = Fate::Ends(TouchState::Expired);
                Ruling { id, fate, guard: held_by, reason, verdict: None }
            }
            Self::Suppressed { guard, reason } => {
                let fate = Fate::Ends(TouchState::Suppressed);
                Ruling { id, fate, guard: Some(guard.name), reason, verdict: Some((guard.kind, None)) }
            }
            Self::PutOff { until, guard, reason, told } => {
                let verdict = guard.as_ref().map(|guard| (guard.kind, told));
                let guard = guard.map(|guard| guard.name);
                Ruling { id, fate: Fate::PutOff(until), guard, reason, verdict }
            }
        })
    }
}

/// Whether guards need be asked of a touch at all.
#[must_use]
pub fn is_askable(touch: &Outgoing, now: Timestamp) -> bool {
    touch.state == TouchState::Queued && now <= touch.expires
}

/// Decides on a touch by what the guards say of it.
#[must_use]
pub fn release(touch: &Outgoing, past: Past<'_>, said: Said, now: Timestamp) -> Release {
    if touch.state != TouchState::Queued {
        return Release::NoLongerQueued;
    }
    if now > touch.expires {
        let mut reason = format!("not sent by {}", touch.expires);
        if let Some(guard) = past.held_by {
            reason = format!("{reason}; it waited for guard.{guard}: {}", touch.reason);
        }
        return Release::Expired { reason: past.attempted(reason), held_by: past.held_by.map(Arc::from) };
    }
    match said {
        Said::Passes => Release::Leave { was_held: past.held_by.is_some() },
        Said::Drops { guard, reason } => Release::Suppressed { guard, reason: past.attempted(reason) },
        Said::Waits { guard, reason, until: told } => {
            let until = told.filter(|told| *told > now).unwrap_or_else(|| now.plus(ASKED_AGAIN));
            // No later than its end, to be found over then.
            Release::PutOff { until: until.min(touch.expires.plus(1)), guard, reason, told }
        }
    }
}

impl Past<'_> {
    /// A reason, and that the touch was attempted before: it may have arrived all the same.
    fn attempted(self, reason: String) -> String {
        if self.attempts == 0 {
            let begun = "; an attempt had begun and its end is not known: it may have arrived";
            return if self.may_have_arrived { reason + begun } else { reason };
        }
        let last = self.error.unwrap_or("no answer");
        format!("{reason}; attempts that failed: {}, the last: {last}", self.attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Past<'_> = Past { attempts: 0, may_have_arrived: false, error: None, held_by: None };
    const TWO: Past<'_> = Past {
        attempts: 2,
        may_have_arrived: true,
        error: Some("no answer in time"),
        held_by: Some("night"),
    };

    fn touch(state: TouchState, expires: i64) -> Outgoing {
        Outgoing {
            id: "t".into(),
            customer: "c".into(),
            action: "call".into(),
            due: Timestamp(0),
            expires: Timestamp(expires),
            state,
            reason: String::new(),
            policy_version: "v".into(),
            because: "{}".to_owned(),
            payload: "{}".to_owned(),
        }
    }

    fn guard(name: &str, kind: &'static str) -> GuardName {
        GuardName { name: name.into(), kind }
    }

    fn waits(until: Option<i64>) -> Said {
        let guard = Some(guard("night", "hours"));
        Said::Waits { guard, reason: "closed".to_owned(), until: until.map(Timestamp) }
    }

    fn asked_again(until: Option<i64>) -> i64 {
        let queued = touch(TouchState::Queued, 2 * ASKED_AGAIN);
        match release(&queued, NONE, waits(until), Timestamp(1)) {
            Release::PutOff { until, .. } => until.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_touch_may_leave_up_to_its_expiry_and_only_while_queued() {
        let queued = touch(TouchState::Queued, 10);
        assert_eq!(release(&queued, NONE, Said::Passes, Timestamp(10)), Release::Leave { was_held: false });
        let reason = "not sent by 1970-01-01T00:00:00.010Z".to_owned();
        assert_eq!(
            release(&queued, NONE, Said::Passes, Timestamp(11)),
            Release::Expired { reason, held_by: None }
        );
        let cancelled = touch(TouchState::Cancelled, 10);
        assert_eq!(release(&cancelled, NONE, Said::Passes, Timestamp(11)), Release::NoLongerQueued);
    }

    #[test]
    fn what_is_dropped_or_expires_after_attempts_says_so() {
        let queued = touch(TouchState::Queued, 10);
        let drops = Said::Drops { guard: guard("consent", "block"), reason: "opted_out".to_owned() };
        let reason = "opted_out; attempts that failed: 2, the last: no answer in time".to_owned();
        let suppressed = Release::Suppressed { guard: guard("consent", "block"), reason };
        assert_eq!(release(&queued, TWO, drops.clone(), Timestamp(1)), suppressed);
        let begun = Past { may_have_arrived: true, ..NONE };
        let reason =
            "opted_out; an attempt had begun and its end is not known: it may have arrived".to_owned();
        let suppressed = Release::Suppressed { guard: guard("consent", "block"), reason };
        assert_eq!(release(&queued, begun, drops, Timestamp(1)), suppressed);
        let held = Outgoing { reason: "closed".to_owned(), ..queued };
        let reason = "not sent by 1970-01-01T00:00:00.010Z; it waited for guard.night: closed; \
                      attempts that failed: 2, the last: no answer in time";
        let expired = Release::Expired { reason: reason.to_owned(), held_by: Some("night".into()) };
        assert_eq!(release(&held, TWO, Said::Passes, Timestamp(11)), expired);
    }

    #[test]
    fn what_is_held_is_asked_again_when_it_may_leave_in_a_quarter_of_an_hour_or_when_it_is_over() {
        assert_eq!(asked_again(Some(9)), 9);
        assert_eq!(asked_again(None), ASKED_AGAIN + 1);
        assert_eq!(asked_again(Some(i64::MAX)), 2 * ASKED_AGAIN + 1);
        // A guard that names an instant that is past must not be asked without end.
        assert_eq!(asked_again(Some(1)), ASKED_AGAIN + 1);
    }
}
