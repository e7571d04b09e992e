//! Importing one file: a thread reads and checks rows and puts them in order, chunk by chunk; the
//! caller's thread stores them. A few chunks at most are on their way at a time.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use sha2::{Digest, Sha256};

use super::chunk::Chunk;
use super::error::ImportError;
use super::open::{self, Format, Rows};
use super::reader::{self, Belt, Finished, LONGEST_ROW, Task};
use super::rejected::Rejected;
use super::report::{ImportReport, Progress, Tally};
use super::rows::CsvRows;
use crate::archive::{Archive, ArchiveError, Ingest, Repeat};
use crate::model::{FieldShape, Schema, Timestamp};
use crate::policy::Compiled;
use crate::policy::compiled::{Into, Source};

/// What an import needs to know besides the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Folder for rejected rows; made when the first is written.
    pub rejected: PathBuf,
    /// The instant the rows arrive at.
    pub now: Timestamp,
}

/// Called now and then while a file is imported.
pub type OnProgress<'call> = Option<&'call mut dyn FnMut(Progress)>;

/// Chunks that are read ahead of the store.
const AHEAD: usize = 1;

/// Imports one file by a source, in one transaction.
///
/// # Errors
/// When the file as a whole can't be imported; nothing of it is stored then.
pub fn import_file(
    archive: &mut Archive,
    policy: &Compiled,
    source: &Source,
    path: &Path,
    options: &Options,
    on_progress: OnProgress<'_>,
) -> Result<ImportReport, ImportError> {
    let format = Format::of(path)?;
    let (hash, total) =
        open::hash_file(path).map_err(|error| ImportError::Read { path: path.to_owned(), error })?;
    let mut report = ImportReport {
        source: source.name.to_string(),
        file: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        hash,
        ..ImportReport::default()
    };
    let key = format!("{}-{}", report.hash, rules(source, &policy.schema));
    let repeat = match source.into {
        Into::Customer => Repeat::Latest,
        Into::Event(_) => Repeat::Ever,
    };
    if archive.file_seen(&source.name, &key, repeat)? {
        report.already = true;
        return Ok(report);
    }
    let identities = archive.identities()?;
    let mut ingest = archive.ingest(options.now)?;
    let task =
        Task { policy, source, path, file: &report.file, format, now: options.now, identities: &identities };
    let rejected = Rejected::new(&options.rejected, &report.file, &report.hash, format.rows);
    let mut finished = run(&task, rejected, &mut ingest, total, on_progress)?;
    if finished.hash != report.hash {
        return Err(ImportError::Changed { path: path.to_owned() });
    }
    report.rejected_file = finished.rejected.finish()?;
    report.tally = finished.tally;
    report.reasons = finished.reasons;
    report.examples = finished.examples;
    ingest.record_file(&source.name, &key, report.tally.rows)?;
    ingest.commit()?;
    if report.rejected_file.is_none() {
        finished.rejected.forget_earlier();
    }
    Ok(report)
}

/// The column names of a CSV file; `None` for JSON lines, which have none.
///
/// # Errors
/// When the file can't be read as what its name says.
pub fn columns_of(path: &Path, encoding: Option<&str>) -> Result<Option<Vec<String>>, ImportError> {
    let format = Format::of(path)?;
    let encoding = open::encoding(encoding)?;
    let unreadable = |error| ImportError::Read { path: path.to_owned(), error };
    if format.rows == Rows::JsonLines {
        return Ok(None);
    }
    let (bytes, meter) = open::open(path, format, encoding, LONGEST_ROW).map_err(unreadable)?;
    let rows = CsvRows::new(bytes, meter, encoding.is_some()).map_err(|error| unreadable(error.into()))?;
    let file = || path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    rows.map(|rows| Some(rows.header)).ok_or_else(|| ImportError::Empty { file: file() })
}

/// Reads on a thread of its own and stores on this one.
fn run(
    task: &Task<'_>,
    rejected: Rejected,
    ingest: &mut Ingest<'_>,
    total: u64,
    on_progress: OnProgress<'_>,
) -> Result<Finished, ImportError> {
    let (filled, chunks) = sync_channel(AHEAD);
    let (give_back, spent) = channel();
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || reader::read(task, rejected, Belt { filled, spent }));
        let stored = store(ingest, &chunks, &give_back, total, on_progress);
        // A reader that still has chunks to hand over stops when nobody takes them.
        drop(chunks);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let stored = stored?;
        let mut finished = read?;
        finished.tally.new = stored.new;
        finished.tally.same = stored.same;
        finished.tally.replaced = stored.replaced;
        finished.tally.forgotten += stored.forgotten;
        Ok(finished)
    })
}

/// Stores chunks as they come and gives them back to be filled again.
fn store(
    ingest: &mut Ingest<'_>,
    chunks: &Receiver<Chunk>,
    spent: &Sender<Chunk>,
    total: u64,
    mut on_progress: OnProgress<'_>,
) -> Result<Tally, ArchiveError> {
    let mut tally = Tally::default();
    let mut rows = 0;
    for chunk in chunks {
        chunk.store(ingest, &mut tally)?;
        rows += chunk.read;
        if let Some(on_progress) = &mut on_progress {
            on_progress(Progress { rows, bytes: chunk.bytes, total });
        }
        // After the last chunk nobody takes it back.
        let _ = spent.send(chunk);
    }
    Ok(tally)
}

/// Hash over all that says how a file's rows are read: the same content is imported again when the
/// source, or a field it fills, has been changed since.
fn rules(source: &Source, schema: &Schema) -> String {
    let shapes: &[FieldShape] = match source.into {
        Into::Customer => &schema.customer,
        Into::Event(kind) => schema.events.get(kind).map_or(&[], |event| &event.fields),
    };
    let columns = &source.columns;
    let rest = (&source.encoding, &source.time_format, source.timezone, &source.filter, &source.raw);
    // Only what a cell is read by: who is waiting for a field to change makes no row another.
    let shapes: Vec<_> = shapes.iter().map(|field| (&field.name, &field.ty, field.min, field.max)).collect();
    let rules = format!("{:?} {columns:?} {rest:?} {shapes:?}", source.into);
    let mut hash = open::hexadecimal(&Sha256::digest(rules));
    hash.truncate(16);
    hash
}
