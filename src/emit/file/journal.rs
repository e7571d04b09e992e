//! Writing what is planned: looks at what the file holds, adds what is missing, makes it last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::tail::{Tail, judge};

/// The length of a file; `None` where there is none.
///
/// # Errors
/// The system's.
pub fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sees to it that `content` stands in the file from `offset` on and lasts. May be begun again after a
/// crash or an error at any point. Returns what the file held before: for [`Tail::Changed`] nothing is written.
///
/// # Errors
/// The system's; the file then holds any beginning of the content.
pub fn finish(path: &Path, offset: u64, content: &[u8]) -> io::Result<Tail> {
    let found = inspect(path, offset, content)?;
    if let Tail::Begun(held) = found {
        append(path, content.get(held..).unwrap_or_default())?;
    } else if found == Tail::Whole {
        // The bytes are there, but a crash may have come before they were made to last.
        File::open(path)?.sync_all()?;
    }
    if found != Tail::Changed(0) && offset == 0 {
        sync_folder(path)?;
    }
    Ok(found)
}

/// What the file holds of `content`; changes nothing.
///
/// # Errors
/// The system's.
pub fn inspect(path: &Path, offset: u64, content: &[u8]) -> io::Result<Tail> {
    let Some(length) = length(path)? else { return Ok(judge(None, offset, &[], content)) };
    let mut behind = Vec::new();
    if length > offset {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let most = u64::try_from(content.len()).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut behind)?;
    }
    Ok(judge(Some(length), offset, &behind, content))
}

fn append(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a new file's name last, and those of the folders that may be new with it.
fn sync_folder(path: &Path) -> io::Result<()> {
    for folder in path.ancestors().skip(1).take(3).filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
