//! Taking touches out of planned writes, as far as they are not in the file yet, and finishing those writes.

use std::io;
use std::path::Path;

use super::journal;
use super::tail::{Tail, first_row, format_of};
use crate::archive::{Archive, ArchiveError, FileWrite};
use crate::model::Timestamp;
use crate::policy::compiled::FileFormat;

/// Why touches could not be taken out.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// The store failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The file can't be read or written.
    #[error("{path} can't be written: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
}

/// Takes the rows of these touches out of planned writes and cancels them, but for rows of which a file holds
/// something already; then finishes the writes. One to a file that someone else changed stays planned.
///
/// # Errors
/// [`WithdrawError`]; what was taken out before stays out.
pub fn withdraw(
    archive: &mut Archive,
    data_folder: &Path,
    touches: &[String],
    reason: &str,
    at: Timestamp,
) -> Result<(), WithdrawError> {
    for write in archive.open_file_writes()? {
        if !write.touches.iter().any(|touch| touches.contains(touch)) {
            continue;
        }
        let failed = |error| WithdrawError::File { path: write.path.clone(), error };
        let path = data_folder.join(&write.path);
        let held = match journal::inspect(&path, write.offset, &write.content).map_err(failed)? {
            Tail::Begun(held) | Tail::Changed(held) => held,
            Tail::Whole => write.content.len(),
        };
        let (content, taken) = without(&write, touches, held);
        archive.withdraw_from_file_write(write.id, &content, &taken, reason, at)?;
        match journal::finish(&path, write.offset, &content).map_err(failed)? {
            Tail::Begun(_) | Tail::Whole => archive.complete_file_write(write.id, at)?,
            Tail::Changed(_) => continue,
        };
    }
    Ok(())
}

/// The content without the rows of these touches behind its first `held` bytes, and whose they were.
fn without<'write>(write: &'write FileWrite, touches: &[String], held: usize) -> (Vec<u8>, Vec<&'write str>) {
    let rows = rows(&write.content, format_of(&write.content));
    // A header has no touch, and neither have touches whose rows stand in another file: both come first.
    let lacking = rows.len().saturating_sub(write.touches.len());
    let elsewhere = write.touches.len().saturating_sub(rows.len());
    let owners = std::iter::repeat_n(None, lacking).chain(write.touches.iter().skip(elsewhere).map(Some));
    let (mut content, mut taken, mut start) = (Vec::new(), Vec::new(), 0);
    for (row, owner) in rows.into_iter().zip(owners) {
        match owner {
            Some(owner) if start >= held && touches.contains(owner) => taken.push(owner.as_str()),
            _ => content.extend_from_slice(row),
        }
        start += row.len();
    }
    (content, taken)
}

fn rows(mut content: &[u8], format: FileFormat) -> Vec<&[u8]> {
    let mut rows = Vec::new();
    while !content.is_empty() {
        let (row, rest) = content.split_at(first_row(content, format).len());
        rows.push(row);
        content = rest;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(content: &[u8], touches: &[&str]) -> FileWrite {
        FileWrite {
            id: 1,
            channel: "list".to_owned(),
            path: "list.csv".to_owned(),
            offset: 0,
            content: content.to_vec(),
            touches: touches.iter().map(|&touch| touch.to_owned()).collect(),
        }
    }

    #[test]
    fn only_rows_that_no_file_holds_are_taken_out() {
        let theirs = ["b".to_owned(), "c".to_owned()];
        let plan = write(b"id\na,1\nb,\"2\n2\"\nc,3\nd,4\n", &["a", "b", "c", "d"]);
        let whole = without(&plan, &theirs, 0);
        assert_eq!(whole, (b"id\na,1\nd,4\n".to_vec(), vec!["b", "c"]));
        let begun = without(&plan, &theirs, 9);
        assert_eq!(begun, (b"id\na,1\nb,\"2\n2\"\nd,4\n".to_vec(), vec!["c"]), "a row that was begun stays");
        let named = FileWrite { path: "list.txt".to_owned(), ..plan.clone() };
        assert_eq!(without(&named, &theirs, 0), whole, "whatever the file is called");
        let moved = write(b"c,3\nd,4\n", &["a", "b", "c", "d"]);
        assert_eq!(without(&moved, &theirs, 0), (b"d,4\n".to_vec(), vec!["c"]));
    }
}
