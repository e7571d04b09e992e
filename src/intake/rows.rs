//! Raw rows of a file, one after the other, in memory that is used again.

use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use csv::ByteRecord;

use super::cell::Cell;
use super::open::Meter;
use super::report::Reason;

/// A row as mappings look at it.
pub(super) trait RawRow {
    /// The cell of a raw column, by its index in the source.
    fn cell(&self, raw: usize) -> Cell<'_>;
}

/// Where a source's raw columns stand in a CSV file.
pub(super) type Places = Vec<Option<usize>>;

/// The rows of a CSV file; blank lines are none.
///
/// The parser ends rows at line feeds alone, and one is put behind the file: only so do its positions
/// tell the line a row begins on. The carriage return before a line feed is left out here.
pub(super) struct CsvRows {
    reader: csv::Reader<Box<dyn Read>>,
    record: ByteRecord,
    pub(super) header: Vec<String>,
    pub(super) places: Places,
    /// Malformed input was decoded to U+FFFD.
    decoded: bool,
    meter: Meter,
    /// The line reading went on from.
    before: u64,
    ended: Rc<std::cell::Cell<bool>>,
}

impl CsvRows {
    /// Reads the header; `None` where there is none.
    pub(super) fn new(bytes: Box<dyn Read>, meter: Meter, decoded: bool) -> Result<Option<Self>, csv::Error> {
        let ended = Rc::new(std::cell::Cell::new(false));
        let bytes = bytes.chain(io::Cursor::new(b"\n"));
        let bytes: Box<dyn Read> = Box::new(Ending { inner: bytes, ended: Rc::clone(&ended) });
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .buffer_capacity(1 << 16)
            .from_reader(bytes);
        let mut rows = Self {
            reader,
            record: ByteRecord::new(),
            header: Vec::new(),
            places: Vec::new(),
            decoded,
            meter,
            before: 1,
            ended,
        };
        if !rows.next()? {
            return Ok(None);
        }
        rows.header = rows.cells().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        Ok(Some(rows))
    }

    /// Reads the next row; false at the end.
    pub(super) fn next(&mut self) -> Result<bool, csv::Error> {
        loop {
            self.meter.row_read();
            self.before = self.reader.position().line();
            if !self.reader.read_byte_record(&mut self.record)? {
                return Ok(false);
            }
            if self.record.as_slice() != b"\r" {
                return Ok(true);
            }
        }
    }

    /// Where reading goes on.
    pub(super) fn position(&self) -> u64 {
        self.before
    }

    /// The cells of the row.
    pub(super) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.record.len()).filter_map(|place| self.bytes(place))
    }

    fn bytes(&self, place: usize) -> Option<&[u8]> {
        let bytes = self.record.get(place)?;
        let last = place + 1 == self.record.len();
        Some(if last { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes })
    }

    /// Whether the row has as many cells as the header, and an end. As a line feed is put behind the file,
    /// only a quote that is never closed can take a row to the end of all bytes.
    pub(super) fn check(&self) -> Result<(), Reason> {
        if self.ended.get() {
            return Err(Reason::OpenQuote);
        }
        let (found, expected) = (self.record.len(), self.header.len());
        if found == expected { Ok(()) } else { Err(Reason::CellCount { found, expected }) }
    }

    /// The line the row begins on.
    pub(super) fn line(&self) -> u64 {
        let inside = breaks(self.record.as_slice());
        // A last row whose quote is never closed has taken the line feed at its end for its own.
        self.reader.position().line().saturating_sub(inside + 1).max(self.before)
    }

    /// The line of a cell: a quoted cell before it may hold line breaks.
    pub(super) fn line_of(&self, raw: usize) -> u64 {
        let place = self.places.get(raw).copied().flatten().unwrap_or(0);
        self.line() + self.record.iter().take(place).map(breaks).sum::<u64>()
    }

    /// The raw row in a form in which equal rows are equal.
    pub(super) fn content(&self, content: &mut Vec<u8>) {
        content.clear();
        for cell in self.cells() {
            content.extend_from_slice(cell);
        }
        for cell in self.cells() {
            content.extend_from_slice(&(cell.len() as u64).to_le_bytes());
        }
    }
}

/// Notes when a reader has come to its end.
struct Ending<R> {
    inner: R,
    ended: Rc<std::cell::Cell<bool>>,
}

impl<R: Read> Read for Ending<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.ended.set(count == 0 && !buffer.is_empty());
        Ok(count)
    }
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
}

impl RawRow for CsvRows {
    fn cell(&self, raw: usize) -> Cell<'_> {
        let Some(place) = self.places.get(raw).copied().flatten() else { return Cell::Absent };
        let Some(bytes) = self.bytes(place) else { return Cell::Absent };
        match std::str::from_utf8(bytes) {
            Ok(text) if self.decoded && text.contains('\u{FFFD}') => Cell::NotText,
            Ok(text) => Cell::of_text(text),
            Err(_) => Cell::NotText,
        }
    }
}

/// The rows of a file of JSON lines; blank lines are none.
pub(super) struct JsonRows {
    reader: BufReader<Box<dyn Read>>,
    meter: Meter,
    pub(super) text: Vec<u8>,
    pub(super) line: u64,
    /// The source's raw columns.
    names: Vec<String>,
    row: serde_json::Value,
}

impl JsonRows {
    pub(super) fn new(bytes: Box<dyn Read>, meter: Meter, names: Vec<String>) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, bytes),
            meter,
            text: Vec::new(),
            line: 0,
            names,
            row: serde_json::Value::Null,
        }
    }

    /// Reads the next line that is not blank; false at the end.
    pub(super) fn next(&mut self) -> io::Result<bool> {
        loop {
            self.meter.row_read();
            self.text.clear();
            self.line += 1;
            if self.reader.read_until(b'\n', &mut self.text)? == 0 {
                return Ok(false);
            }
            if !self.text.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Reads the line as an object.
    pub(super) fn parse(&mut self) -> Result<(), Reason> {
        self.row = serde_json::from_slice(&self.text).map_err(|error| not_json(&error))?;
        if self.row.is_object() { Ok(()) } else { Err(Reason::NotObject) }
    }

    /// The raw row in a form in which equal rows are equal.
    pub(super) fn content(&self, content: &mut Vec<u8>) {
        content.clear();
        content.extend_from_slice(self.text.trim_ascii());
    }
}

impl RawRow for JsonRows {
    fn cell(&self, raw: usize) -> Cell<'_> {
        Cell::of(self.names.get(raw).and_then(|name| self.row.get(name)))
    }
}

/// What the parser says, without the line it counts within the row.
pub(super) fn not_json(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    let told = text.rsplit_once(" at line ").map_or(text.as_str(), |(told, _)| told);
    Reason::NotJson(format!("{told}, at byte {}", error.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut rows = CsvRows::new(Box::new(io::Cursor::new(text.to_owned())), Meter::default(), false)
            .unwrap()
            .unwrap();
        let mut lines = Vec::new();
        while rows.next().unwrap() {
            let cells = rows.cells().map(|cell| String::from_utf8_lossy(cell).into_owned());
            lines.push((rows.line(), cells.collect()));
        }
        lines
    }

    #[test]
    fn a_row_is_at_the_line_it_begins_on() {
        for end in ["\n", "\r\n"] {
            let text = ["a,b", "1,2", "\"x", "y\",3", "4,5", "", "6,7", "8,\"z\"", "9,10"].join(end);
            let numbers: Vec<u64> = lines(&text).into_iter().map(|(line, _)| line).collect();
            assert_eq!(numbers, [2, 3, 5, 7, 8, 9], "{end:?}");
        }
    }

    #[test]
    fn a_last_row_needs_no_line_break() {
        let row = |line, cells: [&str; 2]| (line, cells.map(str::to_owned).to_vec());
        assert_eq!(lines("a,b\n1,2"), [row(2, ["1", "2"])]);
        assert_eq!(lines("a,b\r\n\r\n1,2\r\n"), [row(3, ["1", "2"])]);
        assert_eq!(lines("a,b\n\n1,\"2\"\r"), [row(3, ["1", "2"])]);
        assert_eq!(lines("a,b\n1,\"2\n3"), [row(2, ["1", "2\n3\n"])]);
        assert_eq!(lines("a,b"), []);
    }

    #[test]
    fn a_cell_behind_one_with_line_breaks_is_at_its_own_line() {
        let text = "a,b,c\r\n1,\"x\r\ny\r\nz\",3\r\n";
        let mut rows =
            CsvRows::new(Box::new(io::Cursor::new(text)), Meter::default(), false).unwrap().unwrap();
        rows.places = vec![Some(0), Some(1), Some(2), None];
        assert!(rows.next().unwrap());
        assert_eq!([0, 1, 2].map(|raw| rows.line_of(raw)), [2, 2, 4]);
    }
}
