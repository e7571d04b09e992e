//! The lane of a webhook channel: takes due touches from the store as slots come free, attempts them side
//! by side, and notes what came of them, many at a time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use tokio::task::JoinSet;

use super::client::{self, Answer};
use super::dispatcher::{Context, Signals};
use super::gate::{self, Asked};
use super::message;
use super::outcome::Outcome;
use super::pace::Pace;
use super::settings::{ReadyWebhook, Unavailable};
use super::settle::{self, Settled, Settlement};
use super::status::ChannelState;
use super::store::{OutboxStore, StoreError};
use crate::archive::Delivery;
use crate::model::Timestamp;

/// Most outcomes that wait to be noted together.
const MOST_UNNOTED: usize = 64;
/// Longest an outcome waits to be noted while others are under way.
const NOTE_AFTER: Duration = Duration::from_millis(20);
/// How soon to look again while attempts are under way: one may hang while a retry comes due.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How soon to look again at the latest, so that a clock that was moved is noticed.
const LOOK_AT_LATEST: Duration = Duration::from_secs(30);
/// Most touches that guards are asked about together, while they hold all of them.
const MOST_ASKED: usize = 512;
/// How often noting is tried before a lane that is to end gives up; the touches are then sent again later.
const MOST_TRIES_TO_NOTE: u32 = 3;
/// How soon to try the store again after it failed.
const STORE_AGAIN: Duration = Duration::from_secs(1);

/// One webhook channel's way out.
pub(super) struct WebhookLane<S> {
    context: Arc<Context<S>>,
    channel: Arc<str>,
    settings: Arc<ReadyWebhook>,
    client: Client,
}

/// An attempt that has ended.
struct Attempted {
    id: Arc<str>,
    attempts: u32,
    answer: Answer,
    took: Duration,
}

/// What a lane has under way.
struct Work {
    attempts: JoinSet<Attempted>,
    /// Touches under attempt or unnoted, and whether it is a retry: they are still due in the store.
    under_way: BTreeMap<Arc<str>, bool>,
    unnoted: Vec<Settled>,
    pace: Pace,
    /// About how many touches guards are asked at least: grows while they hold so many that slots stay free.
    ask: usize,
    /// The last look at the store found nothing to start.
    idle: bool,
    next_due: Option<Timestamp>,
    gone: bool,
    /// How often in a row outcomes could not be noted.
    unnotable: u32,
}

/// What woke a lane.
enum Woken {
    Ended(Option<Attempted>),
    Look,
    Note,
    Paced,
    Stopped,
}

impl<S: OutboxStore> WebhookLane<S> {
    pub(super) fn new(
        context: Arc<Context<S>>,
        channel: Arc<str>,
        settings: ReadyWebhook,
    ) -> Result<Self, Unavailable> {
        let client = client::client(&settings)?;
        Ok(Self { context, channel, settings: Arc::new(settings), client })
    }

    /// Delivers until told to stop, until the receiver wants nothing more, or until all that is due by
    /// `signals.until` was attempted.
    pub(super) async fn run(self, mut signals: Signals) {
        let mut work = Work {
            attempts: JoinSet::new(),
            under_way: BTreeMap::new(),
            unnoted: Vec::new(),
            pace: Pace::new(self.settings.rate),
            ask: 0,
            idle: false,
            next_due: None,
            gone: false,
            unnotable: 0,
        };
        let mut note_now = false;
        loop {
            let stopping = signals.stopping();
            let closing = stopping || work.gone;
            if note_now
                || work.unnoted.len() >= MOST_UNNOTED
                || (work.attempts.is_empty() && (work.idle || closing))
            {
                note_now = !self.note(&mut work).await;
            }
            if !closing && !work.idle && self.room(&work) > 0 {
                self.look(&mut work, &signals).await;
                continue;
            }
            let noted = work.unnoted.is_empty() || work.unnotable >= MOST_TRIES_TO_NOTE;
            let quiet = work.attempts.is_empty() && noted;
            if quiet && (closing || (work.idle && signals.until.is_some())) {
                return;
            }
            match self.wait(&mut work, &mut signals, stopping).await {
                Woken::Ended(ended) => {
                    self.ended(&mut work, ended);
                    while let Some(ended) = work.attempts.try_join_next() {
                        self.ended(&mut work, ended.ok());
                    }
                    work.idle = false;
                }
                Woken::Look => work.idle = false,
                Woken::Note => note_now = true,
                Woken::Paced | Woken::Stopped => {}
            }
        }
    }

    /// How many attempts may start now.
    fn room(&self, work: &Work) -> usize {
        self.settings.concurrency.saturating_sub(work.attempts.len()).min(work.pace.left())
    }

    async fn wait(&self, work: &mut Work, signals: &mut Signals, stopping: bool) -> Woken {
        let closing = stopping || work.gone;
        let look_after = self.look_after(work);
        let starved = !work.idle && work.pace.left() == 0 && !closing;
        tokio::select! {
            biased;
            ended = work.attempts.join_next(), if !work.attempts.is_empty() => {
                Woken::Ended(ended.and_then(Result::ok))
            }
            _ = signals.stop.wait_for(|stop| *stop), if !stopping => Woken::Stopped,
            () = work.pace.refill(), if starved => Woken::Paced,
            Ok(()) = signals.wake.changed() => Woken::Look,
            () = tokio::time::sleep(NOTE_AFTER), if !work.unnoted.is_empty() => Woken::Note,
            () = tokio::time::sleep(look_after), if work.idle && !closing => Woken::Look,
            else => Woken::Stopped,
        }
    }

    fn look_after(&self, work: &Work) -> Duration {
        if !work.under_way.is_empty() {
            return LOOK_AGAIN;
        }
        let wait = work.next_due.map_or(LOOK_AT_LATEST, |at| self.context.outside.clock.until(at));
        wait.clamp(Duration::from_millis(5), LOOK_AT_LATEST)
    }

    /// Takes due touches from the store, asks the guards about them and starts the attempts of those let through.
    async fn look(&self, work: &mut Work, signals: &Signals) {
        let clock = Arc::clone(&self.context.outside.clock);
        let until = signals.until;
        let most = self.room(work).max(work.ask);
        let limit = most.saturating_add(work.under_way.len());
        let channel = Arc::clone(&self.channel);
        let under_way = work.under_way.clone();
        let several = self.settings.concurrency > 1;
        let visit = self.context.store.visit(move |archive, gate| {
            // The visit may have waited for a run.
            let now = clock.now();
            let by = until.unwrap_or(now);
            let first = archive.due_first(&channel, by, limit)?;
            let again = archive.due_again(&channel, by, limit)?;
            let mut due = in_order(&under_way, several, first, again);
            due.truncate(most);
            let asked = gate::ask(archive, gate, due, now)?;
            Ok((asked, archive.next_due(&channel)?))
        });
        match visit.await {
            Ok((asked, next_due)) => {
                self.context.board.count(&self.channel, &asked);
                work.next_due = next_due;
                // Told to stop meanwhile: whoever takes over sends these.
                if !signals.stopping() {
                    self.take(work, asked);
                }
            }
            Err(error) => {
                let trouble = match error {
                    StoreError::Gate(error) => format!("{error}; nothing leaves until they can"),
                    error => format!("the store can't be read: {error}"),
                };
                self.trouble(&trouble);
                work.idle = true;
                work.next_due = Some(self.context.outside.clock.now().plus(1_000));
            }
        }
    }

    /// Starts what the guards let through.
    fn take(&self, work: &mut Work, asked: Asked) {
        let held_any = asked.held_any();
        let has_room_left = asked.leaving.len() < self.room(work);
        // What is held must not keep others waiting behind it.
        work.ask = if held_any && has_room_left { (work.ask * 2).clamp(16, MOST_ASKED) } else { 0 };
        let started_any = self.start_all(work, asked.leaving);
        work.idle = !started_any && !held_any;
    }

    /// Starts attempts while there are slots; whether any was started.
    fn start_all(&self, work: &mut Work, leaving: Vec<Delivery>) -> bool {
        let most_retries = self.settings.concurrency.div_ceil(2);
        let mut started_any = false;
        for delivery in leaving {
            let retry = delivery.attempts > 0;
            let retries = work.under_way.values().filter(|retry| **retry).count();
            if self.room(work) == 0 || (retry && retries >= most_retries) {
                continue;
            }
            work.under_way.insert(Arc::clone(&delivery.touch.id), retry);
            self.start(work, delivery);
            started_any = true;
        }
        started_any
    }

    fn start(&self, work: &mut Work, delivery: Delivery) {
        work.pace.take();
        let client = self.client.clone();
        let settings = Arc::clone(&self.settings);
        let context = Arc::clone(&self.context);
        work.attempts.spawn(async move {
            let Delivery { touch, queued, attempts, .. } = delivery;
            let began = Instant::now();
            let answer = match message::body(&touch, queued) {
                Ok(body) => {
                    let now = context.outside.wall.now();
                    client::attempt(&client, &settings, &touch.id, body, now).await
                }
                Err(error) => Answer::unsendable(&error),
            };
            Attempted { id: touch.id, attempts, answer, took: began.elapsed() }
        });
    }

    /// Decides what follows an attempt that ended. `None` is one that broke down: its touch is left for the
    /// next start, as it may do so again.
    fn ended(&self, work: &mut Work, ended: Option<Attempted>) {
        let Some(Attempted { id, attempts, answer, took }) = ended else { return };
        self.context.board.change(&self.channel, |status| status.took.note(took));
        let outside = &self.context.outside;
        let settlement = settle::settle(
            &self.settings.retry,
            attempts,
            &answer,
            outside.clock.now(),
            outside.entropy.fraction(),
        );
        self.report(&id, &answer, &settlement);
        if answer.outcome == Outcome::Gone {
            self.stop_for_good(work);
        }
        work.unnoted.push(Settled { id, settlement });
    }

    fn report(&self, id: &str, answer: &Answer, settlement: &Settlement) {
        let channel = &*self.channel;
        let word = answer.outcome.word();
        self.context.board.change(&self.channel, |status| match settlement {
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

    fn stop_for_good(&self, work: &mut Work) {
        if !work.gone {
            let reason = "the receiver answered 410: it wants nothing more".to_owned();
            tracing::error!(channel = &*self.channel, reason, "the channel is stopped; its touches wait");
            self.context.board.change(&self.channel, |status| status.state = ChannelState::Stopped(reason));
        }
        work.gone = true;
    }

    /// Notes what came of touches; false where the store failed, and they are noted later.
    async fn note(&self, work: &mut Work) -> bool {
        if work.unnoted.is_empty() {
            return true;
        }
        let settled: Arc<[Settled]> = work.unnoted.as_slice().into();
        let noting = Arc::clone(&settled);
        let now = self.context.outside.clock.now();
        match self.context.store.with(move |archive| settle::note(archive, &noting, now)).await {
            Ok(()) => {
                work.unnoted.clear();
                work.unnotable = 0;
                for settled in settled.iter() {
                    work.under_way.remove(&settled.id);
                }
                work.idle = false;
                true
            }
            Err(error) => {
                self.trouble(&format!("outcomes can't be noted: {error}"));
                work.unnotable += 1;
                tokio::time::sleep(STORE_AGAIN).await;
                false
            }
        }
    }

    fn trouble(&self, words: &str) {
        if self.context.board.trouble(&self.channel, words) {
            tracing::error!(channel = &*self.channel, "{words}");
        }
    }
}

/// What is due and not under way. First attempts come before retries, but where there are several slots one is
/// for a retry, so that neither waits for the other's backlog.
fn in_order(
    under_way: &BTreeMap<Arc<str>, bool>,
    several: bool,
    first: Vec<Delivery>,
    again: Vec<Delivery>,
) -> Vec<Delivery> {
    let is_free = |delivery: &Delivery| !under_way.contains_key(&delivery.touch.id);
    let retrying = under_way.values().any(|retry| *retry);
    let ahead = usize::from(several && !retrying);
    let mut again = again.into_iter().filter(is_free);
    let mut due: Vec<Delivery> = again.by_ref().take(ahead).collect();
    due.extend(first.into_iter().filter(is_free));
    due.extend(again);
    due
}
