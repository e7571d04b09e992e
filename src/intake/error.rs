//! Why a whole file or body is turned away.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::archive::ArchiveError;

/// Why a file is not imported at all; nothing of it has been stored.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file can't be read.
    #[error("can't read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The name says no format.
    #[error("{}: a file must end in .csv, .jsonl, .csv.gz or .jsonl.gz", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// No encoding has this label.
    #[error("no encoding is called `{label}`; use a label such as utf-8, gbk, windows-1252")]
    Encoding {
        /// As the source says it.
        label: String,
    },
    /// The file is in another encoding than it is read by.
    #[error(
        "the column names of {file} are not {expected}: set `encoding` on the source, as in `encoding = \"gbk\"`"
    )]
    OtherEncoding {
        /// The file's name.
        file: String,
        /// The encoding it was read by.
        expected: String,
    },
    /// There is no header row.
    #[error("{file} is empty: a CSV file must begin with a row of column names")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// A column that must be there is not.
    #[error("{file} has no column `{column}`{}; its columns are: {}", meant(nearest.as_deref()), listed(columns))]
    MissingColumn {
        /// The file's name.
        file: String,
        /// The column the source asks for.
        column: String,
        /// The most similar of the file's columns.
        nearest: Option<String>,
        /// All columns of the file.
        columns: Vec<String>,
    },
    /// A column that the source asks for is there twice.
    #[error("{file} has two columns `{column}`: rename one of them")]
    TwoColumns {
        /// The file's name.
        file: String,
        /// The column.
        column: String,
    },
    /// A row that doesn't end, most often for want of a closing quote.
    #[error(
        "{file}: the row that begins at line {line} is longer than {limit} bytes; is a closing quote missing?"
    )]
    RowTooLong {
        /// The file's name.
        file: String,
        /// Where the row begins.
        line: u64,
        /// Most bytes of a row.
        limit: u64,
    },
    /// The file was written to while it was read.
    #[error("{} changed while it was imported; it will be taken up again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The rejected rows can't be written.
    #[error("can't write rejected rows to {}: {error}", path.display())]
    Rejected {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file was imported but can't be moved out of the inbox.
    #[error("{} is imported but can't be moved to {}: {error}", from.display(), to.display())]
    Move {
        /// The file.
        from: PathBuf,
        /// Where to.
        to: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Working storage beside the rejected rows can't be used.
    #[error("can't use working storage in {}: {error}", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The store refuses.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Why a body is turned away as a whole.
#[derive(Debug, Error)]
pub enum BodyError {
    /// Nothing but blanks.
    #[error("the body is empty: send a JSON object, an array of objects, or one object a line")]
    Empty,
    /// An array that can't be read.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// The store refuses.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl ImportError {
    /// What is wrong, for the log. The names of a file's columns may be somebody's data, where its header is missing.
    #[must_use]
    pub fn for_the_log(&self) -> String {
        match self {
            Self::MissingColumn { file, column, .. } => {
                format!("{file} has no column `{column}`; guanxi status and /v1/status say which it has")
            }
            error => error.to_string(),
        }
    }

    /// Whether the file will be turned away again as long as neither it nor its source is changed.
    #[must_use]
    pub fn lasts(&self) -> bool {
        // Rights, disks and mounts come and go without the file looking any different.
        if let Self::Read { error, .. } = self {
            return matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
            );
        }
        !matches!(
            self,
            Self::Changed { .. }
                | Self::Rejected { .. }
                | Self::Move { .. }
                | Self::Scratch { .. }
                | Self::Archive(_)
        )
    }
}

/// Names in a message, however many and long they are.
fn listed(columns: &[String]) -> String {
    const MOST: usize = 50;
    const LONGEST: usize = 60;
    let names = columns.iter().take(MOST).map(|name| name.chars().take(LONGEST).collect::<String>());
    let more = (columns.len() > MOST).then(|| "…".to_owned());
    names.chain(more).collect::<Vec<_>>().join(", ")
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(" (did you mean `{nearest}`?)")).unwrap_or_default()
}
