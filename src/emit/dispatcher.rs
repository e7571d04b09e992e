//! Runs one lane per channel.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono_tz::Tz;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::file::lane::FileLane;
use super::file::orphans::{Configured, Writers, finish_orphans, keep_finishing};
use super::settings::ReadyWebhook;
use super::status::{Board, ChannelState, ChannelStatus};
use super::store::OutboxStore;
use super::webhook::WebhookLane;
use crate::model::Timestamp;
use crate::policy::compiled::{Channel, ChannelKind};
use crate::ports::{Clock, Entropy, Environment};

/// What lanes use of the outside.
#[derive(Clone)]
pub struct Outside {
    /// Says what is due and what is expired.
    pub clock: Arc<dyn Clock>,
    /// The real time, which requests are signed with; the same clock unless time is set by hand.
    pub wall: Arc<dyn Clock>,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
    /// For `${NAME}`.
    pub environment: Arc<dyn Environment>,
    /// What file channels' paths are relative to.
    pub data_folder: PathBuf,
}

/// What every lane shares.
pub(super) struct Context<S> {
    pub(super) store: S,
    pub(super) outside: Outside,
    pub(super) board: Board,
    pub(super) writers: Writers,
}

/// What a lane listens to.
#[derive(Clone)]
pub(super) struct Signals {
    /// Something may have been queued.
    pub(super) wake: watch::Receiver<()>,
    /// True once the lane is to end after what is under way.
    pub(super) stop: watch::Receiver<bool>,
    /// Set to deliver only what is due by then and return.
    pub(super) until: Option<Timestamp>,
}

impl Signals {
    /// Whether the lane is to end, or whoever could tell it so is gone.
    pub(super) fn stopping(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }
}

/// Tells lanes that something may have been queued.
#[derive(Clone, Debug)]
pub struct Wake(Arc<watch::Sender<()>>);

impl Wake {
    /// Tells every lane.
    pub fn wake(&self) {
        self.0.send_replace(());
    }
}

struct Running {
    kind: ChannelKind,
    timezone: Tz,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Delivers what the outbox holds. Must live inside a tokio runtime.
pub struct Dispatcher<S> {
    context: Arc<Context<S>>,
    wake: Wake,
    lanes: BTreeMap<Arc<str>, Running>,
    /// Lanes told to end, which may still wait for an answer.
    ending: BTreeMap<Arc<str>, JoinHandle<()>>,
    /// Finishes what channels that are no files any more had planned; begun with the first configuration.
    orphans: Option<(watch::Sender<Configured>, JoinHandle<()>)>,
}

impl<S: OutboxStore> Dispatcher<S> {
    /// A dispatcher without channels.
    #[must_use]
    pub fn new(store: S, outside: Outside) -> Self {
        Self {
            context: Arc::new(Context {
                store,
                outside,
                board: Board::default(),
                writers: Writers::default(),
            }),
            wake: Wake(Arc::new(watch::Sender::new(()))),
            lanes: BTreeMap::new(),
            ending: BTreeMap::new(),
            orphans: None,
        }
    }

    /// What a run pokes after it has queued something.
    #[must_use]
    pub fn waker(&self) -> Wake {
        self.wake.clone()
    }

    /// How the channels fare; may be kept and read at any time.
    #[must_use]
    pub fn board(&self) -> Board {
        self.context.board.clone()
    }

    /// Delivers over these channels from now on. Channels that stay as they are go on undisturbed; an
    /// edited one takes over when what is under way has been answered.
    pub fn configure(&mut self, channels: &[Channel], timezone: Tz) {
        let configured = Configured::new(channels, timezone);
        let gone: Vec<Arc<str>> = self
            .lanes
            .iter()
            .filter(|(name, lane)| !channels.iter().any(|channel| lane.serves(name, channel, timezone)))
            .map(|(name, _)| Arc::clone(name))
            .collect();
        for name in gone {
            if let Some(lane) = self.lanes.remove(&name) {
                lane.stop.send_replace(true);
                self.ending.insert(name, lane.task);
            }
        }
        self.ending.retain(|_, task| !task.is_finished());
        self.context.board.retain(|name| channels.iter().any(|channel| &*channel.name == name));
        for channel in channels {
            if !self.lanes.contains_key(&channel.name) {
                self.start(channel, timezone);
            }
        }
        self.finish_orphans(configured);
    }

    fn finish_orphans(&mut self, configured: Configured) {
        if let Some((told, _)) = &self.orphans {
            told.send_replace(configured);
        } else {
            let (tell, told) = watch::channel(configured);
            let task = tokio::spawn(keep_finishing(Arc::clone(&self.context), told));
            self.orphans = Some((tell, task));
        }
    }

    fn start(&mut self, channel: &Channel, timezone: Tz) {
        let (stop, stopped) = watch::channel(false);
        let signals = Signals { wake: self.wake.0.subscribe(), stop: stopped, until: None };
        let before = self.ending.remove(&channel.name);
        let lane = Lane::new(&self.context, channel, timezone);
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                // A lane that broke down has nothing under way any more.
                let _ = before.await;
            }
            lane.run(signals).await;
        });
        let running = Running { kind: channel.kind.clone(), timezone, stop, task };
        self.lanes.insert(Arc::clone(&channel.name), running);
    }

    /// Delivers what is due now and returns how each channel fared: one attempt for each touch, retries
    /// are left for later. Not to be used beside [`Dispatcher::configure`].
    pub async fn drain_due(&self, channels: &[Channel], timezone: Tz) -> BTreeMap<Arc<str>, ChannelStatus> {
        let until = Some(self.context.outside.clock.now());
        finish_orphans(&self.context, &Configured::new(channels, timezone)).await;
        let mut lanes = JoinSet::new();
        let (_stop, stopped) = watch::channel(false);
        for channel in channels {
            let lane = Lane::new(&self.context, channel, timezone);
            let signals = Signals { wake: self.wake.0.subscribe(), stop: stopped.clone(), until };
            lanes.spawn(lane.run(signals));
        }
        while let Some(ended) = lanes.join_next().await {
            if ended.is_err() {
                tracing::error!("a channel broke down; the line before says where");
            }
        }
        self.context.board.read()
    }

    /// Ends after what is under way has been answered and noted.
    pub async fn shutdown(self) {
        for lane in self.lanes.values() {
            lane.stop.send_replace(true);
        }
        // Without the sender it ends after the write it is at.
        let orphans = self.orphans.map(|(_, task)| task);
        let lanes = self.lanes.into_values().map(|lane| lane.task);
        for task in lanes.chain(self.ending.into_values()).chain(orphans) {
            if task.await.is_err() {
                tracing::error!("a channel broke down; the line before says where");
            }
        }
    }
}

impl Running {
    fn serves(&self, name: &str, channel: &Channel, timezone: Tz) -> bool {
        *channel.name == *name
            && self.kind == channel.kind
            && self.timezone == timezone
            && !self.task.is_finished()
    }
}

/// One channel's way out.
enum Lane<S> {
    Webhook(WebhookLane<S>),
    File(FileLane<S>),
    Unavailable,
}

impl<S: OutboxStore> Lane<S> {
    fn new(context: &Arc<Context<S>>, channel: &Channel, timezone: Tz) -> Self {
        let name = Arc::clone(&channel.name);
        context.board.change(&name, |status| {
            status.state = ChannelState::Running;
            status.trouble = None;
        });
        match &channel.kind {
            ChannelKind::File(file) => {
                Self::File(FileLane::new(Arc::clone(context), name, file.clone(), timezone))
            }
            ChannelKind::Webhook(webhook) => {
                let ready = ReadyWebhook::new(webhook, &*context.outside.environment);
                match ready.and_then(|ready| WebhookLane::new(Arc::clone(context), Arc::clone(&name), ready))
                {
                    Ok(lane) => Self::Webhook(lane),
                    Err(reason) => {
                        let reason = reason.to_string();
                        tracing::error!(
                            channel = &*name,
                            reason,
                            "the channel can't be used; its touches wait in the outbox"
                        );
                        context
                            .board
                            .change(&name, |status| status.state = ChannelState::Unavailable(reason));
                        Self::Unavailable
                    }
                }
            }
        }
    }

    async fn run(self, mut signals: Signals) {
        match self {
            Self::Webhook(lane) => lane.run(signals).await,
            Self::File(lane) => lane.run(signals).await,
            Self::Unavailable if signals.until.is_some() => {}
            Self::Unavailable => {
                // Nothing to do but to be told that the channel was edited.
                let _ = signals.stop.wait_for(|stop| *stop).await;
            }
        }
    }
}
