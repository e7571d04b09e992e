//! What of a reload only shows in a program of its own: signals, and files that its user may not read.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A user who may read what he is allowed to only, as root is not.
const NOBODY: u32 = 65_534;

const POLICY: &str = "[event.order.fields]\namount = \"number\"\n";

/// A daemon that is killed when dropped, with what it logs.
struct Running {
    child: Child,
    log: Receiver<String>,
    home: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let policies = home.path().join("policies");
        fs::create_dir(&policies).unwrap();
        fs::write(policies.join("all.toml"), POLICY).unwrap();
        let program = home.path().join("guanxi");
        fs::copy(env!("CARGO_BIN_EXE_guanxi"), &program).unwrap();
        let mut command = Command::new(program);
        command.current_dir(home.path()).env("GUANXI_LOG", "info");
        if fs::metadata(home.path()).unwrap().uid() == 0 {
            for path in [home.path(), &policies, &policies.join("all.toml")] {
                chown(path, Some(NOBODY), None).unwrap();
            }
            command.uid(NOBODY);
        }
        command.args(["run", "--listen", "127.0.0.1:0", "--data", ".", "--store", "guanxi.db"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (said, log) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        let running = Self { child, log, home };
        running.until("listening on");
        running
    }

    fn until(&self, words: &str) {
        while let Ok(line) = self.log.recv_timeout(Duration::from_secs(20)) {
            if line.contains(words) {
                return;
            }
        }
        assert!(words.is_empty(), "never said: {words}");
    }

    /// Waits until the program listens to a signal: till then it would end by it.
    fn until_it_hears(&self, signal: u32) {
        let begun = Instant::now();
        loop {
            let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
            if u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (signal - 1)) != 0 {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it hears no signal {signal}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn policies(&self) -> std::path::PathBuf {
        self.home.path().join("policies")
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_hang_up_signal_reads_the_policies_again_changed_or_not() {
    let daemon = Running::start();
    daemon.until_it_hears(1);
    let sent = Command::new("kill").args(["-HUP", &daemon.child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    daemon.until("policies looked at again: nothing but comments, layout or order changed");
}

#[test]
fn files_and_folders_that_may_not_be_read_change_nothing_until_they_may_again() {
    let daemon = Running::start();
    let file = daemon.policies().join("all.toml");
    for (path, readable) in [(file.clone(), 0o644), (daemon.policies(), 0o755)] {
        allow(&path, 0o000);
        daemon.until("policies not reloaded, the set before stays active: ");
        allow(&path, readable);
        daemon.until("policies looked at again: mended");
    }
    fs::write(&file, format!("{POLICY}[segment.recent]\nwhen = 'days_since(known_since) < 9'\n")).unwrap();
    daemon.until("policies reloaded: added segment.recent in all.toml");
}
