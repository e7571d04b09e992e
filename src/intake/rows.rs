//! Raw rows of a file, one after the other, in memory that is used again.

use std::io::{self, BufRead, BufReader, Read};

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

/// The rows of a CSV file.
pub(super) struct CsvRows {
    reader: csv::Reader<Box<dyn Read>>,
    pub(super) record: ByteRecord,
    pub(super) header: Vec<String>,
    pub(super) places: Places,
    /// Malformed input was decoded to U+FFFD.
    decoded: bool,
    meter: Meter,
    pub(super) line: u64,
}

impl CsvRows {
    /// Reads the header; `None` where there is none.
    pub(super) fn new(bytes: Box<dyn Read>, meter: Meter, decoded: bool) -> Result<Option<Self>, csv::Error> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(bytes);
        let mut rows = Self {
            reader,
            record: ByteRecord::new(),
            header: Vec::new(),
            places: Vec::new(),
            decoded,
            meter,
            line: 1,
        };
        if !rows.next()? {
            return Ok(None);
        }
        rows.header =
            rows.record.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        Ok(Some(rows))
    }

    /// Reads the next row; false at the end.
    pub(super) fn next(&mut self) -> Result<bool, csv::Error> {
        self.meter.row_read();
        let found = self.reader.read_byte_record(&mut self.record)?;
        if found {
            self.line = self.record.position().map_or(0, csv::Position::line);
        }
        Ok(found)
    }

    /// Where the row being read begins.
    pub(super) fn position(&self) -> u64 {
        self.reader.position().line()
    }

    /// Whether the row has as many cells as the header.
    pub(super) fn check(&self) -> Result<(), Reason> {
        let (found, expected) = (self.record.len(), self.header.len());
        if found == expected { Ok(()) } else { Err(Reason::CellCount { found, expected }) }
    }

    /// The line of a cell: a quoted cell before it may hold line breaks.
    pub(super) fn line_of(&self, raw: usize) -> u64 {
        let place = self.places.get(raw).copied().flatten().unwrap_or(0);
        let breaks = self.record.iter().take(place).flatten().filter(|byte| **byte == b'\n');
        self.line + breaks.count() as u64
    }

    /// The raw row in a form in which equal rows are equal.
    pub(super) fn content(&self, content: &mut Vec<u8>) {
        content.clear();
        content.extend_from_slice(self.record.as_slice());
        for cell in &self.record {
            content.extend_from_slice(&(cell.len() as u64).to_le_bytes());
        }
    }
}

impl RawRow for CsvRows {
    fn cell(&self, raw: usize) -> Cell<'_> {
        let Some(place) = self.places.get(raw).copied().flatten() else { return Cell::Absent };
        let Some(bytes) = self.record.get(place) else { return Cell::Absent };
        match std::str::from_utf8(bytes) {
            Ok(text) if self.decoded && text.contains('\u{FFFD}') => Cell::NotText,
            Ok(text) => Cell::Text(text),
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
