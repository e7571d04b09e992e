//! Whether a queued touch may leave now: asked again just before every attempt.

use crate::model::Timestamp;

/// What the release check says of a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// It may leave.
    Leave,
    /// Its time is over: it ends as `expired`.
    Expired,
    /// It is no longer queued (cancelled, dropped or already delivered): nothing is to be done.
    NoLongerQueued,
}

/// Decides on a touch. `queued` is whether the store still has it queued, `expires` the last instant at
/// which it may leave.
#[must_use]
pub fn release(queued: bool, expires: Timestamp, now: Timestamp) -> Release {
    if !queued {
        Release::NoLongerQueued
    } else if now > expires {
        Release::Expired
    } else {
        Release::Leave
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_may_leave_up_to_its_expiry_and_only_while_queued() {
        let expires = Timestamp(10);
        assert_eq!(release(true, expires, Timestamp(10)), Release::Leave);
        assert_eq!(release(true, expires, Timestamp(11)), Release::Expired);
        assert_eq!(release(false, expires, Timestamp(11)), Release::NoLongerQueued);
    }
}
