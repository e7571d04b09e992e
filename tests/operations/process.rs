//! The program as a process of its own.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::home::{Home, PATIENCE};

pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts the daemon of a home, with further variables, and waits until it listens.
    pub(crate) fn start(home: &Home, variables: &[(&str, &str)]) -> Self {
        let log = home.path("log");
        // What an earlier process said is not this one's.
        let _ = fs::remove_file(&log);
        let child = Command::new(env!("CARGO_BIN_EXE_guanxi"))
            .current_dir(home.path(""))
            .env_remove("GUANXI_LOG")
            .envs(variables.iter().copied())
            .args(["run", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut process = Self { child, log, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        process.address = wait_for("an address", || {
            let log = process.log();
            assert!(process.child.try_wait().unwrap().is_none(), "it ended: {log}");
            let (_, rest) = log.split_once("listening on http://")?;
            rest.split(|letter: char| letter == '"' || letter.is_whitespace()).next()?.parse().ok()
        });
        process
    }

    /// What it has said so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; its exit code, and how long that took.
    pub(crate) fn end(mut self) -> (i32, Duration) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it never ends:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        };
        let code = status.code().unwrap_or_else(|| -status.signal().unwrap());
        (code, begun.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, which is well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is there, and gives it.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never came: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
