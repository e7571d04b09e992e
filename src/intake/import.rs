//! Importing one file.

use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::report::{ImportReport, Progress};
use crate::archive::Archive;
use crate::model::Timestamp;
use crate::policy::Compiled;
use crate::policy::compiled::Source;

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

/// Imports one file by a source, in one transaction.
///
/// # Errors
/// When the file as a whole can't be imported; nothing of it is stored then.
pub fn import_file(
    _archive: &mut Archive,
    _policy: &Compiled,
    _source: &Source,
    path: &Path,
    _options: &Options,
    _on_progress: OnProgress<'_>,
) -> Result<ImportReport, ImportError> {
    Err(ImportError::Format { path: path.to_owned() })
}

/// The column names of a CSV file; `None` for JSON lines, which have none.
///
/// # Errors
/// When the file can't be read as what its name says.
pub fn columns_of(path: &Path, _encoding: Option<&str>) -> Result<Option<Vec<String>>, ImportError> {
    Err(ImportError::Format { path: path.to_owned() })
}
