//! Printing: results to stdout, messages to stderr. A reader that goes away (`| head`) ends the
//! program quietly.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, StdoutLock, Write};

use comfy_table::{Cell, CellAlignment, Table, presets};

use super::failure::Failure;

/// What stands for a personal field on screens.
pub(super) const HIDDEN: &str = "•••";

/// Standard output, held and buffered.
pub(super) struct Out {
    stdout: BufWriter<StdoutLock<'static>>,
    /// Whether each line goes out at once.
    live: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let stdout: Stdout = io::stdout();
        let live = stdout.is_terminal();
        Self { stdout: BufWriter::new(stdout.lock()), live }
    }

    /// From now on each line goes out at once, also into a pipe.
    pub(super) const fn go_live(&mut self) {
        self.live = true;
    }

    /// Prints a line.
    ///
    /// # Errors
    /// The system's, but for a reader that went away.
    pub(super) fn line(&mut self, line: impl Display) -> io::Result<()> {
        let written = writeln!(self.stdout, "{line}");
        let done = if self.live { written.and_then(|()| self.stdout.flush()) } else { written };
        quiet(done)
    }

    /// Prints a text as it stands.
    ///
    /// # Errors
    /// As [`Out::line`].
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        quiet(self.stdout.write_all(text.as_bytes()))
    }

    /// Prints a JSON value, indented.
    ///
    /// # Errors
    /// As [`Out::line`].
    pub(super) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        self.line(format_args!("{value:#}"))
    }
}

/// Ends the process where nobody reads any more: all that was to be done has been done by the time
/// results are printed.
fn quiet(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => done,
    }
}

/// Whether results may be colored.
pub(super) fn colored() -> bool {
    io::stdout().is_terminal()
}

/// Prints a message.
pub(super) fn message(text: impl Display) {
    let text = text.to_string();
    if !text.is_empty() {
        // There is nowhere left to say that messages can't be printed.
        let _ = writeln!(io::stderr(), "{}", text.trim_end_matches('\n'));
    }
}

/// A table for people: a header, then rows; columns of numbers to the right.
pub(super) fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header.iter().map(Cell::new));
    table.add_rows(rows);
    for &index in right {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

impl Drop for Out {
    fn drop(&mut self) {
        // What is left and can't be written has no one to be told.
        let _ = self.stdout.flush();
    }
}

/// A check that has said what it found.
pub(super) const fn told<T>() -> Result<T, Failure> {
    Err(Failure::Told)
}
