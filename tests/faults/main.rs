//! The store and the disks fail under a real process: nothing is lost, nothing comes twice, the operator is told what
//! to do, and it goes on by itself when the fault is gone.
//!
//! Small disks are memory file systems in a mount namespace of the test's own, which needs no rights where the system
//! lets users have one (`unshare -rm`); where it does not, those tests say so and check nothing.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "helpers of tests: what fails here fails the test, and what could not be checked is said"
)]

mod backup;
mod disk;
mod files;
mod store;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use guanxi::ports::Clock;
use guanxi::ports::system::SystemClock;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Each order is answered by one row; every second there is a run.
const POLICY: &str = r#"
[event.order]
[event.order.fields]
amount = "number"
[source.orders]
into = "event.order"
path = "inbox/orders*.csv"
columns = { id = "id", customer = "customer", at = "at", amount = "amount" }
[channel.list.file]
path = "out/list.jsonl"
format = "jsonl"
[action.thank]
channel = "list"
[trigger.ordered]
on = "order"
backlog = "fire"
actions = ["thank"]
[schedule.always]
cron = "* * * * * *"
evaluate = ["everything"]
"#;

/// Nothing here takes longer.
const LONG: Duration = Duration::from_secs(120);

/// A folder to live in: policies, inbox, out, and the store in a folder of its own.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["policies", "inbox", "store", "out"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("policies/all.toml"), POLICY).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
        for name in ["POLICIES", "SCRIPTS", "DATA", "JSON", "NOW", "LISTEN", "LOG"] {
            command.env_remove(format!("GUANXI_{name}"));
        }
        command.current_dir(self.folder.path()).args(arguments).env("GUANXI_STORE", "store/guanxi.db");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must go well.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// How often each order was answered.
    fn answered(&self) -> BTreeMap<String, usize> {
        let mut answered = BTreeMap::new();
        let text = fs::read_to_string(self.path("out/list.jsonl")).unwrap_or_default();
        for line in text.lines().filter(|_| text.ends_with('\n')) {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            *answered.entry(line["because"]["event"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        answered
    }

    fn store(&self) -> Connection {
        Connection::open(self.path("store/guanxi.db")).unwrap()
    }

    fn count(&self, query: &str) -> i64 {
        self.store().query_row(query, [], |row| row.get(0)).unwrap()
    }

    fn assert_sound(&self) {
        let said: String = self.store().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok");
    }

    /// Puts a file of so many orders into the inbox.
    fn drop_orders(&self, name: &str, from: usize, to: usize) {
        let row = |number: usize| format!("o{number},c{},{},1", number % 97, now());
        let rows: Vec<String> = (from..to).map(row).collect();
        fs::write(self.path("inbox").join(name), format!("id,customer,at,amount\n{}\n", rows.join("\n")))
            .unwrap();
    }
}

fn now() -> String {
    SystemClock.now().to_string()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A running daemon; killed when dropped.
struct Daemon {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Daemon {
    fn start(home: &Home) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = home.path("log");
        let child = home
            .command(&["run", "--listen", &address.to_string()])
            .stdout(Stdio::null())
            .stderr(fs::File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let daemon = Self { child, address, log };
        wait("it serves", || daemon.ask("GET", "/readyz", "").is_some_and(|(code, _)| code == 200));
        daemon
    }

    /// The status and body of an answer; `None` where none came.
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(LONG)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        );
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let code = answer.split(' ').nth(1)?.parse().ok()?;
        Some((code, answer.split_once("\r\n\r\n")?.1.to_owned()))
    }

    /// Tells of orders; whether they were taken, and what was said.
    fn order(&self, from: usize, to: usize) -> (bool, String) {
        let line = |number: usize| {
            json!({ "type": "order", "id": format!("o{number}"), "customer": format!("c{}", number % 97), "at": now(),
                "amount": 1 })
            .to_string()
        };
        let lines: Vec<String> = (from..to).map(line).collect();
        let (code, body) = self.ask("POST", "/v1/events", &lines.join("\n")).unwrap();
        (code == 200, body)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it goes on, as a process.
    fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until all of these orders are answered, and sees that none is twice.
fn assert_answered_once(home: &Home, orders: impl IntoIterator<Item = usize>) {
    let expected: BTreeMap<String, usize> =
        orders.into_iter().map(|number| (format!("o{number}"), 1)).collect();
    wait("every order is answered", || home.answered().len() >= expected.len());
    assert_eq!(home.answered(), expected);
}

/// Runs a test once more where it may mount what it likes. True there, and false in the test that began it, which
/// fails if that one did.
fn may_mount(test: &str) -> bool {
    const INSIDE: &str = "GUANXI_OWN_MOUNTS";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let able = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !able.is_ok_and(|able| able.status.success()) {
        eprintln!("{test}: nothing was checked, since this system lets nobody mount a small disk");
        return false;
    }
    let mut inside = Command::new("unshare");
    inside.arg("-rm").arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let output = inside.env(INSIDE, "1").output().unwrap();
    assert!(output.status.success() && said(&output).contains("1 passed"), "{}", said(&output));
    false
}

/// Puts a disk of a size at a folder, or changes its size.
fn mount(folder: &Path, options: &str) {
    let done =
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(folder).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
}

fn remount(folder: &Path, options: &str) {
    let done =
        Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(folder).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
}

/// Fills the disk that a folder is on; what does so is removed to make room.
fn fill(folder: &Path) -> PathBuf {
    let path = folder.join("filler");
    let mut file = fs::File::create(&path).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}
