//! The reading side of an import: rows of a file into chunks, rejected rows into their file.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};

use super::chunk::Chunk;
use super::equal_rows::EqualRows;
use super::error::ImportError;
use super::mapping::{Blame, Plan, Verdict};
use super::nearest::nearest;
use super::open::{self, Format, Meter, Rows};
use super::rejected::Rejected;
use super::report::{EXAMPLES, Reason, Rejection, Tally};
use super::rows::{CsvRows, JsonRows, Places, RawRow};
use crate::archive::Identities;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::Source;

/// Rows of a chunk, at most.
const CHUNK_ROWS: usize = 50_000;

/// Bytes of ids of a chunk, at most.
const CHUNK_TEXT: usize = 8 << 20;

/// Rows after which a chunk is handed on however few of them it holds.
const CHUNK_READ: u64 = 200_000;

/// Kinds of reasons that are counted apart, at most.
const REASONS: usize = 200;

/// Most bytes of a row.
pub(super) const LONGEST_ROW: u64 = 4 << 20;

/// What is read and how.
pub(super) struct Task<'job> {
    pub(super) policy: &'job Compiled,
    pub(super) source: &'job Source,
    pub(super) path: &'job Path,
    /// The file's name as rejected rows give it.
    pub(super) file: &'job str,
    pub(super) format: Format,
    pub(super) now: Timestamp,
    pub(super) identities: &'job Identities,
}

/// The way of chunks: filled ones go, spent ones come back.
pub(super) struct Belt {
    pub(super) filled: SyncSender<Chunk>,
    pub(super) spent: Receiver<Chunk>,
}

/// What the reading side knows at the end.
#[derive(Debug)]
pub(super) struct Finished {
    /// What became of rows that didn't go to the store, and the number of all.
    pub(super) tally: Tally,
    pub(super) reasons: BTreeMap<(String, &'static str), u64>,
    pub(super) examples: Vec<Rejection>,
    pub(super) rejected: Rejected,
    /// SHA-256 over the bytes that were read.
    pub(super) hash: String,
}

/// Reads a file to its end, or until nobody takes chunks any more.
pub(super) fn read(task: &Task<'_>, rejected: Rejected, belt: Belt) -> Result<Finished, ImportError> {
    let encoding = open::encoding(task.source.encoding.as_deref())?;
    let name = encoding.map_or("UTF-8", encoding_rs::Encoding::name);
    let (bytes, meter) =
        open::open(task.path, task.format, encoding, LONGEST_ROW).map_err(|error| task.unreadable(error))?;
    let plan = Plan::new(task.source, &task.policy.schema, name, task.now);
    let mut reader = Reader {
        chunk: plan.chunk(),
        plan,
        equal: EqualRows::new(rejected.scratch()),
        hashes: Vec::new(),
        numbers: Vec::new(),
        finished: Finished {
            tally: Tally::default(),
            reasons: BTreeMap::new(),
            examples: Vec::new(),
            rejected,
            hash: String::new(),
        },
        meter: meter.clone(),
        belt,
        identities: task.identities,
    };
    match task.format.rows {
        Rows::Csv => {
            let rows = CsvRows::new(bytes, meter.clone(), encoding.is_some());
            let mut rows = rows
                .map_err(|error| task.broken(error.into(), &meter, 1))?
                .ok_or_else(|| ImportError::Empty { file: task.file.to_owned() })?;
            rows.places = task.places(&reader.plan, &rows.header, name)?;
            reader.csv(task, &mut rows)?;
        }
        Rows::JsonLines => {
            let names = task.source.raw.iter().map(ToString::to_string).collect();
            reader.json(task, &mut JsonRows::new(bytes, meter.clone(), names))?;
        }
    }
    reader.finished.hash = meter.hash();
    Ok(reader.finished)
}

impl Task<'_> {
    fn unreadable(&self, error: io::Error) -> ImportError {
        ImportError::Read { path: self.path.to_owned(), error }
    }

    /// What it means that reading failed in a row that begins at `line`.
    fn broken(&self, error: io::Error, meter: &Meter, line: u64) -> ImportError {
        if meter.exhausted() {
            return ImportError::RowTooLong { file: self.file.to_owned(), line, limit: LONGEST_ROW };
        }
        self.unreadable(error)
    }

    /// Finds the source's columns in the file's header.
    fn places(&self, plan: &Plan<'_>, header: &[String], encoding: &str) -> Result<Places, ImportError> {
        if header.iter().any(|column| column.contains('\u{FFFD}')) {
            return Err(ImportError::OtherEncoding {
                file: self.file.to_owned(),
                expected: encoding.to_owned(),
            });
        }
        let mut places = Places::new();
        for column in &self.source.raw {
            let mut found = header.iter().enumerate().filter(|(_, name)| name.as_str() == column.trim());
            places.push(found.next().map(|(place, _)| place));
            if found.next().is_some() {
                return Err(ImportError::TwoColumns {
                    file: self.file.to_owned(),
                    column: column.to_string(),
                });
            }
        }
        let absent = |raw: &usize| places.get(*raw).copied().flatten().is_none();
        match plan.required().into_iter().find(absent).and_then(|raw| self.source.raw.get(raw)) {
            None => Ok(places),
            Some(column) => Err(ImportError::MissingColumn {
                file: self.file.to_owned(),
                column: column.to_string(),
                nearest: nearest(column, header.iter().map(String::as_str)),
                columns: header.to_vec(),
            }),
        }
    }
}

/// Why a row is none.
const fn broken(line: u64, reason: Reason) -> Rejection {
    Rejection { line, column: String::new(), reason, personal: false }
}

struct Reader<'job> {
    plan: Plan<'job>,
    chunk: Chunk,
    equal: EqualRows,
    hashes: Vec<u64>,
    numbers: Vec<u32>,
    finished: Finished,
    meter: Meter,
    belt: Belt,
    identities: &'job Identities,
}

impl Reader<'_> {
    fn csv(&mut self, task: &Task<'_>, rows: &mut CsvRows) -> Result<(), ImportError> {
        while rows.next().map_err(|error| task.broken(error.into(), &self.meter, rows.position()))? {
            let verdict = match rows.check() {
                Ok(()) => {
                    self.plan.read(rows, &mut self.chunk, CsvRows::content).map_err(|(blame, reason)| {
                        let line = match blame {
                            Blame::Column(raw) => rows.line_of(raw),
                            Blame::Target(_) => rows.line(),
                        };
                        self.rejection(line, blame, reason)
                    })
                }
                Err(reason) => Err(broken(rows.line(), reason)),
            };
            let verdict = verdict.or_else(|why| self.unless_forgotten(rows, why));
            if let Err(why) = &verdict {
                self.finished.rejected.csv(why, &rows.header, rows.cells())?;
            }
            if self.account(verdict) && !self.hand_over()? {
                return Ok(());
            }
        }
        self.hand_over().map(|_| ())
    }

    fn json(&mut self, task: &Task<'_>, rows: &mut JsonRows) -> Result<(), ImportError> {
        while rows.next().map_err(|error| task.broken(error, &self.meter, rows.line))? {
            let line = rows.line;
            let verdict = match rows.parse() {
                Ok(()) => self
                    .plan
                    .read(rows, &mut self.chunk, JsonRows::content)
                    .map_err(|(blame, reason)| self.rejection(line, blame, reason)),
                Err(reason) => Err(broken(line, reason)),
            };
            let verdict = verdict.or_else(|why| self.unless_forgotten(rows, why));
            if let Err(why) = &verdict {
                self.finished.rejected.json(why, &rows.text)?;
            }
            if self.account(verdict) && !self.hand_over()? {
                return Ok(());
            }
        }
        self.hand_over().map(|_| ())
    }

    fn rejection(&self, line: u64, blame: Blame, reason: Reason) -> Rejection {
        Rejection { line, column: self.plan.name(blame), reason, personal: self.plan.personal(blame) }
    }

    /// A bad row of a customer who was forgotten is not kept among the rejected ones.
    fn unless_forgotten<R: RawRow>(&mut self, row: &R, why: Rejection) -> Result<Verdict, Rejection> {
        let forgotten = !self.identities.is_empty()
            && self.plan.owner(row).is_some_and(|owner| self.identities.is_forgotten(&owner));
        if forgotten { Ok(Verdict::Forgotten) } else { Err(why) }
    }

    /// Counts a row; true when the chunk should be handed over.
    fn account(&mut self, verdict: Result<Verdict, Rejection>) -> bool {
        self.finished.tally.rows += 1;
        self.chunk.read += 1;
        match verdict {
            Ok(Verdict::Kept) => {}
            Ok(Verdict::Filtered) => self.finished.tally.filtered += 1,
            Ok(Verdict::Forgotten) => self.finished.tally.forgotten += 1,
            Err(why) => {
                self.finished.tally.rejected += 1;
                let kind = (why.column.clone(), why.reason.kind());
                if self.finished.reasons.len() < REASONS || self.finished.reasons.contains_key(&kind) {
                    *self.finished.reasons.entry(kind).or_default() += 1;
                }
                if self.finished.examples.len() < EXAMPLES {
                    self.finished.examples.push(why);
                }
            }
        }
        self.chunk.len() >= CHUNK_ROWS || self.chunk.text_len() >= CHUNK_TEXT || self.chunk.read >= CHUNK_READ
    }

    /// Puts the chunk in order and hands it over; false when nobody takes it.
    fn hand_over(&mut self) -> Result<bool, ImportError> {
        if self.plan.makes_ids() {
            self.hashes.clear();
            self.hashes.extend(self.chunk.hashes());
            self.equal.numbers(&self.hashes, &mut self.numbers).map_err(|error| ImportError::Scratch {
                path: self.finished.rejected.folder().to_owned(),
                error,
            })?;
            self.chunk.number(&self.numbers);
        }
        self.chunk.sort();
        self.chunk.bytes = self.meter.bytes();
        let mut next = self.belt.spent.try_recv().unwrap_or_else(|_| self.plan.chunk());
        next.clear();
        let filled = std::mem::replace(&mut self.chunk, next);
        Ok(self.belt.filled.send(filled).is_ok())
    }
}
