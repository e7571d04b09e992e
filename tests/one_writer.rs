//! One program writes to a store: a second is refused by name, however it spells the path, and one that was killed
//! stands in nobody's way.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const POLICY: &str = "[event.order.fields]\namount = \"number\"\n";

fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for folder in ["policies", "real", "inbox"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("policies/all.toml"), POLICY).unwrap();
    symlink("real", home.path().join("linked")).unwrap();
    symlink("real/guanxi.db", home.path().join("linked.db")).unwrap();
    home
}

fn guanxi(home: &Path, store: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    for name in ["POLICIES", "SCRIPTS", "DATA", "STORE", "JSON", "NOW", "LISTEN", "LOG"] {
        command.env_remove(format!("GUANXI_{name}"));
    }
    command.current_dir(home).args(["--store", store]).args(words);
    command
}

/// A daemon that is killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a daemon and waits until it serves.
fn start(home: &Path, store: &str) -> Running {
    let mut command = guanxi(home, store, &["run", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let running = Running(child);
    let mut lines = log.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("listening on")), "the daemon starts");
    // What it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    running
}

fn refused(home: &Path, store: &str, words: &[&str]) -> String {
    let output = guanxi(home, store, words).output().unwrap();
    assert!(!output.status.success(), "{store} {words:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_second_writer_is_refused_by_whatever_path_it_comes() {
    let home = home();
    let absolute = home.path().join("real/guanxi.db");
    // The link leads to a store that isn't there yet: the first makes it.
    let daemon = start(home.path(), "real/guanxi.db");
    let id = daemon.0.id().to_string();
    let paths = [
        "real/guanxi.db",
        "./real/../real/guanxi.db",
        "linked/guanxi.db",
        "linked.db",
        absolute.to_str().unwrap(),
    ];
    for store in paths {
        for words in [&["run", "--listen", "127.0.0.1:0"][..], &["once"]] {
            let told = refused(home.path(), store, words);
            assert!(told.contains("in use") && told.contains(&id), "{store} {words:?}: {told}");
        }
    }
    let looked = guanxi(home.path(), "linked.db", &["status"]).output().unwrap();
    assert!(looked.status.success(), "looking is always allowed");
}

#[test]
fn a_daemon_that_was_killed_leaves_a_lock_that_stops_nobody() {
    let home = home();
    let first = start(home.path(), "real/guanxi.db");
    drop(first);
    assert!(home.path().join("real/guanxi.db.lock").exists(), "the file stays");
    let second = start(home.path(), "linked.db");
    assert!(refused(home.path(), "real/guanxi.db", &["once"]).contains("in use"));
    drop(second);
    assert!(guanxi(home.path(), "real/guanxi.db", &["once"]).output().unwrap().status.success());
}
