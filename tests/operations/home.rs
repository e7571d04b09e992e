//! A folder to run a daemon in: within the test, in set time, or as a process of its own.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use guanxi::daemon::Daemon;
use guanxi::daemon::state::{Outside, Settings};
use guanxi::model::Timestamp;
use guanxi::ports::simulated::{SeededEntropy, SetClock, SetEnvironment};
use tempfile::TempDir;

/// How long anything may take that is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Home {
    folder: TempDir,
    pub(crate) clock: Arc<SetClock>,
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

impl Home {
    pub(crate) fn new(policy: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(SetClock::at(at("2027-01-10T08:00:00Z"))),
        };
        for folder in ["policies", "scripts", "inbox"] {
            fs::create_dir(home.path(folder)).unwrap();
        }
        home.edit(policy);
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn edit(&self, policy: &str) {
        // As editors do: a new file in the old one's place.
        fs::write(self.path("policies/new"), policy).unwrap();
        fs::rename(self.path("policies/new"), self.path("policies/all.toml")).unwrap();
    }

    /// Starts a daemon within this process, in set time.
    pub(crate) async fn start(&self) -> Daemon {
        let settings = Settings {
            policies: self.path("policies"),
            scripts: self.path("scripts"),
            data: self.folder.path().to_owned(),
            store: self.path("guanxi.db"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            token_file: None,
            plan: None,
        };
        let outside = Outside {
            clock: Arc::clone(&self.clock) as _,
            wall: Arc::clone(&self.clock) as _,
            entropy: Arc::new(SeededEntropy::new(1)),
            environment: Arc::new(SetEnvironment::default()),
        };
        Daemon::start(settings, outside).await.unwrap()
    }

    /// Sets the time and lets the schedules look at it.
    pub(crate) fn goes_to(&self, daemon: &Daemon, time: &str) {
        self.clock.set(at(time));
        daemon.shared.schedules_changed.notify_one();
    }
}

/// The status and body of an answer to one request over a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: &str, body: &str) -> (u16, String) {
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::task::spawn_blocking(move || exchange(address, &text)).await.unwrap()
}

pub(crate) fn exchange(address: SocketAddr, text: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that stops may hang up before all of it is sent.
    let _ = stream.write_all(text.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}
