//! Taking the rows of one customer out of the files of rejected rows.
//!
//! A file is written anew beside itself and renamed, so that a crash leaves the old one or the new one.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};
use serde_json::Value as Json;

use super::cell::Cell;
use super::error::ImportError;
use super::inbox::is_for;
use super::mapping::Plan;
use super::rows::RawRow;
use crate::archive::with_ending;
use crate::model::Timestamp;
use crate::policy::Compiled;

/// Columns of a CSV file of rejected rows before those of the row itself.
const TOLD: usize = 4;

/// Takes the rows of a customer, by any of its ids, out of the files of rejected rows in a folder; returns how many.
/// Whose a row is says the source that fits the file; where none does, or the row is too broken to tell, a row is
/// the customer's if any of its cells is one of the ids. Files left over from imports that failed go as well.
///
/// # Errors
/// Where a file can't be read or written; those before it are done, and doing it again goes on from there.
pub fn forget_rejected(folder: &Path, policy: Option<&Compiled>, ids: &[String]) -> Result<u64, ImportError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| ImportError::Rejected { path, error }
    };
    let mut files = match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<PathBuf>>>()
            .map_err(failed(folder))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failed(folder)(error)),
    };
    files.sort();
    let mut rows = 0;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') && Path::new(&name).extension().is_some_and(|ending| ending == "tmp") {
            fs::remove_file(&path).map_err(failed(&path))?;
        } else if let Some(imported) = imported_name(&name) {
            let wanted = Wanted { policy, imported, ids };
            rows += wanted.remove_from(&path).map_err(failed(&path))?;
        }
    }
    Ok(rows)
}

/// The name of the file that rejected rows come from: `orders.csv.0a1b2c3d.csv` without what was added.
pub(super) fn imported_name(name: &str) -> Option<&str> {
    let (rest, ending) = name.rsplit_once('.')?;
    matches!(ending, "csv" | "jsonl").then_some(())?;
    rest.rsplit_once('.').map(|(file, _)| file)
}

type Out = BufWriter<File>;

/// Whose rows are to go, out of which file.
struct Wanted<'call> {
    policy: Option<&'call Compiled>,
    imported: &'call str,
    ids: &'call [String],
}

impl Wanted<'_> {
    /// Writes a file without the rows, if it has any; one that has no others is removed.
    fn remove_from(&self, path: &Path) -> io::Result<u64> {
        let unfinished = with_ending(path, ".tmp");
        let out = BufWriter::new(File::create(&unfinished)?);
        let is_csv = path.extension().is_some_and(|ending| ending == "csv");
        let rejected = File::open(path)?;
        let (out, kept, removed) =
            if is_csv { self.copy_csv(rejected, out)? } else { self.copy_json(rejected, out)? };
        if removed == 0 || kept == 0 {
            drop(out);
            fs::remove_file(&unfinished)?;
            if removed > 0 {
                fs::remove_file(path)?;
            }
        } else {
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&unfinished, path)?;
        }
        if removed > 0
            && let Some(folder) = path.parent()
        {
            File::open(folder)?.sync_all()?;
        }
        Ok(removed)
    }

    fn copy_csv(&self, file: File, out: Out) -> io::Result<(Out, u64, u64)> {
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).from_reader(BufReader::new(file));
        let mut writer = WriterBuilder::new().flexible(true).from_writer(out);
        let mut record = ByteRecord::new();
        let mut header = Vec::new();
        if reader.read_byte_record(&mut record)? {
            header = cells(&record);
            writer.write_byte_record(&record)?;
        }
        let mut sources = self.sources(|column| header.iter().any(|name| name == column));
        let (mut kept, mut removed) = (0, 0);
        while reader.read_byte_record(&mut record)? {
            let named = cells(&record).into_iter().enumerate().map(|(place, cell)| {
                let name = header.get(place).cloned().unwrap_or_else(|| format!(" {place}"));
                (name, Json::String(cell))
            });
            if self.is_theirs(&mut sources, &Json::Object(named.collect())) {
                removed += 1;
            } else {
                kept += 1;
                writer.write_byte_record(&record)?;
            }
        }
        let out = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        Ok((out, kept, removed))
    }

    fn copy_json(&self, file: File, mut out: Out) -> io::Result<(Out, u64, u64)> {
        let mut sources = self.sources(|_| true);
        let (mut kept, mut removed) = (0, 0);
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let told: Json = serde_json::from_slice(&line).unwrap_or_default();
            if self.is_theirs(&mut sources, told.get("row").unwrap_or(&Json::Null)) {
                removed += 1;
            } else {
                kept += 1;
                out.write_all(&line)?;
            }
            line.clear();
        }
        Ok((out, kept, removed))
    }

    /// The sources by which the file may have come in: whose pattern its name fits, and which find their columns.
    fn sources(&self, has: impl Fn(&str) -> bool) -> Vec<Mapped<'_>> {
        let Some(policy) = self.policy else { return Vec::new() };
        let named = policy.sources.iter().filter(|source| is_for(source, self.imported));
        named
            .map(|source| Mapped {
                plan: Plan::new(source, &policy.schema, "UTF-8", Timestamp(0)),
                columns: &source.raw,
            })
            .filter(|source| {
                let mut required = source.plan.required().into_iter();
                required.all(|raw| source.columns.get(raw).is_some_and(|column| has(column.trim())))
            })
            .collect()
    }

    /// Whether a row is of the customer.
    fn is_theirs(&self, sources: &mut [Mapped<'_>], row: &Json) -> bool {
        let mut told = false;
        for source in sources {
            if let Some(owner) = source.plan.owner(&Row { row, columns: source.columns }) {
                told = true;
                if self.ids.contains(&owner) {
                    return true;
                }
            }
        }
        !told
            && self.ids.iter().any(|id| match row {
                Json::String(line) => mentions(line, id),
                row => holds(row, id),
            })
    }
}

/// A source with the names of its raw columns.
struct Mapped<'policy> {
    plan: Plan<'policy>,
    columns: &'policy [Arc<str>],
}

/// A rejected row.
struct Row<'row> {
    row: &'row Json,
    columns: &'row [Arc<str>],
}

impl RawRow for Row<'_> {
    fn cell(&self, raw: usize) -> Cell<'_> {
        Cell::of(self.columns.get(raw).and_then(|name| self.row.get(name.trim())))
    }
}

/// The cells of the row itself, as they were before they were made harmless.
fn cells(record: &ByteRecord) -> Vec<String> {
    let text = |cell: &[u8]| {
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        let formula = text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
        formula.unwrap_or(text).to_owned()
    };
    record.iter().skip(TOLD).map(text).collect()
}

/// Whether a value is an id, or an array or object has it.
fn holds(value: &Json, id: &str) -> bool {
    match value {
        Json::Null | Json::Bool(_) => false,
        Json::Number(number) => number.to_string() == id,
        Json::String(text) => text.trim() == id,
        Json::Array(items) => items.iter().any(|item| holds(item, id)),
        Json::Object(members) => members.values().any(|member| holds(member, id)),
    }
}

/// Whether an id stands by itself in a line that can't be read.
fn mentions(line: &str, id: &str) -> bool {
    line.match_indices(id).any(|(start, found)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + found.len()..).and_then(|text| text.chars().next());
        !before.into_iter().chain(after).any(char::is_alphanumeric)
    })
}
