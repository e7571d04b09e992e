//! A folder of its own for each test, and the program run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder to work in.
pub(crate) struct Desk(TempDir);

impl Desk {
    /// With these files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let desk = Self(TempDir::new().unwrap());
        for (name, text) in files {
            let path = desk.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs the program.
    pub(crate) fn guanxi(&self, words: &[&str]) -> Output {
        command(self.0.path(), words).output().unwrap()
    }

    /// Runs the program with a text on stdin.
    pub(crate) fn guanxi_with(&self, words: &[&str], stdin: &str) -> Output {
        let mut command = command(self.0.path(), words);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GUANXI_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).args(words);
    command
}

/// What a command printed and said, where it ended with this code.
pub(crate) fn printed(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    if said.is_empty() { stdout } else { format!("{stdout}--- stderr\n{said}") }
}
