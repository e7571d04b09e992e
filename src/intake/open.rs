//! Bytes of a file: hashed, unpacked, decoded to UTF-8, and bounded row by row.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use encoding_rs::{Decoder, Encoding};
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::error::ImportError;

/// What a file holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) rows: Rows,
    gzip: bool,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Csv,
    JsonLines,
}

const BUFFER: usize = 1 << 17;

impl Format {
    /// The format that a file's name says.
    pub(super) fn of(path: &Path) -> Result<Self, ImportError> {
        let name =
            path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let (plain, gzip) = name.strip_suffix(".gz").map_or((name.as_str(), false), |plain| (plain, true));
        let rows = match plain.rsplit_once('.') {
            Some((_, "csv")) => Rows::Csv,
            Some((_, "jsonl")) => Rows::JsonLines,
            _ => return Err(ImportError::Format { path: path.to_owned() }),
        };
        Ok(Self { rows, gzip })
    }
}

/// A file that can be read twice: to open a pipe would wait for its writer, and again.
fn regular(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a folder, a pipe or a device, not a file"))
    }
}

/// SHA-256 over a file's bytes and how many they are.
pub(super) fn hash_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = regular(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((hexadecimal(&hasher.finalize()), total));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        total += count as u64;
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The encoding a source reads by; `None` is UTF-8.
pub(super) fn encoding(label: Option<&str>) -> Result<Option<&'static Encoding>, ImportError> {
    let Some(label) = label else { return Ok(None) };
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| ImportError::Encoding { label: label.to_owned() })?;
    Ok((encoding != encoding_rs::UTF_8).then_some(encoding))
}

/// What is known of the bytes read so far.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    hashed: Rc<RefCell<(Sha256, u64)>>,
    left: Rc<Cell<u64>>,
    limit: u64,
}

/// Of bytes that nothing else is asked of.
#[cfg(test)]
impl Default for Meter {
    fn default() -> Self {
        let limit = 1 << 20;
        Self { hashed: Rc::default(), left: Rc::new(Cell::new(limit)), limit }
    }
}

impl Meter {
    /// Bytes of the file, as stored, read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.hashed.borrow().1
    }

    /// SHA-256 over them.
    pub(super) fn hash(&self) -> String {
        hexadecimal(&self.hashed.borrow().0.clone().finalize())
    }

    /// A row has been read whole: the next may be as long again.
    pub(super) fn row_read(&self) {
        self.left.set(self.limit);
    }

    /// Whether reading failed because a row was too long.
    pub(super) fn exhausted(&self) -> bool {
        self.left.get() == 0
    }
}

/// Opens a file: its rows as UTF-8 (or, where no encoding is named, as they are), without byte order mark.
pub(super) fn open(
    path: &Path,
    format: Format,
    encoding: Option<&'static Encoding>,
    limit: u64,
) -> io::Result<(Box<dyn Read>, Meter)> {
    let meter =
        Meter { hashed: Rc::new(RefCell::new((Sha256::new(), 0))), left: Rc::new(Cell::new(limit)), limit };
    let file = Hashed { inner: regular(path)?, state: Rc::clone(&meter.hashed) };
    let bytes: Box<dyn Read> = if format.gzip {
        Box::new(Unpacked(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file))))
    } else {
        Box::new(file)
    };
    let text: Box<dyn Read> = match encoding {
        Some(encoding) => Box::new(Decoded {
            inner: BufReader::with_capacity(BUFFER, bytes),
            decoder: encoding.new_decoder(),
            ended: false,
        }),
        None => without_mark(bytes)?,
    };
    Ok((Box::new(Limited { inner: text, left: Rc::clone(&meter.left) }), meter))
}

/// Leaves out UTF-8's byte order mark; UTF-16's is an error, as nothing could be read.
fn without_mark(mut bytes: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut front = Vec::with_capacity(3);
    bytes.by_ref().take(3).read_to_end(&mut front)?;
    match front.as_slice() {
        [0xEF, 0xBB, 0xBF] => Ok(bytes),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is UTF-16: set `encoding = \"utf-16\"` on the source",
        )),
        _ => Ok(Box::new(io::Cursor::new(front).chain(bytes))),
    }
}

/// The content of a gzip file; says what is wrong with one that isn't whole.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let told = match error.kind() {
                io::ErrorKind::UnexpectedEof => {
                    "the gzip data is cut off, or a few other bytes follow it: write the file again, whole"
                }
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    "something in the file is not gzip data: pack it again, with nothing behind"
                }
                _ => return error,
            };
            io::Error::new(error.kind(), told)
        })
    }
}

struct Hashed<R> {
    inner: R,
    state: Rc<RefCell<(Sha256, u64)>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let mut state = self.state.borrow_mut();
        state.0.update(buffer.get(..count).unwrap_or_default());
        state.1 += count as u64;
        Ok(count)
    }
}

/// Bytes of a character in UTF-8, at most.
const LONGEST_CHARACTER: usize = 4;

/// Another encoding as UTF-8, with U+FFFD where the bytes are none of its.
struct Decoded<R> {
    inner: BufReader<R>,
    decoder: Decoder,
    ended: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() < LONGEST_CHARACTER {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room for one character"));
        }
        while !self.ended {
            let input = self.inner.fill_buf()?;
            let last = input.is_empty();
            let (result, read, written, _) = self.decoder.decode_to_utf8(input, buffer, last);
            self.inner.consume(read);
            self.ended = last && result == encoding_rs::CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

/// Ends with an error when one row takes more bytes than it may.
struct Limited<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long"));
        }
        let count = self.inner.read(buffer)?;
        self.left.set(left.saturating_sub(count as u64));
        Ok(count)
    }
}
