//! The demo's process, from its start until it was told to stop.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Today: a Saturday, with Christmas and the turn of the year behind it.
const TODAY: &str = "2027-01-02T10:00:00Z";
/// How long a life may take until today; a debug build on a busy machine takes some minutes.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// With what the last line begins that is printed before the demo goes on in real time.
const CAUGHT_UP: &str = "Ctrl-C ends it";

/// What is left of a demo that was stopped.
pub(crate) struct Life {
    folder: PathBuf,
    /// What it took for the present.
    pub(crate) now: String,
}

/// The one that tests share, also where each is a process of its own: it is kept for as long as the program is the same.
pub(crate) fn life() -> &'static Life {
    static LIFE: OnceLock<Life> = OnceLock::new();
    LIFE.get_or_init(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = File::create(all.join("demo.lock")).unwrap();
        lock.lock().unwrap();
        let folder = all.join(format!("demo-{}", build()));
        if folder.join("printed").exists() {
            return Life { folder, now: TODAY.to_owned() };
        }
        for old in fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()) {
            if old.is_dir() && old.file_name().unwrap().to_string_lossy().starts_with("demo-") {
                fs::remove_dir_all(old).unwrap();
            }
        }
        fs::create_dir(&folder).unwrap();
        Life::live(&folder, TODAY)
    })
}

/// What tells this build of the program from another.
fn build() -> String {
    let program = fs::metadata(env!("CARGO_BIN_EXE_guanxi")).unwrap();
    let built = program.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    format!("{}-{}", built.as_nanos(), program.len())
}

/// The program, with nothing of the environment's settings.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GUANXI_")) {
        command.env_remove(name);
    }
    command
}

impl Life {
    /// Lives until it goes on in real time, then is told to stop. Says all that it can in its log.
    pub(crate) fn live(folder: &Path, now: &str) -> Self {
        let life = Self { folder: folder.to_owned(), now: now.to_owned() };
        let mut child = program()
            .args([
                "run",
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--log-format",
                "json",
                "--now",
                now,
                "--data",
            ])
            .arg(life.data())
            .env("GUANXI_LOG", "trace")
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let printed = follow(&mut child);
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}: {}\n{}", printed.join("\n"), life.log());
        fs::write(folder.join("printed"), printed.join("\n")).unwrap();
        life
    }

    /// The folder in which it lived.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its store.
    pub(crate) fn store(&self) -> PathBuf {
        self.data().join("guanxi.db")
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(self.folder.join("printed")).unwrap()
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// A question that other programs may ask of its store.
    pub(crate) fn ask<T>(
        &self,
        question: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Vec<T> {
        let store =
            rusqlite::Connection::open_with_flags(self.store(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        let store = store.unwrap();
        let mut statement = store.prepare(question).unwrap();
        statement.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// What a command prints about its store, at its present.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let data = self.data();
        let mut command = program();
        command.args(words).args(["--now", &self.now]).arg("--policies").arg(data.join("policies"));
        command.arg("--scripts").arg(data.join("scripts")).arg("--store").arg(self.store());
        printed(&command.output().unwrap())
    }
}

/// A command on another store, in a folder of its own.
pub(crate) fn command(folder: &Path, words: &[&str]) -> String {
    printed(&program().current_dir(folder).args(words).output().unwrap())
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Reads what it prints, line by line, and tells it to stop as soon as it has caught up with today.
fn follow(child: &mut Child) -> Vec<String> {
    let lines = lines_of(child);
    let begun = Instant::now();
    let mut printed = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            Ok(line) => {
                if line.starts_with(CAUGHT_UP) {
                    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
                    assert!(stopped.unwrap().success());
                }
                printed.push(line);
            }
            Err(RecvTimeoutError::Disconnected) => return printed,
            Err(RecvTimeoutError::Timeout) => {
                child.kill().unwrap();
                panic!("it never caught up with today:\n{}", printed.join("\n"));
            }
        }
    }
}

fn lines_of(child: &mut Child) -> Receiver<String> {
    let (told, lines) = channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        for line in out.lines() {
            // Nobody listens any more where the test has failed.
            let _ = told.send(line.unwrap());
        }
    });
    lines
}
