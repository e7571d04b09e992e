//! Tells the service manager (systemd, `Type=notify-reload`) how the daemon is; nothing where none started it.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::{mpsc, watch};
use tracing::{error, warn};

use super::reload::Asked;
use super::state::Shared;
use super::status;

/// How often the status line is looked at; the watchdog may want to hear more often.
const TELL: Duration = Duration::from_secs(5);

/// All is up.
pub(super) fn ready(shared: &Shared) {
    tell(&[NotifyState::Ready, NotifyState::Status(&line(shared))]);
}

/// No new work is begun.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: what is under way ends or is abandoned")]);
}

/// Has the policies read again, and says when that begins and ends.
pub(super) async fn reload(shared: Arc<Shared>, asked: mpsc::Sender<Asked>) {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => {
            warn!(%error, "the service manager can't be told of the reload: its clock can't be read");
        }
    }
    // No answer means that the daemon stops, which is told elsewhere.
    let _ = Asked::ask(&asked, None).await;
    ready(&shared);
}

/// Keeps the status line and the watchdog told until told to stop. The watchdog hears nothing, and so restarts the
/// daemon, where the writer is gone or a run doesn't end.
pub(super) async fn keep_telling(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let watchdog = sd_notify::watchdog_enabled();
    let every = watchdog.map_or(TELL, |limit| (limit / 2).min(TELL));
    let mut told = String::new();
    let mut alive = true;
    while !*stop.borrow() {
        let hangs = hangs(&shared);
        if let (Some(why), true) = (&hangs, alive) {
            error!("{why}; the watchdog, if there is one, hears no more and starts the program again");
        }
        alive = hangs.is_none();
        if alive && watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
        let line = line(&shared);
        if line != told {
            tell(&[NotifyState::Status(&line)]);
            told = line;
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Why only a new start helps.
fn hangs(shared: &Shared) -> Option<String> {
    if shared.writer.is_stopped() {
        return Some("the store's writer has stopped".to_owned());
    }
    status::stuck_since(shared).map(|since| format!("a run has not ended since {since}"))
}

/// How the daemon is, in one line without anybody's data.
fn line(shared: &Shared) -> String {
    let runs = shared.runs();
    let doing = match (hangs(shared), runs.running_since, runs.failure, runs.last) {
        (Some(why), ..) => format!("not ready: {why}"),
        (None, Some(since), ..) => format!("a run is under way since {since}"),
        (None, None, Some(_), _) => "not ready: the last run failed, GET /readyz says why".to_owned(),
        (None, None, None, Some(last)) => format!("last run {} for {}", last.run, last.now),
        (None, None, None, None) => "no run yet".to_owned(),
    };
    let version = &shared.active().set.compiled.version;
    let files = if shared.reload_report().successful { "" } else { ", the files have problems" };
    format!("policies {version}{files}; {doing}")
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "the service manager can't be told how the program is; look at NOTIFY_SOCKET");
    }
}
