//! The lane of a webhook channel. Visits to the store note what came of attempts and take what is due, many at a time;
//! attempts go on side by side meanwhile.
//!
//! Touches of one customer leave one after another, in order of due time and then id: a later one is not attempted
//! while an earlier one is queued on the same channel, be it under way, waiting for a retry or held by a guard that was
//! asked again. It goes when the earlier one is delivered or ended. Nobody else's touches wait for it.
//!
//! An attempt is noted to have begun before it leaves, so that after a crash its touch is known to be one that may
//! have arrived. After 410 the lane does nothing more until the channel is edited or the program starts again.

mod ready;
mod visit;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;

use self::ready::{Ready, Slots};
use self::visit::{Errand, Found, Wanted, visit};
use super::client::{Answer, Client};
use super::dispatcher::{Context, Signals};
use super::message;
use super::outcome::Outcome;
use super::pace::Pace;
use super::settings::{ReadyWebhook, Unavailable};
use super::settle::{self, Settled, Settlement};
use super::status::ChannelState;
use super::store::{OutboxStore, StoreError};
use crate::archive::Delivery;
use crate::model::Timestamp;

/// Outcomes are noted at once when there are so many.
const MANY_UNNOTED: usize = 2_048;
/// And where nothing more is to be taken, so that little is left to note when the last attempt ends.
const MANY_UNNOTED_LAST: usize = 512;
/// Longest an outcome waits to be noted while others are under way: the more are noted together, the less each costs.
const NOTE_AFTER: Duration = Duration::from_millis(50);
/// How soon to look again at the latest, so that a clock that was moved is noticed.
const LOOK_AT_LATEST: Duration = Duration::from_secs(30);
/// And at the soonest, where nothing was found.
const SOONEST: Duration = Duration::from_millis(5);
/// Most touches that are asked about and taken together.
const MOST_TAKEN: usize = 4_096;
/// How often noting is tried before a lane that is to end gives up; the touches are then sent again later.
const MOST_TRIES_TO_NOTE: u32 = 3;
/// How soon to try the store again after it failed.
const STORE_AGAIN: Duration = Duration::from_secs(1);

/// One webhook channel's way out.
pub(super) struct WebhookLane<S> {
    context: Arc<Context<S>>,
    channel: Arc<str>,
    client: Arc<Client>,
}

/// An attempt that has ended.
struct Attempted {
    id: Arc<str>,
    attempts: u32,
    answer: Answer,
    took: Duration,
}

/// `None` where it broke down.
type Attempt = Pin<Box<dyn Future<Output = Option<Attempted>> + Send>>;

/// A visit to the store that is under way, and what it was sent for.
struct Visiting<'lane> {
    errand: Arc<Errand>,
    since: Instant,
    found: Pin<Box<dyn Future<Output = Result<Found, StoreError>> + Send + 'lane>>,
}

/// What a lane has under way.
struct Work<'lane> {
    attempts: FuturesUnordered<Attempt>,
    /// How many of them are retries.
    retries: usize,
    ready: Ready,
    unnoted: Vec<Settled>,
    give_back: Vec<Arc<str>>,
    visiting: Option<Visiting<'lane>>,
    pace: Pace,
    /// How many touches are taken ahead of their slots: grows where slots fell empty while the store was asked, or
    /// where it is asked so often that each visit is for few, and halves where touches taken found none in time.
    ahead: usize,
    /// When the last visit began that took some.
    took_at: Instant,
    /// About how many touches guards are asked at least: grows while they hold so many that slots stay free.
    ask: usize,
    recover: bool,
    /// When to look for more at the latest.
    look_at: Instant,
    /// The last look found all there was.
    idle: bool,
    /// When to note outcomes at the latest.
    note_at: Instant,
    /// The store failed: not before then.
    not_before: Instant,
    /// How often in a row it failed.
    unnotable: u32,
    gone: bool,
}

/// What woke a lane.
enum Woken {
    Ended(Option<Attempted>),
    Visited(Result<Found, StoreError>),
    Look,
    Other,
}

impl Work<'_> {
    fn new(pace: Pace) -> Self {
        let now = Instant::now();
        Self {
            attempts: FuturesUnordered::new(),
            retries: 0,
            ready: Ready::default(),
            unnoted: Vec::new(),
            give_back: Vec::new(),
            visiting: None,
            pace,
            ahead: 0,
            took_at: now,
            ask: 0,
            recover: true,
            look_at: now,
            idle: false,
            note_at: now,
            not_before: now,
            unnotable: 0,
            gone: false,
        }
    }

    /// Whether nothing is under way and all that can be noted is.
    fn is_quiet(&self) -> bool {
        let noted = self.unnoted.is_empty() && self.give_back.is_empty() && self.ready.is_empty();
        let over = noted || self.unnotable >= MOST_TRIES_TO_NOTE;
        self.attempts.is_empty() && self.visiting.is_none() && over
    }
}

impl<S: OutboxStore> WebhookLane<S> {
    pub(super) fn new(
        context: Arc<Context<S>>,
        channel: Arc<str>,
        settings: ReadyWebhook,
    ) -> Result<Self, Unavailable> {
        Ok(Self { context, channel, client: Arc::new(Client::new(settings)?) })
    }

    fn settings(&self) -> &ReadyWebhook {
        self.client.settings()
    }

    /// Delivers until told to stop, or until all that is due by `signals.until` was attempted or the receiver wants
    /// nothing more.
    pub(super) async fn run(self, mut signals: Signals) {
        let mut work = Work::new(Pace::new(self.settings().rate));
        loop {
            let stopping = signals.stopping();
            let closing = stopping || work.gone;
            if closing {
                let unsent = work.ready.take_all();
                work.give_back.extend(unsent);
            } else {
                self.start_ready(&mut work);
            }
            if work.visiting.is_none() && self.is_to_visit(&mut work, closing) {
                self.begin_visit(&mut work, closing, signals.until);
            }
            if work.is_quiet() && (closing || (work.idle && signals.until.is_some())) {
                break;
            }
            match self.wait(&mut work, &mut signals, closing, stopping).await {
                Woken::Ended(ended) => {
                    self.ended(&mut work, ended);
                    while let Some(Some(ended)) = work.attempts.next().now_or_never() {
                        self.ended(&mut work, ended);
                    }
                    if work.attempts.is_empty() {
                        // Also after an attempt that broke down, of which nothing is told.
                        work.retries = 0;
                    }
                }
                Woken::Visited(found) => self.visited(&mut work, found),
                Woken::Look => work.look_at = Instant::now(),
                Woken::Other => self.client.close_stale(),
            }
        }
        if signals.until.is_none() {
            // Stopped by its receiver, it still has to be told that the channel was edited.
            let _ = signals.stop.wait_for(|stop| *stop).await;
        }
    }

    /// Starts attempts of what was let through while there are slots.
    fn start_ready(&self, work: &mut Work<'_>) {
        while self.room(work) > 0 {
            let slots = Slots { all: self.settings().concurrency, retries: work.retries };
            let Some(delivery) = work.ready.next(slots) else { return };
            self.start(work, delivery);
        }
    }

    /// How many attempts may start now.
    fn room(&self, work: &Work<'_>) -> usize {
        self.settings().concurrency.saturating_sub(work.attempts.len()).min(work.pace.left())
    }

    /// How many touches are worth taking: as many as there are slots for, or as will be by the time they are here.
    fn wanted(&self, work: &Work<'_>) -> Wanted {
        let slots = self.settings().concurrency.saturating_sub(work.attempts.len());
        let soon = slots.max(work.ahead).min(work.pace.soon()).max(work.ask).min(MOST_TAKEN.max(slots));
        if work.ready.first() > soon / 2 {
            return Wanted::default();
        }
        let several = self.settings().concurrency > 1;
        let beside = if several { (soon / self.settings().concurrency).max(1) } else { 0 };
        Wanted {
            first: soon - work.ready.first(),
            beside: beside.saturating_sub(work.ready.again()),
            instead: soon.div_ceil(2).saturating_sub(work.ready.again()),
        }
    }

    /// Whether outcomes are to be noted now.
    fn is_to_note(work: &Work<'_>, closing: bool, now: Instant) -> bool {
        let enough = if work.idle { MANY_UNNOTED_LAST } else { MANY_UNNOTED };
        let many = work.unnoted.len() >= enough || now >= work.note_at;
        let nothing_else = work.attempts.is_empty() && (closing || work.idle);
        !work.unnoted.is_empty() && (many || nothing_else)
    }

    fn is_to_visit(&self, work: &mut Work<'_>, closing: bool) -> bool {
        let now = Instant::now();
        let stale = work.ready.take_stale(now);
        if !stale.is_empty() {
            work.ahead /= 2;
            work.give_back.extend(stale);
        }
        if now < work.not_before {
            return false;
        }
        let note = Self::is_to_note(work, closing, now);
        let look = !closing && now >= work.look_at && self.wanted(work).first > 0;
        note || look || !work.give_back.is_empty()
    }

    fn begin_visit<'lane>(&'lane self, work: &mut Work<'lane>, closing: bool, until: Option<Timestamp>) {
        let note = Self::is_to_note(work, closing, Instant::now());
        let errand = Arc::new(Errand {
            channel: Arc::clone(&self.channel),
            recover: work.recover,
            settled: if note { std::mem::take(&mut work.unnoted) } else { Vec::new() },
            give_back: std::mem::take(&mut work.give_back),
            wanted: if closing { Wanted::default() } else { self.wanted(work) },
            until,
        });
        let clock = Arc::clone(&self.context.outside.clock);
        let sent = Arc::clone(&errand);
        // The visit may wait for a run: the time is that of its beginning.
        let found = self.context.store.visit(move |archive, gate| visit(archive, gate, &sent, clock.now()));
        work.visiting = Some(Visiting { errand, since: Instant::now(), found: Box::pin(found) });
    }

    async fn wait(&self, work: &mut Work<'_>, signals: &mut Signals, closing: bool, stopping: bool) -> Woken {
        let wake_at = self.wake_at(work, closing);
        let starved = work.pace.left() == 0 && !closing && (!work.idle || !work.ready.is_empty());
        let Work { attempts, visiting, pace, .. } = work;
        let found = async {
            match visiting {
                Some(visiting) => visiting.found.as_mut().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = attempts.next(), if !attempts.is_empty() => Woken::Ended(ended.flatten()),
            found = found => Woken::Visited(found),
            _ = signals.stop.wait_for(|stop| *stop), if !stopping => Woken::Other,
            () = pace.refill(), if starved => Woken::Other,
            Ok(()) = signals.wake.changed() => Woken::Look,
            () = tokio::time::sleep_until(wake_at) => Woken::Other,
        }
    }

    /// When there is something to do at the latest, if nothing else happens.
    fn wake_at(&self, work: &Work<'_>, closing: bool) -> Instant {
        let latest = Instant::now() + LOOK_AT_LATEST;
        if work.visiting.is_some() {
            return latest;
        }
        let note = (!work.unnoted.is_empty()).then_some(work.note_at);
        let look = (!closing && self.wanted(work).first > 0).then_some(work.look_at);
        let next = [note, look, work.ready.stale_at()].into_iter().flatten().min().unwrap_or(latest);
        next.clamp(work.not_before, latest.max(work.not_before))
    }

    fn visited(&self, work: &mut Work<'_>, found: Result<Found, StoreError>) {
        let Some(Visiting { errand, since, .. }) = work.visiting.take() else { return };
        let found = match found {
            Ok(found) => found,
            Err(error) => return self.failed(work, &errand, &error),
        };
        work.recover = false;
        work.unnotable = 0;
        if errand.wanted.first == 0 {
            return;
        }
        let Found { mut asked, more, next_due, refused } = found;
        self.context.board.count(&self.channel, &asked);
        let slots = self.settings().concurrency.saturating_sub(work.attempts.len());
        let starved = work.ready.is_empty() && slots * 2 >= self.settings().concurrency;
        let often = since.saturating_duration_since(work.took_at) < NOTE_AFTER;
        work.took_at = since;
        if (starved || often) && more {
            work.ahead = (work.ahead * 4).clamp(self.settings().concurrency, MOST_TAKEN);
        }
        // What is held must not keep others waiting behind it.
        let held = asked.held_any() && asked.leaving.len() < slots;
        work.ask = if held { (work.ask * 2).clamp(16, MOST_TAKEN) } else { 0 };
        work.ready.add(std::mem::take(&mut asked.leaving));
        work.idle = !more;
        let now = Instant::now();
        work.look_at = now;
        if let Some(error) = refused {
            self.trouble(&format!("{error}; nothing leaves until they can"));
            work.idle = true;
            work.look_at = now + STORE_AGAIN;
        } else if work.idle {
            let clock = &self.context.outside.clock;
            let wait = next_due.map_or(LOOK_AT_LATEST, |at| clock.until(at));
            work.look_at = now + wait.clamp(SOONEST, LOOK_AT_LATEST);
        }
    }

    /// The store failed: all that was to be noted still is.
    fn failed(&self, work: &mut Work<'_>, errand: &Errand, error: &StoreError) {
        self.trouble(&format!("the store can't be read or written: {error}"));
        work.unnoted.splice(0..0, errand.settled.iter().cloned());
        work.give_back.extend(errand.give_back.iter().cloned());
        work.unnotable += 1;
        work.idle = true;
        work.not_before = Instant::now() + STORE_AGAIN;
        work.look_at = work.not_before;
    }

    fn start(&self, work: &mut Work<'_>, delivery: Delivery) {
        work.pace.take();
        work.retries += usize::from(delivery.attempts > 0);
        let client = Arc::clone(&self.client);
        let wall = Arc::clone(&self.context.outside.wall);
        let attempt = async move {
            let Delivery { touch, queued, attempts, .. } = delivery;
            let began = Instant::now();
            let answer = match message::body(&touch, queued) {
                Ok(body) => client.attempt(&touch.id, body, wall.now()).await,
                Err(error) => Answer::unsendable(&error),
            };
            Attempted { id: touch.id, attempts, answer, took: began.elapsed() }
        };
        // One that panics must not take the others with it.
        let attempt = AssertUnwindSafe(attempt).catch_unwind().map(Result::ok);
        work.attempts.push(Box::pin(attempt));
    }

    /// Decides what follows an attempt that ended. `None` is one that broke down: its touch is left for the
    /// next start, as it may do so again.
    fn ended(&self, work: &mut Work<'_>, ended: Option<Attempted>) {
        let Some(Attempted { id, attempts, answer, took }) = ended else { return };
        work.retries = work.retries.saturating_sub(usize::from(attempts > 0));
        let outside = &self.context.outside;
        let fraction = || outside.entropy.fraction();
        let settlement =
            settle::settle(&self.settings().retry, attempts, &answer, outside.clock.now(), fraction);
        self.report(&id, &answer, took, &settlement);
        if answer.outcome == Outcome::Gone {
            self.stop_for_good(work);
        }
        if work.unnoted.is_empty() {
            work.note_at = Instant::now() + NOTE_AFTER;
        }
        work.unnoted.push(Settled { id, settlement });
    }

    fn report(&self, id: &str, answer: &Answer, took: Duration, settlement: &Settlement) {
        let channel = &*self.channel;
        let word = answer.outcome.word();
        self.context.board.change(&self.channel, |status| {
            status.took.note(took);
            match settlement {
                Settlement::Delivered => {
                    status.delivered += 1;
                    status.trouble = None;
                }
                Settlement::Retry { error, .. } => {
                    *status.failures.entry(word).or_default() += 1;
                    status.trouble = Some(error.clone());
                }
                Settlement::End { reason } => {
                    *status.failures.entry(word).or_default() += 1;
                    status.dead += 1;
                    status.trouble = Some(reason.clone());
                }
            }
        });
        // The receiver's own words stay in the store: it may have repeated what it was sent.
        match settlement {
            Settlement::Delivered => tracing::debug!(channel, touch = id, "delivered"),
            Settlement::Retry { at, .. } => {
                tracing::debug!(channel, touch = id, failure = word, next = %at, "an attempt failed");
            }
            Settlement::End { .. } => {
                tracing::warn!(channel, touch = id, failure = word, "given up; the touch says why");
            }
        }
    }

    fn stop_for_good(&self, work: &mut Work<'_>) {
        if !work.gone {
            let reason = "the receiver answered 410: it wants nothing more".to_owned();
            tracing::error!(channel = &*self.channel, reason, "the channel is stopped; its touches wait");
            self.context.board.change(&self.channel, |status| status.state = ChannelState::Stopped(reason));
        }
        work.gone = true;
    }

    fn trouble(&self, words: &str) {
        if self.context.board.trouble(&self.channel, words) {
            tracing::error!(channel = &*self.channel, "{words}");
        }
    }
}
