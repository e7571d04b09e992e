//! When it all happens: schedules, reload, inbox, deliveries, HTTP, shutdown.
//!
//! One thread owns the store ([`writer`]); everything else asks it. The active policy set is one
//! pointer ([`state`]) that only that thread swaps, between two jobs.

mod at_once;
pub mod customer;
pub mod deliver;
pub mod http;
pub mod inbox;
pub mod metrics;
pub mod policies;
pub mod policy_set;
pub mod prune;
pub mod redeliver;
pub mod reload;
pub mod runs;
pub mod schedule;
mod start;
pub mod state;
pub mod status;
mod watching;
pub mod writer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

pub use start::StartError;
use state::{Outside, Settings, Shared};

/// What is under way when the daemon is told to stop gets this long to finish.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running daemon.
pub struct Daemon {
    /// What its parts share.
    pub shared: Arc<Shared>,
    /// Looks at the inbox.
    pub inbox: Arc<inbox::Keeper>,
    /// Where HTTP is served.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    reload: mpsc::Sender<reload::Asked>,
    tasks: JoinSet<()>,
    writer_end: oneshot::Receiver<()>,
}

/// The daemon can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The thread that owns the store ended.
    #[error("the store's writer broke down; what it had committed is safe, start again to go on")]
    Writer,
    /// A part of the daemon ended.
    #[error("a part of the program broke down; what was committed is safe, start again to go on")]
    Part,
}

impl Daemon {
    /// Opens the store, loads the policies (or the last good ones) and starts all parts.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(settings: Settings, outside: Outside) -> Result<Self, StartError> {
        start::start(settings, outside).await
    }

    /// Works until SIGTERM or Ctrl-C, then stops; SIGHUP reloads the policies.
    ///
    /// # Errors
    /// A part broke down; the others have been stopped.
    pub async fn until_signal(mut self) -> Result<(), Fault> {
        let ended = self.watch_signals().await;
        self.stop().await;
        ended
    }

    /// Works until SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// A part broke down.
    pub async fn watch_signals(&mut self) -> Result<(), Fault> {
        let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
        else {
            error!("signals can't be listened to");
            return Err(Fault::Part);
        };
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = hang_up.recv() => {
                    // Full means that a reload is about to happen.
                    let _ = self.reload.try_send(None);
                }
                _ = &mut self.writer_end => return Err(Fault::Writer),
                Some(ended) = self.tasks.join_next() => {
                    if let Err(fault) = ended {
                        error!(%fault, "a part of the program broke down");
                    }
                    return Err(Fault::Part);
                }
            }
        }
    }

    /// Takes nothing new, lets what is under way finish, or abandons it when that takes too long.
    pub async fn stop(self) {
        let Self { shared, inbox, stop, mut tasks, writer_end, .. } = self;
        info!("stopping");
        stop.send_replace(true);
        let finish = async {
            while tasks.join_next().await.is_some() {}
            drop((shared, inbox));
            // The last handle is gone, so the writer ends after the job it is at.
            let _ = writer_end.await;
        };
        if tokio::time::timeout(FAREWELL, finish).await.is_err() {
            warn!("something takes too long and is abandoned; nothing of it is kept");
        } else {
            info!("stopped");
        }
    }
}
