//! When it all happens: schedules, reload, inbox, deliveries, HTTP, shutdown.
//!
//! One thread owns the store ([`writer`]); everything else asks it. The active policy set is one
//! pointer ([`state`]) that only that thread swaps, between two jobs.

pub mod approval;
mod at_once;
pub mod customer;
pub mod deliver;
mod farewell;
pub mod http;
pub mod inbox;
pub mod metrics;
pub mod policies;
pub mod policy_set;
pub mod prune;
pub mod redeliver;
pub mod reload;
pub mod runs;
mod service;
mod signals;
mod start;
pub mod state;
pub mod status;
mod upkeep;
mod watching;
pub mod writer;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::archive::Interrupter;
use signals::Asked;
pub use signals::Signals;
pub use start::StartError;
use state::{Outside, Settings, Shared};

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
    interrupter: Interrupter,
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

    /// Works until SIGTERM or Ctrl-C, then stops; SIGHUP reloads the policies. Another SIGTERM or Ctrl-C ends at once.
    ///
    /// # Errors
    /// A part broke down; the others have been stopped.
    pub async fn until_signal(mut self, mut signals: Signals) -> Result<(), Fault> {
        let ended = self.watch(&mut signals).await;
        self.stop_soon(&mut signals).await;
        ended
    }

    /// Works until SIGTERM or Ctrl-C.
    ///
    /// # Errors
    /// A part broke down.
    pub async fn watch(&mut self, signals: &mut Signals) -> Result<(), Fault> {
        service::ready(&self.shared);
        loop {
            tokio::select! {
                asked = signals.next() => match asked {
                    Asked::Stop => return Ok(()),
                    Asked::Reload => {
                        tokio::spawn(service::reload(Arc::clone(&self.shared), self.reload.clone()));
                    }
                },
                _ = &mut self.writer_end => return Err(Fault::Writer),
                Some(ended) = self.tasks.join_next() => {
                    if ended.is_err() {
                        error!("a part of the program broke down; the line before says where");
                    }
                    return Err(Fault::Part);
                }
            }
        }
    }

    /// Stops, at once where that is asked for again. What is abandoned is as safe as after a crash.
    pub async fn stop_soon(self, signals: &mut Signals) {
        tokio::select! {
            () = self.stop() => {}
            () = signals.stop_again() => warn!("told to stop again: what was under way is abandoned; the next start goes on with it"),
        }
    }

    /// Takes nothing new, lets what is under way end, or breaks it off where that takes too long.
    pub async fn stop(mut self) {
        info!("stopping");
        service::stopping();
        self.stop.send_replace(true);
        farewell::wait(&mut self.tasks, &self.shared.writer, &mut self.writer_end, &self.interrupter).await;
    }
}
