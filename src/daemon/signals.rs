//! The signals the daemon listens to.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals this close are one: whatever passes a signal on may send it to the process and to its group.
const SAME: Duration = Duration::from_millis(100);

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end.
    Stop,
    /// To read the policies again.
    Reload,
}

/// SIGTERM and Ctrl-C end the daemon, SIGHUP reloads the policies.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system doesn't let us.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }

    /// Comes when the daemon is asked once more to end.
    pub(super) async fn stop_again(&mut self) {
        let begun = Instant::now();
        while self.next().await != Asked::Stop || begun.elapsed() < SAME {}
    }
}
