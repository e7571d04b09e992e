//! What the service manager hears, over a real socket, and the unit it is given.

#![expect(clippy::print_stderr, reason = "whoever runs the tests is told what was not tested")]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::home::{Home, PATIENCE, at, exchange};
use crate::process::Process;

const POLICY: &str = "[customer.fields]\nname = \"text\"\n[segment.named]\nwhen = 'name == \"a\"'\n";

struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    fn listen(home: &Home) -> Self {
        let path = home.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { socket, path }
    }

    /// The next message, as its lines; none where nothing comes for so long.
    fn next(&self, patience: Duration) -> Option<Vec<String>> {
        self.socket.set_read_timeout(Some(patience)).unwrap();
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).ok()?;
        let text = String::from_utf8(message[..length].to_vec()).unwrap();
        Some(text.lines().map(str::to_owned).collect())
    }

    /// The next message that has a line.
    fn until(&self, line: &str) -> Vec<String> {
        let begun = Instant::now();
        loop {
            if let Some(message) = self.next(PATIENCE).filter(|message| message.iter().any(|one| one == line))
            {
                return message;
            }
            assert!(begun.elapsed() < PATIENCE, "{line} never came");
        }
    }

    /// How many messages with a line come within a time.
    fn count(&self, line: &str, within: Duration) -> usize {
        let begun = Instant::now();
        let mut count = 0;
        while let Some(left) = within.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            count +=
                usize::from(self.next(left).is_some_and(|message| message.iter().any(|one| one == line)));
        }
        count
    }
}

#[test]
fn the_manager_hears_of_readiness_reloads_the_end_and_that_it_lives() {
    let home = Home::new(POLICY);
    let manager = Manager::listen(&home);
    let socket = manager.path.to_str().unwrap();
    let process = Process::start(&home, &[("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "400000")]);
    let ready = manager.until("READY=1");
    assert!(
        ready.iter().any(|line| line.starts_with("STATUS=policies ") && line.ends_with("; no run yet")),
        "{ready:?}"
    );
    let address = process.address;
    let ask = |request: &str| {
        exchange(
            address,
            &format!(
                "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            ),
        )
    };
    assert_eq!(ask("GET /readyz").0, 200, "ready is ready");
    assert!(manager.count("WATCHDOG=1", Duration::from_secs(2)) >= 5, "every 0.2 seconds");

    process.signal("HUP");
    let reloading = manager.until("RELOADING=1");
    let since = reloading.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(since.is_some_and(|since| since.parse::<u64>().unwrap() > 0), "{reloading:?}");
    manager.until("READY=1");
    home.edit("[segment.named]\nwhen = 'nothing > 1'\n");
    process.signal("HUP");
    manager.until("RELOADING=1");
    let refused = manager.until("READY=1");
    assert!(refused.iter().any(|line| line.contains("the files have problems")), "{refused:?}");

    assert_eq!(ask("POST /v1/runs").0, 200);
    let begun = Instant::now();
    loop {
        let message = manager.next(PATIENCE).unwrap();
        if message.iter().any(|line| line.starts_with("STATUS=") && line.contains("last run 1 for")) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE);
    }
    process.signal("TERM");
    manager.until("STOPPING=1");
    assert_eq!(process.end().0, 0);
}

#[test]
fn the_watchdog_hears_nothing_while_a_run_is_stuck() {
    let home = Home::new(POLICY);
    let manager = Manager::listen(&home);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["service::a_daemon_whose_run_gets_stuck", "--exact", "--ignored"])
        .env("NOTIFY_SOCKET", &manager.path)
        .env("WATCHDOG_USEC", "200000")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    manager.until("READY=1");
    manager.until("WATCHDOG=1");
    let status = |message: &Vec<String>| {
        message.iter().any(|line| line.contains("not ready: a run has not ended since"))
    };
    let begun = Instant::now();
    while !manager.next(PATIENCE).is_some_and(|message| status(&message)) {
        assert!(begun.elapsed() < PATIENCE);
    }
    let heard = manager.count("WATCHDOG=1", Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(heard, 0);
}

#[test]
fn systemd_understands_the_unit_of_the_readme() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```ini\n").unwrap();
    let (unit, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guanxi.service");
    fs::write(&path, unit.replace("/usr/local/bin/guanxi", env!("CARGO_BIN_EXE_guanxi"))).unwrap();
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        eprintln!("systemd-analyze is not installed: the README's unit was not checked with it");
        return;
    };
    let said = String::from_utf8(output.stderr).unwrap();
    // Before version 253 there is no `notify-reload`, as the README says.
    let wrong: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("guanxi.service") && !line.contains("notify-reload"))
        .collect();
    assert!(output.status.success() && wrong.is_empty(), "{said}");
}

/// Not a test: what the test above starts, since what it hangs on is the environment and the time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of another test, which starts it"]
async fn a_daemon_whose_run_gets_stuck() {
    let home = Home::new(POLICY);
    let mut daemon = home.start().await;
    daemon.shared.note_runs(|runs| runs.running_since = Some(at("2027-01-10T08:00:00Z")));
    let (clock, address) = (home.clock.clone(), daemon.address);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        clock.set(at("2027-01-10T08:30:01Z"));
        let (status, why) = crate::home::ask(address, "GET /readyz", "").await;
        assert!(status == 503 && why.contains("a run has not ended since"), "{status} {why}");
    });
    let mut signals = guanxi::daemon::Signals::listen().unwrap();
    daemon.watch(&mut signals).await.unwrap();
}
