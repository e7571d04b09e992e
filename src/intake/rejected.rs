//! The file of rejected rows: one for each imported file that has any.
//!
//! It is named after the file and its content, and written beside itself, then renamed before the
//! import is committed. A crash before the rename leaves only a hidden file; one between rename and
//! commit leaves the rows of an import that will be done again and write the same name. So no row is
//! ever there twice, and none is missing for an import that counts.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::error::ImportError;
use super::forget::imported_name;
use super::open::Rows;
use super::report::Rejection;
use crate::model::Timestamp;

/// Rejected rows on their way to a file that is made with the first.
#[derive(Debug)]
pub(super) struct Rejected {
    folder: PathBuf,
    /// The imported file's name.
    file: String,
    path: PathBuf,
    unfinished: PathBuf,
    out: Option<Out>,
}

#[derive(Debug)]
enum Out {
    Csv(Box<csv::Writer<File>>),
    JsonLines(BufWriter<File>),
}

impl Rejected {
    pub(super) fn new(folder: &Path, file: &str, hash: &str, rows: Rows) -> Self {
        let short = hash.get(..8).unwrap_or(hash);
        let ending = match rows {
            Rows::Csv => "csv",
            Rows::JsonLines => "jsonl",
        };
        let name = format!("{file}.{short}.{ending}");
        Self {
            folder: folder.to_owned(),
            file: file.to_owned(),
            path: folder.join(&name),
            unfinished: folder.join(format!(".{name}.tmp")),
            out: None,
        }
    }

    /// The folder of rejected rows.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path for working storage of this import.
    pub(super) fn scratch(&self) -> PathBuf {
        self.unfinished.with_extension("rows")
    }

    /// Adds a row of a CSV file.
    pub(super) fn csv<'row>(
        &mut self,
        why: &Rejection,
        header: &[String],
        mut row: impl Iterator<Item = &'row [u8]>,
    ) -> Result<(), ImportError> {
        if self.out.is_none() {
            let mut writer =
                csv::WriterBuilder::new().flexible(true).buffer_capacity(1 << 16).from_writer(self.create()?);
            let names =
                ["file", "line", "column", "reason"].into_iter().chain(header.iter().map(String::as_str));
            writer
                .write_record(names.map(|name| harmless(name.as_bytes())))
                .map_err(|error| self.failed(error.into()))?;
            self.out = Some(Out::Csv(Box::new(writer)));
        }
        let Some(Out::Csv(writer)) = &mut self.out else { return Ok(()) };
        let (line, reason) = (why.line.to_string(), why.reason.to_string());
        let told = [self.file.as_bytes(), line.as_bytes(), why.column.as_bytes(), reason.as_bytes()];
        let written = told.into_iter().try_for_each(|cell| writer.write_field(harmless(cell)));
        let written = written.and_then(|()| row.try_for_each(|cell| writer.write_field(harmless(cell))));
        let written = written.and_then(|()| writer.write_record(None::<&[u8]>));
        written.map_err(|error| self.failed(error.into()))
    }

    /// Adds a line of a file of JSON lines.
    pub(super) fn json(&mut self, why: &Rejection, line: &[u8]) -> Result<(), ImportError> {
        if self.out.is_none() {
            self.out = Some(Out::JsonLines(BufWriter::with_capacity(1 << 16, self.create()?)));
        }
        let Some(Out::JsonLines(writer)) = &mut self.out else { return Ok(()) };
        let row = serde_json::from_slice(line).unwrap_or_else(|_| {
            serde_json::Value::String(String::from_utf8_lossy(line.trim_ascii()).into_owned())
        });
        let told = serde_json::json!({
            "file": self.file, "line": why.line, "column": why.column, "reason": why.reason.to_string(), "row": row,
        });
        writeln!(writer, "{told}").map_err(|error| self.failed(error))
    }

    /// Puts the file in its place, on disk when this returns; `None` where no row was rejected.
    pub(super) fn finish(&mut self) -> Result<Option<PathBuf>, ImportError> {
        let file = match self.out.take() {
            None => return Ok(None),
            Some(Out::Csv(writer)) => writer.into_inner().map_err(|error| self.failed(error.into_error()))?,
            Some(Out::JsonLines(writer)) => {
                writer.into_inner().map_err(|error| self.failed(error.into_error()))?
            }
        };
        file.sync_all()
            .and_then(|()| std::fs::rename(&self.unfinished, &self.path))
            .and_then(|()| File::open(&self.folder)?.sync_all())
            .map_err(|error| self.failed(error))?;
        Ok(Some(self.path.clone()))
    }

    /// Takes away what an earlier import of the same content left, now that no row is rejected.
    pub(super) fn forget_earlier(&self) {
        // Where it can't be removed it stays: it says what was rejected then.
        let _ = std::fs::remove_file(&self.path);
    }

    fn create(&self) -> Result<File, ImportError> {
        std::fs::create_dir_all(&self.folder)
            .and_then(|()| File::create(&self.unfinished))
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ImportError {
        ImportError::Rejected { path: self.path.clone(), error }
    }
}

/// Removes the files of rejected rows that were written before an instant; others in the folder stay. Returns how many.
///
/// # Errors
/// The system's; those removed before are gone.
pub fn forget_rejected_before(folder: &Path, before: Timestamp) -> io::Result<u64> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        let written = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_old = i64::try_from(written.as_millis()).is_ok_and(|written| written < before.0);
        if is_old && imported_name(&entry.file_name().to_string_lossy()).is_some() {
            std::fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// What an import that failed wrote is of no use.
impl Drop for Rejected {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            // A file that can't be removed is overwritten by the next import.
            let _ = std::fs::remove_file(&self.unfinished);
        }
    }
}

/// A cell that a spreadsheet won't run as a formula: one that begins like a formula, and isn't a
/// number, gets an apostrophe in front.
fn harmless(cell: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let starts = matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n'));
    let number = || std::str::from_utf8(cell).is_ok_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite));
    if starts && !number() { [b"'", cell].concat().into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_made_harmless() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("\t=1", "'\t=1"),
            ("-2.5", "-2.5"),
            ("+4", "+4"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell.as_bytes()), expected.as_bytes());
        }
    }
}
