//! What has been let through and waits for a slot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::archive::Delivery;

/// How long what the guards said stays good: what found no slot by then is given back to be asked about again.
const FRESH: Duration = Duration::from_millis(250);

/// Touches that may leave: first attempts in order of due time, retries in order of theirs.
#[derive(Default)]
pub(super) struct Ready {
    first: VecDeque<(Instant, Delivery)>,
    again: VecDeque<(Instant, Delivery)>,
}

/// How the slots of a channel are used.
#[derive(Clone, Copy)]
pub(super) struct Slots {
    /// How many there are.
    pub(super) all: usize,
    /// How many retries hold.
    pub(super) retries: usize,
}

impl Slots {
    /// Whether a retry goes before first attempts: where there are several slots one is for a retry, so that neither
    /// waits for the other's backlog.
    const fn prefer_retry(self) -> bool {
        self.all > 1 && self.retries == 0
    }

    /// Whether a retry may leave: they hold half of the slots at most, as they may all hang.
    const fn may_retry(self) -> bool {
        self.retries < self.all.div_ceil(2)
    }
}

impl Ready {
    /// Adds what was just let through.
    pub(super) fn add(&mut self, leaving: Vec<Delivery>) {
        let now = Instant::now();
        for delivery in leaving {
            let queue = if delivery.attempts > 0 { &mut self.again } else { &mut self.first };
            queue.push_back((now, delivery));
        }
    }

    /// What takes the next slot.
    pub(super) fn next(&mut self, slots: Slots) -> Option<Delivery> {
        let retry = slots.may_retry() && (self.first.is_empty() || slots.prefer_retry());
        let retried = if retry { self.again.pop_front() } else { None };
        retried.or_else(|| self.first.pop_front()).map(|(_, delivery)| delivery)
    }

    /// How many first attempts wait.
    pub(super) fn first(&self) -> usize {
        self.first.len()
    }

    /// How many retries wait.
    pub(super) fn again(&self) -> usize {
        self.again.len()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.again.is_empty()
    }

    /// When the first of them has waited too long.
    pub(super) fn stale_at(&self) -> Option<Instant> {
        let oldest = [self.first.front(), self.again.front()];
        oldest.into_iter().flatten().map(|(since, _)| *since + FRESH).min()
    }

    /// Takes out what has waited too long.
    pub(super) fn take_stale(&mut self, now: Instant) -> Vec<Arc<str>> {
        let mut stale = Vec::new();
        for queue in [&mut self.first, &mut self.again] {
            let waited = queue.iter().take_while(|(since, _)| *since + FRESH <= now).count();
            stale.extend(queue.drain(..waited).map(|(_, delivery)| delivery.touch.id));
        }
        stale
    }

    /// Takes out all.
    pub(super) fn take_all(&mut self) -> Vec<Arc<str>> {
        let first = self.first.drain(..);
        first.chain(self.again.drain(..)).map(|(_, delivery)| delivery.touch.id).collect()
    }
}
