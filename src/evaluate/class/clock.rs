//! Changes that must hold for a while, as seen by runs, before they count.

use chrono_tz::Tz;

use crate::model::standing::{PendingClock, Place};
use crate::model::{Duration, Timestamp};

/// The clocks of one class over a batch: read in order of row, written anew.
#[derive(Debug)]
pub(in crate::evaluate) struct Clocks<'a> {
    class: u32,
    now: Timestamp,
    timezone: Tz,
    rest: &'a [PendingClock],
    started: Option<&'a mut Vec<PendingClock>>,
}

impl<'a> Clocks<'a> {
    /// `started` takes the clocks that run on; where nobody asks for them they are dropped.
    pub(in crate::evaluate) fn new(
        class: u32,
        now: Timestamp,
        timezone: Tz,
        pending: &'a [PendingClock],
        started: Option<&'a mut Vec<PendingClock>>,
    ) -> Self {
        Self { class, now, timezone, rest: pending, started }
    }

    /// The clock of a row that has been running. Rows must be asked for in order.
    pub(in crate::evaluate) fn running(&mut self, row: usize) -> Option<PendingClock> {
        let key = |clock: &PendingClock| (clock.row as usize, clock.class);
        while let Some((clock, rest)) = self.rest.split_first() {
            if key(clock) >= (row, self.class) {
                break;
            }
            self.rest = rest;
        }
        self.rest.first().filter(|clock| key(clock) == (row, self.class)).copied()
    }

    /// Whether a change to `to` that holds now has held for long enough; if not, its clock runs on.
    pub(in crate::evaluate) fn has_held(
        &mut self,
        row: usize,
        to: Place,
        since: Option<Timestamp>,
        length: Option<Duration>,
    ) -> bool {
        let Some(length) = length.filter(|length| !length.is_zero()) else { return true };
        let since = since.unwrap_or(self.now);
        if length.after(since, self.timezone) <= self.now {
            return true;
        }
        if let (Some(started), Ok(row)) = (self.started.as_deref_mut(), u32::try_from(row)) {
            started.push(PendingClock { row, class: self.class, to, since });
        }
        false
    }
}
