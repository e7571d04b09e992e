//! What a file holds of a planned write: decided from bytes alone.

use crate::policy::compiled::FileFormat;

/// What of a planned write a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// The first so many bytes, and nothing else behind the offset: the rest is to be added.
    Begun(usize),
    /// All of it.
    Whole,
    /// Someone else changed the file; so many bytes of the write are in it all the same.
    Changed(usize),
}

/// Decides what a file holds. `length` is the file's (`None`: there is no file), `behind` what stands in it
/// from `offset` on, at least as many bytes as `content` has where there are so many.
#[must_use]
pub fn judge(length: Option<u64>, offset: u64, behind: &[u8], content: &[u8]) -> Tail {
    let Some(length) = length else {
        return if offset == 0 { Tail::Begun(0) } else { Tail::Changed(0) };
    };
    if length < offset {
        return Tail::Changed(0);
    }
    let common = behind.iter().zip(content).take_while(|(left, right)| left == right).count();
    if common == content.len() {
        Tail::Whole
    } else if common == behind.len() {
        Tail::Begun(common)
    } else {
        Tail::Changed(common)
    }
}

/// The format of a planned write, whose path need not tell: a row of CSV that held a quote would begin with one.
#[must_use]
pub fn format_of(content: &[u8]) -> FileFormat {
    if content.starts_with(b"{\"") { FileFormat::JsonLines } else { FileFormat::Csv }
}

/// The bytes of `content` behind the last whole row within its first `held` bytes.
#[must_use]
pub fn rows_behind(content: &[u8], held: usize, format: FileFormat) -> &[u8] {
    let mut in_quotes = false;
    let mut end = 0;
    for (place, byte) in content.iter().enumerate().take(held) {
        match byte {
            b'"' if format == FileFormat::Csv => in_quotes = !in_quotes,
            b'\n' if !in_quotes => end = place + 1,
            _ => {}
        }
    }
    content.get(end..).unwrap_or_default()
}

/// The first row of `content`, with its end.
#[must_use]
pub fn first_row(content: &[u8], format: FileFormat) -> &[u8] {
    let ends = (1..=content.len()).filter(|end| content.get(end - 1) == Some(&b'\n'));
    let end = ends.into_iter().find(|end| rows_behind(content, *end, format).len() < content.len());
    content.get(..end.unwrap_or(content.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_begun_whole_or_changed() {
        let content = b"ab\ncd\n";
        assert_eq!(judge(None, 0, b"", content), Tail::Begun(0));
        assert_eq!(judge(None, 4, b"", content), Tail::Changed(0));
        assert_eq!(judge(Some(4), 4, b"", content), Tail::Begun(0));
        assert_eq!(judge(Some(3), 4, b"", content), Tail::Changed(0));
        assert_eq!(judge(Some(8), 4, b"ab\nc", content), Tail::Begun(4));
        assert_eq!(judge(Some(10), 4, content, content), Tail::Whole);
        assert_eq!(judge(Some(12), 4, b"ab\ncd\nxy", content), Tail::Whole);
        assert_eq!(judge(Some(8), 4, b"ab\nx", content), Tail::Changed(3));
    }

    #[test]
    fn rows_end_where_a_line_ends_outside_quotes() {
        let csv = b"a,\"x\ny\"\nb,1\n";
        assert_eq!(rows_behind(csv, 6, FileFormat::Csv), csv);
        assert_eq!(rows_behind(csv, 9, FileFormat::Csv), b"b,1\n");
        assert_eq!(first_row(csv, FileFormat::Csv), b"a,\"x\ny\"\n");
        assert_eq!(rows_behind(b"{\"a\":\"\\\"\"}\n{}\n", 12, FileFormat::JsonLines), b"{}\n");
    }
}
